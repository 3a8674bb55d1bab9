"""The engine as clients see it, and its history."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from zenotc.models.wire import WireModel

__all__ = ["MAX_HISTORY_POINTS", "Asker", "EmergencyState", "EngineStatus", "HistoryPoint", "VenueStatus"]

MAX_HISTORY_POINTS = 10_000
"""So many points of a strategy's history are answered at once."""

Environment = Literal["sandbox", "live"]


class VenueStatus(WireModel):
    """One venue: the age of its newest market data in seconds, and what the account has there."""

    name: str
    data_age_seconds: float | None
    open_orders: int
    unknown_orders: int


class EmergencyState(WireModel):
    """Whether the emergency stop is in force, since when, by whom, and which venues have not confirmed it yet.

    `durable` is false where its file could not be made to agree, so that a restart of the engine would undo this.
    """

    active: bool
    since: datetime | None = None
    operator: str | None = None
    unconfirmed_venues: list[str] = Field(default_factory=list)
    durable: bool = True


class Asker(WireModel):
    """Who asks: what the key may do, and the name under which the journal keeps what it does."""

    scope: Literal["READ", "STOP", "MARKET_MAKING"]
    operator: str


class EngineStatus(WireModel):
    """The engine: PnL in USD over all strategies, `trading_time` is the venue's time (a recording's, in a replay).

    `deleted_daily_pnl` and `deleted_total_pnl` are the shares of the strategies that there are no longer. `asker` is
    who has asked for this.
    """

    environment: Environment
    epoch: str
    version: str
    started_at: datetime
    uptime_seconds: float
    trading_time: datetime
    ready: bool
    waiting_for: list[str] = Field(default_factory=list)
    emergency_stop: EmergencyState
    venues: list[VenueStatus]
    assets: list[str]
    last_seq: int
    daily_pnl: Decimal
    total_pnl: Decimal
    deleted_daily_pnl: Decimal = Decimal(0)
    deleted_total_pnl: Decimal = Decimal(0)
    client_silence_seconds: float = Field(default=0.0, description="Since a client was heard: see `dead_man_seconds`")
    open_orders: int
    feed: str
    asker: Asker | None = None


class HistoryPoint(WireModel):
    """A strategy at one time: USD, base units, bps and percent."""

    timestamp: datetime
    equity: Decimal
    position: Decimal
    daily_pnl: Decimal
    total_pnl: Decimal
    spread_bps: float | None
    sigma: float | None

"""A strategy as clients see it, and what its commands answer."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from zenotc.models.configuration import StrategyConfig
from zenotc.models.wire import WireModel

__all__ = [
    "CancelQuotesResult",
    "CommandResult",
    "EmergencyStopResult",
    "HedgeProgress",
    "LimitUse",
    "PositionDifference",
    "SideReason",
    "Status",
    "StopConfirmation",
    "Strategy",
]

Status = Literal["active", "paused", "stopped"]
Activity = Literal["pausing", "stopping", "flattening"]
SideReason = Literal[
    "quoting",
    "paused",
    "stopped",
    "stale_market_data",
    "replay_finished",
    "position_limit",
    "below_min_size",
    "measure_unknown",
    "risk_limit",
    "throttled",
    "self_trade",
    "outcome_unknown",
    "error",
    "emergency_stop",
]


class HedgeProgress(WireModel):
    """A hedge or flatten under way: sizes in base units, always positive."""

    purpose: Literal["hedge", "flatten"]
    side: Literal["buy", "sell"]
    quantity: Decimal
    filled_quantity: Decimal
    algo: str
    started_at: datetime


class LimitUse(WireModel):
    """How much of a limit is used: `measure` and `limit` in `unit`, `None` while the measure is unknown."""

    name: str
    unit: str
    measure: Decimal | None
    limit: Decimal
    used_percent: float | None


class PositionDifference(WireModel):
    """A venue holds another position than our fills make, base units; an operator has to accept one of them."""

    venue: str
    asset: str
    venue_position: Decimal
    engine_position: Decimal


class Strategy(StrategyConfig):
    """A strategy: its configuration, what it is doing now, and where it stands.

    Positions and sizes are in base units, PnL in USD. `pause_reason` says why it is paused or stopped
    (`operator`, a breaker, `error`, `emergency_stop`), `activity` what is under way. `sides` says for `buy` and
    `sell` whether it is quoting or why not. `limits` are the position's and those of the breakers that are on. `mid`
    is what the PnL is marked with. `warnings` name what an operator should know, as `no_loss_limit`.
    `unhedged_quantity` is what a hedge has yet to trade, and `unhedged_seconds` for how long the position has been
    beyond its threshold. Where `position_differences` has any, the strategy stays stopped until one is accepted.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    status: Status
    activity: Activity | None = None
    pause_reason: str | None = None
    current_position: Decimal = Decimal(0)
    average_price: Decimal | None = None
    mid: Decimal | None = None
    daily_pnl: Decimal = Decimal(0)
    total_pnl: Decimal = Decimal(0)
    realized_pnl: Decimal = Decimal(0)
    unrealized_pnl: Decimal = Decimal(0)
    fees: Decimal = Decimal(0)
    spread_bps: float | None = Field(default=None, description="Width that the targets were computed with")
    sides: dict[Literal["buy", "sell"], SideReason] = Field(default_factory=dict)
    open_orders: int = 0
    unknown_orders: int = 0
    trade_count: int = 0
    limits: list[LimitUse] = Field(default_factory=list)
    hedge: HedgeProgress | None = None
    unhedged_quantity: Decimal = Decimal(0)
    unhedged_seconds: float = 0.0
    position_differences: list[PositionDifference] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    data_age_seconds: float | None = Field(default=None, description="Age of the market data it relies on")
    created_at: datetime
    updated_at: datetime

    @property
    def config(self) -> StrategyConfig:
        """The configuration alone, every default filled in."""
        return StrategyConfig.build(self.model_dump(include=set(StrategyConfig.model_fields)))


class CommandResult(WireModel):
    """What a command came to: the strategy afterwards, and what the venue has confirmed.

    Parameters
    ----------
    strategy
        The strategy after the command.
    confirmed
        Whether the venue has confirmed that nothing of the strategy rests.
    unconfirmed_orders
        The orders whose fate is not known yet; the engine goes on trying.
    remaining_position
        What a flatten has left, base units; `None` where nothing was flattened.
    """

    strategy: Strategy
    confirmed: bool = True
    unconfirmed_orders: list[str] = Field(default_factory=list)
    remaining_position: Decimal | None = None


class StopConfirmation(WireModel):
    """Whether the venues have confirmed that a strategy has no open order."""

    strategy_id: str
    name: str
    confirmed: bool
    unconfirmed_orders: list[str] = Field(default_factory=list)
    remaining_position: Decimal


class EmergencyStopResult(WireModel):
    """What an emergency stop came to.

    `confirmed` is true once every venue has answered with zero open orders; `venues` says it of each one. `durable`
    is false where the stop could not be written down and would not survive a restart of the engine.
    """

    confirmed: bool
    elapsed_ms: float
    venues: dict[str, bool]
    strategies: list[StopConfirmation]
    durable: bool = True


class CancelQuotesResult(WireModel):
    """How many quotes were cancelled, and on which strategies."""

    cancelled: int
    strategies: list[str]
    unconfirmed_orders: list[str] = Field(default_factory=list)

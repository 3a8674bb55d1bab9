"""What the engine asks for: requests for venues, events for everybody, facts for the journal, replies to commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import ZenOTCError
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import StrategyEvent
from zenotc.models.orders import Fill, Request
from zenotc.models.quotes import OrderState
from zenotc.models.strategy import Status

__all__ = [
    "Action",
    "DayBegan",
    "EmergencyChanged",
    "Emit",
    "FaultOccurred",
    "FillBooked",
    "Measured",
    "OffsetAccepted",
    "OrderChanged",
    "Reconciled",
    "Reply",
    "Send",
    "StrategyChanged",
]


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request to its venue; `reduces_risk` ones (cancels, queries) need not wait for the journal."""

    request: Request
    reduces_risk: bool


@dataclass(frozen=True, slots=True)
class Emit:
    """Journal an event, then publish it."""

    event: StrategyEvent


@dataclass(frozen=True, slots=True)
class Reply:
    """A command is done, or failed."""

    command_id: str
    error: ZenOTCError | None = None


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """Something is new about an order, `new` where it was just written down; exact values, USD and base units."""

    order: WorkingOrder
    state: OrderState
    price: Decimal
    quantity: Decimal
    filled: Decimal
    time_ns: int
    reason: str | None
    new: bool


@dataclass(frozen=True, slots=True)
class FillBooked:
    """An execution has moved a ledger; `mid` is what it was marked with, USD."""

    fill: Fill
    strategy_id: str
    price: Decimal
    quantity: Decimal
    mid: Decimal


@dataclass(frozen=True, slots=True)
class StrategyChanged:
    """A strategy's configuration or status is another one."""

    strategy_id: str
    status: Status
    reason: str | None
    config: StrategyConfig
    time_ns: int
    created_ns: int
    deleted: bool = False
    resume_at_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Where a strategy stands: USD, base units, bps and percent; `measures` is what does not follow from its fills."""

    strategy_id: str
    equity: Decimal
    position: Decimal
    daily_pnl: Decimal
    total_pnl: Decimal
    spread_bps: float | None
    sigma: float | None
    measures: Mapping[str, Any]
    time_ns: int


@dataclass(frozen=True, slots=True)
class DayBegan:
    """The daily PnL starts afresh from this total, USD; an empty id stands for the desk."""

    strategy_id: str
    day: str
    total_pnl: Decimal


@dataclass(frozen=True, slots=True)
class EmergencyChanged:
    """The emergency stop came into force, or was cleared."""

    active: bool
    operator: str
    reason: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Every fill of a venue up to `trade_id` is known; `complete` where nothing rests and positions were compared."""

    venue: str
    trade_id: str | None
    complete: bool
    time_ns: int


@dataclass(frozen=True, slots=True)
class OffsetAccepted:
    """So much of a venue's position is not ours, base units."""

    venue: str
    asset: str
    quantity: Decimal
    operator: str
    time_ns: int


@dataclass(frozen=True, slots=True)
class FaultOccurred:
    """The engine's handling of a strategy has raised."""

    strategy_id: str | None
    traceback: str
    time_ns: int


Action = (
    Send
    | Emit
    | Reply
    | OrderChanged
    | FillBooked
    | StrategyChanged
    | Measured
    | DayBegan
    | EmergencyChanged
    | Reconciled
    | OffsetAccepted
    | FaultOccurred
)

"""What the engine asks for: requests for venues, events for everybody, facts for the journal, replies to commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import ZenOTCError
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import QuoteSent, StrategyEvent
from zenotc.models.market import Instrument
from zenotc.models.orders import Fill, Request
from zenotc.models.quotes import OrderState
from zenotc.models.strategy import Status
from zenotc.models.wire import utc_from_ns

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
    "TellQuote",
]


# What every quote needs is a named tuple: a frozen dataclass takes three times as long to make.


class Send(NamedTuple):
    """Send a request to its venue; `reduces_risk` ones (cancels, queries) need not wait for the journal."""

    request: Request
    reduces_risk: bool


class TellQuote(NamedTuple):
    """Journal, when a quote has left, that it has, then publish it; `price_ticks` and `quantity_lots` are its own."""

    order: WorkingOrder
    instrument: Instrument
    price_ticks: int
    quantity_lots: int
    layer: int
    reason: str
    time_ns: int

    @property
    def event(self) -> QuoteSent:
        """What is told."""
        return QuoteSent(
            timestamp=utc_from_ns(self.time_ns),
            strategy_id=self.order.strategy_id,
            asset=self.order.asset,
            order_id=self.order.client_order_id,
            side=self.order.side,
            price=self.instrument.price(self.price_ticks),
            quantity=self.instrument.quantity(self.quantity_lots),
            layer=self.layer,
            reason=self.reason,
        )


@dataclass(frozen=True, slots=True)
class Emit:
    """Journal an event, then publish it."""

    event: StrategyEvent


@dataclass(frozen=True, slots=True)
class Reply:
    """A command is done, or failed."""

    command_id: str
    error: ZenOTCError | None = None


class OrderChanged(NamedTuple):
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
    | TellQuote
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

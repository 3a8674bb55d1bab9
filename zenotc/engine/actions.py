"""What the engine asks for: requests for venues, events for everybody, facts for the journal, replies to commands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
    "FillBooked",
    "OrderChanged",
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
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class DayBegan:
    """The daily PnL starts afresh from this total, USD."""

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


Action = Send | Emit | Reply | OrderChanged | FillBooked | StrategyChanged | DayBegan | EmergencyChanged

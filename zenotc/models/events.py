"""Everything that happens, as it is journalled and streamed (semantics, section 12)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter

from zenotc.models.wire import WireModel

__all__ = [
    "CircuitBreaker",
    "ConfigChanged",
    "EmergencyStop",
    "EmergencyStopCleared",
    "ErrorOccurred",
    "Event",
    "HedgeCompleted",
    "HedgeFilled",
    "HedgeTriggered",
    "JournalledEvent",
    "LifecycleEvent",
    "PnlUpdate",
    "PositionChanged",
    "QuoteCancelled",
    "QuoteFilled",
    "QuoteSent",
    "StrategyEvent",
    "UnknownEvent",
    "event_from_wire",
]


class StrategyEvent(WireModel):
    """What every event has.

    `seq` numbers the events of an engine without gaps; the journal gives it, until then it is 0.
    Desk-wide events have no `strategy_id` and no `asset`.
    """

    type: str
    seq: int = 0
    timestamp: datetime
    strategy_id: str | None = None
    asset: str | None = None


class LifecycleEvent(StrategyEvent):
    """The status changed: why, and by whom (`operator` is `None` where the engine did it)."""

    type: Literal["started", "stopped", "paused", "resumed"]
    reason: str
    operator: str | None = None


class QuoteSent(StrategyEvent):
    """A quote left for the venue, or (`reason` `amended`) changed there; price in USD, quantity in base units."""

    type: Literal["quote_sent"] = "quote_sent"
    order_id: str
    side: Literal["buy", "sell"]
    price: Decimal
    quantity: Decimal
    layer: int
    reason: str


class QuoteCancelled(StrategyEvent):
    """A quote is gone from the venue; `quantity` is what had not filled, base units."""

    type: Literal["quote_cancelled"] = "quote_cancelled"
    order_id: str
    side: Literal["buy", "sell"]
    price: Decimal
    quantity: Decimal
    layer: int
    reason: str


class _Filled(StrategyEvent):
    order_id: str
    trade_id: str
    side: Literal["buy", "sell"]
    quantity: Decimal
    price: Decimal
    fee: Decimal
    venue: str
    remaining: Decimal


class QuoteFilled(_Filled):
    """A quote traded: `quantity` and `remaining` in base units, `fee` in USD, positive where it costs."""

    type: Literal["quote_filled"] = "quote_filled"


class HedgeFilled(_Filled):
    """A hedge or flatten order traded."""

    type: Literal["hedge_filled"] = "hedge_filled"
    reason: Literal["hedge", "flatten"]


class PositionChanged(StrategyEvent):
    """The position moved, base units; `average_price` in USD, `None` when flat.

    `unhedged_quantity` is what a hedge has yet to trade, and `unhedged_seconds` for how long that has not been nothing.
    """

    type: Literal["position_changed"] = "position_changed"
    old_position: Decimal
    new_position: Decimal
    average_price: Decimal | None
    unhedged_quantity: Decimal = Decimal(0)
    unhedged_seconds: float = 0.0


class HedgeTriggered(StrategyEvent):
    """A hedge begins: `hedge_quantity` in base units."""

    type: Literal["hedge_triggered"] = "hedge_triggered"
    hedge_quantity: Decimal
    hedge_algo: str
    hedge_venue: str
    side: Literal["buy", "sell"]


class HedgeCompleted(StrategyEvent):
    """A hedge ended; `slippage_bps` is what it cost against the executing book's mid at the trigger."""

    type: Literal["hedge_completed"] = "hedge_completed"
    hedge_quantity: Decimal
    filled_quantity: Decimal
    average_price: Decimal | None
    slippage_bps: float | None


class CircuitBreaker(StrategyEvent):
    """A breaker fired: its measure and its limit, in the breaker's unit."""

    type: Literal["circuit_breaker"] = "circuit_breaker"
    reason: str
    breaker: str
    measure: Decimal
    limit: Decimal
    resumes_at: datetime | None = None


class PnlUpdate(StrategyEvent):
    """The PnL changed, USD; at most once a second."""

    type: Literal["pnl_update"] = "pnl_update"
    daily_pnl: Decimal
    total_pnl: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal


class ErrorOccurred(StrategyEvent):
    """Something went wrong; `reason` in words, `code` for a program."""

    type: Literal["error"] = "error"
    reason: str
    code: str


class ConfigChanged(StrategyEvent):
    """Parameters changed; `changes` holds `{"parameter": {"old": ..., "new": ...}}`."""

    type: Literal["config_changed"] = "config_changed"
    changes: dict[str, Any]
    operator: str | None = None


class EmergencyStop(StrategyEvent):
    """Everything was stopped."""

    type: Literal["emergency_stop"] = "emergency_stop"
    reason: str
    operator: str | None = None


class EmergencyStopCleared(StrategyEvent):
    """The emergency stop is no longer in force."""

    type: Literal["emergency_stop_cleared"] = "emergency_stop_cleared"
    operator: str


class UnknownEvent(StrategyEvent):
    """An event of a type that this version does not know; its fields are kept in `model_extra`."""

    model_config = ConfigDict(extra="allow")


Event = (
    LifecycleEvent
    | QuoteSent
    | QuoteFilled
    | QuoteCancelled
    | PositionChanged
    | HedgeTriggered
    | HedgeFilled
    | HedgeCompleted
    | CircuitBreaker
    | PnlUpdate
    | ErrorOccurred
    | ConfigChanged
    | EmergencyStop
    | EmergencyStopCleared
)

_ADAPTER: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
_KNOWN = frozenset(
    name
    for cls in Event.__args__
    for name in cls.model_fields["type"].annotation.__args__
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class JournalledEvent:
    """An event as the journal keeps it and the stream sends it: `body` is its JSON, serialised once."""

    seq: int
    strategy_id: str | None
    body: bytes


def event_from_wire(body: dict[str, Any]) -> Event | UnknownEvent:
    """Build the event from its decoded JSON; a type of a newer engine becomes an `UnknownEvent`."""
    if body.get("type") not in _KNOWN:
        return UnknownEvent.model_validate(body)
    return _ADAPTER.validate_python(body)

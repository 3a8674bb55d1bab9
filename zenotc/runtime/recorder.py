"""Turns the engine's actions into what the journal keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from zenotc.engine.actions import (
    Action,
    DayBegan,
    EmergencyChanged,
    Emit,
    FaultOccurred,
    FillBooked,
    Measured,
    OffsetAccepted,
    OrderChanged,
    Reconciled,
    StrategyChanged,
    TellQuote,
)
from zenotc.journal.records import (
    BaselineRecord,
    CommandRecord,
    EmergencyRecord,
    FaultRecord,
    FillRecord,
    MarkRecord,
    MeasuresRecord,
    OffsetRecord,
    OrderRecord,
    OrderStateRecord,
    ReconciliationRecord,
    Record,
    StrategyRecord,
)
from zenotc.models.commands import Command, RefusedRequest
from zenotc.models.events import StrategyEvent
from zenotc.models.wire import encode

__all__ = ["records_of", "written"]


def records_of(actions: Iterable[Action]) -> list[Record | StrategyEvent]:
    """Return what is to be journalled for these actions, in order."""
    records: list[Record | StrategyEvent] = []
    for action in actions:
        turned = _TURNED.get(type(action))
        if turned is not None:
            records.append(turned(action))
        elif isinstance(action, Measured):
            records += _mark(action), MeasuresRecord(action.strategy_id, action.time_ns, encode(action.measures))
    return records


_OWN_COLUMNS = frozenset({"command_id", "operator", "client", "idempotency_key", "strategy_id", "name"})


def written(command: Command | RefusedRequest, received_ns: int) -> CommandRecord:
    """Return a command as it is journalled; `received_ns` is the wall clock's time, ns."""
    body = {
        name: value.given() if name == "config" else value
        for name in command.__dataclass_fields__
        if name not in _OWN_COLUMNS
        for value in (getattr(command, name),)
    }
    return CommandRecord(
        command.command_id,
        received_ns,
        command.operator,
        command.name if isinstance(command, RefusedRequest) else type(command).__name__,
        getattr(command, "strategy_id", None),
        encode(body),
        command.client,
        command.idempotency_key,
    )


def _order(action: OrderChanged) -> OrderRecord | OrderStateRecord:
    order = action.order
    if action.new:
        return OrderRecord(
            order.client_order_id,
            order.strategy_id,
            order.venue,
            order.asset,
            order.side,
            action.price,
            action.quantity,
            order.purpose,
            order.layer,
            action.time_ns,
        )
    return OrderStateRecord(
        order.client_order_id,
        action.time_ns,
        action.state,
        action.price,
        action.quantity,
        action.filled,
        order.venue_order_id,
        action.reason,
    )


def _mark(action: Measured) -> MarkRecord:
    return MarkRecord(
        action.strategy_id,
        action.time_ns,
        action.equity,
        action.position,
        action.daily_pnl,
        action.total_pnl,
        action.spread_bps,
        action.sigma,
    )


def _fill(action: FillBooked) -> FillRecord:
    fill = action.fill
    return FillRecord(
        fill.venue,
        fill.asset,
        fill.trade_id,
        fill.client_order_id,
        action.strategy_id,
        fill.side,
        action.price,
        action.quantity,
        fill.fee,
        fill.maker,
        fill.time_ns,
        action.mid,
    )


def _strategy(action: StrategyChanged) -> StrategyRecord:
    return StrategyRecord(
        action.strategy_id,
        action.time_ns,
        action.status,
        action.reason,
        encode(action.config.given()),
        action.deleted,
        action.resume_at_ns,
    )


_TURNED: dict[type[Action], Callable[[Any], Record | StrategyEvent]] = {
    Emit: lambda a: a.event,
    TellQuote: lambda a: a.event,
    OrderChanged: _order,
    FillBooked: _fill,
    StrategyChanged: _strategy,
    DayBegan: lambda a: BaselineRecord(a.strategy_id, a.day, a.total_pnl),
    EmergencyChanged: lambda a: EmergencyRecord(a.time_ns, a.active, a.operator, a.reason),
    Reconciled: lambda a: ReconciliationRecord(a.venue, a.time_ns, a.trade_id, a.complete),
    OffsetAccepted: lambda a: OffsetRecord(a.venue, a.asset, a.time_ns, a.quantity, a.operator),
    FaultOccurred: lambda a: FaultRecord(a.time_ns, a.strategy_id, a.traceback),
}
"""What one record or event stands for; what is sent or answered leaves no trace of its own."""

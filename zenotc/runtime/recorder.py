"""Turns the engine's actions into what the journal keeps."""

from __future__ import annotations

from collections.abc import Iterable

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
from zenotc.models.commands import Command
from zenotc.models.events import StrategyEvent
from zenotc.models.wire import encode

__all__ = ["records_of", "written"]


def records_of(actions: Iterable[Action]) -> list[Record | StrategyEvent]:
    """Return what is to be journalled for these actions, in order."""
    records: list[Record | StrategyEvent] = []
    for action in actions:
        if isinstance(action, Emit):
            records.append(action.event)
        elif isinstance(action, OrderChanged):
            records.append(_order(action))
        elif isinstance(action, FillBooked):
            records.append(_fill(action))
        elif isinstance(action, StrategyChanged):
            config = encode(action.config.given())
            records.append(
                StrategyRecord(
                    action.strategy_id,
                    action.time_ns,
                    action.status,
                    action.reason,
                    config,
                    action.deleted,
                    action.resume_at_ns,
                )
            )
        elif isinstance(action, Measured):
            records.append(_mark(action))
            records.append(MeasuresRecord(action.strategy_id, action.time_ns, encode(action.measures)))
        elif isinstance(action, DayBegan):
            records.append(BaselineRecord(action.strategy_id, action.day, action.total_pnl))
        elif isinstance(action, EmergencyChanged):
            records.append(EmergencyRecord(action.time_ns, action.active, action.operator, action.reason))
        elif isinstance(action, Reconciled):
            records.append(ReconciliationRecord(action.venue, action.time_ns, action.trade_id, action.complete))
        elif isinstance(action, OffsetAccepted):
            records.append(OffsetRecord(action.venue, action.asset, action.time_ns, action.quantity, action.operator))
        elif isinstance(action, FaultOccurred):
            records.append(FaultRecord(action.time_ns, action.strategy_id, action.traceback))
    return records


def written(command: Command, received_ns: int) -> CommandRecord:
    """Return a command as it is journalled; `received_ns` is the wall clock's time, ns."""
    body = {
        name: value.given() if name == "config" else value
        for name in command.__dataclass_fields__
        if name not in ("command_id", "operator", "client", "idempotency_key", "strategy_id")
        for value in (getattr(command, name),)
    }
    return CommandRecord(
        command.command_id,
        received_ns,
        command.operator,
        type(command).__name__,
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

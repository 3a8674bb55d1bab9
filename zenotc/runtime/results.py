"""What a command came to, read off the engine's state once it has been answered."""

from __future__ import annotations

from typing import Any

from zenotc.engine.state import EngineState
from zenotc.engine.views import strategy_view
from zenotc.models.commands import (
    AcceptPosition,
    CreateStrategy,
    DeleteStrategy,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.status import EmergencyState
from zenotc.models.strategy import CancelQuotesResult, CommandResult, EmergencyStopResult, StopConfirmation
from zenotc.models.wire import utc_from_ns

__all__ = ["StrategyCommand", "cancel_result", "command_result", "emergency_result", "emergency_state", "quotes_on"]

StrategyCommand = (
    CreateStrategy
    | UpdateStrategy
    | DeleteStrategy
    | StartStrategy
    | PauseStrategy
    | ResumeStrategy
    | StopStrategy
    | AcceptPosition
)


def command_result(state: EngineState, command: StrategyCommand, now_ns: int) -> Any:
    """Return what a command for one strategy came to.

    A `Strategy` for create and update, nothing for delete, a `CommandResult` for what moves it through its life.
    """
    if isinstance(command, DeleteStrategy):
        return None
    strategy = state.strategy(command.strategy_id)
    view = strategy_view(state, strategy, now_ns)
    if isinstance(command, CreateStrategy | UpdateStrategy):
        return view
    flattened = isinstance(command, StopStrategy) and command.flatten_position
    pausing = isinstance(command, PauseStrategy | StopStrategy)
    return CommandResult(
        strategy=view,
        confirmed=not pausing or not strategy.orders,
        unconfirmed_orders=sorted(strategy.orders) if pausing else [],
        remaining_position=strategy.position if flattened else None,
    )


def quotes_on(state: EngineState, asset: str) -> dict[str, str]:
    """Return the quotes of the active strategies on an asset: the order's id, and whose it is."""
    return {
        order.client_order_id: strategy.strategy_id
        for strategy in state.quoting_market(asset).strategies
        if strategy.status == "active"
        for order in strategy.live_quotes()
    }


def cancel_result(state: EngineState, before: dict[str, str]) -> CancelQuotesResult:
    """Return what became of the quotes that `quotes_on` has listed before they were cancelled."""
    left = sorted(before.keys() & state.orders.keys())
    names = sorted(set(before.values()))
    return CancelQuotesResult(cancelled=len(before) - len(left), strategies=names, unconfirmed_orders=left)


def emergency_state(state: EngineState, *, durable: bool) -> EmergencyState:
    """Return how the emergency stop stands; `durable` says whether its file agrees."""
    emergency = state.emergency
    return EmergencyState(
        active=emergency.active,
        since=None if emergency.since_ns is None else utc_from_ns(emergency.since_ns),
        operator=emergency.operator,
        unconfirmed_venues=sorted(emergency.waiting),
        durable=durable,
    )


def emergency_result(state: EngineState, elapsed_seconds: float, *, durable: bool) -> EmergencyStopResult:
    """Return what an emergency stop came to so far; `durable` says whether its file has been written."""
    venues = {venue: venue not in state.emergency.waiting for venue, _ in state.markets}
    strategies = [
        StopConfirmation(
            strategy_id=strategy.strategy_id,
            name=strategy.config.name,
            confirmed=not strategy.orders,
            unconfirmed_orders=sorted(strategy.orders),
            remaining_position=strategy.position,
        )
        for strategy in state.strategies.values()
    ]
    return EmergencyStopResult(
        confirmed=all(venues.values()) and all(strategy.confirmed for strategy in strategies),
        elapsed_ms=round(elapsed_seconds * 1e3, 3),
        venues=venues,
        strategies=strategies,
        durable=durable,
    )

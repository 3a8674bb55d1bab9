"""What a strategy must pass before it becomes active (semantics, section 7)."""

from __future__ import annotations

from decimal import Decimal

from zenotc.engine.breakers import tripped
from zenotc.engine.rounding import EXACT
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import (
    CircuitBreakerError,
    ConnectionFailedError,
    InsufficientMarginError,
    PositionLimitError,
    StrategyError,
)

__all__ = ["check_activation", "check_open"]


def check_activation(state: EngineState, strategy: StrategyState, *, starting: bool) -> None:
    """Refuse a start or a resume that must not be.

    Raises
    ------
    CircuitBreakerError
        If the emergency stop is in force or a breaker's measure is over its limit.
    ConnectionFailedError
        If the engine is ending (`ending`), or a venue that it trades on has not been compared with our records yet
        (`recovering`).
    StrategyError
        If a venue holds another position than our fills make (`position_difference`), there is no mid to mark with
        (`no_market`), the position is being flattened (`flattening`), or the account's equity is not known
        (`no_balance`).
    PositionLimitError
        If a start finds the position at its limit.
    InsufficientMarginError
        If the account cannot carry the largest position.
    """
    check_open(state)
    _check_agreement(state, strategy)
    desk_limit = state.settings.max_desk_daily_loss
    if desk_limit is not None and state.desk_daily_pnl < -desk_limit:
        reason = f"desk_daily_loss {-state.desk_daily_pnl:.2f} of {desk_limit} USD"
        raise CircuitBreakerError(f"circuit breaker: {reason}", details={"reason": reason, "limit": desk_limit})
    if starting and strategy.market.mid is not None:
        strategy.start_curve(strategy.market.mid)
    reading = tripped(strategy)
    if reading is not None:
        raise CircuitBreakerError(
            f"circuit breaker: {reading.reason}",
            details={"reason": reading.reason, "breaker": reading.breaker.name, "limit": reading.limit},
        )
    if strategy.market.mid is None:
        raise StrategyError(f"there is no mid of {strategy.config.asset} to mark with yet", code="no_market")
    if strategy.plan is not None and strategy.plan.purpose == "flatten":
        raise StrategyError("the position is being flattened: wait until it is stopped", code="flattening")
    if starting and abs(strategy.position) >= strategy.config.max_position:
        raise PositionLimitError(
            f"the position {strategy.position} has reached the limit {strategy.config.max_position}",
            details={"currentPosition": strategy.position, "maxPosition": strategy.config.max_position},
        )
    _check_margin(state, strategy)


def check_open(state: EngineState) -> None:
    """Refuse whatever would let a strategy quote while the emergency stop is in force, or the engine ends.

    Raises
    ------
    CircuitBreakerError
        If the stop is in force.
    ConnectionFailedError
        If the engine is ending.
    """
    if state.ending:
        raise ConnectionFailedError("the engine is ending: it can only stop", code="ending")
    if state.emergency.active:
        reason = f"emergency stop by {state.emergency.operator}"
        raise CircuitBreakerError(f"the emergency stop is in force: {reason}", details={"reason": reason})


def _check_agreement(state: EngineState, strategy: StrategyState) -> None:
    """Refuse to quote before what the venues hold of ours is known and explained."""
    for market in (strategy.market, strategy.hedge_market):
        waits_for = None if market is None else state.venues[market.instrument.venue].waits_for
        if waits_for is not None:
            raise ConnectionFailedError(f"the engine waits for the {waits_for}", code="recovering")
    for market in strategy.differences:
        values = {
            "venue": market.instrument.venue,
            "venuePosition": market.difference,
            "enginePosition": market.expected_position,
        }
        raise StrategyError(
            f"{market.instrument.venue} holds {market.difference} {market.instrument.asset}, "
            f"our fills make {market.expected_position}: accept one of them first",
            code="position_difference",
            details=values,
        )


def _check_margin(state: EngineState, strategy: StrategyState) -> None:
    equity = state.equity()
    if equity is None:
        raise StrategyError("the account's balance is not known yet", code="no_balance")
    others = (s for s in state.strategies.values() if s.status == "active" and s is not strategy)
    available = EXACT.subtract(equity, sum((reserved_margin(state, s) for s in others), Decimal(0)))
    required = reserved_margin(state, strategy)
    if required > available:
        raise InsufficientMarginError(
            f"the strategy needs {required:.2f} USD of margin, {available:.2f} USD are available",
            details={"required": required, "available": available},
        )


def reserved_margin(state: EngineState, strategy: StrategyState) -> Decimal:
    """Return what an active strategy reserves: `max_position * mid * initial_margin_rate`, USD."""
    mid = strategy.market.mid
    assert mid is not None
    return EXACT.multiply(EXACT.multiply(strategy.config.max_position, mid), state.settings.initial_margin_rate)

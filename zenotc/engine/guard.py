"""What a fault in the handling of one strategy means (semantics, section 7)."""

from __future__ import annotations

import traceback
from collections.abc import Callable

from zenotc.engine.actions import FaultOccurred
from zenotc.engine.conductor import Conductor
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState

__all__ = ["Guard"]


class Guard:
    """Lets a fault in one strategy pause that one and nothing else."""

    def __init__(self, state: EngineState, conductor: Conductor) -> None:
        self._state = state
        self._conductor = conductor

    def __call__(self, strategy: StrategyState, now_ns: int, act: Callable[[StrategyState, int], None]) -> None:
        """Let `act` handle a strategy, and pause that strategy where it raises."""
        try:
            act(strategy, now_ns)
        except Exception as error:  # noqa: BLE001 - the one place that decides what a fault in a strategy means
            text = "".join(traceback.format_exception(error))
            self._state.actions.append(FaultOccurred(strategy.strategy_id, text, now_ns))
            self._state.error(strategy, "EXCEPTION", f"{type(error).__name__}: {error}", now_ns)
            reason = f"error: {type(error).__name__}"
            self._conductor.apply(strategy, Trigger.ERROR, now_ns, reason=reason, operator=None)

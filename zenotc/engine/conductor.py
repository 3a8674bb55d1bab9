"""Moves strategies through their life cycle, whatever the trigger (semantics, section 7)."""

from __future__ import annotations

from collections.abc import Iterable

from zenotc.engine.actions import StrategyChanged
from zenotc.engine.breakers import Reading
from zenotc.engine.checks import check_activation, check_open
from zenotc.engine.lifecycle import TRANSITIONS, Effect, Transition, Trigger
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.quoter import Quoter
from zenotc.engine.recovery import SHUTDOWN
from zenotc.engine.reducer import Reducer
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import StrategyError
from zenotc.models.events import CircuitBreaker, LifecycleEvent
from zenotc.models.wire import utc_from_ns

__all__ = ["Conductor"]


class Conductor:
    """Looks a trigger up in the table and carries out what it asks for."""

    def __init__(self, state: EngineState, entry: OrderEntry, quoter: Quoter, reducer: Reducer) -> None:
        self._state = state
        self._entry = entry
        self._quoter = quoter
        self._reducer = reducer

    def apply(
        self,
        strategy: StrategyState,
        trigger: Trigger,
        now_ns: int,
        *,
        reason: str,
        operator: str | None,
        resume_at_ns: int | None = None,
    ) -> None:
        """Move a strategy; `resume_at_ns` is when it may resume by itself, `None` where a person has to.

        Raises
        ------
        StrategyError
            If the table refuses the trigger, or a check fails.
        """
        if trigger in (Trigger.START, Trigger.RESUME):
            check_open(self._state)
        transition = TRANSITIONS[trigger, strategy.status]
        if transition.effect is Effect.REFUSE:
            raise StrategyError(transition.refusal, code="wrong_state", details={"status": strategy.status})
        if transition.effect is Effect.END_HEDGE and not strategy.hedges:
            return
        if transition.effect is Effect.CHECK:
            check_activation(self._state, strategy, starting=trigger is Trigger.START)
        self._enter(strategy, transition, now_ns, reason=reason, operator=operator, resume_at_ns=resume_at_ns)
        if transition.effect is Effect.CHECK:
            self._state.actions.append(strategy.measured(now_ns))
            strategy.refresh_at_ns = now_ns
            self._quoter.requote(strategy, now_ns, transition.event or reason, refresh=True)
            self._reducer.begin_hedge_if_due(strategy, now_ns)
        elif transition.effect is Effect.CANCEL:
            if trigger is not Trigger.BREAKER or strategy.config.breaker_action != "hedge":
                strategy.plan = None
            self._cancel_everything(strategy, now_ns, reason)
        elif transition.effect is Effect.END_HEDGE:
            if strategy.plan is not None and strategy.plan.purpose == "hedge":
                strategy.plan = None
            self._cancel_everything(strategy, now_ns, reason)
        elif transition.effect is Effect.FLATTEN:
            self._cancel_everything(strategy, now_ns, reason)
            if strategy.plan is None or strategy.plan.purpose != "flatten":
                self._reducer.begin_flatten(strategy, now_ns)
            self.advance_plan(strategy, now_ns)

    def _enter(
        self,
        strategy: StrategyState,
        transition: Transition,
        now_ns: int,
        *,
        reason: str,
        operator: str | None,
        resume_at_ns: int | None,
    ) -> None:
        """Take the transition's status, write it down and tell of it."""
        if transition.to == strategy.status and transition.event is None:
            return
        strategy.status = transition.to
        strategy.pause_reason = None if transition.to == "active" else reason
        strategy.resume_at_ns = resume_at_ns
        strategy.rejections.clear()
        self.changed(strategy, now_ns)
        if transition.event is not None:
            self.tell(strategy, transition.event, now_ns, reason=reason, operator=operator)

    def end(self, strategy: StrategyState, now_ns: int) -> None:
        """Cancel what a strategy has resting because its engine ends.

        What was active is paused for that reason. What was not keeps its status, its reason and its pending resume, so
        that the next start finds them; it only hedges no more. A flatten goes on.
        """
        if strategy.status == "active":
            self.apply(strategy, Trigger.PAUSE, now_ns, reason=SHUTDOWN, operator=SHUTDOWN)
        if strategy.plan is not None and strategy.plan.purpose == "hedge":
            strategy.plan = None
        self._cancel_everything(strategy, now_ns, SHUTDOWN)

    def tell(self, strategy: StrategyState, event: str, now_ns: int, *, reason: str, operator: str | None) -> None:
        """Tell everybody what has become of a strategy."""
        self._state.emit(
            LifecycleEvent.model_validate(
                {
                    "type": event,
                    "timestamp": utc_from_ns(now_ns),
                    "strategy_id": strategy.strategy_id,
                    "asset": strategy.config.asset,
                    "reason": reason,
                    "operator": operator,
                }
            )
        )

    def _cancel_everything(self, strategy: StrategyState, now_ns: int, reason: str) -> None:
        strategy.targets = strategy.inputs = None
        strategy.requote_wanted = False
        for order in list(strategy.orders.values()):
            if order.purpose == "quote" or strategy.plan is None:
                self._entry.cancel(order, now_ns, reason)

    def changed(self, strategy: StrategyState, now_ns: int) -> None:
        """Write a strategy's configuration and status down."""
        strategy.updated_ns = now_ns
        self._state.actions.append(
            StrategyChanged(
                strategy.strategy_id,
                strategy.status,
                strategy.pause_reason,
                strategy.config,
                now_ns,
                strategy.created_ns,
                resume_at_ns=strategy.resume_at_ns,
            )
        )

    def advance_plan(self, strategy: StrategyState, now_ns: int) -> None:
        """Let a hedge or a flatten go on, and go through `FLATTENED` when a flatten has ended."""
        ended = self._reducer.advance(strategy, now_ns)
        if ended is not None:
            self.apply(strategy, ended, now_ns, reason="flattened", operator=None)

    def fire(self, strategy: StrategyState, reading: Reading, now_ns: int) -> None:
        """Let a circuit breaker of a strategy's own tell what it measured, and pause it."""
        config, resume_at_ns = strategy.config, None
        if config.auto_resume_enabled:
            resume_at_ns = now_ns + round(config.resume_delay_minutes * 60 * 10**9)
        self._state.emit(
            CircuitBreaker(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id,
                asset=strategy.config.asset,
                reason=reading.reason,
                breaker=reading.breaker.name,
                measure=reading.measure,
                limit=reading.limit,
                resumes_at=None if resume_at_ns is None else utc_from_ns(resume_at_ns),
            )
        )
        self.break_off(strategy, now_ns, breaker=reading.breaker.name, resume_at_ns=resume_at_ns)

    def break_off(self, strategy: StrategyState, now_ns: int, *, breaker: str, resume_at_ns: int | None = None) -> None:
        """Pause a strategy for a circuit breaker, and do with its position what it is configured to."""
        reason = f"circuit_breaker: {breaker}"
        self.apply(strategy, Trigger.BREAKER, now_ns, reason=reason, operator=None, resume_at_ns=resume_at_ns)
        config = strategy.config
        if config.breaker_action == "flatten" and strategy.position_lots:
            self._reducer.begin_flatten(strategy, now_ns, then_stop=False)
            self.advance_plan(strategy, now_ns)
        elif config.breaker_action == "hedge":
            self._reducer.begin_hedge_if_due(strategy, now_ns)

    def answer_when_quiet(self, strategies: Iterable[StrategyState], command_id: str) -> None:
        """Answer a command once nothing of the strategies rests and nothing is being flattened."""
        self._state.waiting_commands[command_id] = list(strategies)
        self.settle()

    def settle(self) -> None:
        """Answer the commands that the venues have confirmed by now."""
        for command_id, strategies in list(self._state.waiting_commands.items()):
            if all(strategy.quiet for strategy in strategies):
                del self._state.waiting_commands[command_id]
                self._state.reply(command_id)

"""Carries out commands; each is answered once, at once or when the venues have confirmed it (section 7)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zenotc.engine.actions import StrategyChanged
from zenotc.engine.conductor import Conductor
from zenotc.engine.emergency_desk import EmergencyDesk
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.reconciler import Reconciler
from zenotc.engine.risk_watch import RiskWatch
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import ConnectionFailedError, StrategyError, ZenOTCError
from zenotc.models.commands import (
    AcceptPosition,
    CancelQuotes,
    ClearEmergencyStop,
    Command,
    CreateStrategy,
    DeleteStrategy,
    EmergencyStopAll,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import ConfigChanged
from zenotc.models.wire import utc_from_ns

__all__ = ["Commander"]

_OPERATOR = "operator"


class Commander:
    """Takes commands; every kind has one method."""

    def __init__(
        self,
        state: EngineState,
        conductor: Conductor,
        emergency: EmergencyDesk,
        reconciler: Reconciler,
        watch: RiskWatch,
    ) -> None:
        self._state = state
        self._conductor = conductor
        self._emergency = emergency
        self._reconciler = reconciler
        self._watch = watch
        self._handlers: dict[type, Callable[[Any, int], None]] = {
            CreateStrategy: self._create,
            UpdateStrategy: self._update,
            DeleteStrategy: self._delete,
            StartStrategy: self._start,
            ResumeStrategy: self._resume,
            PauseStrategy: self._pause,
            StopStrategy: self._stop,
            AcceptPosition: self._accept_position,
            CancelQuotes: self._cancel_quotes,
            EmergencyStopAll: self._emergency_stop,
            ClearEmergencyStop: self._clear_emergency_stop,
        }

    def take(self, command: Command, now_ns: int) -> None:
        """Carry a command out, or refuse it in the reply."""
        try:
            self._handlers[type(command)](command, now_ns)
        except ZenOTCError as error:
            self._state.reply(command.command_id, error)
        except Exception as error:  # noqa: BLE001 - a fault in a command is its refusal, and never the engine's end
            reason = f"{type(error).__name__}: {error}"
            self._state.error(None, "EXCEPTION", f"command={type(command).__name__}, {reason}", now_ns)
            self._state.reply(command.command_id, ZenOTCError(f"the command failed: {reason}", code="internal"))

    def _create(self, command: CreateStrategy, now_ns: int) -> None:
        if command.strategy_id in self._state.strategies:
            raise StrategyError(f"the strategy {command.strategy_id} exists already", code="strategy_exists")
        market = self._state.quoting_market(command.config.asset)
        # Built again, because only here the lot is known for certain.
        config = StrategyConfig.build(command.config.given(), lot_size=market.instrument.lot_size)
        strategy = StrategyState(
            strategy_id=command.strategy_id,
            config=config,
            market=market,
            hedge_market=self._state.hedge_market(config.asset),
            created_ns=now_ns,
            updated_ns=now_ns,
        )
        self._state.strategies[command.strategy_id] = strategy
        market.strategies.append(strategy)
        self._conductor.changed(strategy, now_ns)
        if config.enabled:
            try:
                self._conductor.apply(strategy, Trigger.START, now_ns, reason=_OPERATOR, operator=command.operator)
            except ZenOTCError as error:
                error.details["strategyId"] = command.strategy_id
                error.message = f"{error.message}; the strategy {command.strategy_id} exists and is stopped"
                error.args = (error.message,)
                if isinstance(error, ConnectionFailedError):
                    error.status_code = StrategyError.default_status  # who asks must not take it for nothing done
                raise
        self._state.reply(command.command_id)

    def _update(self, command: UpdateStrategy, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        old = strategy.config
        new = old.updated(command.changes, lot_size=strategy.market.instrument.lot_size)
        before, after = old.model_dump(), new.model_dump()
        changes = {name: {"old": before[name], "new": value} for name, value in after.items() if before[name] != value}
        if changes:
            strategy.configure(new)
            self._conductor.changed(strategy, now_ns)
            self._state.emit(
                ConfigChanged(
                    timestamp=utc_from_ns(now_ns),
                    strategy_id=strategy.strategy_id,
                    asset=new.asset,
                    changes=changes,
                    operator=command.operator,
                )
            )
            # A limit that has come below what is measured already does not wait for the next mark.
            self._watch.check(strategy, now_ns)
        self._state.reply(command.command_id)

    def _delete(self, command: DeleteStrategy, now_ns: int) -> None:
        strategy = self._state.strategy(command.strategy_id)
        if strategy.status != "stopped" or strategy.position or strategy.orders or strategy.plan is not None:
            raise StrategyError(
                f"only a stopped and flat strategy can be deleted: it is {strategy.status}, "
                f"its position is {strategy.position}, {len(strategy.orders)} orders are not ended",
                code="not_deletable",
                details={"status": strategy.status, "currentPosition": strategy.position},
            )
        self._state.forget(strategy)
        self._state.actions.append(
            StrategyChanged(
                strategy.strategy_id,
                "stopped",
                "deleted",
                strategy.config,
                now_ns,
                strategy.created_ns,
                deleted=True,
            )
        )
        self._state.reply(command.command_id)

    def _touched(self, strategy_id: str, now_ns: int) -> StrategyState:
        """Return a strategy that an operator has laid hands on: it does not resume by itself any more."""
        strategy = self._state.strategy(strategy_id)
        if strategy.resume_at_ns is not None:
            strategy.resume_at_ns = None
            self._conductor.changed(strategy, now_ns)
        return strategy

    def _start(self, command: StartStrategy, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        self._conductor.apply(strategy, Trigger.START, now_ns, reason=_OPERATOR, operator=command.operator)
        self._state.reply(command.command_id)

    def _resume(self, command: ResumeStrategy, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        self._conductor.apply(strategy, Trigger.RESUME, now_ns, reason=_OPERATOR, operator=command.operator)
        self._state.reply(command.command_id)

    def _pause(self, command: PauseStrategy, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        self._conductor.apply(strategy, Trigger.PAUSE, now_ns, reason=command.reason, operator=command.operator)
        self._conductor.answer_when_quiet([strategy], command.command_id)

    def _stop(self, command: StopStrategy, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        trigger = Trigger.FLATTEN if command.flatten_position else Trigger.STOP
        if trigger is Trigger.FLATTEN:
            self._refuse_flatten_under_stop()
        self._conductor.apply(strategy, trigger, now_ns, reason=_OPERATOR, operator=command.operator)
        self._conductor.answer_when_quiet([strategy], command.command_id)

    def _refuse_flatten_under_stop(self) -> None:
        """Under the emergency stop only a flatten that the stop itself asks for may send orders."""
        if self._state.emergency.active:
            raise StrategyError(
                "the emergency stop is in force: ask it to flatten, or clear it first", code="emergency_stop"
            )

    def _accept_position(self, command: AcceptPosition, now_ns: int) -> None:
        strategy = self._touched(command.strategy_id, now_ns)
        self._reconciler.accept(strategy, command.source, command.operator, now_ns)
        self._state.reply(command.command_id)

    def _cancel_quotes(self, command: CancelQuotes, now_ns: int) -> None:
        market = self._state.quoting_market(command.asset)
        for strategy in market.strategies:
            # An operator's hand is on what a breaker has paused, too.
            self._touched(strategy.strategy_id, now_ns)
        active = [strategy for strategy in market.strategies if strategy.status == "active"]
        for strategy in active:
            self._conductor.apply(
                strategy, Trigger.PAUSE, now_ns, reason="cancel_all_quotes", operator=command.operator
            )
        self._conductor.answer_when_quiet(active, command.command_id)

    def _emergency_stop(self, command: EmergencyStopAll, now_ns: int) -> None:
        self._emergency.stop(now_ns, command.operator, command.command_id, flatten=command.flatten_positions)

    def _clear_emergency_stop(self, command: ClearEmergencyStop, now_ns: int) -> None:
        self._emergency.clear(now_ns, command.operator)
        self._state.reply(command.command_id)

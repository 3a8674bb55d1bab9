"""Keeps every strategy marked, and acts where a measure leaves its limit (semantics, sections 8 and 9)."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from functools import partial

from zenotc.engine.breakers import blind, recovered, tripped
from zenotc.engine.conductor import Conductor
from zenotc.engine.guard import Guard
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.quoter import Quoter
from zenotc.engine.rounding import EXACT
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import ZenOTCError
from zenotc.models.events import CircuitBreaker, PnlUpdate
from zenotc.models.market import BUY, SELL
from zenotc.models.wire import utc_from_ns

__all__ = ["RiskWatch"]

_AUTO_RESUME_RETRY_NS = 60 * 10**9


class RiskWatch:
    """Marks, measures, fires and resumes."""

    def __init__(self, state: EngineState, conductor: Conductor, quoter: Quoter, guarded: Guard) -> None:
        self._state = state
        self._conductor = conductor
        self._quoter = quoter
        self._guarded = guarded

    def mark(self, strategy: StrategyState, now_ns: int) -> None:
        """Value a position at the mid of its market, and check what that changes."""
        mid = strategy.market.mid
        if strategy.position_lots and mid is not None:
            strategy.ledger.mark(mid)
            self.check(strategy, now_ns)

    def check(self, strategy: StrategyState, now_ns: int) -> None:
        """Take a changed PnL into the curves, and let breakers fire."""
        total = strategy.ledger.total_pnl
        if total != strategy.curve.total_pnl:
            self._state.desk_pnl = EXACT.add(self._state.desk_pnl, EXACT.subtract(total, strategy.curve.total_pnl))
            strategy.curve.mark(total)
        if strategy.status == "active":
            reading = tripped(strategy)
            if reading is not None:
                self._conductor.fire(strategy, reading, now_ns)

    def check_desk(self, now_ns: int) -> None:
        """Pause everything where the desk as a whole has lost too much today."""
        limit = self._state.settings.max_desk_daily_loss
        if limit is not None and self._state.desk_daily_pnl < -limit:
            self._stop_desk(limit, now_ns)

    def filled(self, strategy: StrategyState, order: WorkingOrder, now_ns: int) -> None:
        """Check what a fill changes; too many on one side in a short time pause the strategy for a person to resume.

        That holds whatever else has paused it: a breaker of the same fill may not resume it.
        """
        self.check(strategy, now_ns)
        self.check_desk(now_ns)
        settings = self._state.settings
        if settings.max_fills_per_side is None or order.purpose != "quote":
            return
        fills = strategy.recent_fills_ns[order.side]
        fills.append(now_ns)
        while fills[0] <= now_ns - settings.fill_window_seconds * 1e9:
            fills.popleft()
        if len(fills) >= settings.max_fills_per_side:
            values = f"side={order.side}, fills={len(fills)}, window_seconds={settings.fill_window_seconds:g}"
            fills.clear()
            self._state.error(strategy, "FILL_THROTTLE", values, now_ns)
            self._conductor.apply(strategy, Trigger.THROTTLE, now_ns, reason=f"throttled: {values}", operator=None)

    def _stop_desk(self, limit: Decimal, now_ns: int) -> None:
        active = [strategy for strategy in self._state.strategies.values() if strategy.status == "active"]
        if not active:
            return
        loss = EXACT.minus(self._state.desk_daily_pnl)
        self._state.emit(
            CircuitBreaker(
                timestamp=utc_from_ns(now_ns),
                reason=f"desk_daily_loss {loss:.2f} of {limit} USD",
                breaker="desk_daily_loss",
                measure=loss,
                limit=limit,
            )
        )
        for strategy in active:
            self._guarded(strategy, now_ns, partial(self._conductor.break_off, breaker="desk_daily_loss"))

    def second(self, strategy: StrategyState, now_ns: int) -> None:
        """Do what happens to a strategy at every whole second: slow measures, resumes, the PnL that has changed."""
        strategy.curve.second(now_ns)
        if strategy.status == "active":
            strategy.counters.active_second(buy=strategy.at_target(BUY), sell=strategy.at_target(SELL))
        if strategy.breakers:
            self._measure(strategy, now_ns)
        strategy.note_unhedged(now_ns)
        if strategy.unhedged_since_ns is not None:
            self._tell_unhedged(strategy, now_ns)
        if strategy.resume_at_ns is not None and now_ns >= strategy.resume_at_ns:
            self._resume(strategy, now_ns)
        if strategy.ledger.trade_count and strategy.pnl_to_publish != strategy.published_pnl:
            self._publish(strategy, now_ns)

    def _measure(self, strategy: StrategyState, now_ns: int) -> None:
        """Check what moves with time alone, and pull the quotes where a breaker cannot see."""
        self.check(strategy, now_ns)
        if strategy.status == "active" and strategy.targets is not None and blind(strategy):
            self._quoter.withdraw(strategy, now_ns, "measure_unknown")

    def _tell_unhedged(self, strategy: StrategyState, now_ns: int) -> None:
        """Tell once a minute of what should be hedged and is not; a schedule is given its time.

        Where its status keeps a strategy from hedging, the same amount is told once.
        """
        assert strategy.unhedged_since_ns is not None
        scheduled = strategy.plan is not None and strategy.plan.slices > 1
        minutes, second = divmod(int(strategy.unhedged_seconds(now_ns)), 60)
        kept = None if strategy.hedges else (strategy.unhedged_since_ns, strategy.unhedged)
        if minutes and second == 0 and not scheduled and (kept is None or kept != strategy.unhedged_told):
            strategy.unhedged_told = kept
            self._state.error(strategy, "UNHEDGED", strategy.unhedged_values(now_ns), now_ns)

    def _resume(self, strategy: StrategyState, now_ns: int) -> None:
        """Resume after a breaker, or look again in a minute."""
        if not strategy.market.usable:
            return
        if recovered(strategy):
            with contextlib.suppress(ZenOTCError):
                self._conductor.apply(strategy, Trigger.RESUME, now_ns, reason="auto_resume", operator=None)
                return
        strategy.resume_at_ns = now_ns + _AUTO_RESUME_RETRY_NS

    def _publish(self, strategy: StrategyState, now_ns: int) -> None:
        ledger = strategy.ledger
        strategy.published_pnl = strategy.pnl_to_publish
        self._state.emit(
            PnlUpdate(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id,
                asset=strategy.config.asset,
                daily_pnl=strategy.daily_pnl,
                total_pnl=ledger.total_pnl,
                realized_pnl=ledger.realized_pnl,
                unrealized_pnl=ledger.unrealized_pnl,
            )
        )

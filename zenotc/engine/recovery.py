"""Rebuilds an engine's state from its past: ledgers from their fills, curves and counters from what was written."""

from __future__ import annotations

from decimal import Decimal

from zenotc.engine.actions import DayBegan, StrategyChanged
from zenotc.engine.ledger import Ledger
from zenotc.engine.past import Past, PastFill
from zenotc.engine.rounding import EXACT
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import ZenOTCError
from zenotc.models.market import sign
from zenotc.models.wire import utc_from_ns

__all__ = ["RESTART", "SHUTDOWN", "Recovery"]

SHUTDOWN = "shutdown"
"""Why a strategy is paused that quoted until its engine was told to end."""

RESTART = "restart"
"""Why a strategy is paused that was active when its engine ended, however that was."""


class Recovery:
    """Puts a past into a state that has none yet; nothing trades before its venues have been compared.

    Parameters
    ----------
    state
        Where to; its markets are those of this start.
    past
        Where from.
    now_ns
        The time of the start, ns.
    """

    def __init__(self, state: EngineState, past: Past, now_ns: int) -> None:
        self._state = state
        self._past = past
        self._now_ns = now_ns
        self._ledgers: dict[str, Ledger] = {}
        self._orders = {order.client_order_id: order for order in past.orders}

    def run(self) -> list[StrategyState]:
        """Rebuild everything; returns the strategies that were active and are paused now.

        Raises
        ------
        ZenOTCError
            If a strategy's asset is not traded by the quoting venue.
        """
        for version in self._past.strategies:
            self._strategy(version)
        for fill in self._past.fills:
            self._fill(fill)
        for order in self._past.orders:
            self._order(order)
        for offset in self._past.offsets:
            market = self._state.markets.get((offset.venue, offset.asset))
            if market is not None:
                market.offset_lots = market.instrument.lots(offset.quantity)
        for link in self._state.venues.values():
            link.stage = "away"
            link.known_fill = self._past.known_fills.get(link.name)
        for market in self._state.markets.values():
            market.agreed = False
        for version in self._past.strategies:
            self._measures(version)
        if self._past.emergency is not None and self._past.emergency.active:
            self._state.emergency.latch(self._past.emergency.time_ns, self._past.emergency.operator)
        self._baselines()
        return [strategy for strategy in self._state.strategies.values() if self._pause(strategy)]

    def _strategy(self, version: StrategyChanged) -> None:
        ledger = self._ledgers[version.strategy_id] = Ledger()
        if version.deleted:
            return
        market = self._state.markets.get((self._state.settings.quoting_venue, version.config.asset))
        if market is None:
            raise ZenOTCError(
                f"the journal has a strategy on {version.config.asset}, "
                f"which {self._state.settings.quoting_venue} does not trade: use another state directory",
                code="journal_of_other_markets",
            )
        strategy = StrategyState(
            strategy_id=version.strategy_id,
            config=version.config,
            market=market,
            hedge_market=self._state.hedge_market(version.config.asset),
            created_ns=version.created_ns,
            updated_ns=version.time_ns,
            status=version.status,
            pause_reason=version.reason,
            ledger=ledger,
            resume_at_ns=version.resume_at_ns,
        )
        self._state.strategies[strategy.strategy_id] = strategy
        market.strategies.append(strategy)

    def _fill(self, past: PastFill) -> None:
        """Book an execution again, as it was booked then."""
        booked, fill = past.booked, past.booked.fill
        ledger = self._ledgers[booked.strategy_id]
        earns = past.purpose == "quote"
        ledger.fill(fill.side, booked.price, booked.quantity, fill.fee, booked.mid, "quote" if earns else "hedge")
        self._state.hold(fill, booked.price, booked.quantity)
        strategy = self._state.strategies.get(booked.strategy_id)
        if strategy is not None:
            strategy.position_lots += sign(fill.side) * strategy.market.instrument.lots(booked.quantity)
            if earns:
                strategy.counters.capture(fill.side, booked.price, booked.quantity, booked.mid)
        order = self._orders.get(fill.client_order_id)
        if order is not None:
            order.trades.add(fill.trade_id)
            order.filled_lots += fill.quantity_lots

    def _order(self, order: WorkingOrder) -> None:
        """Take an order that may rest somewhere as unknown, and remember one that has ended for late fills."""
        strategy = self._state.strategies.get(order.strategy_id)
        market = self._state.markets.get((order.venue, order.asset))
        if not order.live or strategy is None or market is None:
            self._state.ended_orders[order.client_order_id] = order
            return
        order.state = "unknown"
        order.cancel_reason = RESTART
        self._state.orders[order.client_order_id] = order
        market.orders[order.client_order_id] = order
        strategy.orders[order.client_order_id] = order

    def _measures(self, version: StrategyChanged) -> None:
        """Take up what does not follow from the fills, and what a strategy was worth at the last mark."""
        ledger = self._ledgers[version.strategy_id]
        strategy = self._state.strategies.get(version.strategy_id)
        if strategy is None:
            self._state.desk_pnl = EXACT.add(self._state.desk_pnl, ledger.total_pnl)
            return
        measures = self._past.measures.get(version.strategy_id)
        if measures is not None:
            strategy.recall(measures)
        strategy.curve.recall_hour(self._past.totals.get(version.strategy_id, ()), self._now_ns)
        strategy.curve.mark(ledger.total_pnl)
        strategy.note_unhedged(self._now_ns)
        self._state.desk_pnl = EXACT.add(self._state.desk_pnl, ledger.total_pnl)

    def _baselines(self) -> None:
        """Count the daily PnL from where the day began; one that began while no engine ran, from the last mark."""
        for strategy in self._state.strategies.values():
            strategy.baseline = self._baseline(strategy.strategy_id, strategy.created_ns, strategy.ledger.total_pnl)
        first_ns = min((version.created_ns for version in self._past.strategies), default=self._now_ns)
        self._state.desk_baseline = self._baseline("", first_ns, self._state.desk_pnl)

    def _baseline(self, strategy_id: str, created_ns: int, last: Decimal) -> Decimal:
        known = self._past.baselines.get(strategy_id)
        if known is not None:
            return known
        today = utc_from_ns(self._now_ns).date()
        if utc_from_ns(created_ns).date() == today:
            return Decimal(0)
        # Written down, for another start on this day has another last mark.
        self._state.actions.append(DayBegan(strategy_id, today.isoformat(), last))
        return last

    def _pause(self, strategy: StrategyState) -> bool:
        """Pause what was active, and let only an engine that is set to it resume anything by itself."""
        resumes = self._state.settings.resume_after_restart
        active = strategy.status == "active" or (strategy.status == "paused" and strategy.pause_reason == SHUTDOWN)
        if not resumes:
            strategy.resume_at_ns = None
        if active:
            strategy.status, strategy.pause_reason = "paused", RESTART
            strategy.resume_at_ns = self._now_ns if resumes else None
        return active

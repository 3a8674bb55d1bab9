"""The engine: inputs with their time go in, actions come out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from zenotc.engine.actions import Action, DayBegan
from zenotc.engine.commander import Commander
from zenotc.engine.conductor import Conductor
from zenotc.engine.desk_limits import DeskLimits
from zenotc.engine.emergency_desk import EmergencyDesk
from zenotc.engine.guard import Guard
from zenotc.engine.market import Market
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.past import Past
from zenotc.engine.quoter import Quoter
from zenotc.engine.recovery import RESTART, Recovery
from zenotc.engine.reducer import Reducer
from zenotc.engine.reporter import Reporter
from zenotc.engine.risk_watch import RiskWatch
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.models.commands import Command
from zenotc.models.market import Book, Instrument, PublicTrade
from zenotc.models.orders import OrderFilled, Report
from zenotc.models.settings import EngineSettings
from zenotc.models.wire import utc_from_ns

__all__ = ["Engine"]

_NS = 1_000_000_000
_DAY_NS = 86_400 * _NS
_NOTHING: Sequence[Action] = ()


class Engine:
    """Makes every trading decision of a desk.

    Each method takes an input and its time (ns since the Unix epoch, never falling) and returns what is to be done,
    in order. The engine has no clock: call `on_timer` when `next_timer` says so.

    Parameters
    ----------
    settings
        The engine's settings.
    instruments
        The markets of all venues.
    id_prefix
        What client order ids begin with; unique per journal.
    start_ns
        The time at which the engine begins.

    Raises
    ------
    ValueError
        If the lots of a quoting and its hedge market do not fit together.
    """

    def __init__(
        self, settings: EngineSettings, instruments: Iterable[Instrument], *, id_prefix: str, start_ns: int
    ) -> None:
        self.state = EngineState(settings, instruments, id_prefix)
        limits = DeskLimits(settings)
        self._entry = OrderEntry(self.state, limits)
        self._quoter = Quoter(self.state, self._entry, limits)
        self._reducer = Reducer(self.state, self._entry, limits)
        self._conductor = Conductor(self.state, self._entry, self._quoter, self._reducer)
        self._emergency = EmergencyDesk(self.state, self._entry, self._conductor)
        self._guarded = Guard(self.state, self._conductor)
        self._watch = RiskWatch(self.state, self._conductor, self._quoter, self._guarded)
        self._reporter = Reporter(
            self.state,
            self._entry,
            self._quoter,
            self._reducer,
            self._conductor,
            self._emergency,
            self._watch,
            self._guarded,
            agreed=self._observe_again,
        )
        self._reconciler = self._reporter.reconciler
        self._commander = Commander(self.state, self._conductor, self._emergency, self._reconciler, self._watch)
        self._stale_ns = round(settings.stale_after_seconds * _NS)
        self._acknowledge_ns = round(settings.acknowledge_within_seconds * _NS)
        self._day_ends_ns = (start_ns // _DAY_NS + 1) * _DAY_NS
        self._second_ns = (start_ns // _NS + 1) * _NS
        self._next_timer_ns = self._second_ns

    def restore(self, past: Past, now_ns: int) -> Sequence[Action]:
        """Take up an earlier process's work; nothing is active afterwards, under the emergency stop nothing paused.

        No other input comes before it but an emergency stop.

        Raises
        ------
        ZenOTCError
            If a strategy's asset is not traded by the quoting venue.
        """
        for strategy in Recovery(self.state, past, now_ns).run():
            self._conductor.changed(strategy, now_ns)
            self._conductor.tell(strategy, "paused", now_ns, reason=RESTART, operator=None)
        self._emergency.stop_restored(now_ns)
        return self._done()

    # Inputs

    def on_book(self, book: Book, now_ns: int) -> Sequence[Action]:
        """Take a changed book."""
        if now_ns >= self._day_ends_ns:
            self._begin_day(now_ns)
        instrument = book.instrument
        self._observe(self.state.markets[instrument.venue, instrument.asset], book, now_ns)
        return self._done()

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Take a public trade: volume schedules are weighted by them, and nothing is decided by one."""
        self.state.markets[trade.venue, trade.asset].volume.add(trade.quantity_lots, now_ns)

    def on_heartbeat(self, venue: str, now_ns: int) -> Sequence[Action]:
        """Take a sign of life of a venue's feed: what has not changed is still true."""
        for (name, _), market in self.state.markets.items():
            if name == venue and market.heard_ns is not None:
                market.heard_ns = now_ns
        self._observe_again(venue, now_ns)
        return self._done()

    def on_feed_ended(self, venue: str, asset: str, now_ns: int) -> Sequence[Action]:
        """Take the end of a recording: its book is not usable any more."""
        market = self.state.markets[venue, asset]
        market.ended, market.usable = "replay_finished", False
        self._withdraw(market.strategies, now_ns, "replay_finished")
        return self._done()

    def on_link(self, venue: str, up: bool, now_ns: int) -> Sequence[Action]:
        """Take the loss of a venue's connection, or that it stands: then what it holds of ours is compared first."""
        for (name, _), market in self.state.markets.items():
            if name == venue:
                self._withdraw(market.strategies, now_ns, "stale_market_data")
        if up:
            self._reconciler.begin(venue, now_ns)
            self._emergency.enforce_at(venue, now_ns)
        else:
            self._reconciler.lost(venue, now_ns)
        return self._done()

    def on_journal(self, stalled: bool, now_ns: int) -> Sequence[Action]:
        """Take that the journal does not follow, or does again: what it does not hold must not rest for long."""
        self.state.journal_stalled = stalled
        if stalled:
            self.state.error(None, "JOURNAL_STALLED", "quotes are pulled until it follows again", now_ns)
            self._withdraw(self.state.strategies.values(), now_ns, "error")
        else:
            for strategy in self.state.strategies.values():
                self._guarded(strategy, now_ns, partial(self._quoter.requote, reason="journal_follows"))
        return self._done()

    def on_report(self, report: Report, now_ns: int) -> Sequence[Action]:
        """Take what a venue says about our orders."""
        if now_ns >= self._day_ends_ns:
            self._begin_day(now_ns)
        strategy = self._strategy_of(report)
        if strategy is None:
            self._reporter.take(report, now_ns)
        else:
            self._guarded(strategy, now_ns, lambda _, now: self._reporter.take(report, now))
            if strategy.plan is not None:
                self._wake_in_time(now_ns)
        return self._done()

    def on_command(self, command: Command, now_ns: int) -> Sequence[Action]:
        """Take a command; one `Reply` answers it, now or later."""
        if now_ns >= self._day_ends_ns:
            self._begin_day(now_ns)
        self._commander.take(command, now_ns)
        self._wake_in_time(now_ns)
        return self._done()

    def end(self, command_id: str, now_ns: int) -> Sequence[Action]:
        """Begin nothing any more, and cancel everything; one `Reply` says that nothing rests, now or later.

        Only a flatten may still send orders.
        """
        self.state.ending = True
        strategies = list(self.state.strategies.values())
        for strategy in strategies:
            self._guarded(strategy, now_ns, self._conductor.end)
        self._conductor.answer_when_quiet(strategies, command_id)
        return self._done()

    def abandon(self, command_id: str) -> None:
        """Do not answer a command any more; what it asked for goes on."""
        self.state.waiting_commands.pop(command_id, None)
        if command_id in self.state.emergency.commands:
            self.state.emergency.commands.remove(command_id)

    def on_timer(self, now_ns: int) -> Sequence[Action]:
        """Do what is due: samples, refreshes, slices, deadlines."""
        if now_ns >= self._day_ends_ns:
            self._begin_day(now_ns)
        # First, for where timers come late the seconds to catch up with must not find an old book to quote on.
        for market in self.state.markets.values():
            if market.usable and market.is_stale(now_ns, self._stale_ns):
                market.usable = False
                self._withdraw(market.strategies, now_ns, "stale_market_data")
        while self._second_ns <= now_ns:
            self._on_second(self._second_ns)
            self._second_ns += _NS
        for strategy in list(self.state.strategies.values()):
            self._guarded(strategy, now_ns, self._on_strategy_timer)
        self._query_silent_orders(now_ns)
        self._emergency.ask_again(now_ns)
        self._wake_in_time(now_ns)
        return self._done()

    def measure(self, now_ns: int) -> Sequence[Action]:
        """Tell where every strategy stands, for its history and for a restart."""
        for strategy in list(self.state.strategies.values()):
            self._guarded(strategy, now_ns, lambda s, now: self.state.actions.append(s.measured(now)))
        return self._done()

    @property
    def next_timer(self) -> int:
        """When `on_timer` wants to be called, ns."""
        return self._next_timer_ns

    # Parts

    def _done(self) -> Sequence[Action]:
        state = self.state
        if state.waiting_commands:
            self._conductor.settle()
        if state.emergency.commands:
            self._emergency.settle()
        return state.take_actions() if state.actions else _NOTHING

    def _observe(self, market: Market, book: Book, now_ns: int) -> None:
        was_usable = market.usable
        if not market.observe(book, now_ns):
            return
        if market.usable:
            if self.state.settings.max_desk_daily_loss is not None:
                # What one strategy loses another may gain: the desk is judged when all of them are marked.
                for strategy in market.strategies:
                    self._guarded(strategy, now_ns, self._watch.mark)
                self._watch.check_desk(now_ns)
            for strategy in market.strategies:
                self._guarded(strategy, now_ns, self._on_mid)
        elif was_usable:
            self._withdraw(market.strategies, now_ns, "stale_market_data")

    def _observe_again(self, venue: str, now_ns: int) -> None:
        """Look again at the books of a venue that were not usable: nothing of them may have changed since."""
        for (name, _), market in self.state.markets.items():
            if name == venue and not market.usable and market.book is not None and market.ended is None:
                self._observe(market, market.book, now_ns)

    def _on_mid(self, strategy: StrategyState, now_ns: int) -> None:
        """Mark a strategy, and requote where the mid has gone far enough."""
        self._watch.mark(strategy, now_ns)
        if strategy.status != "active":
            return
        inputs, mid = strategy.inputs, strategy.market.twice_mid_ticks
        if inputs is None or abs(mid - inputs.twice_mid_ticks) >= strategy.requote_distance:
            self._quoter.requote(strategy, now_ns, "mid_moved")

    def _on_strategy_timer(self, strategy: StrategyState, now_ns: int) -> None:
        if strategy.plan is not None:
            self._conductor.advance_plan(strategy, now_ns)
        if strategy.hedges and now_ns >= strategy.refresh_at_ns:
            self._reducer.begin_hedge_if_due(strategy, now_ns)
            strategy.refresh_at_ns = now_ns + round(strategy.config.quote_refresh_seconds * _NS)
            self._quoter.requote(strategy, now_ns, "refresh", refresh=True)

    def _on_second(self, now_ns: int) -> None:
        for market in self.state.markets.values():
            market.settle_markouts(now_ns)
            market.sample()
            if not market.is_stale(now_ns, self._stale_ns):
                market.volume.follow(now_ns)
        for strategy in list(self.state.strategies.values()):
            self._guarded(strategy, now_ns, self._watch.second)
        self._reconciler.on_time(now_ns)

    def _begin_day(self, now_ns: int) -> None:
        """Begin the daily PnL afresh from the last mark before midnight."""
        self._day_ends_ns = (now_ns // _DAY_NS + 1) * _DAY_NS
        day = utc_from_ns(now_ns).date().isoformat()
        for strategy in self.state.strategies.values():
            strategy.baseline = strategy.ledger.total_pnl
            self.state.actions.append(DayBegan(strategy.strategy_id, day, strategy.baseline))
        self.state.desk_baseline = self.state.desk_pnl
        self.state.actions.append(DayBegan("", day, self.state.desk_baseline))

    def _withdraw(self, strategies: Iterable[StrategyState], now_ns: int, reason: str) -> None:
        for strategy in strategies:
            self._guarded(strategy, now_ns, partial(self._quoter.withdraw, reason=reason))

    def _query_silent_orders(self, now_ns: int) -> None:
        """Take what has not been answered in time as unknown, and ask; ask again what stays unknown."""
        limit = now_ns - self._acknowledge_ns
        for order in list(self.state.orders.values()):
            if self.state.venues[order.venue].stage != "agreed":
                continue
            lost = order.state == "unknown" and (order.queried_ns or 0) <= limit
            if lost or (order.asked_ns is not None and order.asked_ns <= limit):
                self._entry.query(order, now_ns, "no_answer")

    def _wake_in_time(self, now_ns: int) -> None:
        """Be called at the next second, refresh, slice or expiry of a book, whichever is first."""
        times = []
        for strategy in self.state.strategies.values():
            if strategy.status == "active":
                times.append(strategy.refresh_at_ns)
            if strategy.plan is not None:
                times.append(strategy.plan.next_try_ns)
        times += [
            market.heard_ns + self._stale_ns + 1
            for market in self.state.markets.values()
            if market.usable and market.heard_ns is not None
        ]
        self._next_timer_ns = min([self._second_ns, *(time for time in times if time > now_ns)])

    def _strategy_of(self, report: Report) -> StrategyState | None:
        client_order_id = (
            report.fill.client_order_id if isinstance(report, OrderFilled) else getattr(report, "client_order_id", None)
        )
        order = self.state.find_order(client_order_id) if client_order_id is not None else None
        return None if order is None else self.state.strategies.get(order.strategy_id)

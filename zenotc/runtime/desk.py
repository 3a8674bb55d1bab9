"""The desk: the engine with its venues and its journal, and the one way in for everybody who asks something of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from zenotc import __version__
from zenotc.engine.engine import Engine
from zenotc.engine.preview import preview_new_view, preview_view
from zenotc.engine.views import (
    metrics_view,
    order_book_view,
    quote_stats_view,
    quotes_view,
    strategy_view,
)
from zenotc.exceptions import ZenOTCError
from zenotc.journal import Journal
from zenotc.models.commands import Command, CreateStrategy, PastCommand, RefusedRequest
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import JournalledEvent
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import OrderBook, Preview, Quotes
from zenotc.models.settings import EngineSettings
from zenotc.models.status import EngineStatus, Environment, HistoryPoint, VenueStatus
from zenotc.models.strategy import Strategy
from zenotc.models.wire import utc_from_ns
from zenotc.runtime.clock import TradingClock
from zenotc.runtime.command_desk import CommandDesk
from zenotc.runtime.dead_man import DEAD_MAN, DeadMan
from zenotc.runtime.driver import Driver
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.runtime.floor import Floor
from zenotc.runtime.history import history
from zenotc.runtime.recall import recall
from zenotc.runtime.results import emergency_state
from zenotc.runtime.vitals import Vitals
from zenotc.runtime.waking_sink import WakingSink
from zenotc.venues.venue import ConnectedVenue, SimulatedVenue

__all__ = ["Desk"]


class Desk:
    """A running engine: commands go in through `execute`, everything else is a view.

    Parameters
    ----------
    venues
        The venues, the quoting one among them.
    journal
        Where everything is written before anybody hears of it; the desk binds it to the running loop.
    latch
        The emergency stop's file; where it is latched the desk starts under the stop.
    settings
        The engine's settings, which name the quoting and the hedge venue.
    environment
        `sandbox` or `live`.
    start_ns
        The trading time at the start, ns since the Unix epoch; default the venues' own.
    speed
        Trading seconds per second; infinite is as fast as it goes.
    wall_ns
        The wall clock, ns since the Unix epoch, by which commands are written down.
    feed
        What the market data is, in words for a person.
    """

    def __init__(
        self,
        venues: Sequence[SimulatedVenue | ConnectedVenue],
        journal: Journal,
        latch: EmergencyLatch,
        settings: EngineSettings,
        *,
        environment: Environment = "sandbox",
        start_ns: int | None = None,
        speed: float = 1.0,
        wall_ns: Callable[[], int] = time.time_ns,
        feed: str = "simulated",
    ) -> None:
        self.environment: Environment = environment
        self.settings = settings
        self.feed = feed
        self.vitals = Vitals()
        self._journal = journal
        self._connected = [venue for venue in venues if isinstance(venue, ConnectedVenue)]
        self._simulated = [venue for venue in venues if not isinstance(venue, ConnectedVenue)]
        if start_ns is None:
            start_ns = min((t for v in self._simulated if (t := v.next_time()) is not None), default=wall_ns())
        self.clock = TradingClock(start_ns, speed, wall_ns)
        self._instruments = [i for venue in venues for i in venue.instruments.values()]
        prefix = f"{journal.epoch[:6]}.{journal.last_seq}"
        self.engine = Engine(settings, self._instruments, id_prefix=prefix, start_ns=start_ns)
        self._floor = Floor(
            self.engine,
            venues,
            journal,
            self.clock,
            latch,
            on_reply=lambda reply: self._commands.replied(reply),
            on_journal_lost=lambda error: self._commands.journal_lost(error),
            vitals=self.vitals,
        )
        self._driver = Driver(self.clock, self._simulated, self._floor, self._floor.send_pending, self.vitals)
        self._commands = CommandDesk(self.engine, self._floor, latch, self.clock, self._driver.wake, self.vitals)
        self._listeners: list[Callable[[Sequence[JournalledEvent]], None]] = []
        self._committed_seq = journal.last_seq
        self.known_names: frozenset[str] = frozenset()
        self._running: list[asyncio.Task[None]] = []
        self._started_ns = time.time_ns()
        journal.on_commit = self._publish
        journal.on_failure = self._floor.journal_failed

    # Life ----------------------------------------------------------------------------------------------------------

    def prepare(self, commands: Iterable[CreateStrategy]) -> None:
        """Create these strategies, in order, as soon as all their markets can be quoted on."""
        self._floor.prepared.extend(commands)

    async def start(self) -> None:
        """Take up what the journal tells, connect to the venues, and let trading time pass.

        Raises
        ------
        ZenOTCError
            If the journal cannot be read, or is of other markets.
        """
        quoting_venue = self.settings.quoting_venue
        past = await asyncio.to_thread(recall, self._journal, self._instruments, quoting_venue, self.clock.now_ns())
        self._journal.bind(asyncio.get_running_loop())
        for venue in self._simulated:
            venue.restore(past.booked.fill for past in past.fills if past.booked.fill.venue == venue.name)
        self.known_names = frozenset(version.config.name for version in past.strategies)
        self._floor.restore(past)
        await self._commands.restored()
        self._floor.connect(WakingSink(self._floor, self.clock, self._driver.wake))
        self._run(self._driver.run(), "driver")
        for connected in self._connected:
            self._run(connected.run(), connected.name)
        if self.settings.dead_man_seconds is not None:
            dead_man = DeadMan(self.settings.dead_man_seconds, self.vitals, self._acting, self.execute)
            self._run(dead_man.watch(), DEAD_MAN)

    def _acting(self) -> list[str]:
        state = self.engine.state
        return [] if state.ending else [s.strategy_id for s in state.strategies.values() if s.acts]

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._task_ended)
        self._running.append(task)

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        """Stop the loop's process where a task has failed: an engine that stands still must not look alive."""
        if not task.cancelled() and task.exception() is not None:
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"the {task.get_name()} failed", "exception": task.exception(), "fatal": True}
            )

    async def stop(self) -> bool:
        """Cancel every order, wait for the venues to confirm it, and stop; returns whether they did."""
        confirmed = await self._commands.end()
        self._floor.write_marks()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        return confirmed and not self.engine.state.orders

    # Commands ------------------------------------------------------------------------------------------------------

    async def execute(self, command: Command) -> Any:
        """Carry a command out and return what it came to.

        Parameters
        ----------
        command
            Create and update return a `Strategy`; start, pause, resume and stop a `CommandResult`; cancel-quotes a
            `CancelQuotesResult`; the emergency stop an `EmergencyStopResult`; clearing it an `EmergencyState`; delete
            nothing.

        Raises
        ------
        ZenOTCError
            If the engine refuses it.
        """
        return await self._commands.execute(command)

    def note_refusal(self, refused: RefusedRequest, refusal: ZenOTCError) -> None:
        """Write down a request that was refused before it became a command, and why."""
        self._commands.note_refusal(refused, refusal)

    def past_commands(self, *, since_ns: int, limit: int) -> list[PastCommand]:
        """Return the newest commands of clients that the journal holds, the oldest first; blocks.

        Parameters
        ----------
        since_ns
            Received at that time or later, wall clock, ns.
        limit
            So many at most.
        """
        return [
            PastCommand(
                command.command_id,
                command.idempotency_key,
                command.name,
                command.body,
                command.received_ns,
                None if outcome is None else outcome.outcome,
                b"" if outcome is None else outcome.body,
            )
            for command, outcome in self._journal.requests(since_ns=since_ns, limit=limit)
        ]

    # Views ---------------------------------------------------------------------------------------------------------

    @property
    def epoch(self) -> str:
        """Names the numbering of the events."""
        return self._journal.epoch

    @property
    def last_seq(self) -> int:
        """Number of the newest committed event."""
        return self._committed_seq

    @property
    def started_at_ns(self) -> int:
        """When the desk was made, wall clock, ns."""
        return self._started_ns

    @property
    def journal_lag_seconds(self) -> float:
        """Age of the oldest append that is not on disk yet."""
        return self._journal.lag_seconds

    def strategies(self, *, asset: str | None = None, status: str | None = None) -> list[Strategy]:
        """Return the strategies, of one asset or status where given."""
        state, now_ns = self.engine.state, self.clock.now_ns()
        return [
            strategy_view(state, strategy, now_ns)
            for strategy in state.strategies.values()
            if asset in (None, strategy.config.asset) and status in (None, strategy.status)
        ]

    def strategy(self, strategy_id: str) -> Strategy:
        """Return one strategy; `NotFoundError` where there is none, as from every view of one."""
        state = self.engine.state
        return strategy_view(state, state.strategy(strategy_id), self.clock.now_ns())

    def metrics(self, strategy_id: str) -> StrategyMetrics:
        """Return how a strategy has done."""
        return metrics_view(self.engine.state.strategy(strategy_id))

    def quote_stats(self, strategy_id: str) -> QuoteStats:
        """Return what became of a strategy's quotes."""
        return quote_stats_view(self.engine.state.strategy(strategy_id))

    def quotes(self, strategy_id: str) -> Quotes:
        """Return what a strategy quotes."""
        state = self.engine.state
        return quotes_view(state, state.strategy(strategy_id))

    def preview(self, strategy_id: str, changes: Mapping[str, Any]) -> Preview:
        """Return what a strategy would quote with changed parameters."""
        state = self.engine.state
        return preview_view(state, state.strategy(strategy_id), changes, self.clock.now_ns())

    def preview_new(self, config: StrategyConfig) -> Preview:
        """Return what a strategy that there is not yet would quote."""
        return preview_new_view(self.engine.state, config, self.clock.now_ns())

    def order_book(self, asset: str, depth: int) -> OrderBook:
        """Return the quoting venue's book, `depth` levels a side; `NotFoundError` for an unknown asset."""
        return order_book_view(self.engine.state, asset, depth, self.clock.now_ns())

    def lot_size(self, asset: str) -> Decimal:
        """Return an asset's lot, base units; `ValidationError` for an unknown asset."""
        return self.engine.state.quoting_market(asset).instrument.lot_size

    def status(self) -> EngineStatus:
        """Return the state of the engine."""
        state, now_ns = self.engine.state, self.clock.now_ns()
        waiting = self._floor.waiting_for()
        return EngineStatus(
            environment=self.environment,
            epoch=self.epoch,
            version=__version__,
            started_at=utc_from_ns(self._started_ns),
            uptime_seconds=(time.time_ns() - self._started_ns) / 1e9,
            trading_time=utc_from_ns(now_ns),
            ready=not waiting,
            waiting_for=waiting,
            emergency_stop=emergency_state(state, durable=self._commands.latch_holds),
            venues=[self._venue_status(name, now_ns) for name in sorted({venue for venue, _ in state.markets})],
            assets=sorted(asset for venue, asset in state.markets if venue == self.settings.quoting_venue),
            last_seq=self._committed_seq,
            daily_pnl=state.desk_daily_pnl,
            total_pnl=state.desk_pnl,
            deleted_daily_pnl=state.desk_daily_pnl - sum(s.daily_pnl for s in state.strategies.values()),
            deleted_total_pnl=state.desk_pnl - sum(s.curve.total_pnl for s in state.strategies.values()),
            open_orders=len(state.orders),
            feed=self.feed,
            client_silence_seconds=self.vitals.silence_seconds,
        )

    def _venue_status(self, name: str, now_ns: int) -> VenueStatus:
        state = self.engine.state
        heard = [m.heard_ns for (venue, _), m in state.markets.items() if venue == name and m.heard_ns is not None]
        orders = [order for order in state.orders.values() if order.venue == name]
        return VenueStatus(
            name=name,
            data_age_seconds=max(now_ns - max(heard), 0) / 1e9 if heard else None,
            open_orders=len(orders),
            unknown_orders=sum(order.state == "unknown" for order in orders),
        )

    # The journal ---------------------------------------------------------------------------------------------------

    async def history(
        self, strategy_id: str, *, start: datetime | None, end: datetime | None, resolution_seconds: float | None
    ) -> list[HistoryPoint]:
        """Return a strategy's marks over trading time, one per `resolution_seconds`; see `history`."""
        self.engine.state.strategy(strategy_id)
        return await history(self._journal, strategy_id, start=start, end=end, resolution_seconds=resolution_seconds)

    async def events(self, *, after_seq: int, limit: int, strategy_id: str | None = None) -> list[JournalledEvent]:
        """Return the first `limit` committed events after a number, oldest first."""
        return await self._journal.events(after_seq=after_seq, limit=limit, strategy_id=strategy_id)

    async def copy_journal(self) -> BinaryIO:
        """Return a copy of the journal's file as it is now, open for reading; it is gone when it is closed."""
        return await self._journal.copy()

    def listen(self, callback: Callable[[Sequence[JournalledEvent]], None]) -> Callable[[], None]:
        """Call back with the events of each commit, on the loop; returns the unsubscriber."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _publish(self, events: list[JournalledEvent]) -> None:
        if not events:
            return
        self._committed_seq = events[-1].seq
        for listener in list(self._listeners):
            listener(events)

"""The trading floor: what venues and operators say goes into the engine, what it decides goes out, journal first."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from zenotc.engine.actions import Action, FillBooked, Reply, Send, TellQuote
from zenotc.engine.engine import Engine
from zenotc.engine.past import Past
from zenotc.journal import Journal, JournalError
from zenotc.journal.records import CommandRecord, Record
from zenotc.models.commands import Command, CreateStrategy, EmergencyStopAll
from zenotc.models.events import StrategyEvent
from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import Amend, Place, Report, Request
from zenotc.runtime.clock import TradingClock
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.runtime.outbox import Outbox
from zenotc.runtime.recorder import records_of, written
from zenotc.runtime.vitals import Vitals
from zenotc.venues.venue import ConnectedVenue, Venue, VenueSink

__all__ = ["Floor"]

_MARK_EVERY_NS = 5_000_000_000
_CHECK_EVERY_NS = 250_000_000
_STALLED_SECONDS = 1.0
_LOST_SECONDS = 5.0
_MOST_BEHIND = 2_000


class Floor:
    """Stands between the engine and the world; it is the venues' sink.

    Every input of the engine passes here, one at a time, with a time that never falls. What the engine answers is
    carried out in this order: what reduces risk leaves at once; everything is queued for the journal; orders leave,
    and replies are given, when it has committed. That quotes were sent is told when they have been.

    Parameters
    ----------
    engine
        Decides.
    venues
        Where requests go.
    journal
        Where everything is written.
    clock
        Trading time.
    latch
        The emergency stop's file, which is looked at before every order.
    on_reply
        Hears the answer to a command, once it is on disk; to an emergency stop, as soon as there is one.
    on_journal_lost
        Hears why, once everything has been told to stop.
    vitals
        Counts what leaves and what is booked.
    """

    def __init__(
        self,
        engine: Engine,
        venues: Sequence[Venue],
        journal: Journal,
        clock: TradingClock,
        latch: EmergencyLatch,
        on_reply: Callable[[Reply], None],
        on_journal_lost: Callable[[JournalError], None],
        vitals: Vitals,
    ) -> None:
        self.prepared: list[CreateStrategy] = []
        self._engine = engine
        self._venues = {venue.name: venue for venue in venues}
        self._journal = journal
        self._clock = clock
        self._latch = latch
        self._on_reply = on_reply
        self._on_journal_lost = on_journal_lost
        self._vitals = vitals
        self._emergency_stops: set[str] = set()
        self._outbox = Outbox()
        self._replies: deque[tuple[int, Reply]] = deque()
        self._untold: list[Action] = []
        self._ticket = 0
        self.journal_lost = False
        self._now_ns = clock.now_ns()
        self._next_mark_ns = 0
        self._next_check_ns = self._now_ns
        self.restored = False

    def restore(self, past: Past) -> None:
        """Give the engine its past."""
        self._carry_out(self._engine.restore(past, self._time(self._clock.now_ns())))
        self.restored = True

    def connect(self, sink: VenueSink) -> None:
        """Subscribe to every market; what a venue in this process holds of ours is compared at once.

        `sink` hears the connected ones, which call at any time.
        """
        for venue in self._venues.values():
            if isinstance(venue, ConnectedVenue):
                venue.subscribe(list(venue.instruments), sink)
                self.on_link(venue.name, False, self._clock.now_ns())
            else:
                venue.subscribe(list(venue.instruments), self)
                self.on_link(venue.name, True, self._clock.now_ns())
        self._obey_latch()

    def waiting_for(self) -> list[str]:
        """Return what must be known before strategies can start."""
        if not self.restored:
            return ["journal"]
        state = self._engine.state
        waiting = [link.waits_for for link in state.venues.values() if link.waits_for is not None]
        quoting = state.settings.quoting_venue
        markets = [market for (venue, _), market in state.markets.items() if venue == quoting]
        if not any(market.mid is not None for market in markets):
            waiting.append(f"market data of {quoting}")
        return [*waiting, "journal"] if self.journal_lost else waiting

    def _time(self, now_ns: int) -> int:
        """Return the time of an input: an operator's clock may stand before a venue's, but time never falls."""
        self._now_ns = max(self._now_ns, now_ns)
        return self._now_ns

    # Inputs --------------------------------------------------------------------------------------------------------

    def on_book(self, book: Book, now_ns: int) -> None:
        """Take a changed book."""
        actions = self._engine.on_book(book, self._time(now_ns))
        if actions:
            self._carry_out(actions)
        if self.prepared:
            self._create_prepared()

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        """Take a public trade."""
        self._engine.on_trade(trade, self._time(now_ns))

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        """Take a sign of life."""
        self._carry_out(self._engine.on_heartbeat(venue, self._time(now_ns)))
        if self.prepared:
            self._create_prepared()

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        """Take the end of a feed."""
        self._carry_out(self._engine.on_feed_ended(venue, asset, self._time(now_ns)))

    def on_link(self, venue: str, up: bool, now_ns: int) -> None:
        """Take the loss of a venue's connection, or its return."""
        self._carry_out(self._engine.on_link(venue, up, self._time(now_ns)))

    def on_report(self, report: Report, now_ns: int) -> None:
        """Take what a venue says of our orders."""
        self._carry_out(self._engine.on_report(report, self._time(now_ns)))
        if self.prepared:
            self._create_prepared()

    @property
    def next_timer(self) -> int:
        """When the engine, or the watch over the journal, wants to be called, ns."""
        return self._engine.next_timer if self._clock.unbounded else min(self._engine.next_timer, self._next_check_ns)

    def on_timer(self, now_ns: int) -> None:
        """Let the engine do what is due, and write down where the strategies stand."""
        if not self._clock.unbounded and now_ns >= self._next_check_ns:
            self._next_check_ns = now_ns + _CHECK_EVERY_NS
            self._obey_latch()
            self._watch_journal()
        if now_ns >= self._engine.next_timer:
            self._carry_out(self._engine.on_timer(self._time(now_ns)))
        if self._now_ns >= self._next_mark_ns:
            self._next_mark_ns = self._now_ns + _MARK_EVERY_NS
            self.write_marks()

    def command(self, command: Command, written: CommandRecord | None) -> None:
        """Take a command; the journal gets it before what it leads to, unless it has it already."""
        if isinstance(command, EmergencyStopAll):
            self._emergency_stops.add(command.command_id)
        actions = self._engine.on_command(command, self._time(self._clock.now_ns()))
        self._carry_out(actions, written)

    def end(self, command_id: str) -> None:
        """Let nothing begin any more, and cancel everything."""
        self.prepared.clear()
        self._carry_out(self._engine.end(command_id, self._time(self._clock.now_ns())))

    def _create_prepared(self) -> None:
        """Create the strategies that waited, in order, once all their markets and the account are known."""
        state = self._engine.state
        if state.equity() is None or not all(state.quoting_market(c.config.asset).usable for c in self.prepared):
            return
        prepared, self.prepared = self.prepared, []
        for command in prepared:
            self.command(command, written(command, self._clock.wall_ns()))

    def _obey_latch(self) -> bool:
        """Stop where somebody else has left the stop's file; returns whether the stop is in force."""
        emergency = self._engine.state.emergency
        if not emergency.active and self._latch.closed:
            latched = self._latch.latched()
            operator = "unknown" if latched is None else latched.operator
            stop = EmergencyStopAll(command_id="latch", operator=operator)
            self._carry_out(self._engine.on_command(stop, self._time(self._clock.now_ns())))
        return emergency.active

    # Outputs -------------------------------------------------------------------------------------------------------

    def _carry_out(self, actions: Sequence[Action], written: CommandRecord | None = None) -> None:
        """Do what the engine has decided, and what follows from it."""
        pending = deque([actions])
        while pending:
            batch = pending.popleft()
            if not batch and written is None:
                continue
            self._queue_orders(batch)
            for report in self._send_what_reduces_risk(batch):
                pending.append(self._engine.on_report(report, self._now_ns))
            records = self._records(batch)
            self.journal([written, *records] if written is not None else records)
            written = None
            for action in batch:
                if isinstance(action, Reply):
                    self._answer(action)
                elif isinstance(action, FillBooked):
                    self._vitals.fills += 1

    def _records(self, batch: Sequence[Action]) -> list[Record | StrategyEvent]:
        """Return what the journal gets now: quotes do not wait for what is told of them, which follows them."""
        told: list[Action] = list(self._untold)
        self._untold.clear()
        if not self._outbox or self._clock.unbounded:
            told += batch
        else:
            for action in batch:
                (self._untold if isinstance(action, TellQuote) else told).append(action)
        return records_of(told)

    def _tell(self) -> None:
        """Tell of the quotes that have left."""
        told, self._untold = self._untold, []
        self.journal(records_of(told))

    def _queue_orders(self, batch: Sequence[Action]) -> None:
        """Let orders wait for the ticket that their records get next: before the cancels, which may take them out."""
        for action in batch:
            if isinstance(action, Send) and isinstance(action.request, Place | Amend) and not self.journal_lost:
                self._outbox.put(action.request, self._ticket + 1, self._now_ns)

    def _answer(self, reply: Reply) -> None:
        """Give a reply when its ticket is on disk; a stop waits for no journal."""
        if reply.command_id in self._emergency_stops:
            self._emergency_stops.remove(reply.command_id)
            self._on_reply(reply)
        else:
            self._replies.append((self._ticket, reply))

    def _send_what_reduces_risk(self, batch: Sequence[Action]) -> list[Report]:
        """Send cancels and queries at once; returns the reports of orders that were still waiting to leave.

        What is not asked about an order that has yet to leave is asked again in time, while it is unknown.
        """
        reports: list[Report] = []
        for action in batch:
            if isinstance(action, Send) and action.reduces_risk and not self._outbox.precedes(action.request):
                withdrawn = self._outbox.withdraw_for(action.request)
                reports += withdrawn
                if not withdrawn or not hasattr(action.request, "client_order_id"):
                    self._send(action.request, self._now_ns)
        return reports

    def _send(self, request: Request, now_ns: int) -> None:
        self._vitals.sent[type(request)] += 1
        self._venues[request.venue].send(request, now_ns)

    def _send_orders(self, ticket: int) -> None:
        """Send the orders that waited for a ticket, one by one: where the stop's file is there, it takes the rest."""
        while self._outbox.due(ticket):
            # What waits in spite of the stop is the flatten that it has asked for itself.
            if self._engine.state.emergency.active or not self._obey_latch():
                waiting = self._outbox.take()
                self._send(waiting.request, waiting.decided_ns)

    def send_pending(self) -> Awaitable[None] | None:
        """Return what waits for the journal and then sends the orders; `None` where there is nothing to wait for.

        As fast as it goes, orders leave at once and the journal follows in groups: an exchange that lives and dies
        with this process has nothing to be reconciled with. Events and replies wait for the commit all the same.
        """
        if not self._outbox and not self._replies:
            self._tell()
            return None
        if self._clock.unbounded:
            self._send_orders(self._ticket)
            behind = self._ticket - self._journal.committed > _MOST_BEHIND
        else:
            behind = bool(self._outbox)
        return self._send_when_committed() if behind or self._replies else None

    async def _send_when_committed(self) -> None:
        """Wait for what was decided by now; what comes in meanwhile is looked at by the next call."""
        committed = await self._committed()
        self._send_orders(committed)
        self._tell()
        while self._replies and self._replies[0][0] <= committed:
            self._on_reply(self._replies.popleft()[1])

    async def _committed(self) -> int:
        """Wait until what was decided by now is on disk, or the journal is lost; returns the ticket to go on with."""
        ticket = self._ticket
        if not self.journal_lost:
            try:
                await self._journal.wait(ticket)
            except JournalError as error:
                self.journal_failed(error)
        return ticket

    # The journal ---------------------------------------------------------------------------------------------------

    def journal(self, records: Sequence[Record | StrategyEvent]) -> None:
        """Queue records for the journal; without a journal nothing may be traded, so its loss stops everything."""
        if not records or self.journal_lost:
            return
        try:
            self._ticket = self._journal.append(records)
        except JournalError as error:
            self.journal_failed(error)

    def journal_failed(self, error: JournalError) -> None:
        """Stop everything: what cannot be written down must not be done; cancels go on without it."""
        if self.journal_lost:
            return
        self.journal_lost = True
        stop = EmergencyStopAll(command_id="journal-lost", operator=f"engine: {error}")
        self._carry_out(self._engine.on_command(stop, self._now_ns))
        self._on_journal_lost(error)

    def _watch_journal(self) -> None:
        """Pull the quotes while the journal does not follow; one that has not for too long is as good as lost."""
        lag_seconds = self._journal.lag_seconds
        if lag_seconds > _LOST_SECONDS:
            self.journal_failed(JournalError(f"the journal has written nothing for {lag_seconds:.1f} s"))
        stalled = lag_seconds > _STALLED_SECONDS
        if stalled != self._engine.state.journal_stalled:
            self._carry_out(self._engine.on_journal(stalled, self._now_ns))

    def write_marks(self) -> None:
        """Write down where every strategy stands, for its history and for the next start."""
        self._carry_out(self._engine.measure(self._now_ns))

"""An engine between simulated venues, driven in one thread as fast as it goes; it keeps what would be journalled."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import Any, TypeVar

from zenotc.engine.actions import Action, Reply, Send
from zenotc.engine.engine import Engine
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import ZenOTCError
from zenotc.journal.records import BaselineRecord, FillRecord, OrderRecord, OrderStateRecord
from zenotc.models.commands import Command, CreateStrategy, PauseStrategy, StartStrategy, StopStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import StrategyEvent
from zenotc.models.market import Book, PublicTrade
from zenotc.models.orders import Cancel, Place, QueryBalances, Report, Request
from zenotc.models.settings import EngineSettings
from zenotc.runtime.recorder import records_of
from zenotc.venues.venue import SimulatedVenue

E = TypeVar("E", bound=StrategyEvent)


class Rig:
    """Steps through venues and timers as the runtime does: venues first where times are equal.

    Parameters
    ----------
    venues
        The quoting venue, then the hedge venue where there is one.
    start_ns
        When the engine begins.
    settings
        Of the engine.
    """

    def __init__(self, *venues: SimulatedVenue, start_ns: int, **settings: Any) -> None:
        self.venues = {venue.name: venue for venue in venues}
        hedge = venues[1].name if len(venues) > 1 else None
        instruments = [instrument for venue in venues for instrument in venue.instruments.values()]
        self.now_ns = start_ns
        self.engine = Engine(
            EngineSettings(quoting_venue=venues[0].name, hedge_venue=hedge, **settings),
            instruments,
            id_prefix="r",
            start_ns=start_ns,
        )
        self.sent: list[tuple[int, Request]] = []
        self.events: list[StrategyEvent] = []
        self.fills: list[FillRecord] = []
        self.orders: list[OrderRecord] = []
        self.order_states: list[OrderStateRecord] = []
        self.baselines: list[BaselineRecord] = []
        self.replies: dict[str, ZenOTCError | None] = {}
        self._ids = count(1)
        for venue in venues:
            venue.subscribe(list(venue.instruments), self)
            venue.send(QueryBalances(venue.name, "balances"), start_ns)

    # What venues say

    def on_book(self, book: Book, now_ns: int) -> None:
        self._take(self.engine.on_book(book, now_ns), now_ns)

    def on_trade(self, trade: PublicTrade, now_ns: int) -> None:
        self.engine.on_trade(trade, now_ns)

    def on_heartbeat(self, venue: str, now_ns: int) -> None:
        self._take(self.engine.on_heartbeat(venue, now_ns), now_ns)

    def on_feed_ended(self, venue: str, asset: str, reason: str, now_ns: int) -> None:
        self._take(self.engine.on_feed_ended(venue, asset, now_ns), now_ns)

    def on_report(self, report: Report, now_ns: int) -> None:
        self._take(self.engine.on_report(report, now_ns), now_ns)

    # What the engine does

    def _take(self, actions: Sequence[Action], now_ns: int) -> None:
        if not actions:
            return
        entered: set[str] = set()
        for action in actions:
            if isinstance(action, Send):
                request = action.request
                # Cancels overtake what waits for the journal: one must never meet its own order on the way.
                assert not (isinstance(request, Cancel) and request.client_order_id in entered)
                if isinstance(request, Place):
                    entered.add(request.client_order_id)
                self.sent.append((now_ns, request))
                self.venues[request.venue].send(request, now_ns)
            elif isinstance(action, Reply):
                self.replies[action.command_id] = action.error
        for record in records_of(actions):
            match record:
                case StrategyEvent():
                    self.events.append(record)
                case FillRecord():
                    self.fills.append(record)
                case OrderRecord():
                    self.orders.append(record)
                case OrderStateRecord():
                    self.order_states.append(record)
                case BaselineRecord():
                    self.baselines.append(record)

    # What a test does

    def run(self, until_ns: int) -> None:
        """Let time pass until then, or until nothing more comes."""
        while True:
            ahead = [(t, v) for v in self.venues.values() if (t := v.next_time()) is not None]
            time_ns, venue = min(ahead, key=lambda pair: pair[0], default=(None, None))
            timer_ns = self.engine.next_timer
            if time_ns is None or min(time_ns, timer_ns) > until_ns:
                break
            if venue is not None and time_ns <= timer_ns:
                self.now_ns = time_ns
                venue.advance(time_ns)
            else:
                self.now_ns = timer_ns
                self._take(self.engine.on_timer(timer_ns), timer_ns)
        self.now_ns = until_ns

    def wait(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.run(self.now_ns + round(seconds * 1e9))

    def command(self, kind: type[Command], **fields: Any) -> str:
        """Give a command and return its id."""
        command_id = f"c{next(self._ids)}"
        self._take(
            self.engine.on_command(kind(command_id=command_id, operator="ann", **fields), self.now_ns), self.now_ns
        )
        return command_id

    def create(self, strategy_id: str = "s", **parameters: Any) -> None:
        """Create a strategy; it must be accepted."""
        config = StrategyConfig.build({"name": strategy_id, **parameters})
        command_id = self.command(CreateStrategy, strategy_id=strategy_id, config=config)
        assert self.replies[command_id] is None, self.replies[command_id]

    def start(self, strategy_id: str = "s") -> str:
        return self.command(StartStrategy, strategy_id=strategy_id)

    def pause(self, strategy_id: str = "s") -> str:
        return self.command(PauseStrategy, strategy_id=strategy_id)

    def stop(self, strategy_id: str = "s", *, flatten: bool = False) -> str:
        return self.command(StopStrategy, strategy_id=strategy_id, flatten_position=flatten)

    def strategy(self, strategy_id: str = "s") -> StrategyState:
        return self.engine.state.strategies[strategy_id]

    def of(self, kind: type[E]) -> list[E]:
        """Return the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def placed(self, venue: str | None = None, *, immediate: bool) -> list[tuple[int, Place]]:
        """Return when which orders were placed: quotes, or the immediate ones of hedges and flattens."""
        return [
            (time_ns, request)
            for time_ns, request in self.sent
            if isinstance(request, Place)
            and (request.time_in_force == "IOC") is immediate
            and venue in (None, request.venue)
        ]

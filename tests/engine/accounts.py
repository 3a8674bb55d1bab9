"""What a test knows of a desk, on its own accounts: what the venues have executed, told or not, what could still
fill because they hold it or it is under way to them, what the engine has been told so far, and who has been asked to
stop.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from fractions import Fraction

from tests.engine.bench import QUOTING, SECOND
from tests.engine.remembered import Remembered
from tests.engine.second_book import Samples, SecondBook
from tests.engine.unruly_venue import UnrulyVenue
from tests.engine.watched import Child, Watched
from zenotc.engine.state import EngineState
from zenotc.engine.working_order import Purpose
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, SELL, Side, sign
from zenotc.models.orders import (
    Fill,
    FillHistory,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    Report,
)
from zenotc.models.settings import EngineSettings

LOT = QUOTING.lot_size
TICK = Fraction(QUOTING.tick_size)
DIRECTIONS = {BUY: 1, SELL: -1}


class Accounts:
    """Notes what an engine is about to be told, at the desk's time in ns.

    Attributes
    ----------
    state
        Of the engine that runs now.
    mid
        At the quoting venue, USD, as of its last usable book; `None` before an engine's first.
    emergency
        Whether the stop in force flattens; `None` while there is none.
    waiting
        Whom the commands that have not been answered promise to have stopped.
    """

    state: EngineState

    def __init__(
        self,
        settings: EngineSettings,
        configs: dict[str, StrategyConfig],
        venues: dict[str, UnrulyVenue],
        scale: dict[str, int],
        now_ns: int,
    ) -> None:
        self.settings = settings
        self.venues = venues
        self.scale = scale
        self.now_ns = now_ns
        self.samples = Samples()
        self.watched = {name: Watched(SecondBook(config, self.samples)) for name, config in configs.items()}
        self.mid: Fraction | None = None
        self.emergency: bool | None = None
        self.waiting: dict[str, list[str]] = {}
        self.remembered = Remembered({name: venue.instrument for name, venue in venues.items()})
        self.digest = hashlib.sha256()
        self._owner: dict[str, str] = {}
        self._purpose: dict[str, Purpose] = {}
        self._side: dict[str, Side] = {}
        self._children: dict[str, Child] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._told_lots: Counter[str] = Counter()
        self._counted = dict.fromkeys(venues, 0)
        self._executed = dict.fromkeys(self.watched, 0)
        self._desk_over: list[Fraction] = []
        self._sent_ns: deque[int] = deque()
        self._noted = False  # whether the books have moved since the last check

    def restarted(self, state: EngineState) -> None:
        """Take another engine, which has begun with the past of the one before."""
        self.state = state
        self.mid = None
        self.samples.forget()
        self.waiting.clear()
        self._sent_ns.clear()
        if self.emergency is not None:
            self.emergency = False
        for watched in self.watched.values():
            watched.restarted()

    # What the engine is about to know

    def move(self, mid: Fraction) -> None:
        """Take another mid of the quoting venue, USD."""
        self.mid = mid
        for watched in self.watched.values():
            watched.book.mark(mid, self.now_ns)
        self._noted = True
        self.observe()

    def link_lost(self, venue: UnrulyVenue) -> None:
        """Note that of an immediate order there only what has traded can ever be told."""
        for order_id, child in list(self._children.items()):
            if child.venue == venue.instrument.venue:
                order = venue.orders.get(order_id)
                child.gone = child.lots - (0 if order is None else order.filled_lots)

    def note(self, report: Report) -> None:
        """Note what a report tells."""
        match report:
            case OrderFilled(fill=fill):
                self._note_fill(fill)
            case FillHistory(fills=fills):
                for fill in fills:
                    self._note_fill(fill)
            case OrderCancelled(client_order_id=order_id, remaining_lots=left) if order_id in self._children:
                self._children[order_id].gone = left
            case OrderRejected(client_order_id=order_id) | OrderNotFound(client_order_id=order_id):
                self._children.pop(order_id, None)

    def _note_fill(self, fill: Fill) -> None:
        key = (fill.venue, fill.trade_id, fill.client_order_id)
        if key in self._told:
            return
        self._told.add(key)
        self._noted = True
        self._told_lots[fill.client_order_id] += fill.quantity_lots
        watched = self.watched[self._owner[fill.client_order_id]]
        instrument, direction = self.venues[fill.venue].instrument, sign(fill.side)
        watched.known += direction * fill.quantity_lots * self.scale[fill.venue]
        assert not watched.deleted, "what is deleted is flat, and stays so"
        if self.mid is None:
            watched.book.value(Fraction(instrument.price(fill.price_ticks)))
        quote = self._purpose[fill.client_order_id] == "quote"
        watched.book.fill(
            direction * Fraction(instrument.quantity(fill.quantity_lots)),
            Fraction(instrument.price(fill.price_ticks)),
            Fraction(fill.fee),
            self.now_ns,
            quote=quote,
        )
        if quote:
            watched.recent_fills[fill.side].append(self.now_ns)
        elif fill.client_order_id in self._children:
            self._children[fill.client_order_id].told += fill.quantity_lots
        watched.passed.append((watched.known, self._under_way(self._owner[fill.client_order_id])))
        self.observe()

    def _under_way(self, name: str) -> int:
        return sum(child.left for child in self._children.values() if child.name == name)

    def observe(self) -> None:
        """Remember which measures are over their limits at this moment."""
        for watched in self.watched.values():
            for name, measure in watched.book.measures(self.now_ns):
                if measure is not None and measure.over:
                    watched.over.setdefault(name, []).append(measure.value)
        limit = self.settings.max_desk_daily_loss
        if limit is not None and (loss := -self._desk_daily_pnl) > limit:
            self._desk_over.append(loss)

    @property
    def _desk_daily_pnl(self) -> Fraction:
        return sum((watched.book.daily_pnl(self.now_ns) for watched in self.watched.values()), Fraction(0))

    def _count(self) -> None:
        """Take up what the venues have executed since."""
        for name, venue in self.venues.items():
            for fill in venue.fills[self._counted[name] :]:
                lots = sign(fill.side) * fill.quantity_lots * self.scale[name]
                self._executed[self._owner[fill.client_order_id]] += lots
            self._counted[name] = len(venue.fills)

    def worst(self) -> dict[tuple[str, int], int]:
        """Return each strategy's position if everything fills that can on one side, by its direction; signed by it."""
        self._count()
        worst = {(name, d): d * lots for name, lots in self._executed.items() for d in (1, -1)}
        for venue_name, venue in self.venues.items():
            for order_id, side, lots in venue.may_fill():
                worst[self._owner[order_id], DIRECTIONS[side]] += lots * self.scale[venue_name]
        return worst

    def _within_window(self, watched: Watched, side: Side) -> deque[int]:
        fills = watched.recent_fills[side]
        while fills and fills[0] <= self.now_ns - self.settings.fill_window_seconds * SECOND:
            fills.popleft()
        return fills

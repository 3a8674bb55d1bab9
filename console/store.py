"""What the console knows of one engine, kept from the SDK's streams. It draws nothing and waits for nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pydantic

from console.actions import OLD_SECONDS, Permission
from console.alerts import Alerts
from console.commands import CommandLog
from console.common import Common
from console.event_ring import EventRing
from console.facts import Facts
from console.formatting import clean, decimals_of, time_of
from console.inspection import Inspection
from console.queue_ahead import QueueAhead
from console.trends import Trends
from zenotc.exceptions import ValidationError
from zenotc.models.quotes import OrderBook
from zenotc.models.status import EngineStatus
from zenotc.models.strategy import Strategy
from zenotc.models.wire_event import fields_of, of_engine

__all__ = ["History", "LinkState", "Store", "Wire"]

LinkState = Literal["connecting", "up", "lost"]
Wire = Mapping[str, Any]

QUIET_AFTER_SECONDS = 3.0
"""The engine's heartbeat comes every second: a link that says nothing for so long is not trusted."""

PATIENCE_SECONDS = 5.0
"""An engine of one's own takes some seconds to start: that it does not answer yet is no problem before that."""

HISTORY_POINTS = 2_000

OWN_EVENT_WITHIN_SECONDS = 10.0
"""An event of our own command comes within so long of its answer; a later one is of another console's."""

_DEEDS = {
    "started": "started",
    "stopped": "stopped",
    "paused": "paused",
    "resumed": "resumed",
    "config_changed": "changed",
    "emergency_stop": "stopped",
    "emergency_stop_cleared": "cleared",
}
"""The types of events that tell of an operator's command, and what it has done."""


@dataclass
class History:
    """Total PnL of one strategy over time: what the engine has kept, then what comes live.

    Attributes
    ----------
    points
        Unix time in seconds and USD, oldest first.
    """

    strategy_id: str | None = None
    points: list[tuple[float, float]] = field(default_factory=list)

    def begin(self, strategy_id: str | None, points: Iterable[tuple[float, float]] = ()) -> None:
        """Turn to a strategy."""
        self.strategy_id, self.points = strategy_id, list(points)

    def append(self, time: float, value: float) -> None:
        """Add a point; where there are too many, every other one of the older half goes."""
        if self.points and time <= self.points[-1][0]:
            return
        self.points.append((time, value))
        if len(self.points) > HISTORY_POINTS:
            half = len(self.points) // 2
            self.points = self.points[:half:2] + self.points[half:]


@dataclass
class Store:
    """Strategies by id, the link, the engine's status, books, events and commands.

    Attributes
    ----------
    engine
        Its name, '' where it is the only one.
    address
        Where it is, as the header shows it.
    wire
        Strategies by id, as they came: the oldest first, then in the order in which they were first heard of.
    arrivals
        How often strategies have come or gone.
    revisions
        How often each strategy has changed: what was drawn from the same revision is still right.
    heard_at
        When the last message came, seconds of `clock`.
    round_trip_seconds
        How long the engine took to answer the last ping.
    books, depths
        By asset: the newest book near the mid, and as deep as the engine tells, where somebody has asked for that.
    problem
        Why the last question was not answered, in words.
    last_seq
        The number of the engine's newest event, as its heartbeat says.
    live_after_seq
        Events after this one have happened while the console was open.
    read_only
        Whether the console was opened to look only.
    playback
        Whether what comes is a recording.
    """

    clock: Callable[[], float]
    address: str = ""
    engine: str = ""
    utc_now: Callable[[], datetime] = lambda: datetime.now(UTC)
    read_only: bool = False
    playback: bool = False
    link: LinkState = "connecting"
    link_reason: str = ""
    heard_at: float | None = None
    round_trip_seconds: float | None = None
    status: EngineStatus | None = None
    problem: str = ""
    last_seq: int = 0
    live_after_seq: int | None = None
    books: dict[str, OrderBook] = field(default_factory=dict)
    depths: dict[str, OrderBook] = field(default_factory=dict)
    _books_at: dict[str, float] = field(default_factory=dict)
    _depths_at: dict[str, float] = field(default_factory=dict)
    arrivals: int = 0
    revisions: dict[str, int] = field(default_factory=dict)
    history: History = field(default_factory=History)
    facts: Facts = field(default_factory=Facts)
    queue: QueueAhead = field(default_factory=QueueAhead)
    inspection: Inspection = field(default_factory=Inspection)
    common: InitVar[Common | None] = None
    events: EventRing = field(init=False)
    alerts: Alerts = field(init=False)
    commands: CommandLog = field(init=False)
    trends: Trends = field(init=False)
    wire: dict[str, Wire] = field(default_factory=dict)
    _models: dict[str, Strategy | None] = field(default_factory=dict)
    _answered: dict[str, datetime] = field(default_factory=dict)
    _position_decimals: dict[str, int] = field(init=False)

    def __post_init__(self, common: Common | None) -> None:
        common = common or Common(self.clock, self.utc_now)
        self.events, self.alerts, self.commands = common.events, common.alerts, common.commands.of(self.engine)
        self._position_decimals = common.position_decimals
        self.trends = Trends(self.clock)
        self._began_at = self.clock()

    # What arrives ----------------------------------------------------------------------------------------------------

    def strategies_changed(self, wire: Mapping[str, Wire], removed: Iterable[str], *, complete: bool) -> None:
        """Take strategies that have changed, by id as they came; where that is `complete`, the others are gone."""
        gone = self.wire.keys() - wire.keys() if complete else removed
        for strategy_id in list(gone):
            self.arrivals += 1
            for mapping in (self.wire, self.revisions, self._models, self._answered):
                mapping.pop(strategy_id, None)
            self.facts.forget(strategy_id)
            self.trends.forget(strategy_id)
        fresh = sorted(wire.items(), key=lambda item: str(item[1]["createdAt"])) if complete else wire.items()
        for strategy_id, fields in fresh:
            before = self.wire.get(strategy_id)
            answered = self._answered.pop(strategy_id, None)
            if answered is not None and not complete and (time_of(fields["updatedAt"]) or answered) < answered:
                self._answered[strategy_id] = answered
                continue
            self.arrivals += before is None
            self.trends.changed(strategy_id, before, fields)
            self.wire[strategy_id] = fields
            self._models.pop(strategy_id, None)
            self.revisions[strategy_id] = self.revisions.get(strategy_id, 0) + 1
            for name in ("currentPosition", "quoteSize"):
                if before is None or before[name] is not fields[name]:
                    self._widen(fields["asset"], decimals_of(fields[name]))

    def answered(self, strategy: Strategy) -> None:
        """Take a strategy as a command's answer has it; what the stream said before that comes too late."""
        if strategy.id in self.wire:
            self.strategies_changed({strategy.id: strategy.to_wire()}, (), complete=False)
            self._answered[strategy.id] = strategy.updated_at

    def book_changed(self, book: OrderBook) -> None:
        """Take a book; the newest one of an asset is kept."""
        self.books[book.asset] = book
        self._books_at[book.asset] = self.clock()
        self.queue.update(book)
        self._widen(book.asset, decimals_of(book.lot_size))

    def depth_changed(self, book: OrderBook) -> None:
        """Take a book as deep as somebody has asked for."""
        self.depths[book.asset] = book
        self._depths_at[book.asset] = self.clock()

    def _widen(self, asset: str, decimals: int) -> None:
        if decimals > self._position_decimals.get(asset, 0):
            self._position_decimals[asset] = min(decimals, 8)

    def events_came(self, events: Sequence[Wire]) -> None:
        """Take events; what another console has done is noted among the commands."""
        if self.engine:
            events = [of_engine(event, self.engine) for event in events]
        self.events.extend(events)
        self.facts.extend(events)
        self.alerts.extend(events, self._is_news)
        for event in events:
            kind = event.get("type")
            if kind in _DEEDS and self.live_after_seq is not None and event.get("operator"):
                self._note_deed(fields_of(event))
            elif kind == "stream_reset":
                self.live_after_seq = int(event["seq"])

    def _is_news(self, event: Wire) -> bool:
        """Return whether an event has happened while the console was open, and not by this console's operator."""
        if self.live_after_seq is None or event["seq"] <= self.live_after_seq:
            return False
        operator = event.get("operator")
        return not operator or operator != self.operator

    def _note_deed(self, event: Wire) -> None:
        """Note what an operator has done where it was not done from here."""
        strategy_id, operator, reason = event.get("strategyId"), str(event["operator"]), event.get("reason")
        everything = event["type"] in ("emergency_stop", "emergency_stop_cleared")
        if event["seq"] <= (self.live_after_seq or 0) or (reason == "emergency_stop" and not everything):
            return
        ours = self.operator in ("", operator)
        if ours and self.commands.accounts_for(strategy_id, OWN_EVENT_WITHIN_SECONDS):
            return
        target = "everything" if event["type"] == "emergency_stop" else "the emergency stop" if everything else ""
        changes = event.get("changes")
        self.commands.seen(
            clean(operator, 40),
            str(event["type"]),
            done=_DEEDS[event["type"]],
            target=target or self.name(strategy_id),
            strategy_id=strategy_id,
            detail=f": {', '.join(clean(name, 40) for name in changes)}" if isinstance(changes, dict) else "",
        )

    def heard(self) -> None:
        """Take note that the engine has said something."""
        self.heard_at = self.clock()

    def link_up(self, round_trip_seconds: float | None) -> None:
        """The engine can be reached, and how long it takes to answer."""
        self.link, self.link_reason, self.round_trip_seconds = "up", "", round_trip_seconds

    def link_lost(self, reason: str) -> None:
        """The engine cannot be reached, and why."""
        self.link_reason, self.round_trip_seconds = clean(reason), None
        if self.link == "up":
            self.link = "lost"

    # What is asked ---------------------------------------------------------------------------------------------------

    def strategy(self, strategy_id: str | None) -> Strategy | None:
        """Return a strategy, `None` where there is none (any more); of many that change, few are looked at.

        One that this console cannot read, of a newer engine for example, or one that contradicts itself, is `None` as
        well.
        """
        if strategy_id is None or strategy_id not in self.wire:
            return None
        if strategy_id not in self._models:
            try:
                self._models[strategy_id] = Strategy.from_wire(self.wire[strategy_id])
            except (pydantic.ValidationError, ValidationError) as error:
                self._models[strategy_id] = None
                reason = error.message if isinstance(error, ValidationError) else error.errors()[0]["msg"]
                self.problem = f"{self.name(strategy_id)} cannot be read: {clean(reason)}"
        return self._models[strategy_id]

    def name(self, strategy_id: str | None) -> str:
        """Return a strategy's name, or its id where it is not known (any more)."""
        fields = self.wire.get(strategy_id or "")
        return clean(fields["name"] if fields else strategy_id or "desk", 80)

    def key(self, strategy_id: str) -> str:
        """Return what a strategy is known by among those of all engines."""
        return f"{self.engine}/{strategy_id}" if self.engine else strategy_id

    def name_in(self, event: Wire) -> str:
        """Return the name of the strategy that an event is about."""
        strategy_id = event.get("strategyId")
        return self.name(strategy_id if isinstance(strategy_id, str) else None)

    def engine_in(self, event: Wire) -> str:
        """Return the name of the engine that an event of this one is shown with: it goes without saying."""
        return ""

    def total(self, name: str) -> Decimal:
        """Return the sum of a numeric field, by its wire name, over all strategies."""
        return sum((fields[name] for fields in self.wire.values()), Decimal(0))

    @property
    def daily_pnl(self) -> Decimal:
        """PnL of the desk since 00:00 UTC: what the strategies say of themselves, and what deleted ones have left."""
        return self.total("dailyPnl") + (self.status.deleted_daily_pnl if self.status else 0)

    @property
    def total_pnl(self) -> Decimal:
        """PnL of the desk, of the same moment as the strategies'."""
        return self.total("totalPnl") + (self.status.deleted_total_pnl if self.status else 0)

    @property
    def open_orders(self) -> int:
        """How many orders of the strategies are open."""
        return int(self.total("openOrders"))

    def active_on(self, asset: str) -> int:
        """Return how many strategies are active on an asset."""
        return sum(fields["status"] == "active" and fields["asset"] == asset for fields in self.wire.values())

    def position_decimals(self, asset: str) -> int:
        """Return how many decimals sizes of an asset have."""
        return self._position_decimals.get(asset, 0)

    @property
    def widest_position_decimals(self) -> int:
        """The most decimals that any asset's sizes have."""
        return max(self._position_decimals.values(), default=0)

    def price_decimals(self, asset: str) -> int:
        """Return how many decimals prices of an asset have."""
        book = self.books.get(asset) or self.depths.get(asset)
        return decimals_of(book.tick_size) if book else 2

    def deepest_book(self, asset: str) -> OrderBook | None:
        """Return the book of an asset as it is now known: its age is how old the engine's was, and its way since."""
        kept = ((self.depths, self._depths_at), (self.books, self._books_at))
        found = next(((books[asset], at[asset]) for books, at in kept if asset in books), None)
        if found is None:
            return None
        book, came_at = found
        return book.model_copy(update={"data_age_seconds": (book.data_age_seconds or 0) + self.clock() - came_at})

    @property
    def data_age_seconds(self) -> float | None:
        """How long ago the engine last said something."""
        return None if self.heard_at is None else max(0.0, self.clock() - self.heard_at)

    @property
    def market_data_age_seconds(self) -> float | None:
        """How old the oldest venue's data is: as the engine said, and for how long it is silent; or that alone."""
        heard = self.data_age_seconds
        venues = self.status.venues if self.status else ()
        ages = [venue.data_age_seconds for venue in venues if venue.data_age_seconds is not None]
        return heard if heard is None or not ages else max(heard, max(ages) + heard * self.stale)

    def book_age_seconds(self, book: OrderBook, strategy: Strategy) -> float:
        """Return how old a book of a strategy's is: a venue that is silent sends no other."""
        return max(book.data_age_seconds or 0.0, self.market_age_seconds(strategy) or 0.0)

    @property
    def waited_seconds(self) -> float:
        """How long the console has been open."""
        return self.clock() - self._began_at

    @property
    def stale(self) -> bool:
        """Whether what is shown cannot be trusted to be how things are."""
        age = self.data_age_seconds
        return self.link != "up" or age is None or age > QUIET_AFTER_SECONDS

    def market_age_seconds(self, strategy: Strategy) -> float | None:
        """Return how old the market data of a strategy is: when the engine said so, and for how long it is silent."""
        age = strategy.data_age_seconds
        return None if age is None else age + (self.data_age_seconds or 0.0) * self.stale

    def market_age_of(self, asset: str) -> float | None:
        """Return how old the market data of an asset is, by the strategies on it; `None` where none has said."""
        on_it = (self.strategy(key) for key, fields in self.wire.items() if fields["asset"] == asset)
        ages = (self.market_age_seconds(strategy) for strategy in on_it if strategy is not None)
        return min((age for age in ages if age is not None), default=None)

    def prices_stale(self, strategy: Strategy) -> bool:
        """Return whether what is marked with a strategy's market cannot be trusted."""
        age = self.market_age_seconds(strategy)
        return self.stale or (age is not None and age > OLD_SECONDS)

    @property
    def permission(self) -> Permission:
        """What this console may do: what its key may, unless it was opened to look only."""
        asker = self.status.asker if self.status else None
        return "READ" if self.read_only else asker.scope if asker else "MARKET_MAKING"

    @property
    def operator(self) -> str:
        """The name under which the engine keeps what this console does, '' until it has said it."""
        return self.status.asker.operator if self.status and self.status.asker else ""

    @property
    def to_flatten(self) -> list[str]:
        """The strategies that are not both stopped and flat; all of them while the engine is not heard."""
        blind = self.stale
        return [
            key
            for key, fields in self.wire.items()
            if blind or fields["status"] != "stopped" or fields["currentPosition"]
        ]

    @property
    def emergency(self) -> bool:
        """Whether the engine has said that the emergency stop is in force."""
        return self.status is not None and self.status.emergency_stop.active

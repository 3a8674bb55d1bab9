"""A desk on which anything happens, and what must hold of it meanwhile.

The desk keeps its own accounts: what the venues have executed, told or not, what could still fill because they hold it
or it is under way to them, what the engine has been told so far, and who has been asked to stop.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

from tests.engine.bench import HEDGE, QUOTING, SECOND, START_NS
from tests.engine.second_book import Samples, SecondBook
from tests.engine.unruly_venue import UnrulyVenue
from zenotc.engine.actions import Action, Emit, OrderChanged, Reply, Send
from zenotc.engine.engine import Engine
from zenotc.engine.working_order import Purpose
from zenotc.models.commands import (
    CancelQuotes,
    ClearEmergencyStop,
    Command,
    CreateStrategy,
    EmergencyStopAll,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import (
    CircuitBreaker,
    EmergencyStop,
    EmergencyStopCleared,
    ErrorOccurred,
    HedgeTriggered,
    LifecycleEvent,
)
from zenotc.models.market import BUY, SELL, PublicTrade, Side, sign
from zenotc.models.orders import (
    Amend,
    Balances,
    Cancel,
    Fill,
    FillHistory,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    Place,
    Report,
)
from zenotc.models.settings import EngineSettings

LOT = QUOTING.lot_size
TICK = Fraction(QUOTING.tick_size)
DIRECTIONS = {BUY: 1, SELL: -1}


@dataclass(frozen=True)
class Scenario:
    """What a desk begins with: its settings, its strategies by name, its venues and the time."""

    strategies: dict[str, StrategyConfig]
    settings: dict[str, Any]
    mid_ticks: int
    hedge_lots: int = 1
    unruly: bool = True
    start_ns: int = START_NS


@dataclass
class Watched:
    """What the test knows of one strategy; sizes in lots of the quoting venue.

    Parameters
    ----------
    known
        The position that the told fills make.
    passed
        The same after each fill of the call under way, with what was left of the children then.
    may
        What it may send.
    still
        Whether a command has confirmed that nothing of it rests.
    over
        The breakers over their limits at some moment of the call under way, with what they measured.
    resumes_at_ns
        When a breaker lets it resume by itself.
    """

    book: SecondBook
    status: str = "stopped"
    known: int = 0
    passed: list[tuple[int, int]] = field(default_factory=list)
    may: set[Purpose] = field(default_factory=set)
    still: bool = True
    over: dict[str, list[Fraction]] = field(default_factory=dict)
    resumes_at_ns: int | None = None
    hedges_toward: int = 0
    bounds: dict[int, int] = field(default_factory=dict)
    recent_fills: dict[Side, deque[int]] = field(default_factory=lambda: {BUY: deque(), SELL: deque()})


@dataclass
class Child:
    """An immediate order: what of it may still fill as far as the engine can know."""

    name: str
    lots: int
    scale: int
    told: int = 0

    @property
    def left(self) -> int:
        """What is left of it in lots of the quoting venue."""
        return (self.lots - self.told) * self.scale


class WatchedDesk:
    """An engine between two venues; every call of it is followed by all checks."""

    def __init__(self, scenario: Scenario, random: Random) -> None:
        hedge = replace(HEDGE, lot_size=LOT * scenario.hedge_lots)
        self.now_ns = scenario.start_ns
        self.settings = EngineSettings(**scenario.settings)
        self.engine = Engine(self.settings, [QUOTING, hedge], id_prefix="t", start_ns=self.now_ns)
        self.venues = {i.venue: UnrulyVenue(i, random, unruly=scenario.unruly) for i in (QUOTING, hedge)}
        self.scale = {QUOTING.venue: 1, HEDGE.venue: scenario.hedge_lots}
        self.samples = Samples()
        self.watched = {name: Watched(SecondBook(c, self.samples)) for name, c in scenario.strategies.items()}
        self.mid_ticks = scenario.mid_ticks
        self.mid: Fraction | None = None
        self.digest = hashlib.sha256()
        self.placed = 0
        self._random = random
        self._owner: dict[str, str] = {}
        self._purpose: dict[str, Purpose] = {}
        self._children: dict[str, Child] = {}
        self._told: set[tuple[str, str, str]] = set()
        self._told_lots: Counter[str] = Counter()
        self._counted = dict.fromkeys(self.venues, 0)
        self._executed = dict.fromkeys(self.watched, 0)
        self._emergency: bool | None = None  # whether it flattens, while it is in force
        self._desk_over: list[Fraction] = []
        self._waiting: dict[str, list[str]] = {}
        self._sent_ns: deque[int] = deque()
        self._commands = 0
        self._noted = False  # whether the books have moved since the last check
        for venue in self.venues.values():
            self._take(self.engine.on_report(Balances(venue.instrument.venue, "b", Decimal(10) ** 12), self.now_ns))
        for name, config in scenario.strategies.items():
            self.command(CreateStrategy, strategy_id=name, config=config)
        for venue in self.venues.values():
            self.move(venue, 0)
        self.go_on()

    # What happens by chance

    def live(self, random: Random, steps: int) -> None:
        """Let so many things happen, the likely ones more often."""
        self._random = random
        for venue in self.venues.values():
            venue.random = random
        for _ in range(steps):
            self.pass_time(random.choice((0, 0, 1_000_000, 50_000_000, 700_000_000)))
            self._step(random, random.choice(list(self.venues.values())))

    def _step(self, random: Random, venue: UnrulyVenue) -> None:
        draw = random.randrange(100)
        if draw < 30:
            venue.arrive(self.now_ns)
        elif draw < 62:
            self.deliver(venue)
        elif draw < 76:
            far = self.mid_ticks // 1000
            self.move(venue, random.choice((0, 1, -1, 3, -3, far, -far)))
        elif draw < 90:
            venue.trade(self.now_ns)
        elif draw < 91:
            venue.expire()
        elif draw < 93:
            self.engine.on_trade(
                PublicTrade(venue.instrument.venue, "BTC", self.mid_ticks, random.randint(1, 9), BUY), self.now_ns
            )
        elif draw < 98:
            self._take(self.engine.on_heartbeat(venue.instrument.venue, self.now_ns))
        elif draw < 99:
            self.reconfigure(random)
        else:
            self.go_on()

    def pass_time(self, duration_ns: int) -> None:
        """Let timers be called when they are due."""
        until = self.now_ns + duration_ns
        while self.engine.next_timer <= until:
            self.now_ns = max(self.now_ns, self.engine.next_timer)
            if self.now_ns % SECOND == 0 and self.mid is not None:
                self.samples.add(self.mid)
            self._observe()
            self._take(self.engine.on_timer(self.now_ns))
        self.now_ns = until

    def wait(self, seconds: int) -> None:
        """Let seconds pass in which all that is under way arrives, and the feeds show that they are alive."""
        for _ in range(seconds):
            self.pass_time(SECOND)
            for name, venue in self.venues.items():
                while venue.busy:
                    venue.arrive(self.now_ns)
                    self.deliver(venue)
                self._take(self.engine.on_heartbeat(name, self.now_ns))

    def move(self, venue: UnrulyVenue, ticks: int) -> None:
        """Move the price, and let a venue's book follow it; now and then a side is empty, or the book is crossed."""
        random, book = self._random, venue.book
        self.mid_ticks = max(self.mid_ticks + ticks, 1_000)
        half = random.choice((1, 1, 1, 4, 4, 30, -1)) if ticks else 1
        book.clear()
        for level in range(3):
            if not ticks or random.randrange(100):
                book.set_bid(self.mid_ticks - half - level, random.randint(1, 3_000))
                book.set_ask(self.mid_ticks + half + level, random.randint(1, 3_000))
        venue.trade_through(self.now_ns)
        bid, ask = book.best_bid, book.best_ask
        if venue.instrument is QUOTING and bid is not None and ask is not None and bid < ask:
            self.mid = TICK * (bid + ask) / 2
            for watched in self.watched.values():
                watched.book.mark(self.mid, self.now_ns)
            self._noted = True
            self._observe()
        self._take(self.engine.on_book(book, self.now_ns))

    def deliver(self, venue: UnrulyVenue) -> None:
        """Let one answer arrive at the engine."""
        report = venue.deliver()
        if report is not None:
            self._note(report)
            self._take(self.engine.on_report(report, self.now_ns))

    # What is asked for

    def command(self, kind: type[Command], **fields: Any) -> None:
        """Give a command; what it forbids is forbidden from this moment on."""
        self._commands += 1
        command_id = f"c{self._commands}"
        asked = [fields["strategy_id"]] if "strategy_id" in fields else list(self.watched)
        for name in asked if kind is not CreateStrategy else ():
            self.watched[name].resumes_at_ns = None
        if kind is CancelQuotes:
            asked = [name for name in asked if self.watched[name].status == "active"]
        self._waiting[command_id] = asked if issubclass(kind, PauseStrategy | StopStrategy | CancelQuotes) else []
        if kind is EmergencyStopAll:
            self._emergency = bool(self._emergency) or fields["flatten_positions"]
            self._waiting[command_id] = asked
        for name in asked:
            self._forbid(self.watched[name], kind, flatten=fields.get("flatten_position", bool(self._emergency)))
        self._take(self.engine.on_command(kind(command_id=command_id, operator="ann", **fields), self.now_ns))

    def _forbid(self, watched: Watched, kind: type[Command], *, flatten: bool) -> None:
        if kind in (PauseStrategy, CancelQuotes):
            watched.may -= {"quote", "hedge"}
        elif kind in (StopStrategy, EmergencyStopAll):
            refused = kind is StopStrategy and flatten and self._emergency is not None
            if not refused:
                watched.may = {"flatten"} if flatten else set()
                watched.still &= not flatten

    def reconfigure(self, random: Random) -> None:
        """Change what a strategy quotes."""
        size = random.randint(1, 3_000) * LOT
        changes: dict[str, Any] = random.choice(
            (
                {"max_position": random.randint(1, 20_000) * LOT},
                {"quote_size": size, "min_quote_size": LOT, "max_quote_size": size * 2},
                {"quote_layers": random.randint(1, 5)},
                {"base_spread_bps": random.choice((0.1, 1, 10, 100))},
            )
        )
        self.command(UpdateStrategy, strategy_id=random.choice(list(self.watched)), changes=changes)

    def go_on(self) -> None:
        """Let everything that does not quote do so again."""
        if self._emergency is not None:
            self.command(ClearEmergencyStop)
        for name, watched in self.watched.items():
            if watched.status != "active":
                self.command(ResumeStrategy if watched.status == "paused" else StartStrategy, strategy_id=name)

    # What the engine is about to know

    def _note(self, report: Report) -> None:
        match report:
            case OrderFilled(fill=fill):
                self._note_fill(fill)
            case FillHistory(fills=fills):
                for fill in fills:
                    self._note_fill(fill)
            case OrderCancelled(client_order_id=order_id, remaining_lots=left) if order_id in self._children:
                self._children[order_id].lots -= left
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
        self._observe()

    def _under_way(self, name: str) -> int:
        return sum(child.left for child in self._children.values() if child.name == name)

    def _observe(self) -> None:
        """Remember which measures are over their limits at this moment."""
        for watched in self.watched.values():
            for name, measure in watched.book.measures(self.now_ns):
                if measure is not None and measure.over:
                    watched.over.setdefault(name, []).append(measure.value)
        limit = self.settings.max_desk_daily_loss
        loss = -sum(watched.book.daily_pnl(self.now_ns) for watched in self.watched.values())
        if limit is not None and loss > limit:
            self._desk_over.append(loss)

    # What the engine has done

    def _take(self, actions: Sequence[Action]) -> None:
        self.digest.update(repr(actions).encode())
        for action in actions:
            match action:
                case OrderChanged(order=order, new=True):
                    self._owner[order.client_order_id] = order.strategy_id
                    self._purpose[order.client_order_id] = order.purpose
                case Send(request=request):
                    self.venues[request.venue].requests.append(request)
                    if isinstance(request, Place | Amend | Cancel):
                        self._sent_ns.append(self.now_ns)
                    if isinstance(request, Place | Amend):
                        assert not action.reduces_risk
                        self._check_order(request)
                    else:
                        assert action.reduces_risk
                case Emit(event=CircuitBreaker() as event):
                    self._check_breaker(event)
                case Emit(event=LifecycleEvent() as event):
                    self._check_life(event)
                case Emit(event=HedgeTriggered(strategy_id=str(name), side=side)):
                    self.watched[name].hedges_toward = -sign(side)
                case Emit(event=EmergencyStop()):
                    assert self._emergency is not None
                case Emit(event=EmergencyStopCleared()):
                    self._emergency = None
                    for watched in self.watched.values():
                        watched.may.clear()
                case Emit(event=ErrorOccurred() as event):
                    self._check_error(event)
                case Reply(command_id=command_id, error=error):
                    confirmed = self._waiting.pop(command_id)
                    if error is None:
                        for name in confirmed:
                            self.watched[name].still = not self.watched[name].may
        if actions or self._noted:
            self._check()
        self._noted = False
        self._check_fired()

    def _check_order(self, request: Place | Amend) -> None:
        order_id = request.client_order_id
        name, purpose = self._owner[order_id], self._purpose[order_id]
        assert purpose in self.watched[name].may, f"{name} has been asked to stop, and sends a {purpose}"
        assert self._emergency is None or (purpose == "flatten" and self._emergency)
        assert request.price_ticks >= 1 and request.quantity_lots >= 1
        self.placed += 1
        if purpose == "quote":
            self._check_quote(name, request)
        else:
            assert isinstance(request, Place)
            self._check_child(name, request, purpose)

    def _check_child(self, name: str, request: Place, purpose: Purpose) -> None:
        """No child is larger than what remained to trade when it was sent, what is under way counted."""
        watched, scale = self.watched[name], self.scale[request.venue]
        assert request.time_in_force == "IOC" and not request.post_only
        toward, target = -sign(request.side), 0
        if purpose == "hedge":
            assert toward == watched.hedges_toward
            target = -(-watched.book.config.hedge_target // LOT)
        # One answer may tell of several fills: they are booked, and acted on, one after the other.
        moments = [(watched.known, self._under_way(name)), *watched.passed]
        remains = max(toward * known - target - under_way for known, under_way in moments)
        assert request.quantity_lots * scale <= remains, f"{name} has {remains} lots to {purpose}"
        self._children[request.client_order_id] = Child(name, request.quantity_lots, scale)
        largest, market = self.settings.max_order_usd, self.engine.state.markets[request.venue, "BTC"]
        if largest is not None:
            assert market.mid is not None
            usd = market.instrument.quantity(request.quantity_lots) * market.mid
            assert usd <= largest or request.quantity_lots == 1

    def _check_quote(self, name: str, request: Place | Amend) -> None:
        watched, book = self.watched[name], self.venues[request.venue].book
        resting = self.venues[request.venue].orders.get(request.client_order_id)
        side = request.side if isinstance(request, Place) else self.engine.state.orders[request.client_order_id].side
        assert all(measure is not None for _, measure in watched.book.measures(self.now_ns)), "a breaker is blind"
        assert book.best_bid is not None and book.best_ask is not None
        assert request.price_ticks < book.best_ask if side == BUY else request.price_ticks > book.best_bid
        lots = request.quantity_lots
        if isinstance(request, Place):
            assert request.post_only and request.time_in_force == "GTC"
            config = watched.book.config
            assert config.min_quote_size <= QUOTING.quantity(lots) <= config.max_quote_size
        else:
            assert resting is not None
            lots -= self._told_lots[request.client_order_id]
        self._check_desk_limits(request.price_ticks, lots)
        if resting is None or request.quantity_lots > resting.total_lots:
            self._check_exposure(name, side)

    def _check_desk_limits(self, price_ticks: int, lots: int) -> None:
        settings, price = self.settings, price_ticks * TICK
        assert self.mid is not None
        if settings.price_collar_bps is not None:
            assert abs(price - self.mid) * 10_000 <= self.mid * Fraction(settings.price_collar_bps) * (1 + TICK / 10**9)
        if settings.max_order_usd is not None:
            assert price * Fraction(QUOTING.quantity(lots)) <= settings.max_order_usd
        if settings.max_orders_per_second is not None:
            while self._sent_ns[0] <= self.now_ns - SECOND:
                self._sent_ns.popleft()
            assert len(self._sent_ns) <= settings.max_orders_per_second * (1 - settings.cancel_reserve)

    def _check_exposure(self, name: str, side: Side) -> None:
        """What adds to the desk's exposure stays inside its limits, everything of that side filled."""
        gross_limit, net_limit = self.settings.max_gross_exposure_usd, self.settings.max_net_exposure_usd
        if gross_limit is None and net_limit is None:
            return
        direction, worst = DIRECTIONS[side], self.worst()
        if direction * self.watched[name].known < 0 and worst[name, direction] <= 0:
            return  # it only reduces
        assert self.mid is not None
        usd = self.mid * Fraction(LOT)
        net = sum(worst[other, direction] for other in self.watched)
        gross = sum(max(abs(worst[other, 1]), abs(worst[other, -1])) for other in self.watched)
        assert net_limit is None or net * usd <= net_limit
        assert gross_limit is None or gross * usd <= gross_limit

    def _check_breaker(self, event: CircuitBreaker) -> None:
        """It has a reason to fire, which the second method sees too; what it stops is stopped from here on."""
        fired = {event.strategy_id: self.watched[event.strategy_id]} if event.strategy_id else self.watched
        if event.strategy_id is None:
            assert any(loss == Fraction(event.measure) for loss in self._desk_over)
        else:
            seen = self.watched[event.strategy_id].over[event.breaker]
            exact = event.breaker.endswith("_loss")
            assert any(abs(v - Fraction(event.measure)) <= abs(v) / (10**30 if exact else 10**6) for v in seen)
        for watched in fired.values():
            if watched.status == "active":
                config = watched.book.config
                watched.may = {"quote", "hedge", "flatten"} & {config.breaker_action}
                watched.still = False
                resumes = config.auto_resume_enabled and event.strategy_id is not None
                delay_ns = round(config.resume_delay_minutes * 60 * SECOND)
                watched.resumes_at_ns = self.now_ns + delay_ns if resumes else None

    def _check_life(self, event: LifecycleEvent) -> None:
        assert event.strategy_id is not None
        watched = self.watched[event.strategy_id]
        if event.type in ("started", "resumed"):
            assert self._emergency is None
            if event.operator is None:
                assert watched.resumes_at_ns is not None and self.now_ns >= watched.resumes_at_ns
                for name, measure in watched.book.measures(self.now_ns):
                    assert measure is not None and measure.calm, name
            watched.status, watched.may, watched.still = "active", {"quote", "hedge"}, False
            watched.resumes_at_ns = None
            if event.type == "started":
                watched.book.start()
        else:
            watched.status = event.type
            if not event.reason.startswith("circuit_breaker"):
                watched.may -= {"quote", "hedge"}

    def _check_error(self, event: ErrorOccurred) -> None:
        assert event.code not in ("EXCEPTION", "PNL_DOES_NOT_CLOSE", "UNKNOWN_FILL"), event.reason
        if event.code == "FILL_THROTTLE":
            assert event.strategy_id is not None
            side = BUY if "side=buy" in event.reason else SELL
            assert len(self._within_window(self.watched[event.strategy_id], side)) == self.settings.max_fills_per_side
            self.watched[event.strategy_id].recent_fills[side].clear()

    def _within_window(self, watched: Watched, side: Side) -> deque[int]:
        fills = watched.recent_fills[side]
        while fills and fills[0] <= self.now_ns - self.settings.fill_window_seconds * SECOND:
            fills.popleft()
        return fills

    # What holds at any time

    def _check(self) -> None:
        self._count()
        worst = self.worst()
        for name, watched in self.watched.items():
            if name in self.engine.state.strategies:
                self._check_books(name, watched)
                self._check_limit(name, watched, worst)
            watched.passed.clear()
        resting = {self._owner[order_id] for venue in self.venues.values() for order_id, _, _ in venue.may_fill()}
        assert not [name for name in resting if self.watched[name].still], "nothing rests after it was confirmed"

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

    def _check_books(self, name: str, watched: Watched) -> None:
        """The books are those of the second method, exactly."""
        strategy, book = self.engine.state.strategies[name], watched.book
        ledger = strategy.ledger
        assert strategy.status == watched.status
        assert strategy.position_lots == watched.known
        assert Fraction(ledger.position) == book.position == Fraction(LOT) * watched.known
        assert Fraction(ledger.cash) == book.cash
        assert Fraction(ledger.total_pnl) == book.total == book.terms
        assert Fraction(ledger.spread_capture) == book.capture
        assert Fraction(ledger.hedge_cost) == book.hedge_cost
        assert Fraction(ledger.inventory_move) == book.move
        assert Fraction(ledger.fees) == book.fees
        assert ledger.residual == 0
        assert Fraction(strategy.daily_pnl) == book.daily_pnl(self.now_ns)

    def _check_limit(self, name: str, watched: Watched, worst: dict[tuple[str, int], int]) -> None:
        """The position stays inside its limit whatever fills; what a lowered limit finds above it only becomes less."""
        config = self.engine.state.strategies[name].config
        watched.book.config = config
        limit = int(config.max_position / LOT)
        for direction in (1, -1):
            bound = max(limit, watched.bounds.get(direction, limit))
            lots = worst[name, direction]
            assert lots <= bound, f"{name}: {lots} of {bound} lots, direction {direction}"
            watched.bounds[direction] = max(limit, min(bound, lots))

    def _check_fired(self) -> None:
        """What should have paused an active strategy has."""
        most = self.settings.max_fills_per_side
        for name, watched in self.watched.items():
            if watched.status == "active":
                assert not watched.over, f"{name} is active over its {', '.join(watched.over)}"
                assert not self._desk_over, f"{name} is active over the desk's daily loss"
                for side in (BUY, SELL) if most is not None else ():
                    assert len(self._within_window(watched, side)) < most, f"{name} has had {most} fills"
            watched.over.clear()
        self._desk_over.clear()

    def settle(self) -> None:
        """Stop everything, let everything arrive, and check that nothing is left and every lot is accounted for."""
        self._take(self.engine.on_heartbeat(QUOTING.venue, self.now_ns))
        for name in self.watched:
            self.command(StopStrategy, strategy_id=name, flatten_position=False)
        self.wait(60)
        assert not any(venue.resting for venue in self.venues.values())
        assert not self.engine.state.orders, "every order's fate is known in the end"
        assert not self._waiting, "every command is answered in the end"
        for name, watched in self.watched.items():
            assert watched.known == self._executed[name], "every fill is known in the end"

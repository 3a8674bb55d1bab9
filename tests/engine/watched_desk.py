"""A desk on which anything happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from tests.engine.accounts import LOT, TICK
from tests.engine.audit import Audit
from tests.engine.bench import HEDGE, QUOTING, SECOND, START_NS
from tests.engine.unruly_venue import UnrulyVenue
from tests.engine.watched import Watched
from zenotc.engine.actions import Measured
from zenotc.engine.engine import Engine
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
from zenotc.models.market import BUY, PublicTrade
from zenotc.models.orders import OrderFilled, Report
from zenotc.models.settings import EngineSettings


@dataclass(frozen=True)
class Scenario:
    """What a desk begins with: its settings, its strategies by name, its venues and the time."""

    strategies: dict[str, StrategyConfig]
    settings: dict[str, Any]
    mid_ticks: int
    hedge_lots: int = 1
    unruly: bool = True
    start_ns: int = START_NS


AT_ONCE = 2_000
"""So many answers at one moment come from an engine that asks again whatever it is told."""

ANSWERS = 4
"""So many may answer one question that has waited while nobody heard the venue."""

_STEPS = 6
"""Half of the rest of the way each: the last but one sixty-fourth."""


class WatchedDesk:
    """An engine between two venues; every call of it is followed by all checks."""

    def __init__(self, scenario: Scenario, random: Random) -> None:
        hedge = replace(HEDGE, lot_size=LOT * scenario.hedge_lots)
        self.settings = EngineSettings(**scenario.settings)
        self.venues = {i.venue: UnrulyVenue(i, random, unruly=scenario.unruly) for i in (QUOTING, hedge)}
        scale = {QUOTING.venue: 1, HEDGE.venue: scenario.hedge_lots}
        self.audit = Audit(self.settings, scenario.strategies, self.venues, scale, scenario.start_ns)
        self.mid_ticks = scenario.mid_ticks
        self._random = random
        self._engines = self._commands = 0
        self._begin_engine()
        for venue in self.venues.values():
            self.audit.take(self.engine.on_report(venue.balances, self.now_ns))
        for name, config in scenario.strategies.items():
            self.command(CreateStrategy, strategy_id=name, config=config)
        for venue in self.venues.values():
            self.move(venue, 0)
        self.go_on()

    def _begin_engine(self) -> None:
        self._engines += 1
        instruments = [venue.instrument for venue in self.venues.values()]
        self.engine = Engine(self.settings, instruments, id_prefix=f"t{self._engines}", start_ns=self.now_ns)
        self.audit.restarted(self.engine.state)

    @property
    def now_ns(self) -> int:
        """The time."""
        return self.audit.now_ns

    @now_ns.setter
    def now_ns(self, now_ns: int) -> None:
        self.audit.now_ns = now_ns

    @property
    def watched(self) -> dict[str, Watched]:
        """What is known of each strategy."""
        return self.audit.watched

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
            self.audit.take(self.engine.on_heartbeat(venue.instrument.venue, self.now_ns))
        elif draw < 99:
            self.lose_link(venue) if venue.up and random.random() < 0.3 else self.reconfigure(random)
        else:
            self.go_on()

    def pass_time(self, duration_ns: int) -> None:
        """Let timers be called when they are due."""
        until = self.now_ns + duration_ns
        while self.engine.next_timer <= until:
            self.now_ns = max(self.now_ns, self.engine.next_timer)
            if self.now_ns % SECOND == 0 and self.audit.mid is not None:
                self.audit.samples.add(self.audit.mid)
            self.audit.observe()
            self.audit.take(self.engine.on_timer(self.now_ns))
            if self.now_ns % SECOND == 0:
                self._measure()
        self.now_ns = until

    def wait(self, seconds: int) -> None:
        """Let seconds pass in which all that is under way arrives, and the feeds show that they are alive."""
        for _ in range(seconds):
            self.pass_time(SECOND)
            for name, venue in self.venues.items():
                self._let_all_arrive(venue)
                self.audit.take(self.engine.on_heartbeat(name, self.now_ns))

    def _let_all_arrive(self, venue: UnrulyVenue) -> None:
        for _ in range(AT_ONCE + ANSWERS * len(venue.requests)):
            if not venue.busy:
                return
            venue.arrive(self.now_ns)
            self.deliver(venue)
        raise AssertionError("what is answered at once must not be asked again and again")

    def _measure(self) -> None:
        """Write down where the strategies stand."""
        for action in self.engine.measure(self.now_ns):
            assert isinstance(action, Measured)
            self.audit.remembered.take(action)

    def lose_link(self, venue: UnrulyVenue) -> None:
        """Lose a venue's connection; its feed goes on."""
        venue.lose_link(self.now_ns)
        self.audit.link_lost(venue)
        self.audit.take(self.engine.on_link(venue.instrument.venue, False, self.now_ns))

    def regain_link(self, venue: UnrulyVenue) -> None:
        """Let a venue's connection stand again."""
        venue.up = True
        self.audit.take(self.engine.on_link(venue.instrument.venue, True, self.now_ns))

    def restart(self, seconds: int = 0) -> None:
        """End the engine, and let another one go on with its past so much later; every link is lost meanwhile."""
        self.pass_time(1)
        self._measure()
        for venue in self.venues.values():
            venue.lose_link(self.now_ns)
            self.audit.link_lost(venue)
        self.now_ns += seconds * SECOND
        past = self.audit.remembered.past(self.now_ns)
        self._begin_engine()
        self.audit.take(self.engine.restore(past, self.now_ns))
        strategies = self.engine.state.strategies
        assert set(strategies) == {name for name, watched in self.watched.items() if not watched.deleted}
        assert not any(strategy.status == "active" for strategy in strategies.values())
        for name, venue in self.venues.items():
            self.audit.take(self.engine.on_link(name, False, self.now_ns))
            self.audit.take(self.engine.on_book(venue.book, self.now_ns))

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
        if self.engine.state.venues[venue.instrument.venue].stage == "agreed":
            self._look(venue)
        self.audit.take(self.engine.on_book(book, self.now_ns))

    def approach(self, name: str) -> None:
        """Let the price walk to where a strategy has almost lost what one of its breakers allows.

        Each step is half of the rest of the way, so that what fills on the way counts.
        """
        venue, book = self.venues[QUOTING.venue], self.watched[name].book
        for _ in range(_STEPS):
            left = book.loses_until_a_limit(self.now_ns)
            if left is None or left <= 0 or not book.position:
                return
            ticks = int(left / 2 / (book.position * TICK))
            self.move(venue, -ticks)
            for each in self.venues.values():
                self._let_all_arrive(each)

    def deliver(self, venue: UnrulyVenue) -> None:
        """Let one answer arrive at the engine."""
        report = venue.deliver()
        if report is not None:
            self.audit.note(report)
            if self._ends_comparison(report):
                self._look(venue)
            self.audit.take(self.engine.on_report(report, self.now_ns))

    def _look(self, venue: UnrulyVenue) -> None:
        """Let the strategies be marked where the quoting venue's book is usable."""
        bid, ask = venue.book.best_bid, venue.book.best_ask
        if venue.instrument is QUOTING and bid is not None and ask is not None and bid < ask:
            self.audit.move(TICK * (bid + ask) / 2)

    def _ends_comparison(self, report: Report) -> bool:
        """Return whether a venue's book may be relied on again with this answer."""
        if isinstance(report, OrderFilled):
            return False
        link, request_id = self.engine.state.venues[report.venue], getattr(report, "request_id", None)
        return link.stage == "comparing" and link.waiting == {request_id} and not getattr(report, "orders", ())

    # What is asked for

    def command(self, kind: type[Command], **fields: Any) -> None:
        """Give a command; what it forbids is forbidden from this moment on."""
        self._commands += 1
        command_id = f"c{self._commands}"
        present = [name for name, watched in self.watched.items() if not watched.deleted]
        asked = [fields["strategy_id"]] if "strategy_id" in fields else present
        for name in asked if kind is not CreateStrategy else ():
            self.watched[name].resumes_at_ns = None
        if kind is CancelQuotes:
            asked = [name for name in asked if self.watched[name].status == "active"]
        self.audit.waiting[command_id] = asked if issubclass(kind, PauseStrategy | StopStrategy | CancelQuotes) else []
        if kind is EmergencyStopAll:
            self.audit.emergency = bool(self.audit.emergency) or fields["flatten_positions"]
            self.audit.waiting[command_id] = asked
        for name in asked:
            self._forbid(self.watched[name], kind, flatten=fields.get("flatten_position", bool(self.audit.emergency)))
        self.audit.take(self.engine.on_command(kind(command_id=command_id, operator="ann", **fields), self.now_ns))

    def _forbid(self, watched: Watched, kind: type[Command], *, flatten: bool) -> None:
        if kind in (PauseStrategy, CancelQuotes):
            watched.may -= {"quote", "hedge"}
        elif kind in (StopStrategy, EmergencyStopAll):
            refused = kind is StopStrategy and flatten and self.audit.emergency is not None
            if not refused:
                watched.may = {"flatten"} if flatten else set()
                watched.still &= not flatten

    def reconfigure(self, random: Random) -> None:
        """Change what a strategy quotes, what it may lose, and what it hedges."""
        name = random.choice(list(self.watched))
        config = self.watched[name].book.config
        size, stake = random.randint(1, 3_000) * LOT, config.max_position * self.mid_ticks / 200
        loss = max((stake * random.choice((1, 10, 300)) / 1_000).quantize(LOT), LOT)
        changes: dict[str, Any] = random.choice(
            (
                {"max_position": random.randint(1, 20_000) * LOT},
                {"quote_size": size, "min_quote_size": LOT, "max_quote_size": size * 2},
                {"quote_layers": random.randint(1, 5)},
                {"base_spread_bps": random.choice((0.1, 1, 10, 100))},
                {"max_daily_loss": loss},
                {"max_hourly_loss": loss},
                {"circuit_breaker_enabled": not config.circuit_breaker_enabled},
                {"breaker_action": random.choice(("hold", "hedge", "flatten"))},
                {"auto_hedge_enabled": not config.auto_hedge_enabled},
                {"hedge_target": random.randint(0, 1_000) * LOT},
                {"hedge_threshold": random.randint(2, 3_000) * LOT},
            )
        )
        self.command(UpdateStrategy, strategy_id=name, changes=changes)

    def go_on(self) -> None:
        """Let everything that does not quote do so again, and links be regained."""
        for venue in self.venues.values():
            if not venue.up:
                self.regain_link(venue)
        if self.audit.emergency is not None:
            self.command(ClearEmergencyStop)
        for name, watched in self.watched.items():
            if watched.status != "active" and not watched.deleted:
                self.command(ResumeStrategy if watched.status == "paused" else StartStrategy, strategy_id=name)

    def settle(self) -> None:
        """Stop everything, let everything arrive, and check that nothing is left and every lot is accounted for."""
        for venue in self.venues.values():
            if not venue.up:
                self.regain_link(venue)
        self.audit.take(self.engine.on_heartbeat(QUOTING.venue, self.now_ns))
        for name in self.watched:
            self.command(StopStrategy, strategy_id=name, flatten_position=False)
        self.wait(70)
        self.audit.settled()

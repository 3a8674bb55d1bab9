"""What holds whatever happens: limits, prices and stops under random markets, links, commands and configurations.

The test keeps its own books: the true position is what the venues have executed, told or not, and what could still
fill is what they hold and what is under way to them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.bench import HEDGE, QUOTING, SECOND, START_NS
from tests.engine.unruly_venue import UnrulyVenue
from zenotc.engine.actions import Action, Emit, OrderChanged, Reply, Send
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
from zenotc.models.events import EmergencyStop, EmergencyStopCleared, ErrorOccurred, LifecycleEvent
from zenotc.models.market import BUY, sign
from zenotc.models.orders import Amend, Balances, Fill, FillHistory, OrderFilled, Place, Report
from zenotc.models.settings import EngineSettings

STRATEGIES = ("a", "b")
LOT = QUOTING.lot_size


class Desk:
    """An engine, its two venues, and the accounts that the test keeps of them."""

    def __init__(self, seed: int, configs: Sequence[StrategyConfig], *, unruly: bool, hedge_lots: int = 1) -> None:
        self.random = Random(seed)
        hedge = replace(HEDGE, lot_size=LOT * hedge_lots)
        self.engine = Engine(EngineSettings(), [QUOTING, hedge], id_prefix="t", start_ns=START_NS)
        self.venues = {i.venue: UnrulyVenue(i, self.random, unruly=unruly) for i in (QUOTING, hedge)}
        self.hedge_lots = hedge_lots
        self.now_ns = START_NS
        self.mid_ticks = self.random.randint(2_000, 200_000)
        self.owner: dict[str, str] = {}
        self.quote_ids: set[str] = set()
        self.told: dict[str, set[str]] = {name: set() for name in STRATEGIES}
        self.known = dict.fromkeys(STRATEGIES, 0)
        self.blocked = dict.fromkeys(STRATEGIES, True)
        self.stopped_all = False
        self.waiting: set[str] = set()
        self.bounds: dict[tuple[str, int], int] = {}
        self.digest = hashlib.sha256()
        self.placed = 0
        self._commands = 0
        for venue in self.venues.values():
            self.take(self.engine.on_report(Balances(venue.instrument.venue, "b", Decimal(10) ** 12), self.now_ns))
        for name, config in zip(STRATEGIES, configs, strict=True):
            self.command(CreateStrategy, strategy_id=name, config=config)

    # Steps

    def step(self) -> None:
        """Let one thing happen."""
        self.pass_time(self.random.choice((0, 0, 1_000_000, 50_000_000, 700_000_000)))
        venue = self.random.choice(list(self.venues.values()))
        draw = self.random.random()
        if draw < 0.30:
            venue.arrive(self.now_ns)
        elif draw < 0.62:
            self.deliver(venue)
        elif draw < 0.76:
            self.move(venue)
        elif draw < 0.90:
            venue.trade(self.now_ns)
        elif draw < 0.91:
            venue.expire()
        elif draw < 0.96:
            self.take(self.engine.on_heartbeat(venue.instrument.venue, self.now_ns))
        elif draw < 0.98:
            self.anything_asked()
        else:
            self.go_on()

    def pass_time(self, duration_ns: int) -> None:
        """Let timers be called when they are due."""
        until = self.now_ns + duration_ns
        while self.engine.next_timer <= until:
            self.now_ns = max(self.now_ns, self.engine.next_timer)
            self.take(self.engine.on_timer(self.now_ns))
        self.now_ns = until

    def move(self, venue: UnrulyVenue) -> None:
        """Move the price, and let a venue's book follow it; now and then a side is empty."""
        self.mid_ticks += self.random.choice((0, 1, -1, 3, -3, self.mid_ticks // 1000, -(self.mid_ticks // 1000)))
        self.mid_ticks = max(self.mid_ticks, 1_000)
        book = venue.book
        book.clear()
        half = self.random.choice((1, 1, 4, 30))
        for level in range(3):
            if self.random.random() < 0.99:
                book.set_bid(self.mid_ticks - half - level, self.random.randint(1, 3_000))
                book.set_ask(self.mid_ticks + half + level, self.random.randint(1, 3_000))
        # What is through one of our quotes has traded with it.
        for order in venue.orders.values():
            best = book.best_ask if order.side == BUY else book.best_bid
            if order.live and best is not None and sign(order.side) * (order.price_ticks - best) >= 0:
                venue._fill(order, order.total_lots - order.filled_lots, order.price_ticks, self.now_ns)
        self.take(self.engine.on_book(book, self.now_ns))

    def deliver(self, venue: UnrulyVenue) -> None:
        report = venue.deliver()
        if report is not None:
            self.note(report)
            self.take(self.engine.on_report(report, self.now_ns))

    def note(self, report: Report) -> None:
        """Know what the engine is about to know."""
        if isinstance(report, OrderFilled):
            self.note_fill(report.fill)
        elif isinstance(report, FillHistory):
            for fill in report.fills:
                self.note_fill(fill)

    def note_fill(self, fill: Fill) -> None:
        name = self.owner[fill.client_order_id]
        if f"{fill.venue} {fill.trade_id}" not in self.told[name]:
            self.told[name].add(f"{fill.venue} {fill.trade_id}")
            self.known[name] += sign(fill.side) * fill.quantity_lots * self.scale(fill.venue)

    def anything_asked(self) -> None:
        name = self.random.choice(STRATEGIES)
        kind: Any = self.random.choice(
            (StartStrategy, ResumeStrategy, PauseStrategy, StopStrategy, CancelQuotes, EmergencyStopAll)
            + 4 * (UpdateStrategy,)
        )
        fields: dict[str, Any] = {"strategy_id": name}
        if kind is StopStrategy:
            fields["flatten_position"] = self.random.random() < 0.5
        elif kind is CancelQuotes:
            fields = {"asset": "BTC"}
        elif kind is EmergencyStopAll:
            fields = {"flatten_positions": self.random.random() < 0.5}
        elif kind is UpdateStrategy:
            size = self.random.randint(1, 3_000) * LOT
            fields["changes"] = self.random.choice(
                (
                    {"max_position": self.random.randint(1, 20_000) * LOT},
                    {"quote_size": size, "min_quote_size": LOT, "max_quote_size": size * 2},
                    {"quote_layers": self.random.randint(1, 5)},
                    {"base_spread_bps": 10 ** self.random.uniform(-1, 2)},
                )
            )
        self.command(kind, **fields)

    def go_on(self) -> None:
        """Let everything that does not quote do so again."""
        if self.stopped_all:
            self.command(ClearEmergencyStop)
        for name, strategy in self.engine.state.strategies.items():
            if strategy.status != "active":
                self.command(ResumeStrategy if strategy.status == "paused" else StartStrategy, strategy_id=name)

    def command(self, kind: type[Command], **fields: Any) -> None:
        self._commands += 1
        command_id = f"c{self._commands}"
        self.waiting.add(command_id)
        if kind in (PauseStrategy, StopStrategy):
            self.blocked[fields["strategy_id"]] = True  # from the moment at which it is asked for
        elif kind is EmergencyStopAll:
            self.stopped_all = True
        self.take(self.engine.on_command(kind(command_id=command_id, operator="ann", **fields), self.now_ns))

    # Checks

    def scale(self, venue: str) -> int:
        return self.hedge_lots if venue == HEDGE.venue else 1

    def take(self, actions: Sequence[Action]) -> None:
        self.digest.update(repr(actions).encode())
        for action in actions:
            if isinstance(action, OrderChanged) and action.new:
                self.owner[action.order.client_order_id] = action.order.strategy_id
            elif isinstance(action, Send):
                self.check_request(action)
                self.venues[action.request.venue].requests.append(action.request)
            elif isinstance(action, Reply):
                self.waiting.remove(action.command_id)
            elif isinstance(action, Emit):
                self.check_event(action)
        self.check_limits()

    def check_event(self, action: Emit) -> None:
        event = action.event
        if isinstance(event, LifecycleEvent):
            assert event.strategy_id is not None
            self.blocked[event.strategy_id] = event.type in ("paused", "stopped")
        elif isinstance(event, EmergencyStop):
            self.stopped_all = True
        elif isinstance(event, EmergencyStopCleared):
            self.stopped_all = False
        elif isinstance(event, ErrorOccurred):
            assert event.code not in ("EXCEPTION", "PNL_DOES_NOT_CLOSE"), event.reason

    def check_request(self, action: Send) -> None:
        request = action.request
        if not isinstance(request, Place | Amend):
            assert action.reduces_risk
            return
        assert not action.reduces_risk
        self.placed += 1
        name = self.owner[request.client_order_id]
        strategy = self.engine.state.strategies[name]
        assert request.price_ticks >= 1 and request.quantity_lots >= 1
        if isinstance(request, Place) and request.time_in_force == "IOC":
            position, lots = self.known[name], request.quantity_lots * self.scale(request.venue)
            assert sign(request.side) * position < 0, "it reduces"
            assert lots <= abs(position), "and no more than there is"
            return
        assert not self.blocked[name] and not self.stopped_all, "nothing new after a stop"
        book = self.venues[request.venue].book
        assert book.best_bid is not None and book.best_ask is not None
        side = request.side if isinstance(request, Place) else strategy.orders[request.client_order_id].side
        assert request.price_ticks < book.best_ask if side == BUY else request.price_ticks > book.best_bid
        if isinstance(request, Place):
            self.quote_ids.add(request.client_order_id)
            size = QUOTING.quantity(request.quantity_lots)
            assert request.post_only and request.time_in_force == "GTC"
            assert strategy.config.min_quote_size <= size <= strategy.config.max_quote_size

    def worst(self, name: str, direction: int) -> int:
        """Return the position, times the direction, if everything on that side fills that can."""
        total = 0
        for venue in self.venues.values():
            scale = self.scale(venue.instrument.venue)
            for fill in venue.fills:
                if self.owner[fill.client_order_id] == name:
                    total += direction * sign(fill.side) * fill.quantity_lots * scale
            for order_id, side, lots in venue.may_fill():
                if self.owner[order_id] == name and sign(side) == direction:
                    total += lots * scale
        return total

    def check_limits(self) -> None:
        for name, strategy in self.engine.state.strategies.items():
            limit = int(strategy.config.max_position / LOT)
            for direction in (1, -1):
                worst = self.worst(name, direction)
                # What rested when a limit was lowered may be above the new one, and may only become less.
                bound = max(limit, self.bounds.get((name, direction), limit))
                assert worst <= bound, f"{name}: {worst} of {bound} lots, direction {direction}"
                self.bounds[name, direction] = max(limit, min(bound, worst))

    def settle(self) -> None:
        """Stop everything, let everything arrive, and check that nothing is left and every lot is accounted for."""
        self.take(self.engine.on_heartbeat(QUOTING.venue, self.now_ns))
        for name in STRATEGIES:
            self.command(StopStrategy, strategy_id=name)
        for _ in range(60):
            self.pass_time(SECOND)
            for venue in self.venues.values():
                while venue.busy:
                    venue.arrive(self.now_ns)
                    self.deliver(venue)
        assert not any(order.live for venue in self.venues.values() for order in venue.orders.values())
        assert not self.engine.state.orders, "every order's fate is known in the end"
        assert not self.waiting, "every command is answered in the end"
        for name, strategy in self.engine.state.strategies.items():
            assert strategy.position_lots == self.worst(name, 1) == self.known[name]
            assert strategy.position == QUOTING.quantity(strategy.position_lots)
            assert strategy.ledger.residual == 0


@st.composite
def configs(draw: st.DrawFn) -> StrategyConfig:
    """Draw a configuration in which things happen often."""
    base = draw(st.floats(0.2, 100))
    size = draw(st.integers(1, 3_000))
    hard = draw(st.integers(2, 10_000))
    values: dict[str, Any] = {
        "name": "any",
        "asset": "BTC",
        "enabled": True,
        "base_spread_bps": base,
        "spread_model": draw(st.sampled_from(["fixed", "volatility", "inventory"])),
        "quote_size": size * LOT,
        "min_quote_size": draw(st.integers(1, size)) * LOT,
        "max_position": hard * LOT,
        "soft_position_limit": draw(st.none() | st.integers(1, hard - 1).map(lambda n: n * LOT)),
        "target_position": draw(st.sampled_from([0, 0, 1, -1])) * min(hard, 1_000) * LOT,
        "skew_model": draw(st.sampled_from(["linear", "exponential", "step"])),
        "skew_factor": draw(st.floats(0.001, 50)),
        "quote_layers": draw(st.integers(1, 5)),
        "layer_size_multiplier": draw(st.floats(0.5, 2)),
        "layer_spacing_bps": draw(st.floats(0, 20)),
        "refresh_tolerance_bps": draw(st.sampled_from([0, 0, 0.5, 30])),
        "quote_refresh_seconds": draw(st.sampled_from([0.2, 1, 5])),
        "requote_threshold_bps": draw(st.floats(0.01, 10)),
        "pause_on_error": draw(st.booleans()),
        "max_slippage_bps": draw(st.sampled_from([5, 50, 500])),
    }
    if hard > 3 and draw(st.booleans()):
        threshold = draw(st.integers(2, hard - 1))
        values |= {
            "auto_hedge_enabled": True,
            "hedge_threshold": threshold * LOT,
            "hedge_target": draw(st.integers(0, threshold - 1)) * LOT,
            "hedge_venue": draw(st.sampled_from(["internal", "external", "both"])),
            "hedge_algo": draw(st.sampled_from(["market", "twap"])),
            "hedge_slice_seconds": 1,
            "hedge_duration_minutes": 0.1,
            "target_position": 0,
        }
    return StrategyConfig.build(values, lot_size=LOT)


def run(seed: int, both: Sequence[StrategyConfig], *, unruly: bool, hedge_lots: int, steps: int) -> Desk:
    """Let random things happen, then let everything come to rest."""
    desk = Desk(seed, both, unruly=unruly, hedge_lots=hedge_lots)
    for venue in desk.venues.values():
        desk.move(venue)
    for name in STRATEGIES:
        desk.command(StartStrategy, strategy_id=name)
    for _ in range(steps):
        desk.step()
    desk.settle()
    return desk


anything = given(st.integers(0, 2**32), st.tuples(configs(), configs()), st.sampled_from([1, 1, 5]))


@anything
@settings(max_examples=35, deadline=None)
def test_limits_and_stops_hold_on_a_link_that_loses_and_repeats(
    seed: int, both: tuple[StrategyConfig, StrategyConfig], hedge_lots: int
) -> None:
    run(seed, both, unruly=True, hedge_lots=hedge_lots, steps=250)


@anything
@settings(max_examples=35, deadline=None)
def test_own_orders_never_meet(seed: int, both: tuple[StrategyConfig, StrategyConfig], hedge_lots: int) -> None:
    desk = run(seed, both, unruly=False, hedge_lots=hedge_lots, steps=250)
    assert not any(venue.met for venue in desk.venues.values())


@anything
@settings(max_examples=4, deadline=None)
def test_the_same_inputs_give_the_same_actions(
    seed: int, both: tuple[StrategyConfig, StrategyConfig], hedge_lots: int
) -> None:
    first, second = (run(seed, both, unruly=True, hedge_lots=hedge_lots, steps=150) for _ in range(2))
    assert first.digest.digest() == second.digest.digest()


@pytest.mark.nightly
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("unruly", [True, False])
def test_it_holds_for_long(unruly: bool) -> None:
    @anything
    @settings(max_examples=3_000, deadline=None)
    def check(seed: int, both: tuple[StrategyConfig, StrategyConfig], hedge_lots: int) -> None:
        desk = run(seed, both, unruly=unruly, hedge_lots=hedge_lots, steps=1_000)
        assert unruly or not any(venue.met for venue in desk.venues.values())

    check()

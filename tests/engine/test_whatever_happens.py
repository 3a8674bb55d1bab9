"""What holds whatever happens: the books, the limits, the breakers, the hedges and the stops.

A stateful machine draws a desk and what happens to it: markets, links, fills that are late, repeated or come after a
cancel, and commands at any time. `WatchedDesk` keeps its own accounts and holds the engine to them after every call.
"""

from __future__ import annotations

import sys
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.engine.bench import HEDGE, QUOTING, SECOND
from tests.engine.scenarios import STRATEGIES, scenarios
from tests.engine.watched_desk import Scenario, WatchedDesk
from zenotc.models.commands import CancelQuotes, DeleteStrategy, EmergencyStopAll, PauseStrategy, StopStrategy

pytestmark = pytest.mark.timeout(600)
SEEDS = st.integers(0, 2**32)
NAMES = st.sampled_from(STRATEGIES)


class AnyMarket(RuleBasedStateMachine):
    """Everything that a desk can meet while nobody disturbs it: prices, trades, answers and time."""

    desk: WatchedDesk

    @initialize(scenario=scenarios(), seed=SEEDS, seconds=st.sampled_from([0, 0, 40]))
    def begin(self, scenario: Scenario, seed: int, seconds: int) -> None:
        self.desk = WatchedDesk(scenario, Random(seed))
        self.desk.wait(seconds)

    @rule(seed=SEEDS, steps=st.integers(1, 60))
    def live(self, seed: int, steps: int) -> None:
        self.desk.live(Random(seed), steps)

    @rule(seed=SEEDS, steps=st.integers(1, 60))
    def live_on(self, seed: int, steps: int) -> None:
        self.desk.go_on()
        self.desk.live(Random(seed), steps)

    @rule(seconds=st.sampled_from([1, 1, 10, 60]))
    def wait(self, seconds: int) -> None:
        self.desk.wait(seconds)

    @rule(percent=st.integers(-5, 5))
    def jump(self, percent: int) -> None:
        for venue in self.desk.venues.values():
            self.desk.move(venue, self.desk.mid_ticks * percent // 100)

    @rule(direction=st.sampled_from([1, -1]), steps=st.integers(5, 40))
    def slide(self, direction: int, steps: int) -> None:
        for _ in range(steps):
            self.desk.move(self.desk.venues[QUOTING.venue], direction * max(self.desk.mid_ticks // 10_000, 1))

    @rule(name=NAMES, seed=SEEDS)
    def approach(self, name: str, seed: int) -> None:
        self.wake(seed)
        self.desk.approach(name)

    def wake(self, seed: int) -> None:
        """Let the desk quote, where it may, and somebody trade with it."""
        self.desk.wait(1)
        self.desk.go_on()
        self.desk.live(Random(seed), 20)

    def teardown(self) -> None:
        if sys.exc_info()[0] is None:
            self.desk.settle()


class AnyStop(AnyMarket):
    """The same with commands at any time that stop something."""

    @rule(name=NAMES)
    def pause(self, name: str) -> None:
        self.desk.command(PauseStrategy, strategy_id=name)

    @rule(name=NAMES, flatten=st.booleans())
    def stop(self, name: str, flatten: bool) -> None:
        self.desk.command(StopStrategy, strategy_id=name, flatten_position=flatten)

    @rule()
    def cancel_quotes(self) -> None:
        self.desk.command(CancelQuotes, asset="BTC")

    @rule(flatten=st.booleans(), awake=st.booleans(), seed=SEEDS)
    def stop_all(self, flatten: bool, awake: bool, seed: int) -> None:
        if awake:
            self.wake(seed)
        self.desk.command(EmergencyStopAll, flatten_positions=flatten)


class AnyRestart(AnyMarket):
    """The same with links that are lost, and engines that end."""

    @rule(venue=st.sampled_from([QUOTING.venue, HEDGE.venue]))
    def lose_link(self, venue: str) -> None:
        if self.desk.venues[venue].up:
            self.desk.lose_link(self.desk.venues[venue])

    @rule(seconds=st.sampled_from([0, 20, 3_601, 90_000]))
    def restart(self, seconds: int) -> None:
        self.desk.restart(seconds)


class WhateverHappens(AnyStop, AnyRestart):
    """Everything that a desk can meet."""

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.desk.command(DeleteStrategy, strategy_id=name)


QUICK = settings(max_examples=40, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TestWhateverHappens = WhateverHappens.TestCase
TestWhateverHappens.settings = QUICK


@given(scenarios(unruly=False), SEEDS)
@settings(max_examples=20, deadline=None)
def test_own_orders_never_meet(scenario: Scenario, seed: int) -> None:
    desk = WatchedDesk(scenario, Random(seed))
    desk.live(Random(seed), 250)
    desk.settle()
    assert not any(venue.met for venue in desk.venues.values())


@given(scenarios(), SEEDS)
@settings(max_examples=4, deadline=None)
def test_the_same_inputs_give_the_same_actions(scenario: Scenario, seed: int) -> None:
    digests = set()
    for _ in range(2):
        desk = WatchedDesk(scenario, Random(seed))
        desk.live(Random(seed), 150)
        digests.add(desk.audit.digest.digest())
    assert len(digests) == 1


@given(scenarios("max_hourly_loss", "max_desk_daily_loss"), SEEDS)
@settings(max_examples=2, deadline=None)
def test_an_hour_passes_and_midnight_comes(scenario: Scenario, seed: int) -> None:
    desk = WatchedDesk(scenario, Random(seed))
    for turn in range(2):
        desk.go_on()
        desk.live(Random(seed + turn), 150)
        desk.pass_time(3_590 * SECOND)
    desk.settle()


class HoursOfSilence(WhateverHappens):
    """The same with hours in which nothing is heard."""

    @rule(seconds=st.sampled_from([600, 3_590]))
    def hear_nothing(self, seconds: int) -> None:
        self.desk.pass_time(seconds * SECOND)


@pytest.mark.nightly
@pytest.mark.timeout(3 * 3_600)
@pytest.mark.parametrize(("machine", "examples"), [(WhateverHappens, 5_000), (HoursOfSilence, 200)])
def test_it_holds_for_long(machine: type[AnyMarket], examples: int) -> None:
    run_state_machine_as_test(machine, settings=settings(QUICK, max_examples=examples))

"""A venue that refuses whatever it is asked for is not asked as fast as it answers."""

from __future__ import annotations

from itertools import combinations
from random import Random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.scenarios import scenarios
from tests.engine.watched_desk import Scenario, WatchedDesk
from zenotc.models.commands import EmergencyStopAll, PauseStrategy
from zenotc.models.orders import Amend, Cancel, CancelAll, Place

KINDS: list[type] = [Place, Amend, Cancel, CancelAll]
REFUSED = [frozenset(kinds) for size in (1, 2) for kinds in combinations(KINDS, size)]


@given(
    scenarios(unruly=False),
    st.integers(0, 2**32),
    st.sampled_from(REFUSED),
    st.sampled_from(["nothing", "pause", "emergency stop", "link"]),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_nothing_is_asked_as_fast_as_it_is_refused(
    scenario: Scenario, seed: int, refused: frozenset[type], happens: str
) -> None:
    desk = WatchedDesk(scenario, Random(seed))
    desk.live(Random(seed), 60)
    for venue in desk.venues.values():
        venue.refuses = refused
    desk.live(Random(seed), 60)
    if happens == "pause":
        for name in desk.watched:
            desk.command(PauseStrategy, strategy_id=name)
    elif happens == "emergency stop":
        desk.command(EmergencyStopAll, flatten_positions=False)
    elif happens == "link":
        for venue in desk.venues.values():
            if venue.up:
                desk.lose_link(venue)
            desk.regain_link(venue)
    desk.wait(12)  # what is answered at once and asked again at once ends here
    for venue in desk.venues.values():
        venue.refuses = frozenset()
    desk.settle()

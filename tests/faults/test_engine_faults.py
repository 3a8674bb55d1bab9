"""A few tries of each fault of the engine's process, its venues' network and its clients' streams; nightly, more."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.faults import emergency, kill, network, points, soak, streams
from tests.faults.bugs import catch
from tests.faults.launcher import BUGS, POINTS
from tests.faults.row import Outcome

SMOKE: dict[str, tuple[Callable[[int, int], Outcome], int]] = {
    "kill": (kill.kill, 2),
    "points": (points.points, 2),
    "network": (network.network, 2),
    "emergency stop": (emergency.emergency, 2),
    "streams": (streams.streams, 20),
}
"""How often each fault is tried in the usual suite."""

NIGHTLY: dict[str, tuple[Callable[[int, int], Outcome], int]] = {
    "kill": (kill.kill, 40),
    "points": (points.points, 2 * len(POINTS)),
    "network": (network.network, 30),
    "emergency stop": (emergency.emergency, 3 * len(emergency.CIRCUMSTANCES)),
    "streams": (streams.streams, 300),
    "soak": (soak.soak, 120),
}


@pytest.mark.parametrize("name", SMOKE)
def test_a_few(name: str) -> None:
    run, count = SMOKE[name]
    outcome = run(count, 1)
    assert outcome.failures == [] and outcome.tried == count


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NIGHTLY)
def test_many(name: str) -> None:
    run, count = NIGHTLY[name]
    outcome = run(count, 2)
    assert outcome.failures == [] and outcome.tried == count


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("bug", BUGS)
def test_an_engine_with_a_bug_is_caught(bug: str) -> None:
    assert catch(bug, 3), f"an engine that {bug} is taken for a right one"

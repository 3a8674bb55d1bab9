"""Every operation of the API, against what must not be let in and against whatever can be sent."""

from __future__ import annotations

import statistics
import time
from typing import Any

import pytest

from tests.faults import api
from tests.faults.signatures import FAULTS, IMPOSTOR, OPERATIONS, STRANGER, refuses, signed, unlimited_app
from tests.gateway.desk_double import KEYS, DeskDouble
from zenotc.gateway.authentication import Authenticator


@pytest.fixture(scope="module")
def desk() -> DeskDouble:
    return DeskDouble()


@pytest.fixture(scope="module")
def app(desk: DeskDouble) -> Any:
    """One application for all: its first request takes the time of a hundred others."""
    return unlimited_app(desk)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in OPERATIONS], ids=lambda value: value
)
async def test_a_request_with_a_fault_is_refused(
    desk: DeskDouble, app: Any, method: str, path: str, fault: str
) -> None:
    assert (await refuses(fault, method, path, desk, app)).failures == []


def test_an_unknown_key_takes_as_long_as_a_wrong_signature() -> None:
    authenticator = Authenticator(KEYS)
    taken: dict[str, list[int]] = {"unknown": [], "wrong": []}
    tries = [
        (name, {key.lower(): value for key, value in signed("GET", "/x", signer=signer).items()})
        for _ in range(1_000)
        for name, signer in (("unknown", STRANGER), ("wrong", IMPOSTOR))
    ]
    for name, headers in tries:
        before = time.perf_counter_ns()
        with pytest.raises(Exception, match="not accepted"):
            authenticator.authenticate("GET", "/x", headers, b"")
        taken[name].append(time.perf_counter_ns() - before)
    unknown, wrong = (statistics.median(times) for times in taken.values())
    assert abs(unknown - wrong) < 0.25 * wrong


@pytest.mark.timeout(600)  # some two thousand requests
def test_whatever_is_sent_every_answer_is_a_documented_one() -> None:
    outcome = api.run(count=25, seed=1)
    assert outcome.failures == []
    assert outcome.figures["operations"] == len(OPERATIONS)
    assert outcome.tried > 15 * len(OPERATIONS)

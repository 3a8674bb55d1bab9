"""The harness itself is tried: an engine that is wrong on purpose must be caught, each kind of bug by one of the rows.

An engine with a bug may be lucky in one round, so it gets several; but one that is never caught is a fault of the rows.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from tests.faults.kill import kill
from tests.faults.launcher import BUGS
from tests.faults.network import network
from tests.faults.points import points
from tests.faults.row import Outcome, Row

__all__ = ["CAUGHT_BY", "ROWS", "catch", "seed_bugs"]

_TRIES = 6
_ROUNDS = 6

CAUGHT_BY: dict[str, Callable[[int, int, str], Outcome]] = {
    "acknowledges before the commit": lambda count, seed, bug: points(count, seed, bug, only="before the commit"),
    "does not deduplicate": kill,
    "takes timeouts as rejections": lambda count, seed, bug: network(count, seed, bug, only="delayed"),
    "cancels nothing at recovery": kill,
    "asks for no fills at recovery": kill,
}
"""The row that must catch each bug."""

assert CAUGHT_BY.keys() == BUGS.keys()


def catch(bug: str, seed: int) -> list[str]:
    """Return what a row says of an engine with this bug, nothing where it is not caught."""
    rng = random.Random(seed)
    for _ in range(_TRIES):
        if failures := CAUGHT_BY[bug](_ROUNDS, rng.randrange(1 << 30), bug).failures:
            return failures
    return []


def seed_bugs(count: int, seed: int) -> Outcome:
    """Try to catch every bug so many times."""
    outcome = Outcome()
    for number in range(count):
        for bug in BUGS:
            outcome.tried += 1
            if not catch(bug, seed + number):
                outcome.failures.append(f"an engine that {bug} has not been caught")
    return outcome


ROWS = (Row("bugs", "an engine with a bug of each kind is caught by the rows above", 1, seed_bugs),)

"""The engine kills itself at each named point, at any passage of it: while it recovers, or while it quotes."""

from __future__ import annotations

import asyncio
import random
from itertools import cycle, islice

from tests.faults.kill import Death, many_deaths
from tests.faults.launcher import POINTS, Plan
from tests.faults.row import Outcome, Row

__all__ = ["ROWS", "points"]

DEATHS_AT_A_POINT = 20
_LONGEST_LIFE_SECONDS = 60.0
_EARLIEST, _LATEST = 1, 100
"""Passages: the first come while it recovers, the last after a second or two of quoting."""


def points(count: int, seed: int, bug: str | None = None, only: str | None = None) -> Outcome:
    """Die at each point in turn."""
    turns = islice(cycle(POINTS if only is None else [only]), count)

    def death(rng: random.Random) -> Death:
        passage = round(_EARLIEST * (_LATEST / _EARLIEST) ** rng.random())
        return Death(_LONGEST_LIFE_SECONDS, False, Plan(next(turns), passage, bug))

    return asyncio.run(many_deaths(count, seed, death))


ROWS = (
    Row(
        "points",
        "the same where it kills itself before or after a write, send, acknowledgement, commit or publication",
        DEATHS_AT_A_POINT * len(POINTS),
        points,
    ),
)

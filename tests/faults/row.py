"""A row of the report: a kind of fault, how often it is tried, and what became of it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Outcome", "Row", "run_row"]


@dataclass(slots=True)
class Outcome:
    """What was tried, what did not hold, and figures worth telling."""

    tried: int = 0
    failures: list[str] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of fault.

    Parameters
    ----------
    name
        For `--only`.
    holds
        What must hold, for a person.
    count
        How often it is tried in the full run.
    run
        Tries it so many times, all chance drawn from the seed; a failure names the try by which it is repeated.
    """

    name: str
    holds: str
    count: int
    run: Callable[[int, int], Outcome]


def run_row(row: Row, scale: float, seed: int) -> Outcome:
    """Try a part of what the full run tries, once at least."""
    started = time.monotonic()
    outcome = row.run(max(math.ceil(row.count * scale), 1), seed)
    outcome.seconds = time.monotonic() - started
    return outcome

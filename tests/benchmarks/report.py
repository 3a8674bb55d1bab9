"""What a benchmark prints: its figures, what they must reach, and the machine that they were measured on."""

from __future__ import annotations

import json
import math
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

__all__ = ["RECORDED_BTC", "Target", "percentile", "pin_to_one_core", "progress", "publish", "skip"]

_DATA = Path(os.environ.get("ZENOTC_DATA", Path(__file__).parents[2].parent / "shared" / "data"))
_SPOT = _DATA / "binance-raw-2024-08" / "spot"
RECORDED_BTC = [path for day in (8, 9) if (path := _SPOT / f"btcusdt_2024080{day}.gz").exists()]
"""The recorded BTC spot session: two files, or fewer where they are absent."""


@dataclass(frozen=True, slots=True)
class Target:
    """A figure, and the bound that it must reach.

    Parameters
    ----------
    what
        The figure's name, its unit included.
    value
        What was measured.
    bound
        On which side of `limit` it must be.
    """

    what: str
    value: float
    bound: Literal["at least", "at most"]
    limit: float

    @property
    def reached(self) -> bool:
        """Whether it is on the right side."""
        return self.value >= self.limit if self.bound == "at least" else self.value <= self.limit


def publish(name: str, figures: dict[str, Any], targets: Sequence[Target]) -> None:
    """Print a benchmark's result as JSON."""
    result = {
        "benchmark": name,
        "targets": [
            {"what": t.what, "value": t.value, "target": f"{t.bound} {t.limit:g}", "reached": t.reached}
            for t in targets
        ],
        "figures": figures,
        "command": f"python -m tests.benchmarks.{name}",
        "machine": _machine(),
    }
    print(json.dumps(result, indent=2))


def skip(name: str, reason: str) -> None:
    """Print that a benchmark cannot be run here."""
    print(json.dumps({"benchmark": name, "skipped": reason}, indent=2))


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
    }


def progress(text: str) -> None:
    """Tell who waits how far it is."""
    print(text, file=sys.stderr, flush=True)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


def pin_to_one_core() -> None:
    """Keep this process on one core, where the system lets it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

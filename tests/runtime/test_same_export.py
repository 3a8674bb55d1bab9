"""The same inputs give the same export, byte for byte: a recorded day, traded twice."""

from __future__ import annotations

import asyncio
import filecmp
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.risk.path_venue import PathVenue
from tests.risk.recorded import GEMINI, at, gemini_steps
from tests.runtime.desks import new
from zenotc.journal import Journal
from zenotc.journal.database import alone_with
from zenotc.journal.export import lines
from zenotc.models.commands import CreateStrategy
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch

EPOCH = "0123456789abcdef"
SETTINGS = EngineSettings(quoting_venue=GEMINI.venue, hedge_venue=None, command_deadline_seconds=0.3)


class PathThatStands:
    """A path on which time stands still in the end, so that what is asked then is asked at a known time."""

    def __init__(self, start_ns: int, end_ns: int) -> None:
        self.ended = asyncio.Event()
        self._path = PathVenue(GEMINI, gemini_steps(start_ns, end_ns), fills_at_price=True)
        self._end_ns = end_ns

    def __getattr__(self, name: str) -> Any:
        return getattr(self._path, name)

    def next_time(self) -> int:
        return min(self._path.next_time() or self._end_ns, self._end_ns)

    def advance(self, now_ns: int) -> None:
        self._path.advance(now_ns)
        if now_ns >= self._end_ns:
            self.ended.set()


def strategies() -> list[CreateStrategy]:
    """Return commands that are the same in every run."""
    shared = {"asset": "ETH", "max_position": 50, "quote_refresh_seconds": 1}
    configurations = [
        {"base_spread_bps": 4, "quote_layers": 2, "quote_size": "0.5", "skew_factor": 0.5},
        {"base_spread_bps": 8, "quote_size": 1, "spread_model": "volatility", "max_daily_loss": 100},
    ]
    commands = [new(f"s{number}", **shared, **given) for number, given in enumerate(configurations)]
    return [
        CreateStrategy(command_id=f"create-{c.strategy_id}", operator="t", strategy_id=c.strategy_id, config=c.config)
        for c in commands
    ]


async def export(path: Path, start_ns: int, end_ns: int) -> Path:
    """Trade a span as fast as it goes, and return the file of what the journal holds of it."""
    venue = PathThatStands(start_ns, end_ns)
    with Journal.open(path, now_ns=start_ns, epoch=EPOCH) as journal:
        latch = EmergencyLatch(path.with_suffix(".latch"))
        desk = Desk([venue], journal, latch, SETTINGS, speed=math.inf, wall_ns=lambda: start_ns)
        desk.prepare(strategies())
        await desk.start()
        await venue.ended.wait()
        await desk.stop()
    exported = path.with_suffix(".jsonl")
    with alone_with(path, start_ns) as connection, exported.open("wb") as file:
        file.writelines(lines(connection))
    return exported


async def check_twice(tmp_path: Path, start_ns: int, end_ns: int) -> Counter[str]:
    first, second = [await export(tmp_path / f"{name}.db", start_ns, end_ns) for name in "ab"]
    assert filecmp.cmp(first, second, shallow=False)
    with first.open("rb") as file:
        return Counter(json.loads(line)["table"] for line in file)


async def test_some_minutes_give_the_same_bytes_twice(tmp_path: Path) -> None:
    counts = await check_twice(tmp_path, at("2021-07-01T00:00"), at("2021-07-01T00:20"))
    assert counts["fills"] > 10 and counts["events"] > 1_000 and counts["marks"] > 400, counts


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
async def test_a_day_gives_the_same_bytes_twice(tmp_path: Path) -> None:
    counts = await check_twice(tmp_path, at("2021-07-01T00:00"), at("2021-07-02T00:00"))
    assert counts["fills"] > 100 and counts["marks"] > 30_000, counts

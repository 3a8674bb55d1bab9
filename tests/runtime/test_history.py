"""A strategy's history is bounded, and whatever else is to be done is done between its parts."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.runtime.desks import SECOND, START
from zenotc.exceptions import ValidationError
from zenotc.gateway.answers import answer_list
from zenotc.journal import Journal
from zenotc.journal.records import MarkRecord
from zenotc.models.status import MAX_HISTORY_POINTS
from zenotc.models.wire import decode
from zenotc.runtime.history import history

BEGIN = datetime.fromtimestamp(START // SECOND, UTC)


def mark(second: int) -> MarkRecord:
    return MarkRecord("s1", START + second * SECOND, Decimal(second), Decimal(0), Decimal(0), Decimal(0), None, None)


async def seconds_of(journal: Journal, resolution: float | None, **span: datetime) -> list[int]:
    """Return when the points of a history are, seconds after the first mark."""
    asked = {"start": None, "end": None} | span
    points = await history(journal, "s1", resolution_seconds=resolution, **asked)
    return [round((point.timestamp - BEGIN).total_seconds()) for point in points]


async def test_what_makes_too_many_points_is_refused_with_what_fits(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        journal.bind(asyncio.get_running_loop())
        assert await seconds_of(journal, 1) == []
        journal.append([mark(0), mark(3_600), mark(600_000)])
        assert await seconds_of(journal, None) == await seconds_of(journal, 61) == [0, 3_600, 600_000]
        with pytest.raises(ValidationError, match="10,000 points of this span: 61 s or a shorter span fits"):
            await seconds_of(journal, 59)
        assert await seconds_of(journal, 1, end=BEGIN + timedelta(hours=2)) == [0, 3_600]
        assert await seconds_of(journal, 1, start=BEGIN + timedelta(days=1)) == [600_000]
        journal.append([mark(90_000_000)])
        assert (await seconds_of(journal, None))[-1] == 90_000_000, "by default it is as long as it takes"


async def test_a_long_history_comes_in_parts(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        journal.bind(asyncio.get_running_loop())
        journal.append([mark(second) for second in range(MAX_HISTORY_POINTS)])
        sizes = []
        span = {"start_ns": START, "end_ns": START + MAX_HISTORY_POINTS * SECOND}
        async for marks in journal.history("s1", resolution_ns=SECOND, **span):
            sizes.append(len(marks))
            await journal.wait(journal.append([mark(MAX_HISTORY_POINTS)]))  # what is decided meanwhile is committed
        assert max(sizes) <= 200 and sum(sizes) == MAX_HISTORY_POINTS

        points = await history(journal, "s1", start=None, end=None, resolution_seconds=2)
        assert len(points) == MAX_HISTORY_POINTS / 2 + 1
        answering, turns = asyncio.create_task(answer_list(points)), 0
        while not answering.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns >= len(points) / 100
        body = decode(answering.result().body)
        assert [point["equity"] for point in body["data"]] == [point.equity for point in points]

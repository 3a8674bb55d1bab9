"""A disk that is full, fails or stands still: a few of each; the report runs fifty."""

from __future__ import annotations

import pytest

from tests.faults.disk import ROWS
from tests.faults.row import Row


@pytest.mark.parametrize("row", [row for row in ROWS if row.name != "stall"], ids=lambda row: row.name)
def test_a_broken_disk_stops_the_desk(row: Row) -> None:
    assert row.run(4, 7).failures == []


@pytest.mark.nightly
def test_a_disk_that_stands_still_stops_the_desk() -> None:
    (stall,) = [row for row in ROWS if row.name == "stall"]
    assert stall.run(4, 7).failures == []

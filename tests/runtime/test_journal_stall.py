"""A disk that stands still for a moment: the quotes are gone meanwhile, and come back by themselves."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

from tests.faults.disk import BadDisk, Exchange
from tests.faults.sqlite_files import connector
from tests.runtime.desks import SETTINGS, START, head, new
from tests.waiting import until
from zenotc.journal import Journal
from zenotc.models.commands import UpdateStrategy
from zenotc.models.wire import decode
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch

AT_MOST_SECONDS = 30.0


async def test_quotes_are_pulled_until_the_disk_goes_on(tmp_path: Path) -> None:
    goes_on, exchange = threading.Event(), Exchange()

    def stand_still() -> None:
        goes_on.wait(AT_MOST_SECONDS)

    disk = BadDisk(stand_still)
    with Journal.open(tmp_path / "journal.db", now_ns=START, connect=connector(disk)) as journal:
        desk = Desk([exchange], journal, EmergencyLatch(tmp_path / "latch"), SETTINGS)
        await desk.start()
        try:
            await until(lambda: desk.status().ready)
            await desk.execute(new(quote_refresh_seconds=600))
            await until(lambda: exchange.resting == 2)
            disk.breaks_after(0)
            asking = asyncio.create_task(
                desk.execute(UpdateStrategy(**head(), strategy_id="s1", changes={"max_slippage_bps": 20}))
            )
            await until(lambda: exchange.resting == 0)
            strategy = desk.strategy("s1")
            assert strategy.status == "active" and set(strategy.sides.values()) == {"error"}
            goes_on.set()
            await until(lambda: exchange.resting == 2)
            await asking
            await until(lambda: set(desk.strategy("s1").sides.values()) == {"quoting"})
            events = [decode(event.body) for event in await desk.events(after_seq=0, limit=1_000)]
            assert {event["code"] for event in events if event["type"] == "error"} == {"JOURNAL_STALLED"}
        finally:
            goes_on.set()
            await desk.stop()

"""What a desk writes down of its strategies is what a second method says."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from tests.runtime.desks import SECOND, START, WatchedExchange, new, running
from tests.waiting import until
from zenotc.journal import Journal
from zenotc.journal.records import FillRecord, MarkRecord
from zenotc.models.market import SELL, sign


async def test_marks_agree_with_the_fills(tmp_path: Path) -> None:
    exchange = WatchedExchange(tmp_path / "journal.db")
    async with running(tmp_path, exchange, speed=30) as desk:
        await desk.execute(new("s1", base_spread_bps=1, quote_size="0.5"))
        await until(lambda: len(exchange.open_ids) == 2)
        exchange.send_for_others("BTC", SELL, 119_980, 100_000, exchange.next_time())
        await until(lambda: bool(desk.strategy("s1").current_position))
        ahead = desk.clock.now_ns() + 12 * SECOND
        await until(lambda: desk.clock.now_ns() > ahead)
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        fills, marks = journal.records(FillRecord), journal.records(MarkRecord)
    capital = 1 * Decimal("60000.25")
    assert fills
    assert any(mark.position for mark in marks)
    for mark in marks:
        before = [fill for fill in fills if fill.time_ns < mark.at_ns]
        assert mark.position == sum(sign(fill.side) * fill.quantity for fill in before)
        assert mark.equity == capital + mark.total_pnl or not before
    assert marks[-1].equity - marks[-1].total_pnl == capital

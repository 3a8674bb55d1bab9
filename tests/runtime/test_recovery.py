"""A start takes up where the last process ended, however that was, and agrees with the exchange before it quotes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import pytest

from tests.runtime.desks import head, new
from tests.venues.hosting import ASK, Bench, hosting, place
from tests.waiting import until
from zenotc.exceptions import CircuitBreakerError, StrategyError
from zenotc.journal import Journal
from zenotc.journal.records import FaultRecord, FillRecord
from zenotc.models.commands import (
    AcceptPosition,
    DeleteStrategy,
    EmergencyStopAll,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.market import BUY, SELL, Side, opposite, reaches
from zenotc.models.orders import CancelAll, Place, Request
from zenotc.models.settings import EngineSettings
from zenotc.models.wire import decode
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch

SETTINGS = EngineSettings(
    quoting_venue="sandbox", hedge_venue=None, command_deadline_seconds=2, acknowledge_within_seconds=0.3
)


@asynccontextmanager
async def desk_at(
    bench: Bench, folder: Path, settings: EngineSettings = SETTINGS, *, dies: bool = False
) -> AsyncIterator[Desk]:
    """Run a desk at the hosted exchange; at the end of the block it stops, or dies where it stands."""
    with Journal.open(folder / "journal.db", now_ns=time.time_ns()) as journal:
        desk = Desk([await bench.connect()], journal, EmergencyLatch(folder / "latch"), settings)
        await desk.start()
        try:
            await until(lambda: desk.status().ready)
            yield desk
        finally:
            if dies:
                for task in desk._running:
                    task.cancel()
                await asyncio.gather(*desk._running, return_exceptions=True)
            else:
                await desk.stop()


async def holding(bench: Bench, desk: Desk, **parameters: object) -> None:
    """Create a strategy that comes to hold 0.100 BTC at 60,000.5, and sells 0.040 of it again."""
    await desk.execute(new(base_spread_bps=0.1, quote_size="0.1", quote_refresh_seconds=60, **parameters))
    await until(lambda: len(bench.exchange.account.open_orders) == 2)
    await fill(bench, BUY, 100)
    await until(lambda: desk.strategy("s1").current_position == Decimal("0.1"))
    await fill(bench, SELL, 40)
    await until(lambda: desk.strategy("s1").current_position == Decimal("0.06"))


async def fill(bench: Bench, side: Side, lots: int) -> None:
    """Let somebody trade through the book until so many lots of our order are filled."""
    await asyncio.sleep(0.1)  # the book shows our orders as they are
    (order,) = (order for order in bench.exchange.account.open_orders if order.side == side)
    book = bench.exchange._listings["BTC"].book
    through = sum(size for price, size in book.levels(side) if reaches(opposite(side), order.price_ticks, price))
    bench.others(opposite(side), order.price_ticks, through - order.remaining_lots + lots)


def at_the_exchange(bench: Bench) -> tuple[Decimal, int]:
    """The position that the exchange has of us, and how many orders rest there."""
    return bench.exchange.account.positions["BTC"], len(bench.exchange.account.open_orders)


def fills_in(folder: Path) -> list[str]:
    """The trades in the journal, in order."""
    with Journal.open(folder / "journal.db", now_ns=time.time_ns()) as journal:
        return [record.trade_id for record in journal.records(FillRecord)]


@pytest.mark.parametrize("dies", [False, True], ids=["ends", "dies"])
async def test_it_goes_on_with_what_it_had(tmp_path: Path, dies: bool) -> None:
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, dies=dies) as desk:
            await holding(bench, desk, max_drawdown_percent=50, max_hourly_loss=1000)
            await asyncio.sleep(1.1)  # a mark is written every five seconds, and a curve each second
            await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
            await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
            await until(lambda: bool(desk.strategy("s1").open_orders))
            before, metrics, stats = desk.strategy("s1"), desk.metrics("s1"), desk.quote_stats("s1")
            capital = desk.engine.state.strategies["s1"].curve.capital
        position, resting = at_the_exchange(bench)
        assert position == before.current_position and bool(resting) == dies

        async with desk_at(bench, tmp_path) as desk:
            after = desk.strategy("s1")
            assert (after.status, after.pause_reason) == ("paused", "restart")
            assert at_the_exchange(bench) == (position, 0), "what the dead one had left rests no more"
            same = ("current_position", "average_price", "realized_pnl", "fees", "trade_count", "created_at", "name")
            assert [getattr(after, name) for name in same] == [getattr(before, name) for name in same]
            assert after.total_pnl == before.total_pnl, "the mid is the same"
            assert after.daily_pnl == before.daily_pnl
            assert desk.metrics("s1").total_volume == metrics.total_volume
            assert desk.metrics("s1").win_rate == metrics.win_rate
            assert desk.quote_stats("s1").avg_spread_captured_bps == stats.avg_spread_captured_bps
            assert desk.engine.state.strategies["s1"].curve.capital == capital
            assert desk.status().total_pnl == before.total_pnl
            ledger = desk.engine.state.strategies["s1"].ledger
            assert ledger.residual == 0
            events = [decode(event.body) for event in await desk.events(after_seq=0, limit=1_000)]
            assert [e["reason"] for e in events if e["type"] == "paused"][-1] == "restart"
            await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
            await until(lambda: at_the_exchange(bench)[1] > 0)


async def test_it_resumes_by_itself_only_where_it_is_set_to(tmp_path: Path) -> None:
    resuming = SETTINGS.model_copy(update={"resume_after_restart": True})
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, resuming) as desk:
            await desk.execute(new())
            await desk.execute(new("paused"))
            await desk.execute(PauseStrategy(**head(), strategy_id="paused"))
        for dies in (True, False):
            async with desk_at(bench, tmp_path, resuming, dies=dies) as desk:
                await until(lambda desk=desk: desk.strategy("s1").status == "active")
                assert desk.strategy("paused").status == "paused", "an operator has paused it"
        async with desk_at(bench, tmp_path) as desk:
            await asyncio.sleep(1.2)
            assert desk.strategy("s1").status == "paused"
        async with desk_at(bench, tmp_path, resuming) as desk:
            await asyncio.sleep(1.2)
            assert desk.strategy("s1").status == "paused", "it was not active when the last one ended"


async def test_a_breaker_is_not_forgotten_nor_its_resume(tmp_path: Path) -> None:
    resuming = SETTINGS.model_copy(update={"resume_after_restart": True})
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, resuming, dies=True) as desk:
            await desk.execute(
                new(
                    base_spread_bps=0.1,
                    quote_refresh_seconds=60,
                    max_daily_loss="0.01",
                    auto_resume_enabled=True,
                    resume_delay_minutes="0.02",
                )
            )
            await until(lambda: at_the_exchange(bench)[1] == 2)
            await fill(bench, BUY, 100)
            await until(lambda: desk.strategy("s1").status == "paused")
            assert desk.strategy("s1").pause_reason == "circuit_breaker: daily_loss"
        async with desk_at(bench, tmp_path, resuming) as desk:
            assert desk.strategy("s1").pause_reason == "circuit_breaker: daily_loss"
            await asyncio.sleep(2.5)
            assert desk.strategy("s1").status == "paused", "it looked, and the loss is still over its limit"
            with pytest.raises(CircuitBreakerError, match="daily_loss"):
                await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
            await desk.execute(UpdateStrategy(**head(), strategy_id="s1", changes={"max_daily_loss": 100}))
            assert desk.engine.state.strategies["s1"].resume_at_ns is None, "an operator has touched it"


async def test_what_happened_while_it_was_away_is_booked_once(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, dies=True) as desk:
            await desk.execute(new(base_spread_bps=0.1, quote_refresh_seconds=60))
            await until(lambda: at_the_exchange(bench)[1] == 2)
        await fill(bench, BUY, 60)
        await until(lambda: at_the_exchange(bench)[0] == Decimal("0.06"))
        assert fills_in(tmp_path) == []
        for _ in range(2):
            async with desk_at(bench, tmp_path) as desk:
                assert desk.strategy("s1").current_position == Decimal("0.06")
                assert desk.strategy("s1").position_differences == []
                assert at_the_exchange(bench) == (Decimal("0.06"), 0)
        assert fills_in(tmp_path) == [fill.trade_id for fill in bench.exchange.account.fills]


async def test_nothing_of_anybody_else_is_left_in_the_account(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        await by_hand(bench, place("of-nobody-here"))
        await until(lambda: at_the_exchange(bench)[1] == 1)
        async with desk_at(bench, tmp_path) as desk:
            assert at_the_exchange(bench)[1] == 0
            assert desk.status().open_orders == 0


async def by_hand(bench: Bench, *requests: Request) -> None:
    """Do something with the account that no engine knows of."""
    stranger = await bench.connect()
    stranger.subscribe(["BTC"], bench.listener)
    task = asyncio.create_task(stranger.run())
    await until(lambda: stranger.connected)
    for request in requests:
        stranger.send(request, time.time_ns())
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.mark.parametrize("source", ["engine", "venue"])
async def test_a_difference_stops_until_an_operator_has_decided(tmp_path: Path, source: str) -> None:
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, dies=True) as desk:
            await holding(bench, desk)
            held = desk.strategy("s1").current_position
            pnl = desk.strategy("s1").total_pnl
        await by_hand(bench, CancelAll("sandbox", "x"), Place("sandbox", "BTC", "by-hand", BUY, ASK + 10, 5))
        assert at_the_exchange(bench) == (held + Decimal("0.005"), 0)
        for _ in range(2):
            async with desk_at(bench, tmp_path) as desk:
                strategy = desk.strategy("s1")
                (difference,) = strategy.position_differences
                assert (difference.engine_position, difference.venue_position) == (held, held + Decimal("0.005"))
                assert (strategy.status, strategy.pause_reason) == ("stopped", "position_difference")
                with pytest.raises(StrategyError, match="accept one of them") as refused:
                    await desk.execute(StartStrategy(**head(), strategy_id="s1"))
                assert refused.value.code == "position_difference"
        async with desk_at(bench, tmp_path) as desk:
            result = await desk.execute(AcceptPosition(**head(), strategy_id="s1", source=source))
            accepted = held if source == "engine" else held + Decimal("0.005")
            assert result.strategy.current_position == accepted and result.strategy.position_differences == []
            with pytest.raises(StrategyError, match="nothing to accept"):
                await desk.execute(AcceptPosition(**head(), strategy_id="s1", source=source))
            await desk.execute(StartStrategy(**head(), strategy_id="s1"))
            assert abs(desk.strategy("s1").total_pnl - pnl) < Decimal("0.01"), "no PnL, save half a tick"
        async with desk_at(bench, tmp_path) as desk:
            assert desk.strategy("s1").current_position == accepted
            assert desk.strategy("s1").position_differences == []
            assert desk.engine.state.strategies["s1"].ledger.residual == 0


async def test_the_stop_in_force_is_in_force_after_a_death(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path, dies=True) as desk:
            await desk.execute(new())
            await desk.execute(EmergencyStopAll(**head()))
        (tmp_path / "latch").unlink()
        async with desk_at(bench, tmp_path, dies=True) as desk:
            assert desk.status().emergency_stop.active, "the journal knows of it, too"
            assert (tmp_path / "latch").exists()
            await until(lambda: not desk.status().emergency_stop.unconfirmed_venues)


async def test_the_stops_file_is_looked_at_before_every_order(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench, desk_at(bench, tmp_path) as desk:
        await desk.execute(new())
        await until(lambda: at_the_exchange(bench)[1] == 2)
        (tmp_path / "latch").write_text('{"since": "2026-01-01T00:00:00Z", "operator": "wall", "reason": "button"}')
        await until(lambda: at_the_exchange(bench)[1] == 0 and not desk.status().emergency_stop.unconfirmed_venues)
        assert desk.status().emergency_stop.operator == "wall"
        assert desk.strategy("s1").status == "stopped"


async def test_a_lost_link_leaves_everything_unknown_and_a_new_one_settles_it(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False, silence_seconds=0.6) as bench:
        with Journal.open(tmp_path / "journal.db", now_ns=time.time_ns()) as journal:
            desk = Desk([await bench.connect()], journal, EmergencyLatch(tmp_path / "latch"), SETTINGS)
            await desk.start()
            await until(lambda: desk.status().ready)
            await desk.execute(new(base_spread_bps=0.1, quote_refresh_seconds=60))
            await until(lambda: at_the_exchange(bench)[1] == 2)
            bench.link.freeze()
            await fill(bench, BUY, 60)
            await until(lambda: at_the_exchange(bench)[0] == Decimal("0.06"))
            assert desk.strategy("s1").current_position == 0
            await until(lambda: not desk.status().ready)
            assert desk.strategy("s1").unknown_orders == 2, "nobody can say what they are now"
            assert desk.strategy("s1").sides["buy"] == "stale_market_data"
            await until(lambda: desk.status().ready, 10)
            await until(lambda: desk.strategy("s1").sides["sell"] == "quoting")
            assert desk.strategy("s1").current_position == Decimal("0.06")
            assert desk.strategy("s1").status == "active"
            await desk.stop()


async def test_deleted_strategies_stay_in_the_desks_pnl(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        async with desk_at(bench, tmp_path) as desk:
            await holding(bench, desk)
            await desk.execute(StopStrategy(**head(), strategy_id="s1", flatten_position=True))
            await until(lambda: desk.strategy("s1").current_position == 0)
            await desk.execute(DeleteStrategy(**head(), strategy_id="s1"))
            total, daily = desk.status().total_pnl, desk.status().daily_pnl
            assert total
        async with desk_at(bench, tmp_path) as desk:
            assert (desk.status().total_pnl, desk.status().daily_pnl) == (total, daily)
            assert desk.strategies() == [] and "s1" in desk.known_names


async def test_a_fault_leaves_its_traceback_in_the_journal(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench, desk_at(bench, tmp_path) as desk:
        await desk.execute(new())
        desk.engine.state.strategies["s1"].counters = None  # type: ignore[assignment]
        await until(lambda: desk.strategy("s1").status == "paused")
        faults = desk._journal.records(FaultRecord)
        assert faults[0].strategy_id == "s1" and "AttributeError" in faults[0].traceback


async def test_an_engine_that_hangs_loses_its_quotes(tmp_path: Path) -> None:
    silent = SETTINGS.model_copy(update={"cancel_on_silence_seconds": 2.0})
    async with hosting(tmp_path, run=False) as bench, desk_at(bench, tmp_path, silent) as desk:
        await desk.execute(new())
        await until(lambda: at_the_exchange(bench)[1] == 2)
        await asyncio.sleep(3)
        assert at_the_exchange(bench)[1] == 2, "the timer is set again in time"
        driver = next(task for task in desk._running if task.get_name() == "driver")
        driver.cancel()
        await until(lambda: at_the_exchange(bench)[1] == 0, 4)
        assert [order.end_reason for order in bench.exchange.account._ended][-2:] == ["silence", "silence"]

"""An engine that ends: nothing begins any more, and what it cannot do without ends it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.desks import SETTINGS, START, WatchedExchange, head, new, running
from tests.waiting import until
from zenotc.exceptions import ConnectionFailedError
from zenotc.journal import Journal
from zenotc.models.commands import PauseStrategy, ResumeStrategy
from zenotc.models.orders import Cancel, QueryFills, QueryOrder
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch


async def test_nothing_begins_while_the_engine_ends(tmp_path: Path) -> None:
    venue = WatchedExchange(tmp_path / "journal.db")
    async with running(tmp_path, venue, prepared=[new()]) as desk:
        await until(lambda: len(venue.open_ids) == 2)
        venue.swallows = lambda request: isinstance(request, Cancel)
        ending = asyncio.create_task(desk.stop())
        await asyncio.sleep(0.05)
        with pytest.raises(ConnectionFailedError, match="the engine is ending"):
            await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
        venue.swallows = lambda _: False
        await desk.execute(PauseStrategy(**head(), strategy_id="s1"))
        await ending


async def test_what_would_have_resumed_meanwhile_does_not_quote_behind_a_confirmed_end(tmp_path: Path) -> None:
    venue = WatchedExchange(tmp_path / "journal.db")
    settings = SETTINGS.model_copy(update={"command_deadline_seconds": 30.0})
    with Journal.open(tmp_path / "journal.db", now_ns=START) as journal:
        desk = Desk([venue], journal, EmergencyLatch(tmp_path / "latch"), settings)
        desk.prepare([new("a"), new("b", base_spread_bps=20)])
        await desk.start()
        await until(lambda: len(venue.open_ids) == 4)
        await desk.execute(PauseStrategy(**head(), strategy_id="b"))
        strategy = desk.engine.state.strategies["b"]
        strategy.resume_at_ns = resumes_ns = desk.clock.now_ns()  # as a breaker leaves it
        venue.swallows = lambda request: isinstance(request, Cancel | QueryOrder | QueryFills)
        ending = asyncio.create_task(desk.stop())
        await until(lambda: strategy.resume_at_ns != resumes_ns)  # it was looked at
        venue.swallows = lambda _: False
        assert await ending
    assert not venue.open_ids and desk.strategy("b").status == "paused"


async def test_a_trading_loop_that_fails_is_told_to_whoever_runs_the_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    venue = WatchedExchange(tmp_path / "journal.db")
    async with running(tmp_path, venue, prepared=[new()]):
        monkeypatch.setattr(venue, "advance", lambda now_ns: 1 // 0)
        await until(lambda: bool(told))
    assert [(context["message"], context["fatal"]) for context in told] == [("the driver failed", True)]
    assert isinstance(told[0]["exception"], ZeroDivisionError)

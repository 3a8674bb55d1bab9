"""The operator's dead man, over a real gateway and a real desk: who is heard, and what happens when nobody is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.gateway.desk_double import KEYS, SECRET
from tests.runtime.desks import SECOND, SETTINGS, WatchedExchange, head, new, running
from tests.waiting import until
from zenotc import ZenOTCClient
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.models.commands import ResumeStrategy
from zenotc.runtime.desk import Desk

SECONDS = 1.8


@asynccontextmanager
async def watched_desk(folder: Path) -> AsyncIterator[tuple[Desk, WatchedExchange, str]]:
    """Run a desk with an active strategy that is paused when nobody is heard; yields its gateway's URL, too."""
    venue = WatchedExchange(folder / "journal.db")
    settings = SETTINGS.model_copy(update={"dead_man_seconds": SECONDS})
    async with running(folder, venue, settings=settings, prepared=[new()]) as desk:
        gateway = GatewayServer(create_app(desk, KEYS))
        await gateway.start()
        try:
            await until(lambda: len(venue.open_ids) == 2)
            yield desk, venue, gateway.url
        finally:
            await gateway.stop()


async def test_everything_is_paused_when_nobody_is_heard_and_stays_so(tmp_path: Path) -> None:
    async with watched_desk(tmp_path) as (desk, venue, _):
        assert desk.strategy("s1").status == "active"
        await until(lambda: desk.strategy("s1").status == "paused", SECONDS + 1)
        assert desk.vitals.silence_seconds >= SECONDS
        assert desk.strategy("s1").pause_reason == "dead_man"
        await until(lambda: not venue.open_ids)
        desk.vitals.heard()
        await asyncio.sleep(0.3)
        assert desk.strategy("s1").status == "paused"
        await desk.execute(ResumeStrategy(**head(), strategy_id="s1"))
        await asyncio.sleep(0.3)
        assert desk.strategy("s1").status == "active"


async def test_what_a_breaker_has_paused_neither_hedges_nor_resumes_while_nobody_is_heard(tmp_path: Path) -> None:
    venue = WatchedExchange(tmp_path / "journal.db")
    settings = SETTINGS.model_copy(update={"dead_man_seconds": SECONDS})
    prepared = [new("resumes", auto_resume_enabled=True), new("hedges", breaker_action="hedge")]
    async with running(tmp_path, venue, settings=settings, prepared=prepared) as desk:
        await until(lambda: len(venue.open_ids) == 4)
        now_ns = desk.clock.now_ns()
        for strategy in desk.engine.state.strategies.values():
            desk.engine._conductor.break_off(strategy, now_ns, breaker="daily_loss")
        resuming = desk.engine.state.strategies["resumes"]
        resuming.resume_at_ns = now_ns + 3_600 * SECOND
        await until(lambda: resuming.resume_at_ns is None and not desk.engine.state.strategies["hedges"].hedges, 10)
        assert desk.vitals.silence_seconds >= SECONDS
        assert desk.strategy("hedges").pause_reason == "dead_man"
        assert desk.strategy("resumes").pause_reason == "circuit_breaker: daily_loss"


async def test_a_client_that_only_listens_is_heard_until_it_leaves(tmp_path: Path) -> None:
    async with watched_desk(tmp_path) as (desk, _, url):
        async with ZenOTCClient("reader", "reader-secret", base_url=url) as client:
            await client.mm_strategy.subscribe_events(None, lambda event: None)
            await asyncio.sleep(2 * SECONDS)
            assert desk.strategy("s1").status == "active"
            assert desk.vitals.silence_seconds < 1.5
        await until(lambda: desk.strategy("s1").status == "paused", SECONDS + 1)


async def test_requests_are_heard_and_strangers_are_not(tmp_path: Path) -> None:
    async with watched_desk(tmp_path) as (desk, _, url):
        async with (
            ZenOTCClient("trader", SECRET, base_url=url) as client,
            ZenOTCClient("trader", "wrong", base_url=url) as stranger,
        ):
            for _ in range(6):
                await client.mm_strategy.status()
                await asyncio.sleep(0.4)
            assert desk.strategy("s1").status == "active"
            while desk.strategy("s1").status == "active":
                await asyncio.gather(stranger.mm_strategy.status(), return_exceptions=True)
                await asyncio.sleep(0.2)
        assert desk.strategy("s1").pause_reason == "dead_man"

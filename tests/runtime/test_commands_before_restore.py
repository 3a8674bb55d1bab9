"""What is asked for while the engine still reads its journal: what stops is never refused, the rest has to wait."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.desks import SECOND, SETTINGS, START, WatchedExchange, head, new, running
from tests.waiting import until
from zenotc.exceptions import ConnectionFailedError, NotFoundError, OutcomeUnknownError
from zenotc.journal import Journal
from zenotc.models.commands import (
    ClearEmergencyStop,
    Command,
    DeleteStrategy,
    EmergencyStopAll,
    PauseStrategy,
    ResumeStrategy,
    StartStrategy,
    StopStrategy,
    UpdateStrategy,
)
from zenotc.models.orders import Place
from zenotc.runtime import desk as desk_module
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch

RESUMING = SETTINGS.model_copy(update={"resume_after_restart": True, "command_deadline_seconds": 5.0})


class Starting:
    """A desk that reads its journal until it is told to go on; it had a strategy that quoted."""

    def __init__(self, desk: Desk, venue: WatchedExchange, go_on: threading.Event) -> None:
        self.desk = desk
        self.venue = venue
        self._go_on = go_on
        self._start = asyncio.create_task(desk.start())

    async def go_on(self) -> None:
        """Let the journal be read, and wait until the desk could trade."""
        self._go_on.set()
        await self._start
        await until(lambda: self.desk.status().ready)


@asynccontextmanager
async def starting(folder: Path, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> AsyncIterator[Starting]:
    async with running(folder, WatchedExchange(folder / "journal.db"), prepared=[new()]) as desk:
        await until(lambda: bool(desk.strategies()) and desk.strategy("s1").open_orders == 2)
    reads, go_on = desk_module.recall, threading.Event()

    def read_slowly(*arguments: Any) -> Any:
        past = reads(*arguments)
        assert go_on.wait(60)
        return past

    monkeypatch.setattr(desk_module, "recall", read_slowly)
    venue = WatchedExchange(folder / "journal.db", start_ns=START + 3_600 * SECOND)
    with Journal.open(folder / "journal.db", now_ns=START) as journal:
        desk = Desk([venue], journal, EmergencyLatch(folder / "latch"), RESUMING.model_copy(update=settings))
        desk_that_starts = Starting(desk, venue, go_on)
        try:
            yield desk_that_starts
        finally:
            go_on.set()
            await desk.stop()


async def test_an_emergency_stop_stops_what_is_not_known_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with starting(tmp_path, monkeypatch) as start:
        desk = start.desk
        stop = asyncio.create_task(desk.execute(EmergencyStopAll(**head())))
        await until(lambda: (tmp_path / "latch").exists())
        await start.go_on()
        result = await stop
        assert result.confirmed and [s.strategy_id for s in result.strategies] == ["s1"]
        assert (desk.strategy("s1").status, desk.strategy("s1").pause_reason) == ("stopped", "emergency_stop")
        await desk.execute(ClearEmergencyStop(**head()))
        assert desk.engine.state.strategies["s1"].resume_at_ns is None
        assert not start.venue.count(Place)


@pytest.mark.parametrize(
    ("kind", "outcome"), [(PauseStrategy, ("paused", "restart")), (StopStrategy, ("stopped", "operator"))]
)
async def test_what_stops_a_strategy_is_held_until_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[Command], outcome: tuple[str, str]
) -> None:
    async with starting(tmp_path, monkeypatch) as start:
        held = asyncio.create_task(start.desk.execute(kind(**head(), strategy_id="s1")))
        unknown = asyncio.create_task(start.desk.execute(kind(**head(), strategy_id="nobody")))
        await asyncio.sleep(0)
        await start.go_on()
        result = await held
        assert result.confirmed and (result.strategy.status, result.strategy.pause_reason) == outcome
        with pytest.raises(NotFoundError):
            await unknown
        assert start.desk.engine.state.strategies["s1"].resume_at_ns is None, "a person's hand is on it"
        assert not start.venue.count(Place)


async def test_what_was_held_too_long_is_unknown_and_is_carried_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with starting(tmp_path, monkeypatch, command_deadline_seconds=0.2) as start:
        with pytest.raises(OutcomeUnknownError, match="as soon as it has been read"):
            await start.desk.execute(StopStrategy(**head(), strategy_id="s1"))
        await start.go_on()
        await until(lambda: start.desk.strategy("s1").status == "stopped")


async def test_whatever_else_is_refused_until_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with starting(tmp_path, monkeypatch) as start:
        for command in (
            new("s2"),
            *(kind(**head(), strategy_id="s1") for kind in (StartStrategy, ResumeStrategy, UpdateStrategy)),
            DeleteStrategy(**head(), strategy_id="s1"),
            ClearEmergencyStop(**head()),
        ):
            with pytest.raises(ConnectionFailedError) as refusal:
                await start.desk.execute(command)
            assert (refusal.value.status_code, refusal.value.code) == (503, "not_ready")
        await start.go_on()

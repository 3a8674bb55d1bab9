"""Two engine processes at one console: one that hangs delays nothing of the other."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from textual.pilot import Pilot

from console.access import Access
from console.app import ConsoleApp
from tests.console.typist import Typist
from tests.end_to_end.engine_process import engine, profile
from tests.end_to_end.test_console_command import terminal
from zenotc import ZenOTCClient

WITHIN_SECONDS = 60.0


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tuple[Path, Popen[str]], ...]]:
    zurich, tokyo = tmp_path_factory.mktemp("zurich"), tmp_path_factory.mktemp("tokyo")
    with engine(zurich, "--seed", "3") as first, engine(tokyo, "--seed", "4") as second:
        yield (zurich, first), (tokyo, second)


async def _until(pilot: Pilot[Any], condition: Callable[[], bool]) -> None:
    ends = time.monotonic() + WITHIN_SECONDS
    while not condition():
        assert time.monotonic() < ends, pilot.app.export_screenshot()
        await pilot.pause(0.05)


@contextmanager
def _hanging(process: Popen[str]) -> Iterator[None]:
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)


def _client(state_dir: Path) -> ZenOTCClient:
    return ZenOTCClient(base_url=str(profile(state_dir)["url"]), state_dir=state_dir, operator="tester")


def _top(app: ConsoleApp) -> list[str]:
    app.repaint()
    return [strip.text for strip in app.screen._compositor.render_strips()[:3]]


def test_they_are_named_on_the_command_line_and_by_profiles(engines: Any, tmp_path: Path) -> None:
    (zurich_dir, _), (tokyo_dir, _) = engines
    (tmp_path / "console.toml").write_text(
        f'[profile.tokyo]\nurl = "{profile(tokyo_dir)["url"]}"\ncredentials = "{tokyo_dir}/credentials"\n'
    )
    options = ("--engine", f"zurich={zurich_dir}", "--profile", "tokyo", "--no-mouse")
    with terminal("console", *options, ZENOTC_CONFIG_DIR=str(tmp_path)) as console:
        for name in ("zurich", "tokyo", "2 of 2 heard", "ETH Inventory"):
            console.read_until(name)
        console.press("q")
        assert console.wait() == 0
    with terminal("console", "--engine", "http://127.0.0.1:1", "--engine", "http://127.0.0.1:1") as console:
        assert console.wait() == 2
        assert b"two engines are called 127.0.0.1:1" in b" ".join(console.output.replace("│".encode(), b"").split())


async def test_one_table_one_stop_and_none_waits_for_another(engines: Any) -> None:
    (zurich_dir, zurich_process), (tokyo_dir, _) = engines
    async with _client(zurich_dir) as zurich, _client(tokyo_dir) as tokyo:
        app = ConsoleApp(Access(zurich, "zurich"), Access(tokyo, "tokyo"), operator="tester")
        async with app.run_test(size=(120, 40)):
            pilot = Typist(app)
            here, there = app.desk.stores
            await _until(pilot, lambda: bool(here.open_orders and there.open_orders))
            rows = app.desk.rows
            assert {row.store.engine for row in rows.values()} == {"zurich", "tokyo"} and len(rows) == 6

            app._table.select(next(key for key in rows if key.startswith("tokyo/")))
            await pilot.press("p")
            row = rows[app._table.selected_id or ""]
            await _until(pilot, lambda: there.commands.last is not None and there.commands.last.outcome == "confirmed")
            assert (await tokyo.mm_strategy.get(row.id)).status == "paused"
            assert all(strategy.status == "active" for strategy in await zurich.mm_strategy.list())

            with _hanging(zurich_process):
                await _until(pilot, lambda: here.stale)
                assert not there.stale and app.desk.unheard == [here], "the other's rows are as fresh as ever"
                await pilot.press_twice("exclamation_mark")
                await _until(pilot, lambda: "NOT CONFIRMED: zurich · confirmed: tokyo" in _top(app)[0])
                status = await tokyo.mm_strategy.status()
                assert [venue.open_orders for venue in status.venues] == [0] * len(status.venues)
                assert "✗ zurich  NO ANSWER · NOT CONFIRMED" in _top(app)[1] and "✓ tokyo   every venue" in _top(app)[2]
            await _until(pilot, lambda: "✓ zurich  every venue confirmed" in _top(app)[1])
            status = await zurich.mm_strategy.status()
            assert status.emergency_stop.active and sum(venue.open_orders for venue in status.venues) == 0

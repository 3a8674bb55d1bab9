"""The console's keys on a real engine process that replays the recorded session."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from console.app import ConsoleApp
from tests.end_to_end.engine_process import engine, profile
from zenotc import ZenOTCClient

DATA = Path(os.environ.get("ZENOTC_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
SESSION = DATA / "binance-raw-2024-08" / "spot" / "btcusdt_20240808.gz"
STRATEGIES = """
[[strategy]]
name = "BTC replayed"
asset = "BTC"
base_spread_bps = 0.4
quote_size = 0.01
max_position = 1
max_daily_loss = 1000
enabled = true
quote_layers = 2
quote_refresh_seconds = 1
"""


async def _until(pilot: Pilot[Any], condition: Callable[[], bool], seconds: float = 20) -> None:
    for _ in range(int(seconds / 0.05)):
        if condition():
            return
        await pilot.pause(0.05)
    raise AssertionError(pilot.app.export_screenshot())


@pytest.mark.skipif(not SESSION.exists(), reason=f"the recorded session is not at {SESSION}")
async def test_each_key_does_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "strategies.toml"
    file.write_text(STRATEGIES)
    options = ("--replay", SESSION, "--speed", "20", "--strategies", file)
    with engine(tmp_path / "state", *options):
        url = str(profile(tmp_path / "state")["url"])
        async with ZenOTCClient(base_url=url, state_dir=tmp_path / "state", operator="tester") as client:
            app = ConsoleApp(client, operator="tester")
            async with app.run_test(size=(120, 40)) as pilot:
                await _operate(app, pilot, client)


async def _operate(app: ConsoleApp, pilot: Pilot[Any], client: ZenOTCClient) -> None:
    store = app.store

    def only() -> Any:
        return store.strategy(next(iter(store.wire), None))

    await _until(pilot, lambda: only() is not None and only().open_orders > 0)
    await _until(pilot, lambda: only().trade_count > 0, seconds=60)
    await _until(pilot, lambda: store.events.end > 0 and "BTC" in store.books)

    for key, status in (("p", "paused"), ("r", "active"), ("x", "stopped"), ("s", "active"), ("c", "paused")):
        await pilot.press(key)
        await _until(pilot, lambda: store.commands.last is not None and store.commands.last.outcome == "confirmed")
        await _until(pilot, lambda status=status: only().status == status)  # type: ignore[misc]
        if status != "active":
            assert (await client.mm_strategy.get_quotes(only().id)).quotes == []

    await pilot.press("f")
    await pilot.pause(0.6)  # a dialog is deaf at first
    await pilot.press("right")
    await pilot.pause(0.2)
    await pilot.press("enter")
    await _until(pilot, lambda: only().status == "stopped" and only().current_position == 0, seconds=40)

    await pilot.press("s")
    await _until(pilot, lambda: only().open_orders > 0)
    await pilot.press("exclamation_mark")
    await pilot.pause(0.2)
    await pilot.press("exclamation_mark")
    await _until(pilot, lambda: store.emergency and store.commands.last.outcome == "confirmed")  # type: ignore[union-attr]
    status = await client.mm_strategy.status()
    assert [venue.open_orders for venue in status.venues] == [0] * len(status.venues)
    await _until(pilot, lambda: only().status == "stopped")  # the strategies have a stream of their own

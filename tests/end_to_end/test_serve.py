"""The engine as a process: what it leaves for clients, how it ends, and what the command line says of it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.engine_process import engine, profile
from zenotc import ZenOTCClient
from zenotc.cli.child_engine import ChildEngine, find_engine
from zenotc.exceptions import ConnectionFailedError
from zenotc.journal import Journal
from zenotc.journal.records import OrderRecord, OrderStateRecord
from zenotc.models.wire import decode
from zenotc.runtime.state_directory import StateDirectory

DATA = Path(os.environ.get("ZENOTC_DATA", Path(__file__).parents[2] / ".." / "shared" / "data"))
ENDED = {"filled", "cancelled", "rejected"}
RECORDINGS = [DATA / "binance-raw-2024-08" / "spot" / f"btcusdt_2024080{day}.gz" for day in (8, 9)]


def zenotc(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_clients_find_it_and_it_ends_with_nothing_left_open(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        found = profile(tmp_path)
        assert found["pid"] == process.pid
        assert found["environment"] == "sandbox"
        assert stat.S_IMODE((tmp_path / "credentials").stat().st_mode) == 0o600

        async def look() -> list[str]:
            async with ZenOTCClient(state_dir=tmp_path) as client:
                return [strategy.asset for strategy in await client.mm_strategy.list(status="active")]

        assert sorted(asyncio.run(look())) == ["BTC", "ETH", "SOL"]
        assert asyncio.run(find_engine(tmp_path)) == found["url"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (tmp_path / "engine.json").exists()
    with Journal.open(tmp_path / "journal.db", now_ns=0) as journal:
        states = {state.client_order_id: state.state for state in journal.records(OrderStateRecord)}
        orders = {order.client_order_id for order in journal.records(OrderRecord)}
        assert len(orders) >= 6
        assert {order_id: states.get(order_id) for order_id in orders if states.get(order_id) not in ENDED} == {}
        events = [decode(event.body) for event in journal.all_events()]
        assert [event["reason"] for event in events if event["type"] == "paused"] == ["shutdown"] * 3


def test_two_engines_cannot_share_a_state_directory(tmp_path: Path) -> None:
    with engine(tmp_path, "--empty"):
        before = profile(tmp_path)
        second = zenotc("serve", "--port", "0", "--state-dir", tmp_path)
        assert second.returncode == 1
        assert "is in use by another engine" in second.stderr
        assert profile(tmp_path) == before


def test_the_command_line_sees_the_strategies_and_stops_everything(tmp_path: Path) -> None:
    with engine(tmp_path):
        listed = json.loads(zenotc("strategies", "--state-dir", tmp_path, "--json").stdout)
        assert len(listed) == 3
        shown = zenotc("strategies", "show", listed[0]["id"], "--state-dir", tmp_path)
        assert "max_daily_loss" in shown.stdout
        assert zenotc("strategies", "show", "nobody", "--state-dir", tmp_path).returncode == 1

        stopped = zenotc("emergency-stop", "--state-dir", tmp_path, "--json")
        assert stopped.returncode == 0, stopped.stderr
        result = json.loads(stopped.stdout)
        assert result["confirmed"]
        assert [strategy["confirmed"] for strategy in result["strategies"]] == [True] * 3
    with engine(tmp_path, "--empty"):
        status = asyncio.run(_emergency_in_force(tmp_path))
        assert status, "the emergency stop stays in force across a restart"


async def _emergency_in_force(state_dir: Path) -> bool:
    async with ZenOTCClient(state_dir=state_dir) as client:
        return (await client.mm_strategy.status()).emergency_stop.active


def test_strategies_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = '[[strategy]]\nname = "mine"\nasset = "{}"\nbase_spread_bps = 10\nquote_size = 0.1\nmax_position = 1\n'
    path.write_text(text.format("ETH"))
    with engine(tmp_path, "--strategies", path):
        listed = json.loads(zenotc("strategies", "--state-dir", tmp_path, "--json").stdout)
        assert [(strategy["name"], strategy["status"]) for strategy in listed] == [("mine", "stopped")]
    path.write_text(text.format("DOGE"))
    refused = zenotc("serve", "--port", "0", "--state-dir", tmp_path, "--strategies", path)
    assert refused.returncode == 1
    assert "asset: must be one of BTC, ETH, SOL" in refused.stderr


@pytest.mark.skipif(not RECORDINGS[0].exists(), reason="the recorded session is not there")
def test_a_recorded_session_brings_the_strategy_of_its_asset(tmp_path: Path) -> None:
    with engine(tmp_path, "--replay", *RECORDINGS, "--speed", "20"):
        listed = json.loads(zenotc("strategies", "--state-dir", tmp_path, "--json").stdout)
        assert [(strategy["asset"], strategy["status"]) for strategy in listed] == [("BTC", "active")]


async def test_the_console_hears_why_its_engine_could_not_start(tmp_path: Path) -> None:
    (tmp_path / "bad.toml").write_text("[[strategy]]\nsize = 1\n")
    StateDirectory.open(tmp_path)
    child = ChildEngine(tmp_path, 0, ["--strategies", str(tmp_path / "bad.toml")])
    await child.start()
    with pytest.raises(ConnectionFailedError, match=r"could not start:[\s\S]*bad.toml, strategy 1: .*size"):
        await child.ready()
    assert await child.stop() == 1


async def test_the_console_starts_and_stops_its_own_engine(tmp_path: Path) -> None:
    child = ChildEngine(tmp_path, 0, ["--empty"])
    await child.start()
    try:
        await child.ready()
        assert await find_engine(tmp_path) is not None
    finally:
        assert await child.stop() == 0
    assert await find_engine(tmp_path) is None

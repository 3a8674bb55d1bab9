"""`zenotc emergency-stop` beside engines that answer, that hang, and that are gone: real processes, real signals."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.engine_process import engine, profile
from tests.runtime.desks import look
from tests.venues.listener import Listener
from tests.waiting import until
from zenotc.models.orders import OrderAccepted, Place
from zenotc.runtime.engine_process import EngineProcess
from zenotc.runtime.state_directory import StateDirectory
from zenotc.runtime.venues_file import VenueAddress, VenuesFile
from zenotc.venues.remote import RemoteVenue


def stop(state_dir: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", "emergency-stop", "--state-dir", state_dir, *arguments]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=60, check=False)


def stop_json(state_dir: Path) -> dict[str, Any]:
    body = json.loads(stop(state_dir, "--json").stdout)
    assert isinstance(body, dict)
    return body


@contextlib.contextmanager
def exchange(state_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Run `zenotc sandbox-exchange` until the block ends."""
    command = [sys.executable, "-m", "zenotc", "sandbox-exchange", "--state-dir", str(state_dir)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while not (state_dir / "venues.json").exists():
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.kill()


def test_an_engine_that_answers_stops_by_itself_and_lives_on(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        stopped = stop(tmp_path)
        assert stopped.returncode == 0, stopped
        assert "stopped: no open orders, confirmed after" in stopped.stdout
        assert process.poll() is None
        again = stop(tmp_path)
        assert again.returncode == 0, again
    latched = StateDirectory(tmp_path).emergency.latched()
    assert latched is not None


def test_an_engine_that_hangs_is_killed(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        stopped = stop(tmp_path)
        assert time.monotonic() - started < 8
        assert stopped.returncode == 0, stopped
        assert process.wait(5) == -signal.SIGKILL
    assert "did not acknowledge within 1 s: no answer" in stopped.stderr
    assert f"confirmed      the engine was killed, process {process.pid}" in stopped.stdout
    assert "confirmed after" in stopped.stdout
    assert StateDirectory(tmp_path).emergency.closed


@pytest.mark.nightly
def test_an_engine_whose_gateway_is_not_to_be_reached_is_killed(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        with socket.create_server(("127.0.0.1", 0)) as server:
            url = f"http://127.0.0.1:{server.getsockname()[1]}"
        path = tmp_path / "engine.json"
        path.write_text(json.dumps(profile(tmp_path) | {"url": url}))
        assert stop(tmp_path).returncode == 0
        assert process.wait(5) == -signal.SIGKILL


def test_an_engine_that_takes_the_command_for_a_strangers_is_killed(tmp_path: Path) -> None:
    with engine(tmp_path, "--empty") as process:
        credentials = json.loads((tmp_path / "credentials").read_text())
        (tmp_path / "credentials").write_text(json.dumps(credentials | {"apiSecret": "x" * 86}))
        stopped = stop(tmp_path)
        assert stopped.returncode == 0
        assert "the key or the signature is not accepted" in stopped.stderr
        assert process.wait(5) == -signal.SIGKILL


def test_where_no_engine_runs_nobody_is_killed(tmp_path: Path) -> None:
    """The file names a process that is somebody else's by now."""
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as stranger:
        try:
            body = {"url": "http://127.0.0.1:9", "pid": stranger.pid, "environment": "sandbox", "epoch": "e"}
            (tmp_path / "engine.json").write_text(json.dumps(body))
            (tmp_path / "journal.db.lock").touch()
            stopped = stop(tmp_path)
            assert stopped.returncode == 0, stopped
            assert "confirmed      no engine runs" in stopped.stdout
            assert "no venue is known outside an engine's process" in stopped.stdout
            assert stranger.poll() is None
        finally:
            stranger.kill()
    (tmp_path / "engine.json").unlink()
    with engine(tmp_path, "--empty"):
        assert asyncio.run(_in_force(tmp_path)), "the next engine starts under the stop"


async def _in_force(state_dir: Path) -> bool:
    from zenotc import ZenOTCClient

    async with ZenOTCClient(state_dir=state_dir) as client:
        return (await client.mm_strategy.status()).emergency_stop.active


def test_a_flatten_needs_an_engine_and_says_so(tmp_path: Path) -> None:
    stopped = stop(tmp_path, "--flatten")
    assert stopped.returncode == 1
    assert "NOT FLATTENED" in stopped.stderr
    assert StateDirectory(tmp_path).emergency.closed


@pytest.mark.nightly
def test_a_stop_that_cannot_be_written_down_is_done_all_the_same(tmp_path: Path) -> None:
    with engine(tmp_path) as process:
        (tmp_path / "emergency-stop.json").mkdir()  # nothing can be written there; the engine takes it for a latch
        process.send_signal(signal.SIGSTOP)
        assert stop(tmp_path).returncode == 0
        assert process.wait(5) == -signal.SIGKILL


# An exchange that outlives its engine ------------------------------------------------------------------------------


async def _leave_orders(state_dir: Path, number: int) -> None:
    """Place orders as an engine does, and vanish."""
    (name, address), *_ = VenuesFile(state_dir / "venues.json").read().items()
    venue = await RemoteVenue.connect(name, address.url, address.key, address.secret)
    listener = Listener()
    venue.subscribe([], listener)
    running = asyncio.create_task(venue.run())
    await until(lambda: venue.connected)
    instrument = venue.instruments["BTC"]
    lots = round(1 / float(instrument.lot_size))
    for index in range(number):
        venue.send(Place(name, "BTC", f"o{index}", "buy", 1_000 + index, lots), time.time_ns())
    await until(lambda: len(listener.of(OrderAccepted)) == number)
    running.cancel()


def test_orders_at_an_exchange_that_lives_on_are_cancelled_without_an_engine(tmp_path: Path) -> None:
    with exchange(tmp_path):
        asyncio.run(_leave_orders(tmp_path, 3))
        stopped = stop(tmp_path)
        assert stopped.returncode == 0, stopped
        assert "confirmed      no engine runs" in stopped.stdout
        assert "confirmed      venue sandbox: nothing is open, 3 cancelled" in stopped.stdout
        assert "confirmed      venue sandbox-hedge: nothing is open, 0 cancelled" in stopped.stdout
        secrets = [address.secret for address in VenuesFile(tmp_path / "venues.json").read().values()]
        assert not any(secret in stopped.stdout + stopped.stderr for secret in secrets)


@pytest.mark.parametrize("fate", [signal.SIGKILL, pytest.param(signal.SIGSTOP, marks=pytest.mark.nightly)])
def test_quotes_of_an_engine_that_hangs_or_is_gone_are_cancelled_at_the_exchange(
    tmp_path: Path, fate: signal.Signals
) -> None:
    with exchange(tmp_path), engine(tmp_path, "--exchange") as process:
        resting = "SELECT count(*) FROM order_states WHERE state = 'resting'"
        deadline = time.monotonic() + 20
        while look(tmp_path / "journal.db", resting) < 6:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(fate)
        stopped = stop(tmp_path)
        assert stopped.returncode == 0, stopped
        cancelled = re.search(r"confirmed      venue sandbox: nothing is open, (\d+) cancelled", stopped.stdout)
        assert cancelled and int(cancelled[1]) >= 2, stopped
        assert process.wait(5) == -signal.SIGKILL
        again = stop(tmp_path)
        assert "venue sandbox: nothing is open, 0 cancelled" in again.stdout


@pytest.mark.nightly
def test_an_exchange_that_hangs_is_not_confirmed(tmp_path: Path) -> None:
    with exchange(tmp_path) as process:
        process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        stopped = stop(tmp_path)
        assert time.monotonic() - started < 25
        assert stopped.returncode == 1
        assert "NOT CONFIRMED  venue sandbox: sandbox cannot be reached" in stopped.stdout
        assert "orders may be open" in stopped.stderr


def test_a_venue_that_refuses_the_key_is_not_confirmed(tmp_path: Path) -> None:
    with exchange(tmp_path):
        venues = VenuesFile(tmp_path / "venues.json")
        known = venues.read()
        known["sandbox"] = VenueAddress(known["sandbox"].url, known["sandbox"].key, "wrong")
        venues.publish(known)
        result = stop_json(tmp_path)
    assert result["confirmed"] is False
    assert result["venues"] == {"sandbox": False, "sandbox-hedge": True}
    assert "refuses the key" in result["reasons"]["sandbox"]


def test_venues_that_cannot_be_read_are_not_confirmed(tmp_path: Path) -> None:
    (tmp_path / "venues.json").write_text("{")
    stopped = stop(tmp_path)
    assert stopped.returncode == 1
    assert "NOT CONFIRMED" in stopped.stdout and "cannot be read" in stopped.stdout


# Finding the process -----------------------------------------------------------------------------------------------

HOLD = """
import fcntl, sys, time
file = open(sys.argv[1], "w")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
time.sleep(60)
"""


def test_the_holder_of_the_lock_is_the_engine_and_nobody_else(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    process = EngineProcess(lock)
    assert not process.running
    with (
        subprocess.Popen(
            [sys.executable, "-c", HOLD.replace("LOCK_EX", "LOCK_UN"), lock], stdout=subprocess.PIPE
        ) as reader,
        subprocess.Popen([sys.executable, "-c", HOLD, lock], stdout=subprocess.PIPE) as holder,
    ):
        try:
            for child in (reader, holder):
                assert child.stdout is not None and child.stdout.readline()
            os.kill(holder.pid, signal.SIGSTOP)
            assert process.running
            assert process.kill(5) == holder.pid
            assert not process.running
            assert process.kill(5) is None
            assert reader.poll() is None
        finally:
            reader.kill()
            holder.kill()

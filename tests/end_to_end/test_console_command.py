"""`zenotc console` in a real terminal: it brings its own engine, or takes the one that runs."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.end_to_end.engine_process import engine, profile
from tests.waiting import eventually, until
from zenotc import ZenOTCClient


class Terminal:
    """A process on a terminal of 132x36, and everything it has written."""

    def __init__(self, *arguments: str | Path, **environment: str) -> None:
        self.output = b""
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "zenotc", *map(str, arguments)],
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "132", "LINES": "36", **environment},
        )  # fmt: skip
        os.close(slave)

    def read_until(self, text: str, seconds: float = 30) -> None:
        """Read until the text has been written, or fail."""
        assert self.shows(text, seconds), f"{text!r} did not appear in {self.output[-3000:]!r}"

    def shows(self, text: str, seconds: float, after: int = 0) -> bool:
        """Read for at most so long until the text has been written behind so many bytes; return whether it was."""
        deadline = time.monotonic() + seconds
        while text.encode() not in self.output[after:]:
            if time.monotonic() >= deadline:
                return False
            self._read(0.1)
        return True

    def press(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait(self, seconds: float = 30) -> int:
        """Read until the process has ended, and return its exit code."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it did not end"
            self._read(0.1)
        self._read(0)
        return self.process.returncode

    def hang_up(self) -> None:
        """Take the terminal away without a word."""
        os.close(self._master)
        self._master, _ = pty.openpty()

    def close(self) -> None:
        """End the process and the terminal."""
        if self.process.poll() is None:
            self.process.terminate()
            self.wait()
        os.close(self._master)

    def _read(self, seconds: float) -> None:
        readable, _, _ = select.select([self._master], [], [], seconds)
        if readable:
            try:
                self.output += os.read(self._master, 65536)
            except OSError:  # the other end is closed
                time.sleep(seconds)


@contextmanager
def terminal(*arguments: str | Path, **environment: str) -> Iterator[Terminal]:
    running = Terminal(*arguments, **environment)
    try:
        yield running
    finally:
        running.close()


@pytest.mark.parametrize("leave", ["q", "terminate"])
def test_it_brings_its_own_engine_and_takes_it_away(tmp_path: Path, leave: str) -> None:
    with terminal("console", "--state-dir", tmp_path) as console:
        console.read_until("ETH Inventory")
        engine = json.loads((tmp_path / "engine.json").read_text())
        if leave == "q":
            console.press("q")
            assert console.wait() == 0
        else:
            console.process.send_signal(signal.SIGTERM)
            assert console.wait() == 128 + signal.SIGTERM
    assert not (tmp_path / "engine.json").exists()
    with pytest.raises(ProcessLookupError):
        os.kill(engine["pid"], 0)


def test_it_leaves_an_engine_alone_that_was_there(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "zenotc", "serve", "--port", "0", "--state-dir", str(tmp_path)]
    with subprocess.Popen(command) as engine:
        try:
            deadline = time.monotonic() + 30
            while not (tmp_path / "engine.json").exists():
                assert time.monotonic() < deadline
                time.sleep(0.05)
            with terminal("console", ZENOTC_STATE_DIR=str(tmp_path)) as console:
                console.read_until("ETH Inventory")
                console.press("q")
                assert console.wait() == 0
            assert engine.poll() is None
        finally:
            engine.terminate()
            engine.wait(30)


async def test_two_presses_stop_everything_and_the_terminal_shows_the_proof(tmp_path: Path) -> None:
    with engine(tmp_path):
        url = str(profile(tmp_path)["url"])
        async with ZenOTCClient(base_url=url, state_dir=tmp_path, operator="tester") as client:
            calls = client.mm_strategy
            await eventually(calls.status, lambda now: now.open_orders > 0, 40)
            with terminal("console", "--state-dir", tmp_path) as console:
                console.read_until("ETH Inventory")
                console.read_until("active")
                await asyncio.to_thread(_press_emergency, console)
                stopped = await calls.status()
                assert stopped.emergency_stop.active and not stopped.emergency_stop.unconfirmed_venues
                assert stopped.venues and all(v.open_orders + v.unknown_orders == 0 for v in stopped.venues)
                assert {strategy.status for strategy in await calls.list()} == {"stopped"}
                console.press("q")
                assert console.wait() == 0


def _press_emergency(console: Terminal) -> None:
    """Press ! twice, the second time once the first is seen; again where that took longer than the key waits."""
    deadline = time.monotonic() + 40
    while b"every venue confirmed" not in console.output:
        assert time.monotonic() < deadline, console.output[-3000:]
        before = len(console.output)
        console.press("!")
        console.shows("Press ! again", 5, after=before)
        time.sleep(0.2)  # closer together they would be one key that is held down
        console.press("!")
        console.shows("every venue confirmed", 5)


def test_an_engine_that_cannot_start_is_explained_after_the_screen_is_gone(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"not a journal" * 100)
    with terminal("console", "--state-dir", tmp_path) as console:
        assert console.wait() == 1
    screen, _, rest = console.output.rpartition(b"\x1b[?1049l")
    assert screen, "the screen was there first"
    assert b"the engine could not start" in rest
    assert b"is not a usable journal" in rest


def test_a_terminal_that_goes_without_a_signal_ends_the_console_and_its_engine(tmp_path: Path) -> None:
    with terminal("console", "--state-dir", tmp_path) as console:
        console.read_until("ETH Inventory")
        engine = json.loads((tmp_path / "engine.json").read_text())
        console.hang_up()
        console.process.wait(timeout=20)
    with pytest.raises(ProcessLookupError):
        os.kill(engine["pid"], 0)


async def test_an_engine_outlives_its_console_by_no_more_than_it_takes_to_cancel(tmp_path: Path) -> None:
    with terminal("console", "--state-dir", tmp_path) as console:
        console.read_until("ETH Inventory")
        console.process.kill()
        console.process.wait(timeout=10)
        log = tmp_path / "engine.log"
        await until(lambda: '"confirmed": true, "event": "ended"' in log.read_text(), 20)

"""The sandbox exchange as a process of its own, for tests that meet it as an engine does."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zenotc.runtime.venues_file import VenueAddress, VenuesFile


def start_exchange(state_dir: Path, *arguments: str | Path, within: float = 30) -> subprocess.Popen[str]:
    """Start `zenotc sandbox-exchange`; it is ready when this returns."""
    (state_dir / "venues.json").unlink(missing_ok=True)
    command = [sys.executable, "-m", "zenotc", "sandbox-exchange", "--state-dir", state_dir, *arguments]
    process = subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + within
    while not (state_dir / "venues.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(process.stderr and process.stderr.read())
        time.sleep(0.02)
    return process


@contextmanager
def exchange(state_dir: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run an exchange until the block ends."""
    with start_exchange(state_dir, *arguments) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            finally:
                process.kill()


def venues(state_dir: Path) -> dict[str, VenueAddress]:
    """Return what the exchange tells its clients."""
    return VenuesFile(state_dir / "venues.json").read()

"""What the console costs under load: 500 strategies that all change, 5,000 events a second, a terminal of 120x40.

The console runs as `zenotc console` in a pseudo-terminal and is connected over real sockets to a gateway process. It
shows the table, the ladder of the selected strategy and the events.
First nobody touches it: its processor time and what it writes are taken over half a minute. Then `j` and `k` are
pressed at a hand's pace, and the time is taken from each press until the terminal has been sent the line that the
selection has moved to. Last, nothing happens: what it writes then is its clock.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.loaded_desk import loaded_gateway, name_of
from tests.benchmarks.report import Target, percentile, progress, publish
from tests.benchmarks.terminal import Terminal

STRATEGIES = 500
EVENTS_PER_SECOND = 5_000
WARM_UP_SECONDS = 10.0
WATCH_SECONDS = 30.0
SETTLE_SECONDS = 5.0
KEYS = 200
PAUSE_SECONDS = (0.05, 0.25)
START_SECONDS = 30.0
PAINT_SECONDS = 5.0


def _selected(number: int) -> Callable[[str], bool]:
    """What is on the screen when a strategy has been selected: its line begins with the mark."""
    return lambda text: f"▸ {name_of(number)}" in text


@contextmanager
def _opened(events_per_second: int) -> Iterator[Terminal]:
    """Open the console on so busy a desk, with the table and a ladder."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "zenotc", "console", "--state-dir", directory, "--url"]
        with (
            loaded_gateway(Path(directory), strategies=STRATEGIES, events_per_second=events_per_second) as url,
            Terminal([*command, url]) as terminal,
        ):
            terminal.until(_selected(0), START_SECONDS)
            terminal.press("l")
            terminal.until(lambda text: "AHEAD" in text, START_SECONDS)
            yield terminal


def _watch(terminal: Terminal) -> dict[str, Any]:
    began, cpu, written = time.perf_counter(), terminal.cpu_seconds, terminal.bytes_read
    terminal.read_for(WATCH_SECONDS)
    seconds = time.perf_counter() - began
    return {
        "cpu_percent": round(100 * (terminal.cpu_seconds - cpu) / seconds, 1),
        "bytes_per_second": round((terminal.bytes_read - written) / seconds),
    }


def _press_keys(terminal: Terminal) -> dict[str, Any]:
    """Go down the list with `j` and up again with `k`."""
    chance = random.Random(1)
    began, cpu = time.perf_counter(), terminal.cpu_seconds
    took: list[float] = []
    selected = 0
    for press in range(KEYS):
        key, step = ("j", 1) if press < KEYS // 2 else ("k", -1)
        terminal.read_for(chance.uniform(*PAUSE_SECONDS))
        selected += step
        pressed = time.perf_counter()
        terminal.press(key)
        took.append((terminal.until(_selected(selected), PAINT_SECONDS) - pressed) * 1e3)
    seconds = time.perf_counter() - began
    return {
        "keys": KEYS,
        "keys_per_second": round(KEYS / seconds, 1),
        "cpu_percent": round(100 * (terminal.cpu_seconds - cpu) / seconds, 1),
        **{f"key_to_paint_p{percent}_ms": round(percentile(took, percent), 1) for percent in (50, 99, 100)},
    }


def main() -> None:
    """Print what the console costs and how fast it answers."""
    load_average = [round(load, 2) for load in os.getloadavg()]
    with _opened(EVENTS_PER_SECOND) as terminal:
        progress("  the console shows its table and a ladder; warming up")
        terminal.read_for(WARM_UP_SECONDS)
        watched = _watch(terminal)
        progress(f"  watched: {watched}")
        pressed = _press_keys(terminal)
        progress(f"  keys pressed: {pressed}")
    with _opened(0) as terminal:
        terminal.read_for(SETTLE_SECONDS)
        idle = _watch(terminal)
        progress(f"  nothing happens: {idle}")
    targets = [
        Target("percent of a core", watched["cpu_percent"], "at most", 20),
        Target("KB a second written to the terminal", watched["bytes_per_second"] / 1000, "at most", 100),
        Target("key to paint, p99, ms", pressed["key_to_paint_p99_ms"], "at most", 30),
        Target("bytes a second written while nothing happens", idle["bytes_per_second"], "at most", 200),
    ]
    load = {"strategies": STRATEGIES, "events_per_second": EVENTS_PER_SECOND, "load_average_before": load_average}
    publish("console", {**load, "watched": watched, "keys_pressed": pressed, "idle": idle}, targets)


if __name__ == "__main__":
    main()

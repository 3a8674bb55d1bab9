"""What `--slow-link` writes to the terminal: 500 strategies that all change, 5,000 events a second, 120x40."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.loaded_desk import loaded_gateway, name_of
from tests.benchmarks.report import Target, progress, publish
from tests.benchmarks.terminal import Terminal

STRATEGIES = 500
EVENTS_PER_SECOND = 5_000
WARM_UP_SECONDS = 10.0
WATCH_SECONDS = 30.0
START_SECONDS = 30.0


def main() -> None:
    """Print how much it writes."""
    with tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "zenotc", "console", "--state-dir", directory, "--slow-link", "--url"]
        with (
            loaded_gateway(Path(directory), strategies=STRATEGIES, events_per_second=EVENTS_PER_SECOND) as url,
            Terminal([*command, url]) as terminal,
        ):
            terminal.until(lambda text: f"▸ {name_of(0)}" in text, START_SECONDS)
            progress("  the console shows its table; warming up")
            terminal.read_for(WARM_UP_SECONDS)
            began, written = time.perf_counter(), terminal.bytes_read
            terminal.read_for(WATCH_SECONDS)
            rate = (terminal.bytes_read - written) / (time.perf_counter() - began) / 1000
    load = {"strategies": STRATEGIES, "events_per_second": EVENTS_PER_SECOND}
    target = Target("KB a second written to the terminal", round(rate, 1), "at most", 10)
    publish("slow_link", {**load, "kilobytes_per_second": round(rate, 1)}, [target])


if __name__ == "__main__":
    main()

"""How long `!` `!` takes until the console shows the proof that nothing rests: 100 strategies of 6 orders.

The desk of the benchmark of the emergency stop runs behind a gateway, `zenotc console` in a pseudo-terminal of 120x40.
Each run takes the time from the second press until the header says that every venue has confirmed; then the exchange's
own account is looked at. After that the stop is cleared and everything is started again.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks.emergency_stop import ORDERS, STRATEGIES, Bench, quoting_desk
from tests.benchmarks.report import Target, percentile, progress, publish
from tests.benchmarks.terminal import Terminal

RUNS = 100
BETWEEN_SECONDS = 0.15
"""Between the presses: what comes faster is a key that repeats."""

SHOWN_SECONDS = 30.0


async def _shown(terminal: Terminal, shown: Callable[[str], bool]) -> float:
    """Return when something is shown, seconds of `time.perf_counter`."""
    return await asyncio.to_thread(terminal.until, shown, SHOWN_SECONDS)


async def _run(bench: Bench, terminal: Terminal) -> float:
    """Stop everything and start it again; return the milliseconds from the second press to the proof."""
    terminal.press("!")
    await asyncio.sleep(BETWEEN_SECONDS)
    pressed = time.perf_counter()
    terminal.press("!")
    proven = await _shown(terminal, lambda text: "every venue confirmed" in text)
    assert bench.resting == 0, f"{bench.resting} orders rest after the proof"
    await bench.start_all()
    await _shown(terminal, lambda text: "link ●" in text)
    return (proven - pressed) * 1e3


async def _measure() -> list[float]:
    took: list[float] = []
    with tempfile.TemporaryDirectory() as directory:
        async with quoting_desk(Path(directory)) as (bench, url, state):
            state.provide_credentials("sandbox")
            command = [sys.executable, "-m", "zenotc", "console", "--state-dir", directory, "--url", url]
            with Terminal(command) as terminal:
                await _shown(terminal, lambda text: "▸ Maker 0" in text)
                for run in range(RUNS):
                    took.append(await _run(bench, terminal))
                    if run % 20 == 19:
                        progress(f"  run {run + 1} of {RUNS}, p50 so far {percentile(took, 50):.0f} ms")
    return took


def main() -> None:
    """Print the milliseconds from the second press to the proof on the screen."""
    took = asyncio.run(_measure())
    figures = {f"p{percent}_ms": round(percentile(took, percent), 1) for percent in (50, 99, 100)}
    target = Target("! ! to the proof of zero open orders, p99, ms", figures["p99_ms"], "at most", 400)
    publish("console_stop", {"strategies": STRATEGIES, "orders": ORDERS, "runs": RUNS, **figures}, [target])


if __name__ == "__main__":
    main()

"""How long `import zenotc` takes, and how long a console needs until it first paints its table.

Both in fresh processes. The import is timed by the interpreter that imports, alone and with the client, which the
package loads when it is first asked for.
The console is started as `zenotc console` in a pseudo-terminal, once on an engine that runs already, and once as a
newcomer starts it, with an engine of its own beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.loaded_desk import loaded_gateway
from tests.benchmarks.report import Target, progress, publish
from tests.benchmarks.terminal import Terminal

RUNS = 9
START_SECONDS = 20.0


def _seconds_of(statement: str) -> float:
    """Return how long a fresh interpreter takes to execute a statement."""
    program = f"import time; began = time.perf_counter(); {statement}; print(time.perf_counter() - began)"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return float(process.stdout)


def _first_paint(*options: str) -> float:
    """Return the seconds from the start of a console to its first table."""
    with Terminal([sys.executable, "-m", "zenotc", "console", *options]) as terminal:
        painted = terminal.until(lambda text: "1 Strategies" in text and "POSITION" in text, START_SECONDS)
        return painted - terminal.started


def _seconds(values: list[float]) -> dict[str, Any]:
    return {"median_s": round(statistics.median(values), 3), "best_s": round(min(values), 3), "runs": len(values)}


def main() -> None:
    """Print the medians."""
    figures = {
        "import_zenotc": _seconds([_seconds_of("import zenotc") for _ in range(RUNS)]),
        "zenotc_client": _seconds([_seconds_of("import zenotc; zenotc.ZenOTCClient") for _ in range(RUNS)]),
    }
    progress(f"  import zenotc: {figures['import_zenotc']}; and its client: {figures['zenotc_client']}")
    with tempfile.TemporaryDirectory() as directory:
        with loaded_gateway(Path(directory), strategies=3, events_per_second=100):
            paints = [_first_paint("--state-dir", directory) for _ in range(RUNS)]
        figures["first_paint_on_a_running_engine"] = _seconds(paints)
        progress(f"  first paint on a running engine: {figures['first_paint_on_a_running_engine']}")
    own = []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as directory:
            own.append(_first_paint("--state-dir", directory))
    figures["first_paint_with_an_engine_of_its_own"] = _seconds(own)
    progress(f"  first paint with an engine of its own: {figures['first_paint_with_an_engine_of_its_own']}")
    limits = {
        "import_zenotc": 0.4,
        "zenotc_client": 0.4,
        "first_paint_on_a_running_engine": 1.0,
        "first_paint_with_an_engine_of_its_own": 1.0,
    }
    targets = [
        Target(f"{name}: seconds", figures[name]["median_s"], "at most", limit) for name, limit in limits.items()
    ]
    publish("startup", figures, targets)


if __name__ == "__main__":
    main()

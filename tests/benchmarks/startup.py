"""How long `import zenotc` takes, and how long a console needs until it first paints its table.

Both in fresh processes. The import is timed by the interpreter that imports; the whole process is given beside it.
The console is started as `zenotc console` in a pseudo-terminal, once on an engine that runs already, and once as a
newcomer starts it, with an engine of its own beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.loaded_desk import loaded_gateway
from tests.benchmarks.report import Target, progress, publish
from tests.benchmarks.terminal import Terminal

RUNS = 9
START_SECONDS = 20.0
IMPORT = "import time; began = time.perf_counter(); import zenotc; print(time.perf_counter() - began)"


def _import() -> tuple[float, float]:
    """Return the seconds of the import and of its whole process."""
    began = time.perf_counter()
    process = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True)
    return float(process.stdout), time.perf_counter() - began


def _first_paint(*options: str) -> float:
    """Return the seconds from the start of a console to its first table."""
    with Terminal([sys.executable, "-m", "zenotc", "console", *options]) as terminal:
        painted = terminal.until(lambda text: "1 Strategies" in text and "POSITION" in text, START_SECONDS)
        return painted - terminal.started


def _seconds(values: list[float]) -> dict[str, Any]:
    return {"median_s": round(statistics.median(values), 3), "best_s": round(min(values), 3), "runs": len(values)}


def main() -> None:
    """Print the medians."""
    imports = [_import() for _ in range(RUNS)]
    figures = {
        "import_zenotc": _seconds([seconds for seconds, _ in imports]),
        "python_that_imports_zenotc": _seconds([seconds for _, seconds in imports]),
    }
    progress(f"  import zenotc: {figures['import_zenotc']}")
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
        "import_zenotc": 0.4, "first_paint_on_a_running_engine": 1.5, "first_paint_with_an_engine_of_its_own": 1.5,
    }  # fmt: skip
    targets = [
        Target(f"{name}: seconds", figures[name]["median_s"], "at most", limit) for name, limit in limits.items()
    ]
    publish("startup", figures, targets)


if __name__ == "__main__":
    main()

"""Every benchmark, or those that are named, each in a process of its own; prints their figures as one JSON document.

`python -m tests.benchmarks [NAME...] [--json FILE]`; NAME is one of the modules in `BENCHMARKS`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks.report import progress

BENCHMARKS = (
    "startup",
    "engine",
    "replay",
    "replay_alone",
    "checks",
    "many_strategies",
    "emergency_stop",
    "journal",
    "console",
    "console_stop",
    "slow_link",
    "console_hours",
)


def _run(name: str) -> Any:
    progress(f"— {name}")
    run = subprocess.run([sys.executable, "-m", f"tests.benchmarks.{name}"], stdout=subprocess.PIPE, check=False)
    if run.returncode != 0:
        return {"benchmark": name, "failed": f"exit code {run.returncode}"}
    return json.loads(run.stdout)


def _summary(result: dict[str, Any]) -> str:
    if "targets" not in result:
        return f"{result['benchmark']}: {result.get('skipped') or result.get('failed')}"
    return "\n".join(
        f"{'reached' if t['reached'] else 'MISSED '}  {t['what']}: {t['value']:,} ({t['target']})"
        for t in result["targets"]
    )


def main() -> int:
    """Run them one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    results = []
    for name in options.names or BENCHMARKS:
        results.append(_run(name))
        progress(_summary(results[-1]))
    text = json.dumps(results, indent=2)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n")
    return 1 if any("failed" in result for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())

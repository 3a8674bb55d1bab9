"""Every fault, as often as it says, and what held; exits with 1 where something did not.

`python -m tests.faults [--only NAME]... [--scale 0.05] [--seed 1] [--json]`
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from tests.faults import api, bugs, disk, emergency, kill, network, points, power_cut, signatures, soak, streams
from tests.faults.row import Outcome, Row, run_row

ROWS: tuple[Row, ...] = (
    *kill.ROWS,
    *points.ROWS,
    *power_cut.ROWS,
    *disk.ROWS,
    *network.ROWS,
    *emergency.ROWS,
    *streams.ROWS,
    *api.ROWS,
    *signatures.ROWS,
    *soak.ROWS,
    *bugs.ROWS,
)

_SHOWN = 5


def main() -> int:
    """Run the rows one after another."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", action="append", metavar="NAME", help=", ".join(row.name for row in ROWS))
    parser.add_argument("--scale", type=float, default=1.0, help="part of the full count, as 0.05")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead")
    options = parser.parse_args()
    if unknown := set(options.only or ()) - {row.name for row in ROWS}:
        parser.error(f"no row {', '.join(sorted(unknown))}")
    results: dict[str, Outcome] = {}
    for row in ROWS:
        if not options.only or row.name in options.only:
            results[row.name] = run_row(row, options.scale, options.seed)
            print(_line(row, results[row.name]), file=sys.stderr if options.json else sys.stdout, flush=True)
    if options.json:
        print(json.dumps({name: asdict(outcome) for name, outcome in results.items()}, indent=2))
    return 1 if any(outcome.failures for outcome in results.values()) else 0


def _line(row: Row, outcome: Outcome) -> str:
    held = outcome.tried - len(outcome.failures)
    figures = "".join(f", {name} {value:,.6g}" for name, value in outcome.figures.items())
    line = f"{row.name:<24} {held:>5} of {outcome.tried:>5} held in {outcome.seconds:.0f} s{figures}: {row.holds}"
    shown = [f"    FAILED {failure}" for failure in outcome.failures[:_SHOWN]]
    return "\n".join([line, *shown])


if __name__ == "__main__":
    sys.exit(main())

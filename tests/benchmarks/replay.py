"""How fast the desk replays a recorded session: parse, book, matching, engine, ledger and journal, on one core.

The BTC spot session of both files goes at full speed through the desk as `zenotc serve` runs it, with one strategy of
three layers and its journal in a file. At base spreads of 2 and 4 bps it trades, at 10 bps it quotes and is hardly met.
The clock stands from the first message until everything that was decided has been committed.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.report import RECORDED_BTC, Target, pin_to_one_core, progress, publish, skip
from zenotc.journal import Journal
from zenotc.models.commands import CreateStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.state_directory import StateDirectory
from zenotc.venues.replay import ReplayVenue

RUNS = 5
BASE_SPREADS_BPS = (2, 4, 10)
LATENCY_NS = 5_000_000
COMMIT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Run:
    """One replay: what it took, in seconds, and what happened in it."""

    wall: float
    cpu: float
    messages: int
    events: int
    fills: int


async def replay(
    base_spread_bps: float,
    directory: Path,
    parameters: Mapping[str, Any] = {"max_daily_loss": 5000},
    limits: Mapping[str, Any] = {},
) -> Run:
    """Replay the session once; `parameters` of the strategy, `limits` of the engine."""
    state = StateDirectory.open(directory)
    venue = ReplayVenue(RECORDED_BTC, order_latency_ns=LATENCY_NS)
    settings = EngineSettings(quoting_venue=venue.name, hedge_venue=None, **limits)
    config = StrategyConfig.build(
        {
            "name": "replayed", "asset": "BTC", "enabled": True, "base_spread_bps": base_spread_bps,
            "quote_size": "0.05", "quote_layers": 3, "max_position": 2, "skew_factor": 1.0, **parameters,
        }
    )  # fmt: skip
    with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
        desk = Desk([venue], journal, state.emergency, settings, speed=float("inf"))
        desk.prepare([CreateStrategy(command_id="create", operator="benchmark", strategy_id="s", config=config)])
        wall, cpu = time.perf_counter(), time.process_time()
        await desk.start()
        while venue.next_time() is not None:  # noqa: ASYNC110 - its end is no event
            await asyncio.sleep(0.005)
        journal.flush(COMMIT_SECONDS)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        await desk.stop()
        return Run(wall, cpu, venue.messages_read, journal.last_seq, desk.strategy("s").trade_count)


def _measure(base_spread_bps: float) -> dict[str, Any]:
    runs = []
    for number in range(RUNS):
        with tempfile.TemporaryDirectory() as directory:
            run = asyncio.run(replay(base_spread_bps, Path(directory)))
        runs.append(run)
        progress(
            f"  {base_spread_bps} bps, run {number + 1} of {RUNS}: {run.messages / run.wall:,.0f} messages a second, "
            f"{run.messages / run.cpu:,.0f} a second of processor time"
        )
    by_wall = [run.messages / run.wall for run in runs]
    by_cpu = [run.messages / run.cpu for run in runs]
    return {
        "messages_per_second": {"best": round(max(by_wall)), "median": round(statistics.median(by_wall))},
        "messages_per_cpu_second": {"best": round(max(by_cpu)), "median": round(statistics.median(by_cpu))},
        "messages": runs[0].messages,
        "events": runs[0].events,
        "fills": runs[0].fills,
    }


def main() -> None:
    """Print how many messages go through in a second, at each spread."""
    if len(RECORDED_BTC) < 2:
        skip("replay", "the recorded session is absent")
        return
    pin_to_one_core()
    figures = {f"base_spread_{bps}_bps": _measure(bps) for bps in BASE_SPREADS_BPS}
    targets = [
        Target(f"{name}: messages a second on one core", figure["messages_per_second"]["best"], "at least", 30_000)
        for name, figure in figures.items()
    ]
    publish("replay", figures, targets)


if __name__ == "__main__":
    main()

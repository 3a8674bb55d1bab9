"""What the risk controls cost: the recorded session replayed with none of them and with all of them, in turns.

With all: the four breakers, hedging, the desk's daily loss, price collar, largest order, message rate, gross and net
exposure, and the fill throttle, with limits that nothing reaches, so that the same is traded. Without: the position
limit alone, which no strategy can do without.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from typing import Any

from tests.benchmarks.replay import Run, replay
from tests.benchmarks.report import RECORDED_BTC, Target, pin_to_one_core, progress, publish, skip

PAIRS = 5
BASE_SPREAD_BPS = 4
NONE: dict[str, Any] = {"circuit_breaker_enabled": False}
ALL: dict[str, Any] = {
    "max_daily_loss": 500_000, "max_hourly_loss": 500_000, "max_drawdown_percent": 90, "max_volatility_pause": True,
    "volatility_threshold": 90, "auto_hedge_enabled": True, "hedge_threshold": "1.9", "hedge_target": "1.8",
    "hedge_venue": "internal",
}  # fmt: skip
LIMITS: dict[str, Any] = {
    "max_desk_daily_loss": 10**6, "price_collar_bps": 500, "max_order_usd": 10**7, "max_orders_per_second": 10**6,
    "max_gross_exposure_usd": 10**9, "max_net_exposure_usd": 10**9, "max_fills_per_side": 10**6,
}  # fmt: skip


def _run(parameters: dict[str, Any], limits: dict[str, Any]) -> Run:
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(replay(BASE_SPREAD_BPS, Path(directory), parameters, limits))


def main() -> None:
    """Print the throughput without and with the controls, by processor time, and what they take of it."""
    if len(RECORDED_BTC) < 2:
        skip("checks", "the recorded session is absent")
        return
    pin_to_one_core()
    without, with_all = [], []
    for number in range(PAIRS):
        without.append(_run(NONE, {}))
        with_all.append(_run(ALL, LIMITS))
        share = 1 - without[-1].cpu / with_all[-1].cpu
        progress(f"  pair {number + 1} of {PAIRS}: the controls take {100 * share:.1f} % of the throughput")
    costs = [100 * (1 - a.cpu / b.cpu) for a, b in zip(without, with_all, strict=True)]
    figures = {
        name: {
            "messages_per_cpu_second": round(statistics.median(run.messages / run.cpu for run in runs)),
            "fills": runs[0].fills,
            "events": runs[0].events,
        }
        for name, runs in (("without", without), ("with_all", with_all))
    }
    cost = round(statistics.median(costs), 1)
    publish("checks", figures, [Target("throughput that the risk controls cost, %", cost, "at most", 25)])


if __name__ == "__main__":
    main()

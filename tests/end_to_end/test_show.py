"""`zenotc strategies show`, of a strategy that has traded and hedges."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from tests.waiting import eventually
from zenotc import ZenOTCClient

HEDGER = {
    "name": "hedger", "asset": "BTC", "base_spread_bps": 1, "min_spread_bps": 1, "quote_size": 1, "max_position": 10,
    "max_daily_loss": 5_000, "auto_hedge_enabled": True, "hedge_threshold": "0.01", "hedge_target": 0,
    "hedge_algo": "twap", "hedge_venue": "internal", "enabled": True,
}  # fmt: skip


async def test_it_prints_side_states_the_running_hedge_limits_and_metrics(
    engine_dir: Path, client: ZenOTCClient
) -> None:
    strategy_id = (await client.mm_strategy.create(**HEDGER)).id
    await eventually(lambda: client.mm_strategy.get(strategy_id), lambda strategy: strategy.hedge is not None, 60)
    # What it prints is of now: the hedge that runs may have ended meanwhile, and another begins with the next fill.
    shown = await eventually(lambda: show(engine_dir, strategy_id), hedging, 60)
    for line in (
        r"status +active",
        r"(buy|sell) side +\w+",
        r"unhedged +[\d.]+ BTC",
        r"daily_loss +-?[\d.]+ of 5000 USD \(\d+ %\)",
        r"position +[\d.]+ of 10 BTC \(\d+ %\)",
        r"total_pnl +-?[\d.]+",
        r"trade_count +[1-9]\d*",
        r"sharpe_ratio +",
        r"markout_bps +1: ",
        r"time_quoting_percent +[\d.]+",
    ):
        assert re.search(f"^  {line}", shown, re.MULTILINE), (line, shown)


def hedging(text: str) -> bool:
    return re.search(r"^  hedge +hedge twap (buy|sell) [\d.]+ of [\d.]+ BTC", text, re.MULTILINE) is not None


async def show(state_dir: Path, strategy_id: str) -> str:
    command = [sys.executable, "-m", "zenotc", "strategies", "show", strategy_id, "--state-dir", str(state_dir)]
    ran = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout

"""A gateway in front of a desk that is busy by design: so many strategies that change, so many events a second.

With none a second nothing moves at all.

`python -m tests.benchmarks.loaded_desk --state-dir DIR --strategies N --events N`; clients find it by its state
directory, as they find an engine. All strategies hold positions, so that with every move of the mid the PnL of each
one changes, and each event belongs to one of them.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.gateway.desk_double import DeskDouble
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.models.events import JournalledEvent
from zenotc.models.quotes import BookLevel, OrderBook, OwnOrder
from zenotc.models.status import EngineStatus, HistoryPoint
from zenotc.models.strategy import Strategy
from zenotc.models.wire import encode
from zenotc.runtime.state_directory import StateDirectory

__all__ = ["loaded_gateway", "name_of"]

ASSETS = {"BTC": Decimal(60_000), "ETH": Decimal(3_000), "SOL": Decimal(150)}
TICK, LOT = Decimal("0.01"), Decimal("0.001")
COMMITS_PER_SECOND = 20
BOOK_DEPTH = 50
CENT = Decimal("0.01")
READY_SECONDS = 20.0
# What a strategy's quotes come to, most of all amends that leave and nothing that fills.
KINDS = ("quote_sent",) * 12 + ("quote_cancelled",) * 4 + ("quote_filled", "position_changed", "pnl_update", "error")


def name_of(number: int) -> str:
    """Return the name of a strategy, which no other one's contains."""
    return f"Maker {number:03}"


class LoadedDesk(DeskDouble):
    """Moves its mids, marks every strategy, and commits events.

    Parameters
    ----------
    strategies
        How many.
    """

    def __init__(self, strategies: int) -> None:
        super().__init__(epoch=f"load-{os.getpid()}")
        self._chance = random.Random(1)
        self._mids = dict(ASSETS)
        self._base = time.time_ns()
        began = datetime.now(UTC)
        for number, asset in zip(range(strategies), itertools.cycle(ASSETS), strict=False):
            self.held[f"mm_{number}"] = Strategy(
                id=f"mm_{number}", name=name_of(number), asset=asset, base_spread_bps=10, quote_size=Decimal("0.5"),
                quote_layers=3, max_position=Decimal(10), max_daily_loss=Decimal(5000), status="active",
                current_position=LOT * self._chance.randrange(100, 5000), average_price=ASSETS[asset],
                spread_bps=10.0, sides={"buy": "quoting", "sell": "quoting"}, open_orders=6,
                created_at=began + timedelta(milliseconds=number), updated_at=began,
            )  # fmt: skip
        self._in_turn = itertools.cycle(self.held)

    def move(self) -> None:
        """Let every mid move, and every strategy be worth something else."""
        for asset, mid in self._mids.items():
            self._mids[asset] = mid + TICK * self._chance.choice((-3, -2, -1, 1, 2, 3))
        for strategy in list(self.held.values()):
            mid = self._mids[strategy.asset]
            unrealized = strategy.current_position * (mid - ASSETS[strategy.asset])
            total = strategy.realized_pnl + unrealized
            self.change(strategy.id, mid=mid, unrealized_pnl=unrealized, total_pnl=total, daily_pnl=total)

    def commit_events(self, count: int) -> None:
        """Journal so many events, of one strategy after the other, and tell the listeners."""
        now = datetime.now(UTC)
        added = [self._event(self.last_seq + 1 + index, now) for index in range(count)]
        self.journal += added
        for listener in list(self._listeners):
            listener(added)

    def _event(self, seq: int, now: datetime) -> JournalledEvent:
        strategy_id = next(self._in_turn)
        strategy = self.held[strategy_id]
        kind = self._chance.choice(KINDS)
        body = {
            "type": kind, "seq": seq, "timestamp": now, "strategyId": strategy_id, "asset": strategy.asset,
            **self._details(kind, strategy, seq),
        }  # fmt: skip
        return JournalledEvent(seq, strategy_id, encode(body))

    def _details(self, kind: str, strategy: Strategy, seq: int) -> dict[str, Any]:
        """Return the fields of a kind of event, and count a fill."""
        price = self._mids[strategy.asset] + TICK * self._chance.randrange(-500, 500)
        quote = {
            "orderId": f"load-{seq}", "side": self._chance.choice(("buy", "sell")), "price": price,
            "quantity": strategy.quote_size,
        }  # fmt: skip
        match kind:
            case "quote_sent":
                return {**quote, "layer": 1, "reason": "amended"}
            case "quote_cancelled":
                return {**quote, "layer": 1, "reason": "mid_moved"}
            case "quote_filled":
                self.change(strategy.id, trade_count=strategy.trade_count + 1, fees=strategy.fees + CENT)
                return {**quote, "tradeId": str(seq), "fee": CENT, "venue": "sandbox", "remaining": Decimal(0)}
            case "position_changed":
                position = strategy.current_position + LOT * self._chance.choice((-1, 1))
                self.change(strategy.id, current_position=position)
                return {
                    "oldPosition": strategy.current_position, "newPosition": position,
                    "averagePrice": strategy.average_price,
                }  # fmt: skip
            case "pnl_update":
                return {
                    "dailyPnl": strategy.daily_pnl, "totalPnl": strategy.total_pnl,
                    "realizedPnl": strategy.realized_pnl, "unrealizedPnl": strategy.unrealized_pnl,
                }  # fmt: skip
        return {"reason": f"REJECTED: order=load-{seq}", "code": "REJECTED"}

    def order_book(self, asset: str, depth: int) -> OrderBook:
        """Return a book around the mid, in which every level has another size at each mid."""
        mid = self._mids[asset]
        return OrderBook(
            asset=asset, venue="sandbox", bids=self._levels(mid, -1, depth), asks=self._levels(mid, 1, depth), mid=mid,
            tick_size=TICK, lot_size=LOT, usable=True, reason=None, data_age_seconds=0.01,
            timestamp=datetime.now(UTC),
        )  # fmt: skip

    def _levels(self, mid: Decimal, sign: int, depth: int) -> list[BookLevel]:
        chance = random.Random(int(mid / TICK))
        own = OwnOrder(order_id="own", strategy_id="mm_0", remaining=LOT, state="resting", placed_at=datetime.now(UTC))
        return [
            BookLevel(
                price=mid + sign * TICK * index, quantity=LOT * chance.randrange(100, 9000),
                own_quantity=LOT if index in (3, 9) else Decimal(0), own_orders=[own] if index in (3, 9) else [],
            )
            for index in range(1, min(depth, BOOK_DEPTH) + 1)
        ]  # fmt: skip

    def status(self) -> EngineStatus:
        """Return the sums, at the present time."""
        held = self.held.values()
        total = sum((strategy.total_pnl for strategy in held), Decimal(0))
        return super().status().model_copy(
            update={
                "assets": list(ASSETS), "daily_pnl": total, "total_pnl": total, "trading_time": datetime.now(UTC),
                "open_orders": sum(strategy.open_orders for strategy in held),
            }
        )  # fmt: skip

    async def history(
        self, strategy_id: str, *, start: datetime | None, end: datetime | None, resolution_seconds: float | None
    ) -> list[HistoryPoint]:
        """Return half an hour of points, 5 s apart."""
        now = datetime.now(UTC)
        return [
            HistoryPoint(
                timestamp=now - timedelta(seconds=5 * age), equity=Decimal(10**6), position=Decimal(1),
                daily_pnl=Decimal(age % 50), total_pnl=Decimal(age % 50), spread_bps=10.0, sigma=0.5,
            )
            for age in range(360, 0, -1)
        ]  # fmt: skip


async def _load(desk: LoadedDesk, events_per_second: int) -> None:
    """Commit at a steady rate, whatever the machine does in between."""
    loop = asyncio.get_running_loop()
    began, committed = loop.time(), 0
    for tick in itertools.count(1):
        await asyncio.sleep(max(0.0, began + tick / COMMITS_PER_SECOND - loop.time()))
        due = tick * events_per_second // COMMITS_PER_SECOND
        desk.commit_events(due - committed)
        committed = due
        if tick % (COMMITS_PER_SECOND // 5) == 0:
            desk.move()


async def _serve(state_dir: Path, strategies: int, events_per_second: int) -> None:
    state = StateDirectory.open(state_dir)
    desk = LoadedDesk(strategies)
    gateway = GatewayServer(create_app(desk, state.keys()))
    await gateway.start()
    state.publish(url=gateway.url, environment="sandbox", epoch=desk.epoch)
    load = asyncio.create_task(_load(desk, events_per_second) if events_per_second else asyncio.Event().wait())
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, load.cancel)
    await asyncio.wait([load])
    await gateway.stop()


@contextmanager
def loaded_gateway(state_dir: Path, *, strategies: int, events_per_second: int) -> Iterator[str]:
    """Run it in a process of its own, with a key in the state directory, and yield its address."""
    command: Sequence[str] = (
        sys.executable, "-m", "tests.benchmarks.loaded_desk", "--state-dir", str(state_dir),
        "--strategies", str(strategies), "--events", str(events_per_second),
    )  # fmt: skip
    process = subprocess.Popen(command)
    try:
        ends = time.monotonic() + READY_SECONDS
        while not (state_dir / "engine.json").exists():
            if process.poll() is not None or time.monotonic() > ends:
                raise TimeoutError("the loaded gateway did not start")
            time.sleep(0.05)
        yield json.loads((state_dir / "engine.json").read_text())["url"]
    finally:
        process.terminate()
        process.wait(READY_SECONDS)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.loaded_desk", description=__doc__)
    parser.add_argument("--state-dir", type=Path, required=True)
    parser.add_argument("--strategies", type=int, default=200)
    parser.add_argument("--events", type=int, default=2000, help="a second")
    options = parser.parse_args()
    asyncio.run(_serve(options.state_dir, options.strategies, options.events))


if __name__ == "__main__":
    main()

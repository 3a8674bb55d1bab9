"""How long the emergency stop takes until nothing rests: 100 active strategies of 6 orders, links of 5 ms.

A desk on the sandbox exchange and its hedge venue, both with flow, runs on the wall clock. A hundred strategies of
three layers quote on three assets. Each run stops everything and takes the time from the request to the answer, which
comes once every venue has listed no open order; then the exchange's own account is looked at. After that the stop is
cleared and everything is started again. First the desk is asked directly, then through the client and the gateway
over a real socket; client, gateway and desk share one process and one event loop there.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Target, percentile, progress, publish
from zenotc import ZenOTCClient
from zenotc.gateway.application import create_app
from zenotc.gateway.server import GatewayServer
from zenotc.journal import Journal
from zenotc.models.commands import ClearEmergencyStop, CreateStrategy, EmergencyStopAll, StartStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.settings import EngineSettings
from zenotc.models.strategy import EmergencyStopResult
from zenotc.runtime.desk import Desk
from zenotc.runtime.garbage import keep_pauses_short
from zenotc.runtime.state_directory import StateDirectory
from zenotc.venues.sandbox import SandboxExchange, demo_venues

STRATEGIES = 100
ORDERS = 6 * STRATEGIES
LATENCY_NS = 5_000_000
RUNS = 200
RESTART_SECONDS = 30.0
SIZES = {"BTC": ("0.01", 1), "ETH": ("0.1", 10), "SOL": ("1", 100)}
"""By asset: quote size and largest position of one strategy, base units."""

Stop = Callable[[], Awaitable[EmergencyStopResult]]


def _creations() -> list[CreateStrategy]:
    """The strategies quote far from the mid, so that what rests stays."""
    assets = itertools.cycle(SIZES.items())
    return [
        CreateStrategy(
            command_id=f"create-{number}",
            operator="benchmark",
            strategy_id=f"s{number}",
            config=StrategyConfig.build(
                {
                    "name": f"Maker {number}", "asset": asset, "enabled": True, "base_spread_bps": 200,
                    "requote_threshold_bps": 5, "quote_size": size, "quote_layers": 3, "max_position": limit,
                }
            ),
        )
        for number, (asset, (size, limit)) in zip(range(STRATEGIES), assets, strict=False)
    ]  # fmt: skip


class Bench:
    """A desk whose strategies all quote.

    Parameters
    ----------
    desk
        The desk.
    exchanges
        Its venues, whose accounts are the proof.
    """

    def __init__(self, desk: Desk, exchanges: tuple[SandboxExchange, ...]) -> None:
        self.desk = desk
        self._exchanges = exchanges
        self._numbers = itertools.count()

    @property
    def resting(self) -> int:
        """How many of our orders rest at the exchanges."""
        return sum(len(exchange.account.open_orders) for exchange in self._exchanges)

    def command(self) -> dict[str, str]:
        """Return what every command has."""
        return {"command_id": f"c{next(self._numbers)}", "operator": "benchmark"}

    async def ask_desk(self) -> EmergencyStopResult:
        """Ask the desk to stop everything."""
        result: EmergencyStopResult = await self.desk.execute(EmergencyStopAll(**self.command()))
        return result

    async def until_all_quote(self) -> None:
        """Wait until every order rests and is known to."""
        async with asyncio.timeout(RESTART_SECONDS):
            while not self._all_quote():  # noqa: ASYNC110 - no event says it
                await asyncio.sleep(0.01)

    def _all_quote(self) -> bool:
        orders = self.desk.engine.state.orders.values()
        return self.resting >= ORDERS and all(order.state == "resting" for order in orders)

    async def start_all(self) -> None:
        """Clear the stop and start every strategy."""
        await self.desk.execute(ClearEmergencyStop(**self.command()))
        await asyncio.gather(
            *(
                self.desk.execute(StartStrategy(strategy_id=strategy.id, **self.command()))
                for strategy in self.desk.strategies(status="stopped")
            )
        )
        await self.until_all_quote()

    async def measure(self, stop: Stop, name: str) -> dict[str, Any]:
        """Stop everything again and again; return the milliseconds that it took, and those of the processor in it."""
        took, worked = [], []
        for run in range(RUNS):
            started, cpu = time.perf_counter(), time.process_time()
            result = await stop()
            took.append((time.perf_counter() - started) * 1e3)
            worked.append((time.process_time() - cpu) * 1e3)
            assert result.confirmed and all(result.venues.values()), "the venues did not confirm it"
            assert self.resting == 0, f"{self.resting} orders rest after the proof"
            await self.start_all()
            if run % 20 == 19:
                progress(f"  {name}: run {run + 1} of {RUNS}, p50 so far {percentile(took, 50):.1f} ms")
        return {
            **{f"p{percent}_ms": round(percentile(took, percent), 1) for percent in (50, 99, 100)},
            **{f"processor_p{percent}_ms": round(percentile(worked, percent), 1) for percent in (50, 99)},
        }


@asynccontextmanager
async def quoting_desk(directory: Path) -> AsyncIterator[tuple[Bench, str, StateDirectory]]:
    """Run the desk and its gateway; yield it with the gateway's address and its keys, once every order rests."""
    state = StateDirectory.open(directory)
    venues = demo_venues(1, time.time_ns(), LATENCY_NS)
    settings = EngineSettings(quoting_venue=venues[0].name, hedge_venue=venues[1].name)
    with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
        desk = Desk(venues, journal, state.emergency, settings)
        desk.prepare(_creations())
        bench = Bench(desk, venues)
        gateway = GatewayServer(create_app(desk, state.keys()))
        await gateway.start()
        collector = asyncio.create_task(keep_pauses_short())  # as `serve` does
        await desk.start()
        await bench.until_all_quote()
        try:
            yield bench, gateway.url, state
        finally:
            await desk.stop()
            await gateway.stop()
            collector.cancel()


async def measure(directory: Path) -> dict[str, dict[str, Any]]:
    """Measure the stop from both places."""
    async with quoting_desk(directory) as (bench, url, state):
        figures = {"desk": await bench.measure(bench.ask_desk, "desk")}
        api_key, api_secret = state.provide_credentials("sandbox")
        async with ZenOTCClient(api_key, api_secret, base_url=url) as client:
            figures["client"] = await bench.measure(client.mm_strategy.emergency_stop_all, "client")
    return figures


def main() -> None:
    """Print the milliseconds from the request to the proof."""
    with tempfile.TemporaryDirectory() as directory:
        figures = asyncio.run(measure(Path(directory)))
    targets = [
        Target(f"asked through the {name}: ms to proof, p99 of {RUNS} runs", figure["p99_ms"], "at most", 250)
        for name, figure in figures.items()
    ]
    publish("emergency_stop", {"strategies": STRATEGIES, "orders": ORDERS, "runs": RUNS, **figures}, targets)


if __name__ == "__main__":
    main()

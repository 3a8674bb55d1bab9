"""How long a book update takes to reach the venue as orders, with fifty strategies on one market and everything on.

A venue that accepts everything moves its mid by one tick every `UPDATE_NS`. The strategies, three layers each, with
all four breakers, hedging and every desk limit, have begun at staggered mids and requote when the mid has moved by ten
ticks: each update makes a tenth of them requote. The clock stands for each update from the moment at which the venue
tells of it until the last order that it led to has reached the venue, the commit of the journal included. In a second
run every strategy requotes on every update.
"""

from __future__ import annotations

import asyncio
import heapq
import tempfile
import time
from collections.abc import Collection, Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.benchmarks.report import Target, percentile, progress, publish
from zenotc.journal import Journal
from zenotc.models.commands import CreateStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import Book, Instrument
from zenotc.models.orders import (
    Amend,
    Balances,
    Cancel,
    CancelAll,
    CancelledAll,
    Fill,
    FillHistory,
    OpenOrders,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    Place,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
    Report,
    Request,
)
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.garbage import keep_pauses_short
from zenotc.runtime.state_directory import StateDirectory
from zenotc.venues.venue import VenueSink

STRATEGIES = 50
GROUPS = 10
_IN_GROUP = STRATEGIES // GROUPS
UPDATES = 600
WARM_UP = 100
UPDATE_NS = 20_000_000
HEARTBEAT_NS = 1_000_000_000
SAMPLES_SECONDS = 32
"""Until the volatility breaker can see: before that nothing is quoted."""

ANSWER_NS = 1_000_000
MID_TICKS = 500_000
INSTRUMENT = Instrument("steady", "BTC", "BTC-USD", Decimal("0.1"), Decimal("0.001"))


class SteadyVenue:
    """A market that rises by a tick with every update, and accepts whatever is asked."""

    name = "steady"

    def __init__(self, start_ns: int) -> None:
        self.instruments = {"BTC": INSTRUMENT}
        self.book = Book(INSTRUMENT, includes_own_orders=False)
        self.updates = 0
        self.told_ns = 0
        self.last_order_ns = 0
        self.requests: list[int] = []
        self.latencies_ms: list[float] = []
        self.decided_ms: list[float] = []
        self._sink: VenueSink
        self._update_ns = start_ns
        self._heartbeat_ns = start_ns
        self._answers: list[tuple[int, int, Report]] = []
        self._sent = 0
        self._allowed = 1

    def restore(self, fills: Iterable[Fill]) -> None:
        """Nothing has ever traded here."""

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Tell the sink everything."""
        self._sink = sink

    def send(self, request: Request, now_ns: int) -> None:
        """Accept it, and answer a little later."""
        if isinstance(request, Place | Amend):
            self.last_order_ns = time.perf_counter_ns()
            self._sent += 1
        report = _answer(request)
        if report is not None:
            heapq.heappush(self._answers, (now_ns + ANSWER_NS, id(report), report))

    def allow(self, updates: int) -> None:
        """Let so many updates happen, the first of them soon."""
        self._allowed = updates
        self._update_ns = max(self._update_ns, time.time_ns() + UPDATE_NS)

    def next_time(self) -> int | None:
        """Return when the next update or answer is due."""
        times = [self._heartbeat_ns]
        times += [self._update_ns] if self.updates < self._allowed else []
        return min([*times, *(answer[0] for answer in self._answers[:1])], default=None)

    def advance(self, now_ns: int) -> None:
        """Tell what is due."""
        while self._answers and self._answers[0][0] <= now_ns:
            self._sink.on_report(heapq.heappop(self._answers)[2], now_ns)
        if self._heartbeat_ns <= now_ns:
            self._heartbeat_ns += HEARTBEAT_NS
            self._sink.on_heartbeat(self.name, now_ns)
        if self._update_ns <= now_ns and self.updates < self._allowed:
            self._note()
            bid = MID_TICKS + self.updates
            self.book.update([(bid - 1, 0), (bid, 10_000)], [(bid + 1, 0), (bid + 2, 10_000)])
            self.updates += 1
            self._update_ns += UPDATE_NS
            self.told_ns = time.perf_counter_ns()
            self._sink.on_book(self.book, now_ns)
            self.decided_ms.append((time.perf_counter_ns() - self.told_ns) / 1e6)

    def _note(self) -> None:
        """Take down how long the update before this one took to become orders."""
        if self.updates > WARM_UP and self.last_order_ns > self.told_ns:
            self.latencies_ms.append((self.last_order_ns - self.told_ns) / 1e6)
            self.requests.append(self._sent)
        self._sent = 0


def _answer(request: Request) -> Report | None:
    match request:
        case Place(venue, asset, client_order_id):
            return OrderAccepted(venue, asset, client_order_id, client_order_id)
        case Amend(venue, asset, client_order_id, price_ticks, quantity_lots):
            return OrderAmended(venue, asset, client_order_id, price_ticks, quantity_lots)
        case Cancel(venue, asset, client_order_id):
            return OrderCancelled(venue, asset, client_order_id, 0, "requested")
        case CancelAll(venue, request_id):
            return CancelledAll(venue, request_id)
        case QueryOpenOrders(venue, request_id):
            return OpenOrders(venue, request_id, ())
        case QueryFills(venue, request_id):
            return FillHistory(venue, request_id, ())
        case QueryPositions(venue, request_id):
            return Positions(venue, request_id, ())
        case QueryBalances(venue, request_id):
            return Balances(venue, request_id, Decimal(10**9))
    return None


def _creation(number: int, threshold_ticks: float) -> CreateStrategy:
    config = StrategyConfig.build(
        {
            "name": f"maker {number}", "asset": "BTC", "enabled": True, "base_spread_bps": 4, "quote_size": "0.1",
            "quote_layers": 3, "max_position": 2, "skew_factor": 1.0, "spread_model": "inventory",
            "requote_threshold_bps": threshold_ticks / MID_TICKS * 1e4, "quote_refresh_seconds": 3_600,
            "max_daily_loss": 5_000, "max_hourly_loss": 2_000, "max_drawdown_percent": 5,
            "max_volatility_pause": True, "volatility_threshold": 50,
            "auto_hedge_enabled": True, "hedge_threshold": 1, "hedge_target": "0.5", "hedge_venue": "internal",
        }
    )  # fmt: skip
    return CreateStrategy(command_id=f"create-{number}", operator="benchmark", strategy_id=f"s{number}", config=config)


async def _run(threshold_ticks: float, directory: Path) -> dict[str, Any]:
    state = StateDirectory.open(directory)
    venue = SteadyVenue(time.time_ns())
    settings = EngineSettings(
        quoting_venue=venue.name, hedge_venue=None, max_desk_daily_loss=Decimal(10**6), price_collar_bps=100,
        max_order_usd=Decimal(10**6), max_orders_per_second=10**6, max_gross_exposure_usd=Decimal(10**9),
        max_net_exposure_usd=Decimal(10**9), max_fills_per_side=1_000,
    )  # fmt: skip
    with Journal.open(state.journal, now_ns=time.time_ns()) as journal:
        desk = Desk([venue], journal, state.emergency, settings)
        collecting = asyncio.create_task(keep_pauses_short())
        await desk.start()
        await asyncio.sleep(SAMPLES_SECONDS)
        for group in range(GROUPS):
            venue.allow(group + 1)
            while venue.updates <= group:  # noqa: ASYNC110 - the benchmark's own venue counts, nothing tells
                await asyncio.sleep(0.002)
            for number in range(group * _IN_GROUP, (group + 1) * _IN_GROUP):
                await desk.execute(_creation(number, threshold_ticks))
        venue.allow(UPDATES)
        while venue.updates < UPDATES:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.05)
        await desk.stop()
        collecting.cancel()
    return {
        "latency_ms": {
            "p50": round(percentile(venue.latencies_ms, 50), 3),
            "p99": round(percentile(venue.latencies_ms, 99), 3),
            "max": round(max(venue.latencies_ms), 3),
        },
        "decided_ms": {"p50": round(percentile(venue.decided_ms, 50), 3)},
        "orders_per_update": {"median": percentile(venue.requests, 50), "most": max(venue.requests)},
        "updates": len(venue.latencies_ms),
    }


def _measure(what: str, threshold_ticks: float) -> dict[str, Any]:
    progress(f"  {what}")
    with tempfile.TemporaryDirectory() as directory:
        return asyncio.run(_run(threshold_ticks, Path(directory)))


def main() -> None:
    """Print the latencies."""
    tenth = _measure("a tenth of the strategies requotes", GROUPS - 0.5)
    everybody = _measure("every strategy requotes", 0.5)
    targets = [
        Target("book update to last order sent, p50 ms", tenth["latency_ms"]["p50"], "at most", 3),
        Target("book update to last order sent, p99 ms", tenth["latency_ms"]["p99"], "at most", 10),
    ]
    publish("many_strategies", {"a_tenth_requotes": tenth, "all_requote": everybody}, targets)


if __name__ == "__main__":
    main()

"""A desk on a real journal and a quiet sandbox exchange: BTC 60,000.0 / 60,000.5, where only the desk acts."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

from tests.waiting import until
from zenotc.journal import Journal
from zenotc.models.commands import CreateStrategy
from zenotc.models.configuration import StrategyConfig
from zenotc.models.orders import Amend, Cancel, CancelAll, Place, QueryOpenOrders, QueryOrder, Report, Request
from zenotc.models.settings import EngineSettings
from zenotc.runtime.desk import Desk
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.venues.sandbox import SandboxExchange, quiet_market
from zenotc.venues.venue import SimulatedVenue, VenueSink

SECOND = 1_000_000_000
START = 1_700_000_000 * SECOND
VENUE = "sandbox"
SETTINGS = EngineSettings(
    quoting_venue=VENUE, hedge_venue=None, command_deadline_seconds=0.3, acknowledge_within_seconds=0.1
)
ENTRIES = (Place, Amend)
CANCELS = (Cancel, CancelAll, QueryOrder, QueryOpenOrders)
_ids = count(1)


class Link:
    """The way from the exchange to the sink; `loses` says which reports get lost on it."""

    def __init__(self, sink: VenueSink) -> None:
        self.loses: Callable[[Report], bool] = lambda _: False
        self._sink = sink

    def on_report(self, report: Report, now_ns: int) -> None:
        if not self.loses(report):
            self._sink.on_report(report, now_ns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sink, name)


class WatchedExchange(SandboxExchange):
    """A quiet exchange that remembers what has reached its link, and may lose things on it.

    Parameters
    ----------
    journal
        Looked into at each request, by a connection of its own: what is there then is on disk.
    """

    def __init__(self, journal: Path, *, start_ns: int = START, latency_ns: int = 5_000_000) -> None:
        super().__init__(
            VENUE, markets=[quiet_market("BTC", 120_000, 120_001, 10_000)], start_ns=start_ns, latency_ns=latency_ns
        )
        self.sent: list[Request] = []
        self.not_on_disk: list[Request] = []
        self.swallows: Callable[[Request], bool] = lambda _: False
        self._journal = journal

    def subscribe(self, assets: Iterable[str], sink: VenueSink) -> None:
        self.link = Link(sink)
        super().subscribe(list(assets), self.link)

    def send(self, request: Request, now_ns: int) -> None:
        self.sent.append(request)
        if isinstance(request, Place | Amend) and not written(self._journal, request):
            self.not_on_disk.append(request)
        if not self.swallows(request):
            super().send(request, now_ns)

    @property
    def open_ids(self) -> list[str]:
        return sorted(order.client_order_id for order in self.account.open_orders)

    def count(self, *kinds: type[Request]) -> int:
        return sum(isinstance(request, kinds) for request in self.sent)


def written(journal: Path, request: Place | Amend) -> bool:
    """Whether another process would find the order in the file now."""
    query = "SELECT count(*) FROM orders WHERE client_order_id = ?"
    if isinstance(request, Amend):
        query = "SELECT count(*) FROM order_states WHERE client_order_id = ? AND state = 'amending'"
    return bool(look(journal, query, request.client_order_id))


def look(journal: Path, query: str, *arguments: object) -> int:
    """Return a number from the file, as another process finds it now."""
    connection = sqlite3.connect(f"file:{journal}?mode=ro", uri=True)
    try:
        return int(connection.execute(query, arguments).fetchone()[0])
    finally:
        connection.close()


@asynccontextmanager
async def running(
    folder: Path,
    *venues: SimulatedVenue,
    settings: EngineSettings = SETTINGS,
    speed: float = 1.0,
    prepared: Iterable[CreateStrategy] = (),
) -> AsyncIterator[Desk]:
    """Run a desk until the block ends; its journal and its latch are in the folder."""
    with Journal.open(folder / "journal.db", now_ns=START) as journal:
        desk = Desk(venues, journal, EmergencyLatch(folder / "latch"), settings, speed=speed)
        desk.prepare(prepared)
        await desk.start()
        try:
            await until(lambda: desk.status().ready)
            yield desk
        finally:
            await desk.stop()


def new(strategy_id: str = "s1", **parameters: Any) -> CreateStrategy:
    """Return the command to create an active strategy: 10 bps wide, 0.1 BTC a side, at most 1 BTC."""
    values = {
        "name": strategy_id,
        "asset": "BTC",
        "enabled": True,
        "base_spread_bps": 10,
        "quote_size": Decimal("0.1"),
        "max_position": 1,
        "quote_refresh_seconds": 0.2,
    }
    config = StrategyConfig.build(values | parameters)
    return CreateStrategy(**head(), strategy_id=strategy_id, config=config)


def head() -> dict[str, str]:
    """Return what every command begins with."""
    return {"command_id": f"c{next(_ids)}", "operator": "tester"}

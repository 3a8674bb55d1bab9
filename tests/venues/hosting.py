"""The sandbox exchange hosted in the test's own loop, a client with a listener, and a faulty link between them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

from tests.venues.faulty_link import FaultyLink
from tests.venues.listener import Listener
from tests.waiting import until
from zenotc.models.market import BUY, SELL, Side
from zenotc.models.orders import Fill, FillHistory, OpenOrder, OpenOrders, Place, QueryFills, QueryOpenOrders, Request
from zenotc.sandbox_exchange import SandboxHost
from zenotc.venues.remote import RemoteVenue
from zenotc.venues.sandbox import SandboxExchange, quiet_market
from zenotc.venues.sandbox.account_file import AccountFile

BID, ASK = 120_000, 120_001
T = TypeVar("T")


class Bench:
    """A quiet exchange, BTC 60,000.0 / 60,000.5, and a client that reaches it through a faulty link."""

    def __init__(self, exchange: SandboxExchange, host: SandboxHost, link: FaultyLink, silence_seconds: float) -> None:
        self.exchange = exchange
        self.host = host
        self.link = link
        self.listener = Listener()
        self.venue: RemoteVenue
        self._silence_seconds = silence_seconds
        self._asked = 0

    async def connect(self, *, directly: bool = False) -> RemoteVenue:
        """Return a client."""
        address = self.host.addresses["sandbox"]
        url = address.url if directly else self.link.url
        return await RemoteVenue.connect(
            "sandbox", url, address.key, address.secret, silence_seconds=self._silence_seconds, timeout=5
        )

    def send(self, *requests: Request) -> None:
        """Send requests."""
        for request in requests:
            self.venue.send(request, time.time_ns())

    def others(self, side: Side, price_ticks: int, lots: int) -> None:
        """Let somebody else trade."""
        self.exchange.send_for_others("BTC", side, price_ticks, lots, time.time_ns())
        self.host.wake()

    async def hears(self, kind: type[T], count: int = 1) -> list[T]:
        """Wait until so many of a kind have been heard, and return them."""
        await until(lambda: len(self.listener.of(kind)) >= count)
        return self.listener.of(kind)

    @property
    def links(self) -> list[str]:
        """What was heard of the connection."""
        return [what for what in self.listener.of(str) if what.endswith(("up", "down"))]

    async def reconnected(self, times: int) -> None:
        """Wait until the link is there again, after so many losses."""
        await until(lambda: self.venue.connected and self.links.count("sandbox up") > times, 10)

    async def open_orders(self) -> list[OpenOrder]:
        """Ask the venue for what is open."""
        self._asked += 1
        self.send(QueryOpenOrders("sandbox", f"o{self._asked}"))
        await until(lambda: any(o.request_id == f"o{self._asked}" for o in self.listener.of(OpenOrders)))
        return list(self.listener.of(OpenOrders)[-1].orders)

    async def fills(self, after: str | None = None) -> list[Fill]:
        """Ask the venue for its fills."""
        self._asked += 1
        self.send(QueryFills("sandbox", f"f{self._asked}", after))
        await until(lambda: any(o.request_id == f"f{self._asked}" for o in self.listener.of(FillHistory)))
        return list(self.listener.of(FillHistory)[-1].fills)

    @property
    def book(self) -> tuple[object, ...]:
        """The book as the client heard it last: asset, bids, asks."""
        books = [what for _, what in self.listener.heard if type(what) is tuple]
        return books[-1] if books else ()

    async def book_is_right(self) -> None:
        """Wait until the client's book is the exchange's."""
        book = self.exchange._listings["BTC"].book
        await until(lambda: self.book == ("BTC", tuple(book.levels(BUY)), tuple(book.levels(SELL))))


def place(name: str, side: Side = BUY, price_ticks: int = BID - 1, lots: int = 5) -> Place:
    """Return an order that rests."""
    return Place("sandbox", "BTC", name, side, price_ticks, lots, post_only=True)


@contextlib.asynccontextmanager
async def hosting(
    folder: Path, *, latency_ns: int = 1_000_000, silence_seconds: float = 3.0, run: bool = True
) -> AsyncIterator[Bench]:
    """Host a quiet exchange and connect to it; with `run`, the client's link is up."""
    start_ns = time.time_ns()
    market = quiet_market("BTC", BID, ASK, 1000)
    exchange = SandboxExchange(markets=[market], latency_ns=latency_ns, start_ns=start_ns)
    async with contextlib.AsyncExitStack() as at_end:
        file = at_end.enter_context(contextlib.closing(AccountFile(folder / "exchange.db")))
        host = SandboxHost([exchange], start_ns, file, host="127.0.0.1", port=0)
        await host.start()
        at_end.push_async_callback(_end, asyncio.create_task(host.run()))
        link = FaultyLink(host.addresses["sandbox"].url)
        await link.start()
        at_end.push_async_callback(link.stop)
        bench = Bench(exchange, host, link, silence_seconds)
        bench.venue = await bench.connect()
        bench.venue.subscribe(["BTC"], bench.listener)
        if run:
            at_end.push_async_callback(_end, asyncio.create_task(bench.venue.run()))
            await until(lambda: bench.venue.connected and bool(bench.book))
        yield bench


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

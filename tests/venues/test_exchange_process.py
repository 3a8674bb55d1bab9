"""`zenotc sandbox-exchange` as an engine and a person meet it: a process that can be killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.venues.exchange_process import exchange, start_exchange, venues
from tests.venues.listener import Listener
from tests.waiting import until
from zenotc.models.market import BUY
from zenotc.models.orders import (
    Balances,
    Fill,
    FillHistory,
    OpenOrders,
    OrderAccepted,
    OrderNotFound,
    Place,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
    Request,
)
from zenotc.venues.remote import RemoteVenue


class Trader:
    """A client of one venue of an exchange process."""

    def __init__(self, venue: RemoteVenue) -> None:
        self.venue = venue
        self.listener = Listener()
        venue.subscribe(["BTC"], self.listener)

    def send(self, request: Request) -> None:
        self.venue.send(request, time.time_ns())

    def buy(self, name: str, *, price_ticks: int, lots: int, ioc: bool) -> None:
        self.send(Place("sandbox", "BTC", name, BUY, price_ticks, lots, "IOC" if ioc else "GTC"))

    async def account(self) -> tuple[tuple[Fill, ...], Positions, Balances, OpenOrders]:
        """Ask for everything that the account has."""
        for kind in (FillHistory, Positions, Balances, OpenOrders):
            self.listener.heard = [one for one in self.listener.heard if not isinstance(one[1], kind)]
        self.send(QueryFills("sandbox", "a"))
        self.send(QueryPositions("sandbox", "a"))
        self.send(QueryBalances("sandbox", "a"))
        self.send(QueryOpenOrders("sandbox", "a"))
        await until(lambda: bool(self.listener.of(OpenOrders)), 10)
        (history,), (positions,) = self.listener.of(FillHistory), self.listener.of(Positions)
        return history.fills, positions, self.listener.of(Balances)[0], self.listener.of(OpenOrders)[0]

    @property
    def ups(self) -> int:
        return self.listener.of(str).count("sandbox up")


@contextlib.asynccontextmanager
async def trading(state_dir: Path) -> AsyncIterator[Trader]:
    address = venues(state_dir)["sandbox"]
    trader = Trader(await RemoteVenue.connect("sandbox", address.url, address.key, address.secret))
    running = asyncio.create_task(trader.venue.run())
    try:
        await until(lambda: trader.ups > 0, 10)
        yield trader
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


async def test_the_account_survives_a_kill_and_the_orders_do_not(tmp_path: Path) -> None:
    first = await asyncio.to_thread(start_exchange, tmp_path)
    port = str(urlsplit(venues(tmp_path)["sandbox"].url).port)
    async with trading(tmp_path) as trader:
        trader.buy("rests", price_ticks=1, lots=10, ioc=False)
        trader.buy("takes", price_ticks=1_000_000, lots=10, ioc=True)
        await until(lambda: len(trader.listener.of(OrderAccepted)) == 2, 10)
        fills, positions, balances, opened = await trader.account()
        assert sum(fill.quantity_lots for fill in fills) == 10
        assert [order.client_order_id for order in opened.orders] == ["rests"]

        first.kill()
        first.communicate()
        await until(lambda: not trader.venue.connected)
        with exchange(tmp_path, "--port", port):
            await until(lambda: trader.ups == 2, 20)
            again = await trader.account()
            assert again[:3] == (fills, positions, balances)
            assert again[3].orders == ()
            trader.send(QueryOrder("sandbox", "BTC", "takes", "fills"))
            trader.send(QueryOrder("sandbox", "BTC", "rests", "gone"))
            await until(lambda: any(report.request_id == "gone" for report in trader.listener.of(OrderNotFound)))
            assert trader.listener.of(FillHistory)[-1] == FillHistory("sandbox", "fills", fills)

            trader.buy("later", price_ticks=1_000_000, lots=1, ioc=True)
            await until(lambda: len(trader.listener.of(OrderAccepted)) == 3, 10)
            later, *_ = await trader.account()
            assert later[: len(fills)] == fills
            assert len({fill.trade_id for fill in later}) == len(later) > len(fills)


async def test_fills_that_were_heard_are_there_after_a_kill_at_any_time(tmp_path: Path) -> None:
    heard: dict[str, Fill] = {}
    for round_ in range(3):
        process = await asyncio.to_thread(start_exchange, tmp_path)
        async with trading(tmp_path) as trader:
            for number in range(30):
                trader.buy(f"{round_}-{number}", price_ticks=1_000_000, lots=1, ioc=True)
            await until(lambda trader=trader: len(trader.listener.of(OrderAccepted)) > 5, 10)
            process.kill()
            process.communicate()
            await until(lambda trader=trader: not trader.venue.connected)
        for report in trader.listener.heard:
            fill = getattr(report[1], "fill", None)
            if isinstance(fill, Fill):
                assert fill.trade_id not in heard
                heard[fill.trade_id] = fill
    with await asyncio.to_thread(start_exchange, tmp_path) as process:
        async with trading(tmp_path) as trader:
            fills, positions, *_ = await trader.account()
        process.terminate()
    kept = {fill.trade_id: fill for fill in fills}
    assert len(kept) == len(fills) and heard.items() <= kept.items() and heard
    assert dict(positions.positions)["BTC"] * 1000 == sum(fill.quantity_lots for fill in fills)


def test_it_ends_cleanly_and_keeps_its_keys(tmp_path: Path) -> None:
    with exchange(tmp_path) as process:
        mode = stat.S_IMODE(os.stat(tmp_path / "venues.json").st_mode)
        assert mode == stat.S_IMODE(os.stat(tmp_path / "exchange.db").st_mode) == 0o600
        before = venues(tmp_path)
        assert list(before) == ["sandbox", "sandbox-hedge"]
        process.terminate()
        _, log = process.communicate(timeout=10)
    assert process.returncode == 0
    assert "ready" in log and before["sandbox"].url in log and "ended" in log
    assert before["sandbox"].secret not in log
    assert not (tmp_path / "venues.json").exists()
    with exchange(tmp_path):
        after = venues(tmp_path)
    assert {name: (one.key, one.secret) for name, one in after.items()} == {
        name: (one.key, one.secret) for name, one in before.items()
    }


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenotc", "sandbox-exchange", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_what_it_cannot_start_with_it_says(tmp_path: Path) -> None:
    with exchange(tmp_path / "one") as _, socket.create_server(("127.0.0.1", 0)) as taken:
        second = run("--state-dir", tmp_path / "one")
        assert second.returncode == 1 and "in use by another exchange" in second.stderr
        assert venues(tmp_path / "one")
        port = run("--state-dir", tmp_path / "two", "--port", str(taken.getsockname()[1]))
        assert port.returncode == 1 and "address already in use" in port.stderr
    (tmp_path / "three").mkdir()
    (tmp_path / "three" / "exchange.db").write_text("not a database, but long enough to be one " * 100)
    odd = run("--state-dir", tmp_path / "three")
    assert odd.returncode == 1 and "is not usable" in odd.stderr
    assert run("--port", "70000").returncode == 2


def test_it_says_what_it_is() -> None:
    shown = run("--help")
    assert shown.returncode == 0 and "venues.json" in shown.stdout

"""A venue behind a connection, over real sockets, while the connection holds."""

from __future__ import annotations

import asyncio
import time
from decimal import Decimal
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.venues.faulty_link import Fate, Way
from tests.venues.hosting import ASK, BID, hosting, place
from tests.waiting import until
from zenotc.exceptions import AuthenticationError, ConnectionFailedError
from zenotc.models.market import BUY, SELL, PublicTrade
from zenotc.models.orders import (
    Amend,
    Balances,
    Cancel,
    CancelAfter,
    CancelAfterSet,
    CancelAll,
    CancelledAll,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderUnknown,
    Positions,
    QueryBalances,
    QueryOrder,
    QueryPositions,
)
from zenotc.venues.remote import RemoteVenue
from zenotc.venues.remote.frames import Challenge, proof_of

MS = 1_000_000


async def test_it_trades_as_if_it_were_here(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        assert bench.venue.instruments == bench.exchange.instruments
        bench.send(place("a"), place("b", SELL, ASK, 7), Amend("sandbox", "BTC", "a", BID - 2, 9))
        assert [order.client_order_id for order in await bench.hears(OrderAccepted, 2)] == ["a", "b"]
        await bench.hears(OrderAmended)
        bench.others(BUY, ASK, 1004)
        (filled,) = await bench.hears(OrderFilled)
        assert (filled.fill.client_order_id, filled.fill.quantity_lots, filled.remaining_lots) == ("b", 4, 3)
        assert [trade.quantity_lots for trade in await bench.hears(PublicTrade, 2)] == [1000, 4]
        assert await bench.fills() == [filled.fill]
        assert await bench.fills(filled.fill.trade_id) == []
        assert [(o.client_order_id, o.quantity_lots, o.filled_lots) for o in await bench.open_orders()] == [
            ("a", 9, 0),
            ("b", 7, 4),
        ]
        bench.send(QueryPositions("sandbox", "p"), QueryBalances("sandbox", "b"), CancelAll("sandbox", "c"))
        (positions,) = await bench.hears(Positions)
        assert positions.positions == (("BTC", Decimal("-0.004")),)
        (balances,) = await bench.hears(Balances)
        assert balances.cash == bench.exchange.account.cash
        await bench.hears(CancelledAll)
        assert await bench.open_orders() == []
        await bench.book_is_right()


async def test_the_book_and_the_reports_keep_their_order(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        await bench.book_is_right()
        bench.listener.heard.clear()
        bench.send(place("a"), Cancel("sandbox", "BTC", "a"))
        await bench.hears(OrderCancelled)
        await until(lambda: len([what for _, what in bench.listener.heard if type(what) is tuple]) == 2)
        kinds = [type(what).__name__ for _, what in bench.listener.heard if type(what) is not str]
        assert kinds == ["OrderAccepted", "tuple", "OrderCancelled", "tuple"]
        times = [time_ns for time_ns, _ in bench.listener.heard]
        assert times == sorted(times)


async def test_heartbeats_come_while_nothing_happens(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        await until(lambda: bench.listener.of(str).count("heartbeat sandbox") >= 2)


@pytest.mark.parametrize(("key", "secret"), [(None, "wrong"), ("vk_0", None), ("", ""), ("ü", "ü")])
async def test_a_wrong_key_or_secret_is_refused_alike(tmp_path: Path, key: str | None, secret: str | None) -> None:
    async with hosting(tmp_path) as bench:
        address = bench.host.addresses["sandbox"]
        with pytest.raises(AuthenticationError, match="refuses the key") as refused:
            await RemoteVenue.connect(
                "sandbox",
                address.url,
                address.key if key is None else key,
                address.secret if secret is None else secret,
            )
        assert "wrong" not in str(refused.value)
        assert bench.venue.connected and bench.links == ["sandbox up"]


async def test_what_is_no_login_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        for text in ("{", '[1,["Subscribe",["BTC"]]]', '[2,["Login","a","b"]]', "x" * 100_000):
            async with connect(bench.host.addresses["sandbox"].url, proxy=None) as socket:
                await socket.recv()
                await socket.send(text)
                async with asyncio.timeout(30):
                    await socket.wait_closed()
        assert bench.links == ["sandbox up"]


async def test_the_secret_is_never_on_the_wire_and_a_proof_is_good_once(tmp_path: Path) -> None:
    said: list[bytes] = []

    def listen(way: Way, text: bytes) -> Fate:
        said.append(text)
        return "pass"

    async with hosting(tmp_path, run=False) as bench:
        secret = bench.host.addresses["sandbox"].secret
        bench.link.decide = listen
        await bench.connect()
        await bench.connect()
        logins = [text for text in said if b"Login" in text]
        assert len(set(logins)) == 2
        assert not any(secret.encode() in text for text in said)
        assert secret not in repr(bench.host.addresses) and secret not in repr(bench.venue)


async def test_where_nobody_listens_or_no_such_venue_is_the_client_gives_up_in_time(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        address = bench.host.addresses["sandbox"]
        for url in (address.url.replace("sandbox", "nowhere"), "ws://127.0.0.1:1/sandbox"):
            began = time.monotonic()
            with pytest.raises(ConnectionFailedError, match="cannot be reached"):
                await RemoteVenue.connect("sandbox", url, address.key, address.secret, timeout=0.3)
            assert time.monotonic() - began < 1
        with pytest.raises(ConnectionFailedError, match="is not other"):
            await RemoteVenue.connect("other", address.url, address.key, address.secret, timeout=0.3)


async def test_without_a_connection_an_order_has_certainly_not_left(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        bench.send(place("a", lots=5), Amend("sandbox", "BTC", "b", BID, 1), Cancel("sandbox", "BTC", "c"))
        assert bench.listener.heard == []  # not while the caller is still at it
        await bench.hears(OrderUnknown)
        assert [what for _, what in bench.listener.heard] == [
            OrderCancelled("sandbox", "BTC", "a", 5, "not_connected"),
            OrderUnknown("sandbox", "BTC", "b", "not_connected"),
        ]


async def test_a_new_login_displaces_the_earlier_one_and_drops_what_it_had_on_the_way(tmp_path: Path) -> None:
    async with hosting(tmp_path, latency_ns=300 * MS, run=False) as bench:
        running = asyncio.create_task(bench.venue.run())
        await until(lambda: bench.venue.connected)
        bench.send(place("early"))
        await asyncio.sleep(0.1)
        successor = await bench.connect(directly=True)
        with pytest.raises(AuthenticationError, match="somebody else has logged in"):
            await asyncio.wait_for(running, 30)
        assert not bench.venue.connected and bench.links == ["sandbox up", "sandbox down"]
        successor.subscribe(["BTC"], bench.listener)
        bench.venue = successor
        running = asyncio.create_task(successor.run())
        await until(lambda: successor.connected)
        bench.send(CancelAll("sandbox", "c"), QueryOrder("sandbox", "BTC", "early", "q"))
        await bench.hears(CancelledAll)
        await bench.hears(OrderNotFound)
        await asyncio.sleep(0.4)
        assert bench.listener.of(OrderAccepted) == [] and bench.exchange.account.open_orders == ()
        running.cancel()


async def test_what_was_sent_before_the_end_still_leaves(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        running = asyncio.create_task(bench.venue.run())
        await until(lambda: bench.venue.connected)
        bench.send(place("a"))
        await bench.hears(OrderAccepted)
        bench.send(CancelAll("sandbox", "c"))
        running.cancel()
        await until(lambda: bench.exchange.account.open_orders == ())


async def test_silence_cancels_at_the_exchange(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.send(place("a"), CancelAfter("sandbox", "s", 150 * MS))
        assert await bench.hears(CancelAfterSet) == [CancelAfterSet("sandbox", "s")]
        assert await bench.hears(OrderCancelled) == [OrderCancelled("sandbox", "BTC", "a", 5, "silence")]


def test_a_proof_belongs_to_its_challenge_and_venue() -> None:
    proofs = {proof_of("s", Challenge(venue, nonce)) for venue in ("a", "b") for nonce in ("1", "2")}
    assert len(proofs | {proof_of("t", Challenge("a", "1"))}) == 5

"""What a client and an exchange make of a connection that fails them; both are real, and so are the sockets."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.venues.faulty_link import Fate, Way
from tests.venues.hosting import ASK, BID, Bench, hosting, place
from tests.waiting import until
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import (
    Cancel,
    CancelAll,
    CancelledAll,
    Fill,
    FillHistory,
    OpenOrders,
    OrderAccepted,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    QueryOrder,
)


def once(text: bytes, fate: Fate, way: Way = "to_venue") -> Callable[[Way, bytes], Fate]:
    """Return what decides on the first message that contains a text."""
    left = [fate]

    def decide(of: Way, message: bytes) -> Fate:
        return left.pop() if left and of == way and text in message else "pass"

    return decide


def no_double(bench: Bench) -> None:
    """Check that no order was placed twice and that every fill has its own id."""
    fills = bench.exchange.account.fills
    assert len({fill.trade_id for fill in fills}) == len(fills)
    accepted = [report.client_order_id for report in bench.listener.of(OrderAccepted)]
    assert len(set(accepted)) == len(accepted)


async def test_a_connection_that_is_cut_comes_back_with_its_book(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.send(place("a"))
        await bench.hears(OrderAccepted)
        bench.link.cut()
        await until(lambda: not bench.venue.connected)
        bench.others(SELL, BID, 1000)  # the client does not see it happen
        await bench.reconnected(1)
        assert bench.links == ["sandbox up", "sandbox down", "sandbox up"]
        assert [order.client_order_id for order in await bench.open_orders()] == ["a"]
        await bench.book_is_right()


async def test_a_fill_that_happened_meanwhile_is_not_replayed_but_known(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.send(place("a", price_ticks=BID))
        await bench.hears(OrderAccepted)
        bench.others(SELL, BID, 1002)
        (first,) = await bench.hears(OrderFilled)
        bench.link.cut()
        bench.others(SELL, BID, 2)
        await until(lambda: len(bench.exchange.account.fills) == 2)
        await bench.reconnected(1)
        (missed,) = await bench.fills(first.fill.trade_id)
        assert missed.quantity_lots == 2
        assert len(bench.listener.of(OrderFilled)) == 1


@pytest.mark.parametrize("fate", ["cut_before", "drop"])
async def test_an_order_that_did_not_arrive_is_not_there(tmp_path: Path, fate: Fate) -> None:
    async with hosting(tmp_path) as bench:
        bench.link.decide = once(b"Place", fate)
        bench.send(place("a"), Cancel("sandbox", "BTC", "a"))  # the second tells the venue that it missed the first
        await bench.reconnected(1)
        bench.send(QueryOrder("sandbox", "BTC", "a", "q"))
        assert await bench.hears(OrderNotFound) == [OrderNotFound("sandbox", "BTC", "a", "q")]
        assert bench.exchange.account.find("BTC", "a") is None


async def test_a_lost_acknowledgement_leaves_an_order_that_is_found(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.link.decide = once(b"Place", "cut_after")
        bench.send(place("a"))
        await bench.reconnected(1)
        assert bench.listener.of(OrderAccepted) == []
        assert [order.client_order_id for order in await bench.open_orders()] in ([], ["a"])
        bench.send(QueryOrder("sandbox", "BTC", "a", "q"))
        await until(lambda: any(isinstance(what, OrderNotFound | FillHistory) for _, what in bench.listener.heard))
        assert (bench.exchange.account.find("BTC", "a") is None) == bool(bench.listener.of(OrderNotFound))


async def test_an_acknowledgement_that_was_cut_off_is_of_an_order_that_rests(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.link.decide = once(b"OrderAccepted", "cut_before", "to_client")
        bench.send(place("a"))
        await bench.reconnected(1)
        assert bench.listener.of(OrderAccepted) == []
        assert [order.client_order_id for order in await bench.open_orders()] == ["a"]
        bench.send(place("a"))  # whoever sends it again gets no second one
        (rejected,) = await bench.hears(OrderRejected)
        assert rejected.code == "DUPLICATE_ORDER"
        assert len(await bench.open_orders()) == 1


async def test_a_report_that_is_missing_is_noticed_with_the_next_frame(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.link.decide = once(b"OrderAccepted", "drop", "to_client")
        bench.send(place("a"))
        await bench.reconnected(1)  # the heartbeat comes within a second
        assert len(await bench.open_orders()) == 1


async def test_what_comes_twice_is_taken_once(tmp_path: Path) -> None:
    async with hosting(tmp_path, run=False) as bench:
        bench.link.decide = lambda way, text: "twice"
        running = asyncio.create_task(bench.venue.run())
        await until(lambda: bench.venue.connected)
        bench.send(place("a", price_ticks=BID), place("b", SELL, ASK))
        await bench.hears(OrderAccepted, 2)
        bench.others(SELL, BID, 1003)
        await bench.hears(OrderFilled)
        bench.send(CancelAll("sandbox", "c"))
        await bench.hears(CancelledAll)
        assert len(await bench.fills()) == 1
        await asyncio.sleep(0.05)
        no_double(bench)
        assert bench.listener.of(OrderRejected) == []
        assert len(bench.listener.of(OrderFilled)) == len(bench.listener.of(CancelledAll)) == 1
        assert bench.links == ["sandbox up"]
        await bench.book_is_right()
        running.cancel()


async def test_what_is_late_is_still_in_order(tmp_path: Path) -> None:
    async with hosting(tmp_path) as bench:
        bench.link.delay_seconds = 0.2
        sent = time.monotonic()
        bench.send(*(place(str(n)) for n in range(20)), CancelAll("sandbox", "c"))
        await bench.hears(CancelledAll)
        assert time.monotonic() - sent >= 0.4
        assert [order.client_order_id for order in bench.listener.of(OrderAccepted)] == [str(n) for n in range(20)]
        assert bench.links == ["sandbox up"]


async def test_a_half_open_connection_is_found_and_what_it_held_up_never_happens(tmp_path: Path) -> None:
    async with hosting(tmp_path, silence_seconds=1.5) as bench:
        bench.link.freeze()
        frozen = time.monotonic()
        bench.send(place("late"))  # leaves, and is held up on the way
        assert bench.venue.connected
        await until(lambda: not bench.venue.connected, 4)
        assert time.monotonic() - frozen < 2.5
        await bench.reconnected(1)
        bench.link.thaw()
        bench.send(CancelAll("sandbox", "c"), QueryOrder("sandbox", "BTC", "late", "q"))
        await bench.hears(OrderNotFound)
        await asyncio.sleep(0.2)
        assert bench.exchange.account.find("BTC", "late") is None
        assert bench.listener.of(OrderAccepted) == []
        await bench.book_is_right()


async def test_a_venue_that_hears_nothing_is_found_though_it_still_speaks(tmp_path: Path) -> None:
    async with hosting(tmp_path, silence_seconds=1.5) as bench:
        bench.link.freeze("to_venue")
        await until(lambda: not bench.venue.connected, 4)
        await bench.reconnected(1)


async def test_a_venue_that_answers_pings_and_says_nothing_is_found(tmp_path: Path) -> None:
    async with hosting(tmp_path, silence_seconds=1.5) as bench:
        bench.link.decide = lambda way, text: "drop" if way == "to_client" else "pass"
        await until(lambda: not bench.venue.connected, 4)
        bench.link.decide = lambda way, text: "pass"
        await bench.reconnected(1)


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_fails_nothing_is_doubled_and_nothing_is_lost(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    fates: list[Fate] = ["cut_before", "cut_after", "drop", "twice"]

    def decide(way: Way, text: bytes) -> Fate:
        return chance.choice(fates) if chance.random() < 0.06 else "pass"

    async with hosting(tmp_path) as bench:
        bench.link.decide = decide
        for number in range(150):
            side = chance.choice((BUY, SELL))
            price_ticks = BID if side == BUY else ASK
            bench.send(place(f"o{number}", side, price_ticks, 3))
            if number % 3 == 0:
                bench.others(SELL if side == BUY else BUY, price_ticks, 500)
            if number % 10 == 0:
                bench.link.delay_seconds = chance.choice((0.0, 0.01))
            await asyncio.sleep(chance.choice((0, 0.002, 0.01)))
        bench.link.decide = lambda way, text: "pass"
        bench.link.delay_seconds = 0.0
        times = bench.links.count("sandbox up")
        bench.link.cut()
        await bench.reconnected(times)
        assert bench.links.count("sandbox down") > 0
        recovered = {fill.trade_id: fill for fill in await bench.fills()}
        assert list(recovered.values()) == bench.exchange.account.fills
        heard: list[Fill] = [report.fill for report in bench.listener.of(OrderFilled)]
        assert len({fill.trade_id for fill in heard}) == len(heard)
        assert all(recovered[fill.trade_id] == fill for fill in heard)
        no_double(bench)
        shown = await bench.open_orders()
        assert {order.client_order_id for order in shown} == {
            order.client_order_id for order in bench.exchange.account.open_orders
        }
        assert bench.listener.of(OpenOrders)
        await bench.book_is_right()

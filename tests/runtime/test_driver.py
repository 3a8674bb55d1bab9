"""The driver's order of things, and the outbox."""

from __future__ import annotations

import asyncio
import contextlib

from tests.runtime.desks import SECOND, START
from tests.venues.listener import Listener
from tests.waiting import until
from zenotc.models.orders import Amend, Cancel, CancelAll, Place
from zenotc.runtime.clock import TradingClock
from zenotc.runtime.driver import Driver
from zenotc.runtime.outbox import Outbox
from zenotc.runtime.vitals import Vitals
from zenotc.venues.sandbox import SandboxExchange, quiet_market


class Timer:
    """Wants to be called every tenth of a second."""

    def __init__(self) -> None:
        self.called: list[int] = []
        self.next_timer = START

    def on_timer(self, now_ns: int) -> None:
        self.called.append(now_ns)
        self.next_timer = now_ns + SECOND // 10


def quiet(name: str) -> SandboxExchange:
    return SandboxExchange(name, markets=[quiet_market("BTC", 120_000, 120_001, 10)], start_ns=START)


async def drive(driver: Driver, timer: Timer, calls: int) -> None:
    task = asyncio.create_task(driver.run())
    await until(lambda: len(timer.called) >= calls or task.done())
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_what_happens_first_comes_first() -> None:
    for speed in (50.0, float("inf")):
        timer, listener = Timer(), Listener()
        venues = [quiet("one"), quiet("two")]
        for venue in venues:
            venue.subscribe(["BTC"], listener)
        await drive(Driver(TradingClock(START, speed), venues, timer, lambda: None), timer, 30)
        assert timer.called[:30] == [START + n * SECOND // 10 for n in range(30)]
        times = [time_ns for time_ns, _ in listener.heard]
        assert times == sorted(times) and len(times) > 6


async def test_a_cancelled_driver_ends_even_where_it_is_woken_at_the_same_moment() -> None:
    timer = Timer()
    driver = Driver(TradingClock(START), [quiet("one")], timer, lambda: None)
    for _ in range(20):
        task = asyncio.create_task(driver.run())
        await asyncio.sleep(0)
        driver.wake()
        await asyncio.sleep(0)
        driver.wake()
        task.cancel()
        done, _pending = await asyncio.wait({task}, timeout=2)
        assert done and task.cancelled()


def place(name: str, venue: str = "v") -> Place:
    return Place(venue, "BTC", name, "buy", 100, 5)


def taken(outbox: Outbox, ticket: int) -> list[str]:
    names = []
    while outbox.due(ticket):
        names.append(outbox.take().request.client_order_id)
    return names


def test_orders_leave_in_order_once_their_ticket_is_committed() -> None:
    outbox = Outbox()
    for ticket, name in enumerate("abc", 1):
        outbox.put(place(name), ticket, START)
    assert taken(outbox, 2) == ["a", "b"]
    assert taken(outbox, 2) == []
    assert taken(outbox, 3) == ["c"]
    assert not outbox


def test_a_cancel_withdraws_what_it_makes_pointless_and_nothing_else() -> None:
    outbox = Outbox()
    for request in (place("a"), Amend("v", "BTC", "b", 101, 5), place("c"), place("d", "w")):
        outbox.put(request, 1, START)
    # The amended order rests at the venue: it has to be asked, and only the amend does not leave any more.
    assert outbox.withdraw_for(Cancel("v", "BTC", "b")) == []
    assert [report.client_order_id for report in outbox.withdraw_for(Cancel("v", "BTC", "a"))] == ["a"]  # type: ignore[union-attr]
    assert [report.client_order_id for report in outbox.withdraw_for(CancelAll("v", "r"))] == ["c"]  # type: ignore[union-attr]
    assert taken(outbox, 1) == ["d"]


async def test_it_turns_at_least_once_a_second_even_where_nothing_happens() -> None:
    timer, vitals = Timer(), Vitals()
    task = asyncio.create_task(Driver(TradingClock(START, 0.001), [quiet("one")], timer, lambda: None, vitals).run())
    try:
        await until(lambda: len(timer.called) >= 1)
        turned_ns = vitals.turned_ns
        await asyncio.sleep(1.2)
        assert vitals.turned_ns > turned_ns and len(timer.called) == 1
    finally:
        task.cancel()

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest
import structlog.testing

from tests.gateway.desk_double import NOW, SECRET, DeskDouble
from tests.gateway.test_stream import add_strategy
from tests.sdk.conftest import Gateway
from tests.waiting import until
from zenotc import ZenOTCClient
from zenotc.exceptions import AuthenticationError, ConnectionFailedError
from zenotc.models.quotes import OrderBook
from zenotc.models.wire_event import WireEvent
from zenotc.sdk.stream import Link
from zenotc.sdk.subscriptions import StrategiesChange


async def test_events_arrive_in_order_one_callback_at_a_time(client: ZenOTCClient, desk: DeskDouble) -> None:
    seen: list[int] = []
    running = 0

    async def on_event(event: Any) -> None:
        nonlocal running
        running += 1
        assert running == 1
        await asyncio.sleep(0.001 if event.seq % 3 else 0)
        seen.append(event.seq)
        running -= 1

    await client.mm_strategy.subscribe_events("mm_1", on_event)
    for _ in range(50):
        desk.commit("started", "paused")
        desk.commit("stopped", strategy_id="mm_2")
        await asyncio.sleep(0)
    await until(lambda: len(seen) == 100)
    assert seen == [seq for seq in range(1, 151) if seq % 3]


async def test_a_raising_callback_is_logged_and_goes_on(
    client: ZenOTCClient, desk: DeskDouble, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[str] = []

    def on_event(event: Any) -> None:
        seen.append(event.reason)
        raise RuntimeError("mine")

    await client.mm_strategy.subscribe_events("mm_1", on_event)
    desk.commit("started", "paused")
    await until(lambda: len(seen) == 2)
    assert "mine" in caplog.text


async def test_lost_connections_lose_and_double_nothing(
    gateway: Gateway, client: ZenOTCClient, desk: DeskDouble
) -> None:
    everything: list[int] = []
    filtered: list[int] = []
    await client.mm_strategy.subscribe_events(None, lambda event: everything.append(event.seq))
    await client.mm_strategy.subscribe_events("mm_1", lambda event: filtered.append(event.seq))
    for round_ in range(300):
        desk.commit("started", strategy_id="mm_1")
        desk.commit("paused", strategy_id="mm_2")
        if round_ % 60 == 30:
            gateway.drop_connections()
        await asyncio.sleep(0.004)
    await until(lambda: len(everything) >= 600 and len(filtered) >= 300, 10)
    assert everything == list(range(1, 601))
    assert filtered == list(range(1, 601, 2))


async def test_events_as_they_came_are_batches_of_all_there_is(gateway: Gateway, client: ZenOTCClient) -> None:
    gateway.desk.commit("started", "paused")
    batches: list[list[tuple[str, int]]] = []
    subscription = await client.mm_strategy.watch_events(
        lambda events: batches.append([(event["type"], event["seq"]) for event in events]), after_seq=0
    )
    await until(lambda: batches == [[("started", 1), ("paused", 2)]])
    gateway.drop_connections()
    gateway.desk.commit("stopped")
    await until(lambda: len(batches) == 2, 10)
    assert batches[1] == [("stopped", 3)]
    await subscription.close()


async def test_it_comes_back_after_the_engine_was_away(
    gateway: Gateway, client: ZenOTCClient, desk: DeskDouble
) -> None:
    seen: list[int] = []
    states: list[str] = []
    await client.mm_strategy.subscribe_events(None, lambda event: seen.append(event.seq))
    client.watch_link(lambda link: states.append(link.state))
    desk.commit("started")
    await until(lambda: seen == [1])
    await gateway.stop()
    await until(lambda: client.link.state in ("lost", "connecting"))
    assert client.link.reason
    desk.commit("paused", "resumed")
    await gateway.restart()
    desk.commit("stopped")
    await until(lambda: seen == [1, 2, 3, 4], 10)
    assert {"lost", "connecting", "connected"} <= set(states)


async def test_a_new_epoch_is_told_and_gone_on_with(gateway: Gateway, client: ZenOTCClient, desk: DeskDouble) -> None:
    desk.commit("started", "paused", "stopped")
    seen: list[tuple[str, int]] = []

    async def follow() -> None:
        async for event in client.mm_strategy.events(after_seq=1):
            seen.append((event.type, event.seq))  # noqa: PERF401 - each as it comes

    following = asyncio.create_task(follow())
    await until(lambda: len(seen) == 2)
    await gateway.stop()
    fresh = DeskDouble(epoch="e2")
    fresh.commit("started")
    await gateway.restart(fresh)
    await until(lambda: len(seen) == 3, 10)
    fresh.commit("paused")
    await until(lambda: len(seen) == 4)
    assert seen == [("paused", 2), ("stopped", 3), ("stream_reset", 1), ("paused", 2)]
    await client.close()
    async with asyncio.timeout(30):
        await following


async def test_a_gap_is_noticed_and_filled(client: ZenOTCClient, desk: DeskDouble, gateway: Gateway) -> None:
    seen: list[int] = []
    await client.mm_strategy.subscribe_events(None, lambda event: seen.append(event.seq))
    desk.commit("started")
    await until(lambda: seen == [1])
    (listener,) = desk._listeners
    desk._listeners.clear()
    desk.commit("paused")  # the stream misses this one
    desk._listeners.append(listener)
    listening = next(iter(client.stream._subscriptions.values()))
    body = {"type": "stopped", "seq": 3, "prevSeq": 2, "timestamp": "2026-01-02T03:04:05.000Z", "reason": "x"}
    route = client.stream._route

    def route_with_a_gap(message: dict[str, Any]) -> None:
        client.stream._route = route  # type: ignore[method-assign]
        route({"channel": "events", "id": listening.id, "events": [WireEvent.of(body)]})

    client.stream._route = route_with_a_gap  # type: ignore[method-assign]
    await until(lambda: seen == [1, 2])
    desk.commit("stopped")
    await until(lambda: seen == [1, 2, 3])


async def test_a_slow_callback_lets_events_wait_in_the_journal(
    client: ZenOTCClient, desk: DeskDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zenotc.sdk.subscriptions._MAX_QUEUED", 50)
    seen: list[int] = []
    go_on = asyncio.Event()

    async def on_event(event: Any) -> None:
        await go_on.wait()
        seen.append(event.seq)

    subscription = await client.mm_strategy.subscribe_events(None, on_event)
    for _ in range(100):
        desk.commit(*["started"] * 20)
        await asyncio.sleep(0.002)
    assert len(subscription._queue) < 1_000  # type: ignore[attr-defined]
    go_on.set()
    await until(lambda: len(seen) >= 2_000, 10)
    assert seen == list(range(1, 2_001))


async def test_closing(client: ZenOTCClient, desk: DeskDouble) -> None:
    seen: list[int] = []
    subscription = await client.mm_strategy.subscribe_events(None, lambda event: seen.append(event.seq))
    waiting = asyncio.create_task(subscription.wait())
    desk.commit("started")
    await until(lambda: seen == [1])
    assert not waiting.done()
    await subscription.close()
    async with asyncio.timeout(1):
        await waiting
    desk.commit("paused")
    await asyncio.sleep(0.1)
    assert seen == [1]
    assert not desk._listeners
    await subscription.close()


async def test_a_callback_may_close_its_own_subscription(client: ZenOTCClient, desk: DeskDouble) -> None:
    seen: list[int] = []

    async def on_event(event: Any) -> None:
        seen.append(event.seq)
        await subscription.close()

    subscription = await client.mm_strategy.subscribe_events(None, on_event)
    desk.commit("started", "paused")
    async with asyncio.timeout(30):
        await subscription.wait()
    assert seen == [1]


async def test_closing_the_client_ends_its_subscriptions(gateway: Gateway) -> None:
    client = ZenOTCClient("trader", SECRET, base_url=gateway.url)
    subscription = await client.mm_strategy.subscribe_events(None, print)
    await client.close()
    async with asyncio.timeout(1):
        await subscription.wait()
    assert client.link.state == "closed"


async def test_strategies_are_merged(gateway: Gateway, client: ZenOTCClient, desk: DeskDouble) -> None:
    add_strategy(desk, "mm_1")
    add_strategy(desk, "mm_2")
    seen: list[StrategiesChange] = []
    await client.mm_strategy.watch_strategies(seen.append)
    await until(lambda: len(seen) == 1)
    assert seen[0].complete and {strategy.id for strategy in seen[0].changed} == {"mm_1", "mm_2"}
    desk.change("mm_1", status="active", daily_pnl=Decimal("-1.25"))
    await until(lambda: len(seen) == 2)
    (changed,) = seen[1].changed
    assert (changed.id, changed.status, changed.daily_pnl, changed.name) == ("mm_1", "active", Decimal("-1.25"), "BTC")
    await gateway.stop()
    del desk.held["mm_2"]
    await gateway.restart()
    await until(lambda: len(seen) == 3, 10)
    assert seen[2].complete and seen[2].removed == ("mm_2",)


async def test_books(client: ZenOTCClient, desk: DeskDouble) -> None:
    seen: list[OrderBook] = []
    await client.mm_strategy.watch_order_book("BTC", seen.append)
    await until(lambda: len(seen) == 1)
    desk.mid = Decimal("50001.75")
    await until(lambda: len(seen) == 2)
    assert [book.mid for book in seen] == [Decimal("50000.25"), Decimal("50001.75")]


async def test_link_tells_round_trip_and_heartbeat(client: ZenOTCClient, desk: DeskDouble) -> None:
    assert client.link == Link()
    desk.commit("started")
    await client.mm_strategy.watch_strategies(print)
    await until(lambda: client.link.round_trip_ms is not None)
    link = client.link
    assert link.state == "connected" and (link.last_seq, link.epoch) == (1, "e1")
    assert link.silent_seconds is not None and link.silent_seconds < 1
    assert link.heartbeat_at is not None and link.heartbeat_at > NOW


async def test_nobody_there_and_wrong_key_are_said_at_once(gateway: Gateway) -> None:
    stranger = ZenOTCClient("trader", "wrong", base_url=gateway.url)
    with pytest.raises(AuthenticationError):
        await stranger.mm_strategy.subscribe_events(None, print)
    await stranger.close()
    await gateway.stop()
    lonely = ZenOTCClient("trader", SECRET, base_url=gateway.url)
    with pytest.raises(ConnectionFailedError):
        await lonely.mm_strategy.subscribe_events(None, print)
    await lonely.close()
    await gateway.start()


async def test_a_client_that_is_gone_is_no_failure_of_its_stream(gateway: Gateway, desk: DeskDouble) -> None:
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            async with ZenOTCClient("trader", SECRET, base_url=gateway.url) as client:
                for _ in range(8):
                    await client.mm_strategy.subscribe_events(None, lambda _: None)
                gateway.drop_connections()
                desk.commit("started", "paused")
                await asyncio.sleep(0.1)
    assert [log for log in logs if log["event"] == "a stream has failed"] == []

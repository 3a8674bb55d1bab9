from __future__ import annotations

import asyncio
import gc
import json
import socket
import weakref
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.gateway.conftest import SIGNERS, STRATEGY
from tests.gateway.desk_double import KEYS, NOW, DeskDouble
from tests.waiting import until
from zenotc.gateway.application import create_app
from zenotc.gateway.channels import BooksChannel, EventsChannel
from zenotc.gateway.server import GatewayServer
from zenotc.gateway.settings import GatewaySettings
from zenotc.gateway.stream_connection import StreamConnection
from zenotc.models.strategy import Strategy
from zenotc.runtime.keys import KeyFile
from zenotc.sdk.signing import Signer

SETTINGS = GatewaySettings(
    conflation_interval_seconds=0.03,
    heartbeat_seconds=0.05,
    frame_interval_seconds=0.01,
    send_timeout_seconds=0.5,
    max_pending_events=5_000,
)


@pytest.fixture
async def server(desk: DeskDouble) -> AsyncIterator[GatewayServer]:
    server = GatewayServer(create_app(desk, KEYS, settings=SETTINGS))
    await server.start()
    yield server
    await server.stop()


class Client:
    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    async def say(self, **message: Any) -> None:
        await self.socket.send(json.dumps(message))

    async def hear(self, channel: str) -> dict[str, Any]:
        async with asyncio.timeout(30):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["channel"] == channel:
                    return message

    async def events(self, number: int) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while len(found) < number:
            found += (await self.hear("events"))["events"]
        return found


@asynccontextmanager
async def connected(server: GatewayServer, key: str = "reader", **options: Any) -> AsyncIterator[Client]:
    url = server.url.replace("http", "ws") + "/ws"
    headers = SIGNERS[key].headers("GET", "/ws")
    async with connect(url, additional_headers=headers, compression=None, close_timeout=0.2, **options) as socket:
        yield Client(socket)


def is_gapless(events: list[dict[str, Any]], after: int) -> bool:
    """Whether each event names the one delivered before it."""
    return [event["prevSeq"] for event in events] == [after, *(event["seq"] for event in events[:-1])]


def add_strategy(desk: DeskDouble, strategy_id: str) -> None:
    desk.held[strategy_id] = Strategy.from_wire(
        STRATEGY | {"id": strategy_id, "status": "stopped", "createdAt": NOW, "updatedAt": NOW}
    )


async def test_handshake_is_signed(server: GatewayServer) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(server.url.replace("http", "ws") + "/ws"):
            pass
    assert refused.value.response.status_code == 401
    assert json.loads(bytes(refused.value.response.body or b""))["error"] == "unauthorized"


async def test_heartbeat_tells_the_newest_event(server: GatewayServer, desk: DeskDouble) -> None:
    desk.commit("started")
    async with connected(server) as client:
        beat = await client.hear("heartbeat")
    assert (beat["lastSeq"], beat["epoch"]) == (1, "e1") and beat["time"].endswith("Z")


async def test_replay_and_live_have_no_seam(server: GatewayServer, desk: DeskDouble) -> None:
    desk.commit(*["started"] * 2_500)

    async def trade_on() -> None:
        for _ in range(200):
            desk.commit("paused", "resumed")
            await asyncio.sleep(0)

    async with connected(server) as client:
        await client.say(type="subscribe", channel="events", afterSeq=10, epoch="e1")
        trading = asyncio.create_task(trade_on())
        confirmed = await client.hear("events")
        assert confirmed["subscribed"] is True and confirmed["epoch"] == "e1"
        events = await client.events(2_890)
        await trading
    assert [event["seq"] for event in events] == list(range(11, 2_901))
    assert is_gapless(events, 10)


async def test_without_a_number_it_begins_with_the_next_event(server: GatewayServer, desk: DeskDouble) -> None:
    desk.commit("started", "paused")
    async with connected(server) as client:
        await client.say(type="subscribe", channel="events")
        assert (await client.hear("events"))["lastSeq"] == 2
        desk.commit("stopped")
        assert [(event["seq"], event["prevSeq"]) for event in await client.events(1)] == [(3, 2)]


async def test_filtered_events_name_the_one_delivered_before(server: GatewayServer, desk: DeskDouble) -> None:
    for number in range(10):
        desk.commit("started", strategy_id=f"mm_{number % 2}")
    async with connected(server) as client:
        await client.say(type="subscribe", channel="events", afterSeq=0, strategyId="mm_1")
        await client.hear("events")
        replayed = await client.events(5)
        desk.commit("paused", strategy_id="mm_0")
        desk.commit("paused", strategy_id="mm_1")
        events = replayed + await client.events(1)
    assert [event["seq"] for event in events] == [2, 4, 6, 8, 10, 12]
    assert is_gapless(events, 0)


async def test_two_subscriptions_of_one_connection_are_told_apart(server: GatewayServer, desk: DeskDouble) -> None:
    async with connected(server) as client:
        await client.say(type="subscribe", channel="events", id="a", strategyId="mm_1")
        await client.say(type="subscribe", channel="events", id="b", strategyId="mm_2")
        assert {(await client.hear("events"))["id"] for _ in range(2)} == {"a", "b"}
        desk.commit("started", strategy_id="mm_2")
        frame = await client.hear("events")
        assert (frame["id"], frame["events"][0]["strategyId"]) == ("b", "mm_2")


@pytest.mark.parametrize("place", [{"afterSeq": 1, "epoch": "other"}, {"afterSeq": 4, "epoch": "e1"}, {"afterSeq": 9}])
async def test_foreign_numbers_need_a_snapshot(server: GatewayServer, desk: DeskDouble, place: dict[str, Any]) -> None:
    desk.commit("started", "paused", "stopped")
    async with connected(server) as client:
        await client.say(type="subscribe", channel="events", **place)
        answer = await client.hear("events")
        assert answer == {"channel": "events", "snapshotRequired": True, "epoch": "e1", "lastSeq": 3}


async def test_unsubscribed_events_stop(server: GatewayServer, desk: DeskDouble) -> None:
    async with connected(server) as client:
        await client.say(type="subscribe", channel="events")
        await client.hear("events")
        await client.say(type="unsubscribe", channel="events")
        assert (await client.hear("events"))["subscribed"] is False
        desk.commit("started")
        await client.say(type="subscribe", channel="events", afterSeq=1)
        assert (await client.hear("events"))["subscribed"] is True
        desk.commit("paused")
        assert [event["seq"] for event in await client.events(1)] == [2]


async def test_strategies_are_a_snapshot_and_then_changes(server: GatewayServer, desk: DeskDouble) -> None:
    add_strategy(desk, "mm_1")
    add_strategy(desk, "mm_2")
    async with connected(server) as first, connected(server) as second:
        for client in (first, second):
            await client.say(type="subscribe", channel="strategies")
            assert (await client.hear("strategies"))["subscribed"] is True
            assert {fields["id"] for fields in (await client.hear("strategies"))["snapshot"]} == {"mm_1", "mm_2"}
        desk.change("mm_1", status="active", open_orders=2)
        for client in (first, second):
            news = await client.hear("strategies")
            assert news["changes"] == [{"id": "mm_1", "status": "active", "openOrders": 2}]
        del desk.held["mm_2"]
        assert (await first.hear("strategies"))["removed"] == ["mm_2"]


async def test_strategies_are_looked_at_only_while_somebody_watches(server: GatewayServer, desk: DeskDouble) -> None:
    looks = 0
    look = desk.strategies

    def counted(**filters: Any) -> list[Strategy]:
        nonlocal looks
        looks += 1
        return look(**filters)

    desk.strategies = counted  # type: ignore[method-assign]
    async with connected(server) as client:
        await client.say(type="subscribe", channel="strategies")
        await asyncio.sleep(0.15)
        assert looks >= 3
    await asyncio.sleep(0.1)
    seen = looks
    await asyncio.sleep(0.15)
    assert looks == seen


async def test_books_come_when_they_change(server: GatewayServer, desk: DeskDouble) -> None:
    async with connected(server) as client:
        await client.say(type="subscribe", channel="orderbook", assets=["BTC"])
        assert (await client.hear("orderbook"))["subscribed"] is True
        assert (await client.hear("orderbook"))["book"]["mid"] == 50000.25
        desk.mid += 1
        mids = {(await client.hear("orderbook"))["book"]["mid"]}
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                mids.add((await client.hear("orderbook"))["book"]["mid"])
        assert mids == {50001.25} or mids == {50000.25, 50001.25}


@pytest.mark.parametrize(
    "message",
    [
        "{",
        "[]",
        "7",
        '"x"',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "channel": "gossip"}',
        '{"type": "subscribe", "channel": "events", "afterSeq": -1}',
        '{"type": "subscribe", "channel": "events", "afterSeq": 1e9999999}',
        '{"type": "subscribe", "channel": "events", "afterSeq": NaN}',
        '{"type": "subscribe", "channel": "events", "surprise": 1}',
        '{"type": "subscribe", "channel": "orderbook", "assets": ["DOGE"]}',
        '{"type": "subscribe", "channel": "orderbook", "assets": "BTC"}',
    ],
)
async def test_malformed_message_is_answered_and_ends_nothing(server: GatewayServer, message: str) -> None:
    async with connected(server) as client:
        await client.socket.send(message)
        answer = await client.hear("error")
        assert answer["error"] in ("malformed", "not_found") and answer["message"]
        await client.say(type="subscribe", channel="events")
        assert (await client.hear("events"))["subscribed"] is True


async def test_a_client_that_cannot_follow_is_closed(server: GatewayServer, desk: DeskDouble) -> None:
    """Little fits between the two, so that it is soon behind, and has soon read what it was sent before the end."""
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 14)
        narrow.setblocking(False)
        await asyncio.get_running_loop().sock_connect(narrow, ("127.0.0.1", int(server.url.rpartition(":")[2])))
        async with connected(server, sock=narrow, max_queue=1, ping_interval=None) as client:
            await client.say(type="subscribe", channel="events")
            await client.hear("events")
            async with asyncio.timeout(30):
                while desk._listeners:  # it has not been given up yet
                    desk.commit(*["started"] * 1_000)
                    await asyncio.sleep(0.005)
            with pytest.raises(ConnectionClosed) as closed:
                async with asyncio.timeout(20):
                    while True:
                        await client.socket.recv()
            assert closed.value.rcvd is not None and closed.value.rcvd.code == 4008


async def test_server_stops_with_clients_connected(desk: DeskDouble) -> None:
    server = GatewayServer(create_app(desk, KEYS, settings=SETTINGS))
    await server.start()
    async with connected(server) as client:
        await client.say(type="subscribe", channel="strategies")
        await client.hear("strategies")
        async with asyncio.timeout(4):
            await server.stop()
        with pytest.raises(ConnectionClosed):
            async with asyncio.timeout(30):
                while True:
                    await client.socket.recv()


async def test_taken_port_is_an_error(server: GatewayServer, desk: DeskDouble) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(OSError):
        await GatewayServer(create_app(desk, KEYS), port=port).start()


async def test_an_unexpected_failure_is_told_and_logged(
    server: GatewayServer, desk: DeskDouble, capsys: pytest.CaptureFixture[str]
) -> None:
    async with connected(server) as broken, connected(server) as other:
        await other.say(type="subscribe", channel="events")
        await other.hear("events")

        async def fail(**_: Any) -> Any:
            raise RuntimeError("the disk is made of cheese")

        desk.events = fail  # type: ignore[method-assign]
        desk.commit("started")
        await broken.say(type="subscribe", channel="events", afterSeq=0)
        told = await broken.hear("error")
        assert told["error"] == "internal_error" and "cheese" not in told["message"]
        with pytest.raises(ConnectionClosed) as closed:
            await broken.hear("nothing")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1011
        assert (await other.events(1))[0]["seq"] == 1
    assert "cheese" in "".join(capsys.readouterr())


async def test_a_publisher_that_fails_ends_every_stream_that_it_feeds(server: GatewayServer, desk: DeskDouble) -> None:
    async with connected(server) as client:
        await client.say(type="subscribe", channel="orderbook", assets=["BTC"])
        await client.hear("orderbook")
        desk.order_book = None  # type: ignore[method-assign,assignment]
        assert (await client.hear("error"))["error"] == "internal_error"
        with pytest.raises(ConnectionClosed):
            await client.hear("nothing")


async def test_streams_are_bounded_for_a_key_and_in_all(desk: DeskDouble) -> None:
    settings = replace(SETTINGS, max_streams_per_key=2, max_streams=3)
    server = GatewayServer(create_app(desk, KEYS, settings=settings))
    await server.start()
    async with AsyncExitStack() as streams:
        for key in ("reader", "reader", "switch"):
            await streams.enter_async_context(connected(server, key))
        for key in ("reader", "trader"):
            with pytest.raises(InvalidStatus) as refused:
                await streams.enter_async_context(connected(server, key))
            response = refused.value.response
            assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
            assert json.loads(bytes(response.body or b""))["error"] == "too_many_streams"
    for _ in range(2):  # places become free again
        async with connected(server, "trader") as client:
            await client.hear("heartbeat")
    await server.stop()


async def test_a_revoked_key_is_heard_no_more(desk: DeskDouble, tmp_path: Path) -> None:
    keys = KeyFile(tmp_path / "keys.json")
    created = keys.create("screen", "READ")
    signer = Signer(created.key, SecretStr(created.secret.decode()))
    server = GatewayServer(create_app(desk, keys))
    await server.start()
    url = server.url.replace("http", "ws") + "/ws"
    async with connect(url, additional_headers=signer.headers("GET", "/ws")) as socket:
        client = Client(socket)
        await client.say(type="subscribe", channel="events")
        await client.hear("events")
        KeyFile(tmp_path / "keys.json").revoke("screen")
        async with asyncio.timeout(1.5):
            assert (await client.hear("error"))["error"] == "unauthorized"
            with pytest.raises(ConnectionClosed) as closed:
                await client.hear("nothing")
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 1008
    await server.stop()


@pytest.mark.parametrize("leave", [ClientConnection.close, lambda socket: socket.transport.abort()])
async def test_what_served_a_client_goes_with_it(server: GatewayServer, desk: DeskDouble, leave: Any) -> None:
    """It must not wait for the garbage collector, which is told not to look at what has lived for a while."""
    gc.collect()
    gc.disable()
    try:
        async with connected(server) as client:
            for subscription in ({"channel": "strategies"}, {"channel": "orderbook", "assets": ["BTC"]}):
                await client.say(type="subscribe", **subscription)
                await client.hear(subscription["channel"])
            await client.say(type="unsubscribe", channel="strategies")
            await client.say(type="subscribe", channel="events")
            await client.hear("events")
            kinds = (StreamConnection, BooksChannel, EventsChannel)
            serving = [weakref.ref(one) for one in gc.get_objects() if type(one) in kinds]
            assert len(serving) == len(kinds)
            if (left := leave(client.socket)) is not None:
                await left
        await until(lambda: not any(one() for one in serving))
    finally:
        gc.enable()


async def test_a_handshake_cannot_be_replayed(server: GatewayServer) -> None:
    """Neither as another handshake, nor with the nonce of a request."""
    used = SIGNERS["reader"].headers("GET", "/ws")
    url = server.url.replace("http", "ws") + "/ws"
    async with connect(url, additional_headers=used):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, additional_headers=used):
                pass
    assert json.loads(bytes(refused.value.response.body or b""))["error"] == "nonce_reused"
    async with httpx.AsyncClient(trust_env=False) as http:
        for path in ("/ws", "/api/sdk/status"):
            answer = await http.get(server.url + path, headers=used)
            assert answer.status_code in (401, 404)
        asked = SIGNERS["reader"].headers("GET", "/api/sdk/status")
        assert (await http.get(server.url + "/api/sdk/status", headers=asked)).status_code == 200
    with pytest.raises(InvalidStatus) as refused:
        async with connect(url, additional_headers=asked):
            pass
    assert refused.value.response.status_code == 401

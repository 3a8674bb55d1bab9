"""The stream: one websocket for each client, and its subscriptions on it."""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Literal

import pydantic
import structlog
from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ConfigDict, Field

from zenotc.exceptions import AuthenticationError, RateLimitError, ValidationError, ZenOTCError
from zenotc.gateway.answers import error_answer, unexpected_error
from zenotc.gateway.authentication import Caller
from zenotc.gateway.channels import BooksChannel, Channel, EventsChannel, SlowClientError, StrategiesChannel
from zenotc.gateway.publishers import BooksPublisher, StrategiesPublisher
from zenotc.gateway.requests import Gate, raw_target
from zenotc.models.wire import WireModel, decode, encode

__all__ = ["CANNOT_FOLLOW", "FAILED", "NOT_ALLOWED", "StreamHub"]

_DISMISS_SECONDS = 10.0
"""How long a client has to read that it is dismissed."""

_RETRY_SECONDS = 1

CANNOT_FOLLOW = 4008
NOT_ALLOWED = 1008
FAILED = 1011
_MAX_SUBSCRIPTIONS = 64
_log = structlog.get_logger()

Name = Annotated[str, Field(max_length=100)]


class _ClientMessage(WireModel):
    """What a client may say; `id` tells its subscriptions of one channel apart, and comes back with each message."""

    model_config = ConfigDict(strict=True, extra="forbid")

    type: Literal["subscribe", "unsubscribe"]
    channel: Literal["events", "strategies", "orderbook"]
    id: Name | None = None
    after_seq: Annotated[int, Field(ge=0)] | None = None
    epoch: Name | None = None
    strategy_id: Name | None = None
    assets: Annotated[list[Name], Field(max_length=50, default_factory=list)]


class StreamHub:
    """Serves the stream's clients, and holds what they share."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        interval = gate.settings.conflation_interval_seconds
        self.strategies = StrategiesPublisher(gate.desk, interval)
        self.books = BooksPublisher(gate.desk, interval)
        self._open: Counter[str] = Counter()

    @property
    def connections(self) -> int:
        """How many clients there are now."""
        return self._open.total()

    async def serve(self, websocket: WebSocket) -> None:
        """Serve one client; its handshake is signed like a GET."""
        try:
            target = raw_target(websocket.scope)
            caller = self.gate.authenticator.authenticate("GET", target, websocket.headers, b"")
            self.gate.limiter.admit(caller.key.key)
            self._check_room(caller.key.key)
        except ZenOTCError as error:
            await websocket.send_denial_response(error_answer(error))
            return
        heard = websocket.state.on_heard = self.gate.desk.vitals.heard
        heard()
        self._open[caller.key.key] += 1
        try:
            await websocket.accept()
            await _Session(self, websocket, caller).run()
        finally:
            self._open[caller.key.key] -= 1

    def _check_room(self, api_key: str) -> None:
        settings = self.gate.settings
        for number, limit, whose in (
            (self._open[api_key], settings.max_streams_per_key, "this key has"),
            (self.connections, settings.max_streams, "there are"),
        ):
            if number >= limit:
                details = {"retryAfter": _RETRY_SECONDS, "limit": limit, "remaining": 0, "reset": _RETRY_SECONDS}
                raise RateLimitError(f"{whose} {number} streams open already", code="too_many_streams", details=details)


class _Session:
    """One connected client."""

    def __init__(self, hub: StreamHub, websocket: WebSocket, caller: Caller) -> None:
        self._hub = hub
        self._caller = caller
        self._desk = hub.gate.desk
        self._settings = hub.gate.settings
        self._websocket = websocket
        self._sending = asyncio.Lock()
        self._failure: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._channels: dict[tuple[str, str | None], asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve the client until it leaves, cannot follow, may no longer listen, or something fails here."""
        try:
            await self._serve()
        except* WebSocketDisconnect:
            pass
        except* SlowClientError:
            await self._dismiss(CANNOT_FOLLOW, "cannot follow")
        except* AuthenticationError as refused:
            await self._dismiss(NOT_ALLOWED, "the key has been revoked", refused.exceptions[0])
        except* Exception as failed:  # noqa: BLE001 - nobody else can tell the client that its stream is broken
            _log.error("a stream has failed", key=self._caller.key.name, exc_info=failed)
            await self._dismiss(FAILED, "internal error", unexpected_error())

    async def _serve(self) -> None:
        """Serve the client, and leave nothing that refers to itself: it would outlive its connection for good."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._watch())
                self._tasks.create_task(self._beat())
                await self._read()
        except BaseExceptionGroup as ended:
            traceback.clear_frames(ended.__traceback__)  # the frame that has raised it knows it, too
            raise
        finally:
            self._channels.clear()  # a task that was cancelled knows the channel, and this session by it

    async def send(self, message: bytes) -> None:
        """Send one JSON message.

        Raises
        ------
        SlowClientError
            If the client does not take it within `send_timeout_seconds`.
        WebSocketDisconnect
            If it has left.
        """
        async with self._sending:
            try:
                async with asyncio.timeout(self._settings.send_timeout_seconds):
                    await self._websocket.send_text(message.decode())
            except TimeoutError:
                raise SlowClientError from None
            except RuntimeError as error:  # Starlette's word for it once the close has been seen
                raise WebSocketDisconnect from error

    def fail(self, error: BaseException) -> None:
        """End the connection for this reason."""
        if not self._failure.done():
            self._failure.set_exception(error)

    async def _watch(self) -> None:
        await self._failure

    async def _dismiss(self, code: int, reason: str, error: BaseException | None = None) -> None:
        """Close the connection, after a last message where there is one."""
        try:
            async with asyncio.timeout(_DISMISS_SECONDS):
                if isinstance(error, ZenOTCError):
                    await self._refuse(error, None)
                await self._websocket.close(code, reason)
        except (TimeoutError, SlowClientError, WebSocketDisconnect, RuntimeError):
            return  # it does not even read that, or has left; the server drops the connection

    async def _beat(self) -> None:
        while True:
            if not self._hub.gate.authenticator.knows(self._caller):
                raise AuthenticationError("the key has been revoked")
            await self.send(
                encode(
                    {
                        "channel": "heartbeat",
                        "lastSeq": self._desk.last_seq,
                        "epoch": self._desk.epoch,
                        "time": datetime.now(UTC),
                    }
                )
            )
            await asyncio.sleep(self._settings.heartbeat_seconds)

    async def _read(self) -> None:
        while True:
            received = await self._websocket.receive()
            if received["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(received.get("code", 1006))
            try:
                message = _parse(received.get("text") or received.get("bytes") or b"")
            except ValidationError as error:
                await self._refuse(error, None)
                continue
            try:
                await self._obey(message)
            except ZenOTCError as error:
                await self._refuse(error, message.id)

    async def _refuse(self, error: ZenOTCError, subscription: str | None) -> None:
        head = {"channel": "error"} if subscription is None else {"channel": "error", "id": subscription}
        await self.send(encode({**head, "error": error.code, "message": error.message}))

    async def _obey(self, message: _ClientMessage) -> None:
        place = (message.channel, message.id)
        head: dict[str, str] = {"channel": message.channel}
        if message.id is not None:
            head["id"] = message.id
        channel = None if message.type == "unsubscribe" else self._open(message, head)
        former = self._channels.pop(place, None)
        if former is not None:
            former.cancel()
            await asyncio.wait((former,))
        if channel is not None:
            self._channels[place] = self._tasks.create_task(channel.run())
        elif message.type == "unsubscribe":
            await self.send(encode({**head, "subscribed": False}))
        else:
            await self.send(
                encode({**head, "snapshotRequired": True, "epoch": self._desk.epoch, "lastSeq": self._desk.last_seq})
            )

    def _open(self, message: _ClientMessage, head: dict[str, str]) -> Channel | None:
        """Return the channel, or `None` where the client's numbers are not of this epoch."""
        place = (message.channel, message.id)
        if len(self._channels) >= _MAX_SUBSCRIPTIONS and place not in self._channels:
            raise ValidationError(f"more than {_MAX_SUBSCRIPTIONS} subscriptions", code="too_many_subscriptions")
        match message.channel:
            case "strategies":
                return StrategiesChannel(self, head, self._hub.strategies)
            case "orderbook":
                return BooksChannel(self, head, self._hub.books, message.assets)
            case "events":
                foreign = message.epoch is not None and message.epoch != self._desk.epoch
                if foreign or (message.after_seq or 0) > self._desk.last_seq:
                    return None
                return EventsChannel(self, head, self._desk, self._settings, message.after_seq, message.strategy_id)


def _parse(text: str | bytes) -> _ClientMessage:
    try:
        return _ClientMessage.model_validate(decode(text))
    except pydantic.ValidationError as error:
        reasons = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise ValidationError(reasons, code="malformed") from None
    except ValueError as error:
        raise ValidationError(f"not JSON: {error}", code="malformed") from None

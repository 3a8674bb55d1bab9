"""The event stream: one websocket for all subscriptions of a client, which finds its way back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, NoReturn, TypeVar
from urllib.parse import urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from zenotc.exceptions import AuthenticationError, ConnectionFailedError, ZenOTCError, error_from_wire
from zenotc.models.wire import decode, encode
from zenotc.sdk.frames import read_message
from zenotc.sdk.signing import Signer
from zenotc.sdk.subscriptions import StreamGapError, Subscription
from zenotc.sdk.transport import is_loopback

__all__ = ["EventStream", "Link", "LinkState"]

LinkState = Literal["idle", "connecting", "connected", "lost", "closed"]
S = TypeVar("S", bound=Subscription[Any])

_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_BACKOFF_SECONDS = 3.0
_QUIET_SECONDS = 5.0
_PING_SECONDS = 1.0
_CONFIRM_SECONDS = 10.0
_REFUSED_AFTER = 3
_MAX_FRAME = 1 << 24
_logger = logging.getLogger("zenotc.sdk")


@dataclass(frozen=True, slots=True)
class Link:
    """The connection to the engine.

    Parameters
    ----------
    state
        `idle` before the first subscription; `lost` while it waits for the next try.
    reason
        Why it was lost, in words.
    round_trip_ms
        Of the newest websocket ping, milliseconds.
    silent_seconds
        Since the last message of any kind; `None` before the first.
    last_seq, epoch, heartbeat_at
        As the newest heartbeat says: the newest event, its numbering, the engine's time.
    """

    state: LinkState = "idle"
    reason: str = ""
    round_trip_ms: float | None = None
    silent_seconds: float | None = None
    last_seq: int | None = None
    epoch: str | None = None
    heartbeat_at: datetime | None = None


class EventStream:
    """One websocket, opened with the first subscription, reconnecting until closed.

    Parameters
    ----------
    base_url
        Of the engine, http or https.
    signer
        Signs each handshake.
    connect_timeout_seconds
        For a connection and its handshake.
    tls
        What verifies the certificate of an https URL.
    """

    def __init__(
        self, base_url: str, signer: Signer, *, connect_timeout_seconds: float, tls: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(base_url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        self._target = parts.path.rstrip("/") + "/ws"
        self._url = urlunsplit((scheme, parts.netloc, self._target, "", ""))
        self._signer = signer
        self._connect_timeout_seconds = connect_timeout_seconds
        self._tls = tls
        self._subscriptions: dict[str, Subscription[Any]] = {}
        self._watchers: list[Callable[[Link], None]] = []
        self._outbox: asyncio.Queue[bytes] | None = None
        self._socket: ClientConnection | None = None
        self._runner: asyncio.Task[None] | None = None
        self._failures = 0
        self._state: LinkState = "idle"
        self._reason = ""
        self._heard_at: float | None = None
        self._heartbeat: Mapping[str, Any] = {}

    @property
    def link(self) -> Link:
        """The state of the connection now."""
        latency = self._socket.latency if self._socket is not None else 0
        at = self._heartbeat.get("time")
        return Link(
            state=self._state,
            reason=self._reason,
            round_trip_ms=latency * 1000 if latency else None,
            silent_seconds=None if self._heard_at is None else time.monotonic() - self._heard_at,
            last_seq=self._heartbeat.get("lastSeq"),
            epoch=self._heartbeat.get("epoch"),
            heartbeat_at=datetime.fromisoformat(at).astimezone(UTC) if at else None,
        )

    def watch(self, callback: Callable[[Link], None]) -> Callable[[], None]:
        """Call back on every change of the state and every heartbeat; returns what ends it."""
        self._watchers.append(callback)
        return lambda: self._watchers.remove(callback)

    def add(self, subscription: S) -> S:
        """Serve a subscription, now and on every later connection."""
        self._subscriptions[subscription.id] = subscription
        self.say(subscription.request())
        if self._runner is None or self._runner.done():
            self._runner = asyncio.create_task(self._run())
        return subscription

    async def confirm(self, subscription: S) -> S:
        """Return a subscription once the engine has confirmed it.

        Raises
        ------
        ZenOTCError
            If the engine refuses it, or `ConnectionFailedError` if it cannot be reached; it is closed then.
        """
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                await subscription.confirmed()
        except TimeoutError:
            await subscription.close()
            raise ConnectionFailedError(f"{self._url} did not confirm the subscription: {self._reason}") from None
        except ZenOTCError:
            await subscription.close()
            raise
        return subscription

    def say(self, message: Mapping[str, Any]) -> None:
        """Send a message if connected."""
        if self._outbox is not None:
            self._outbox.put_nowait(encode(message))

    def forget(self, subscription: Subscription[Any]) -> None:
        """Route no more messages to a subscription."""
        self._subscriptions.pop(subscription.id, None)

    async def close(self) -> None:
        """Close the connection and every subscription."""
        runner, self._runner = self._runner, None
        if runner is not None:
            runner.cancel()
            await asyncio.wait((runner,), timeout=_QUIET_SECONDS)
        self._outbox = None
        for subscription in list(self._subscriptions.values()):
            await subscription.close()
        self._become("closed")

    async def _run(self) -> None:
        while True:
            self._become("connecting", self._reason)
            error = await self._serve_once()
            self._failures += 1
            self._become("lost", str(error))
            _logger.warning("the stream of %s is lost: %s", self._url, error)
            if isinstance(error, AuthenticationError) or self._failures >= _REFUSED_AFTER:
                for subscription in list(self._subscriptions.values()):
                    subscription.refuse(error)
            pause = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2 ** min(self._failures - 1, 10))
            await asyncio.sleep(pause * random.uniform(0.5, 1))

    async def _serve_once(self) -> ZenOTCError:
        """Serve one connection to its end, and return why it ended."""
        try:
            async with connect(
                self._url,
                additional_headers=self._signer.headers("GET", self._target),
                open_timeout=self._connect_timeout_seconds,
                close_timeout=1,
                ping_interval=_PING_SECONDS,
                ping_timeout=_QUIET_SECONDS,
                max_size=_MAX_FRAME,
                compression=None,
                ssl=self._tls,
                proxy=None if is_loopback(self._url) else True,
            ) as socket:
                return await self._converse(socket)
        except InvalidStatus as error:
            return self._refusal(error)
        except TimeoutError:
            return ConnectionFailedError("the engine says nothing")
        except (OSError, WebSocketException) as error:
            return ConnectionFailedError(str(error) or type(error).__name__)
        except (StreamGapError, ValueError, KeyError) as error:
            return ConnectionFailedError(f"the stream is broken: {error}")
        finally:
            self._socket = self._outbox = None

    async def _converse(self, socket: ClientConnection) -> NoReturn:
        self._socket = socket
        outbox: asyncio.Queue[bytes] = asyncio.Queue()
        self._outbox = outbox
        for subscription in self._subscriptions.values():
            self.say(subscription.request())
        self._become("connected")
        sender = asyncio.create_task(_send_all(socket, outbox))
        try:
            while True:
                async with asyncio.timeout(_QUIET_SECONDS):
                    text = await socket.recv(decode=False)
                self._heard_at = time.monotonic()
                self._route(read_message(text))
        finally:
            sender.cancel()
            await asyncio.wait((sender,))

    def _route(self, message: dict[str, Any]) -> None:
        subscription = self._subscriptions.get(message.get("id", ""))
        if message["channel"] == "heartbeat":
            self._heartbeat = message
            self._failures = 0
            self._notify()
        elif message["channel"] == "error":
            _logger.warning("the engine refuses a subscription: %s", message.get("message"))
            if subscription is not None:
                subscription.refuse(error_from_wire(404 if message.get("error") == "not_found" else 422, message))
        elif subscription is not None:
            subscription.receive(message)

    def _refusal(self, error: InvalidStatus) -> ZenOTCError:
        """Return what the engine answered to the handshake; where it told its time, go by that."""
        try:
            body = decode(bytes(error.response.body or b""))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            body = {"message": f"HTTP {error.response.status_code}"}
        refusal = error_from_wire(error.response.status_code, body)
        server_time = refusal.details.get("serverTime")
        if refusal.code == "timestamp_out_of_window" and isinstance(server_time, int):
            self._signer.learn_time(server_time)
            return ConnectionFailedError("the clocks differ; going by the engine's")
        return refusal

    def _become(self, state: LinkState, reason: str = "") -> None:
        self._state, self._reason = state, reason
        self._notify()

    def _notify(self) -> None:
        """Call the watchers from the loop, where an exception of theirs is reported and ends nothing here."""
        if self._watchers:
            link, loop = self.link, asyncio.get_running_loop()
            for watcher in self._watchers:
                loop.call_soon(watcher, link)


async def _send_all(socket: ClientConnection, outbox: asyncio.Queue[bytes]) -> None:
    with contextlib.suppress(ConnectionClosed):  # the receiving side sees it too, and says why
        while True:
            await socket.send((await outbox.get()).decode())

"""Who gets a connection: as many as there is room for, and none that only holds its place.

A listening socket that takes everybody lets one client use up the process's file descriptors, and then the emergency
stop cannot write its latch. So there is a largest number, and whoever comes when it is reached is let in at the cost of
another: one that has not shown a signature yet, the longest waiting first. Nobody who wants to stop the desk is ever
turned away.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Doorkeeper", "HttpConnection"]

_RETRY_SECONDS = 0.1
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_log = structlog.get_logger()


class HttpConnection(H11Protocol):
    """An HTTP connection that knows since when its client has owed it a request, seconds of the loop's clock."""

    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take the connection."""
        super().connection_made(transport)
        self.since = self.loop.time()

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        if self.timeout_keep_alive_task is not None:
            self.since = self.loop.time()  # the next request begins
        super().data_received(data)

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    @property
    def serving(self) -> bool:
        """Whether a request is being answered."""
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def signed(self) -> bool:
        """Whether it is the request of somebody whose signature is good."""
        return self.serving and "caller" in self.scope["state"]

    @property
    def receiving(self) -> bool:
        """Whether a request has begun to arrive, or none has come yet: what uvicorn's keep-alive timer leaves out."""
        return not self.serving and self.timeout_keep_alive_task is None


@dataclass(slots=True)
class _Unread:
    size: int
    since: float


class Doorkeeper:
    """Accepts connections and ends those that waste their place.

    Parameters
    ----------
    listener
        Bound and listening, not blocking.
    factory
        Makes the protocol of a new connection.
    connections
        The protocols of the open ones; they come and go by themselves.
    tls
        How connections are encrypted, `None` where they are not.
    max_connections
        Largest number of them, TLS handshakes included.
    head_timeout_seconds
        How long a TLS handshake, and the head of a request, may take.
    unread_timeout_seconds
        A client that reads nothing at all for so long, while something waits for it, is dropped.
    """

    def __init__(
        self,
        listener: socket.socket,
        factory: Callable[[], asyncio.Protocol],
        connections: set[Any],
        *,
        tls: ssl.SSLContext | None,
        max_connections: int,
        head_timeout_seconds: float,
        unread_timeout_seconds: float,
    ) -> None:
        self._listener = listener
        self._factory = factory
        self._connections = connections
        self._tls = tls
        self._max_connections = max_connections
        self._head_timeout = head_timeout_seconds
        self._unread_timeout = unread_timeout_seconds
        self._handshakes: dict[asyncio.Task[None], float] = {}
        self._unread: dict[Any, _Unread] = {}

    async def accept(self) -> None:
        """Let clients in until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    client, _ = await loop.sock_accept(self._listener)
                except OSError as error:
                    _log.error("no connection can be accepted", error=str(error))
                    self._make_room()
                    await asyncio.sleep(_RETRY_SECONDS)
                    continue
                if len(self._connections) + len(self._handshakes) >= self._max_connections:
                    self._make_room()
                task = asyncio.create_task(self._admit(client))
                self._handshakes[task] = loop.time()
                task.add_done_callback(lambda task: self._handshakes.pop(task, None))
        finally:
            for task in self._handshakes:
                task.cancel()

    async def _admit(self, client: socket.socket) -> None:
        timeout = None if self._tls is None else self._head_timeout
        with contextlib.suppress(OSError):  # it has left, or does not speak TLS
            await asyncio.get_running_loop().connect_accepted_socket(
                self._factory, client, ssl=self._tls, ssl_handshake_timeout=timeout
            )

    def _make_room(self) -> None:
        """End the connection that is missed least: no signature before a signed request, the longest waiting first."""
        plain = [connection for connection in self._connections if isinstance(connection, HttpConnection)]
        connection = min(plain, key=lambda connection: (connection.signed, connection.since), default=None)
        handshake = min(self._handshakes, key=self._handshakes.__getitem__, default=None)
        if handshake is not None and (
            connection is None or connection.signed or self._handshakes[handshake] < connection.since
        ):
            handshake.cancel()
            del self._handshakes[handshake]
        elif connection is not None:
            connection.transport.abort()
            self._connections.discard(connection)

    def look(self) -> None:
        """End what has taken too long; called about once a second."""
        now = asyncio.get_running_loop().time()
        for connection in list(self._connections):
            if isinstance(connection, HttpConnection):
                self._look_at_request(connection, now)
            self._look_at_answer(connection, now)
        for gone in self._unread.keys() - self._connections:
            del self._unread[gone]

    def _look_at_request(self, connection: HttpConnection, now: float) -> None:
        late = connection.receiving and now - connection.since > self._head_timeout
        if late and not connection.transport.is_closing():
            if connection.cycle is None:
                connection.transport.write(_TOO_SLOW)
            connection.transport.close()

    def _look_at_answer(self, connection: Any, now: float) -> None:
        waiting = connection.transport.get_write_buffer_size()
        known = self._unread.get(connection)
        if not waiting:
            self._unread.pop(connection, None)
        elif known is None or waiting < known.size:
            self._unread[connection] = _Unread(waiting, now)
        elif now - known.since > self._unread_timeout:
            connection.transport.abort()

"""A TCP proxy between a remote venue and its client that breaks as it is told to, frame by frame."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Literal
from urllib.parse import urlsplit

Way = Literal["to_venue", "to_client"]
Fate = Literal["pass", "drop", "twice", "cut_before", "cut_after"]
"""What becomes of a message: `cut_after` passes it on, and nothing after it."""

Decide = Callable[[Way, bytes], Fate]

_CONTROL = 8
"""Opcodes of websocket frames from here on are pings, pongs and closes."""


def _pass(way: Way, text: bytes) -> Fate:
    return "pass"


@dataclass(eq=False)
class _Connection:
    """Both ends, and whether anything flows between them."""

    client: asyncio.StreamWriter
    venue: asyncio.StreamWriter
    flowing: dict[Way, asyncio.Event]
    broken: bool = False

    def cut(self) -> None:
        self.broken = True
        self.client.transport.abort()
        self.venue.transport.abort()


class FaultyLink:
    """Stands before a venue's websocket.

    Attributes
    ----------
    decide
        What becomes of each message.
    delay_seconds
        How much longer everything takes, either way.
    connections
        How many there have been.
    """

    def __init__(self, venue_url: str) -> None:
        self.decide: Decide = _pass
        self.delay_seconds = 0.0
        self.connections = 0
        self._target = urlsplit(venue_url)
        self._alive: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where clients connect to."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.sockets[0].getsockname()[1]}{self._target.path}"

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)

    async def stop(self) -> None:
        """Cut everything and listen no more."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection."""
        for connection in list(self._alive):
            connection.cut()

    def freeze(self, *ways: Way) -> None:
        """Let nothing through on the connections that there are, default either way; each end believes in the other."""
        for connection in self._alive:
            for way in ways or connection.flowing:
                connection.flowing[way].clear()

    def thaw(self) -> None:
        """Let through what was held up, however late."""
        for connection in self._alive:
            for flowing in connection.flowing.values():
                flowing.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            from_venue, to_venue = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        connection = _Connection(writer, to_venue, {"to_venue": asyncio.Event(), "to_client": asyncio.Event()})
        for flowing in connection.flowing.values():
            flowing.set()
        self._alive.add(connection)
        pumps = [
            asyncio.create_task(self._pump("to_venue", reader, to_venue, connection)),
            asyncio.create_task(self._pump("to_client", from_venue, writer, connection)),
        ]
        self._tasks.update(pumps)
        try:
            await asyncio.wait(pumps)
        finally:
            connection.cut()
            self._alive.discard(connection)
            self._tasks.difference_update(pumps)

    async def _pump(
        self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: _Connection
    ) -> None:
        """Pass on what comes, each thing when it is due, and then the end."""
        line: asyncio.Queue[tuple[float, bytes] | None] = asyncio.Queue()
        delivering = asyncio.create_task(self._deliver(line, writer, connection, connection.flowing[way]))
        self._tasks.add(delivering)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            now = asyncio.get_running_loop().time
            line.put_nowait((now() + self.delay_seconds, await reader.readuntil(b"\r\n\r\n")))
            async for opcode, raw, text in _frames(reader):
                fate = self.decide(way, text) if opcode < _CONTROL else "pass"
                due = now() + self.delay_seconds
                if fate != "drop" and fate != "cut_before":
                    line.put_nowait((due, raw * 2 if fate == "twice" else raw))
                if fate in ("cut_before", "cut_after"):
                    break
        line.put_nowait(None)
        await delivering
        self._tasks.discard(delivering)
        connection.cut()

    async def _deliver(
        self,
        line: asyncio.Queue[tuple[float, bytes] | None],
        writer: asyncio.StreamWriter,
        connection: _Connection,
        flowing: asyncio.Event,
    ) -> None:
        now = asyncio.get_running_loop().time
        while (item := await line.get()) is not None:
            due, raw = item
            await asyncio.sleep(max(due - now(), 0))
            await flowing.wait()
            if connection.broken or writer.is_closing():
                return
            writer.write(raw)
        await flowing.wait()
        with contextlib.suppress(OSError):
            await writer.drain()


async def _frames(reader: asyncio.StreamReader) -> AsyncIterator[tuple[int, bytes, bytes]]:
    """Yield websocket frames: opcode, the bytes as they came, the payload unmasked."""
    while True:
        head = await reader.readexactly(2)
        length = head[1] & 127
        extended = await reader.readexactly({126: 2, 127: 8}.get(length, 0))
        mask = await reader.readexactly(4 if head[1] & 128 else 0)
        body = await reader.readexactly(int.from_bytes(extended, "big") if extended else length)
        text = bytes(byte ^ key for byte, key in zip(body, cycle(mask), strict=False)) if mask else body
        yield head[0] & 15, head + extended + mask + body, text

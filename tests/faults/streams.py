"""Streams are cut at random, in the middle of a frame too; each client must hear every event once, in order.

The clients are the SDK's and meet a real gateway through a proxy; the journal has what they should have heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import logging
import operator
import random
import sqlite3
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

from tests.faults.arena import Arena, Engine, arena
from tests.faults.row import Outcome, Row
from zenotc import ZenOTCClient
from zenotc.sdk.subscriptions import StreamReset

__all__ = ["ROWS", "Cutter", "streams"]

CLIENTS = 8
_LEAVES = 0.1
"""The share of the disconnections that are the client's own wish."""

_BETWEEN_SECONDS = 0.05
_CAUGHT_UP_SECONDS = 60.0
_MOST_BYTES = 3_000
"""A cut leaves up to so many bytes through."""

Heard = list[tuple[int, str]]
"""Numbers and types of events."""


class Cutter:
    """A TCP proxy that cuts connections after so many bytes more."""

    def __init__(self, target_url: str) -> None:
        self._target = urlsplit(target_url)
        self._left: dict[asyncio.StreamWriter, int | None] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Listen until the block ends; yields the address to take for the target's."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        try:
            yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, rng: random.Random) -> bool:
        """Cut one of the connections, and return whether there was any."""
        whole = [client for client, left in self._left.items() if left is None]
        if not whole:
            return False
        client = rng.choice(whole)
        self._left[client] = rng.choice([0, rng.randrange(_MOST_BYTES)])
        if not self._left[client]:
            client.transport.abort()
        return True

    async def _connect(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        with contextlib.suppress(OSError):
            from_engine, engine = await asyncio.open_connection(self._target.hostname, self._target.port)
            self._left[client] = None
            try:
                pumps = {
                    asyncio.create_task(self._pump(reader, engine, None)),
                    asyncio.create_task(self._pump(from_engine, client, client)),
                }
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for pump in pumps:
                    pump.cancel()
                await asyncio.gather(*pumps, return_exceptions=True)
                del self._left[client]
                engine.transport.abort()
        client.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, counted: asyncio.StreamWriter | None
    ) -> None:
        """Pass on what comes, of a connection that is to be cut only so many bytes."""
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                left = self._left[counted] if counted is not None else None
                writer.write(data if left is None else data[:left])
                await writer.drain()
                if left is not None and counted is not None:
                    self._left[counted] = left - len(data)
                    if left <= len(data):
                        return


class _Listener:
    """A client that writes down what it hears, from the beginning of the journal.

    Parameters
    ----------
    client
        The client.
    strategy_id
        Whose events; `None` is everybody's.
    """

    def __init__(self, client: ZenOTCClient, strategy_id: str | None) -> None:
        self.strategy_id = strategy_id
        self.heard: Heard = []
        self.leaves = False
        self._client = client

    @property
    def last_seq(self) -> int:
        return self.heard[-1][0] if self.heard else 0

    async def listen(self) -> None:
        """Listen for ever; where it is told to leave, it comes back for what follows."""
        while True:
            self.leaves = False
            async with contextlib.aclosing(self._client.mm_strategy.events(self.strategy_id, self.last_seq)) as events:
                async for event in events:
                    assert not isinstance(event, StreamReset) and event.seq is not None, event
                    self.heard.append((event.seq, event.type))
                    if self.leaves:
                        break


def streams(count: int, seed: int) -> Outcome:
    """Disconnect so many times."""
    logger = logging.getLogger("zenotc.sdk")
    level = logger.level
    logger.setLevel(logging.ERROR)  # it warns of each loss
    try:
        return asyncio.run(_disconnect(count, seed))
    finally:
        logger.setLevel(level)


async def _disconnect(count: int, seed: int) -> Outcome:
    outcome, rng = Outcome(), random.Random(seed)
    started = time.monotonic()
    async with arena(rng.randrange(1 << 30)) as place:
        engine = place.launch()
        try:
            await engine.ready()
            await place.create(engine)
            cutter = Cutter(engine.client.base_url)
            async with cutter.listening() as url:
                await _listen_and_cut(place, engine, cutter, url, count, rng, outcome)
        finally:
            await engine.kill()
    outcome.figures["per_minute"] = 60 * count / (time.monotonic() - started)
    return outcome


async def _listen_and_cut(
    place: Arena, engine: Engine, cutter: Cutter, url: str, count: int, rng: random.Random, outcome: Outcome
) -> None:
    ids = [None, *(strategy.id for strategy in await engine.client.mm_strategy.list())]
    async with contextlib.AsyncExitStack() as at_end:
        listeners = []
        for number in range(CLIENTS):
            client = ZenOTCClient(base_url=url, environment="sandbox", state_dir=place.directory)
            await at_end.enter_async_context(client)
            listeners.append(_Listener(client, ids[number % len(ids)]))
        listening = [asyncio.create_task(listener.listen()) for listener in listeners]
        try:
            while outcome.tried < count:
                await asyncio.sleep(rng.expovariate(1 / _BETWEEN_SECONDS))
                if rng.random() < _LEAVES:
                    rng.choice(listeners).leaves = True
                    outcome.tried += 1
                else:
                    outcome.tried += cutter.cut(rng)
            last_seq = (await engine.client.mm_strategy.status()).last_seq
            for number, listener in enumerate(listeners):
                wrong = await _compare(listener, place.directory / "journal.db", last_seq)
                outcome.failures += [f"client {number}: {what}" for what in wrong]
        finally:
            for task in listening:
                task.cancel()
            ended = await asyncio.gather(*listening, return_exceptions=True)
            outcome.failures += [repr(end) for end in ended if not isinstance(end, asyncio.CancelledError)]
    outcome.figures["events_heard"] = sum(len(listener.heard) for listener in listeners)


async def _compare(listener: _Listener, journal: Path, last_seq: int) -> list[str]:
    """Return how what was heard, once it is all there, differs from the journal up to that event."""
    should = _events_of(journal, listener.strategy_id, last_seq)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CAUGHT_UP_SECONDS):
            while should and listener.last_seq < should[-1][0]:  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.01)
    heard = [one for one in listener.heard if one[0] <= last_seq]
    if heard == should:
        return []
    same = sum(1 for _ in itertools.takewhile(bool, map(operator.eq, heard, should)))
    return [f"{len(heard)} events, {len(should)} in the journal, not the same after {same}: {heard[same : same + 2]}"]


def _events_of(journal: Path, strategy_id: str | None, last_seq: int) -> Heard:
    query = "SELECT seq, body FROM events WHERE seq <= ? AND (? IS NULL OR strategy_id = ?) ORDER BY seq"
    with contextlib.closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=20)) as connection:
        rows = connection.execute(query, (last_seq, strategy_id, strategy_id)).fetchall()
    return [(seq, json.loads(body)["type"]) for seq, body in rows]


ROWS = (Row("streams", "each client hears every event of the journal once and in order", 2_000, streams),)

"""The subscriptions of one stream client: events without a gap, strategies and books conflated."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import orjson

from zenotc.gateway.desk import Desk
from zenotc.gateway.publishers import BooksPublisher, StrategiesPublisher
from zenotc.gateway.settings import GatewaySettings
from zenotc.models.events import JournalledEvent
from zenotc.models.wire import encode

__all__ = ["BooksChannel", "Channel", "EventsChannel", "SlowClientError", "StrategiesChannel"]

_PAGE = 250
"""Events that are sent at once: each client may hold the event loop for so long in each of its turns."""


class SlowClientError(Exception):
    """A client that cannot follow."""


class Connection(Protocol):
    """The client's end, as a channel sees it."""

    async def send(self, message: bytes) -> None:
        """Send one JSON message."""

    def fail(self, error: BaseException) -> None:
        """End the connection for this reason."""


class Channel(ABC):
    """One subscription.

    Parameters
    ----------
    connection
        Where its messages go.
    head
        What each of its messages begins with: `channel`, and the client's `id` for it where it gave one.
    """

    def __init__(self, connection: Connection, head: dict[str, Any]) -> None:
        self._connection = connection
        self._head = head
        self._wake = asyncio.Event()

    @abstractmethod
    async def run(self) -> None:
        """Confirm the subscription and serve it until cancelled."""

    def fail(self, error: BaseException) -> None:
        """End the whole connection: what feeds this channel has failed."""
        self._connection.fail(error)

    async def _send(self, **members: Any) -> None:
        await self._connection.send(encode({**self._head, **members}))

    async def _woken(self) -> None:
        await self._wake.wait()
        self._wake.clear()


class EventsChannel(Channel):
    """Events after a number: replayed from the journal, then live, each with the number delivered before it.

    It listens first and replays then. Whatever has been heard when a page of the journal is asked for is
    committed, so that the page, or the next one, holds it; only what is heard after the last page is live.

    Parameters
    ----------
    after_seq
        Where to go on; `None` begins with the next event.
    strategy_id
        Only this strategy's events; `None` is all.
    """

    def __init__(
        self,
        connection: Connection,
        head: dict[str, Any],
        desk: Desk,
        settings: GatewaySettings,
        after_seq: int | None,
        strategy_id: str | None,
    ) -> None:
        super().__init__(connection, head)
        self._desk = desk
        self._settings = settings
        self._after_seq = after_seq
        self._cursor = after_seq or 0
        self._strategy_id = strategy_id
        self._heard: list[JournalledEvent] = []

    async def run(self) -> None:
        """Confirm, replay, follow."""
        stop_listening = self._desk.listen(self._on_commit)
        if self._after_seq is None:
            self._cursor = self._desk.last_seq
        try:
            await self._send(subscribed=True, epoch=self._desk.epoch, lastSeq=self._desk.last_seq)
            if self._after_seq is not None:
                await self._replay()
            while True:
                await self._woken()
                heard, self._heard = self._heard, []
                await self._deliver(heard)
                await asyncio.sleep(self._settings.frame_interval_seconds)
        finally:
            stop_listening()

    def _on_commit(self, events: Sequence[JournalledEvent]) -> None:
        wanted = self._strategy_id
        self._heard += events if wanted is None else [event for event in events if event.strategy_id == wanted]
        if len(self._heard) > self._settings.max_pending_events:
            self.fail(SlowClientError())
        elif self._heard:
            self._wake.set()

    async def _replay(self) -> None:
        while True:
            self._heard.clear()
            page = await self._desk.events(after_seq=self._cursor, limit=_PAGE, strategy_id=self._strategy_id)
            await self._deliver(page)
            if len(page) < _PAGE:
                return

    async def _deliver(self, events: Sequence[JournalledEvent]) -> None:
        for start in range(0, len(events), _PAGE):
            bodies: list[orjson.Fragment] = []
            for event in events[start : start + _PAGE]:
                if event.seq > self._cursor:
                    bodies.append(orjson.Fragment(event.body[:-1] + b',"prevSeq":%d}' % self._cursor))
                    self._cursor = event.seq
            if bodies:
                await self._send(events=bodies)


class StrategiesChannel(Channel):
    """All strategies, then what changes on them."""

    def __init__(self, connection: Connection, head: dict[str, Any], publisher: StrategiesPublisher) -> None:
        super().__init__(connection, head)
        self._publisher = publisher
        self._changes: dict[str, dict[str, Any]] = {}
        self._removed: set[str] = set()

    async def run(self) -> None:
        """Confirm, send the snapshot, then the changes."""
        self._publisher.join(self)
        try:
            snapshot = self._publisher.snapshot()
            await self._send(subscribed=True)
            await self._send(snapshot=snapshot)
            while True:
                await self._woken()
                changes, removed = list(self._changes.values()), sorted(self._removed)
                self._changes, self._removed = {}, set()
                await self._send(changes=changes, removed=removed)
        finally:
            self._publisher.leave(self)

    def on_strategies(self, changes: dict[str, dict[str, Any]], removed: Iterable[str]) -> None:
        """Merge what changed with what has not been sent yet."""
        for strategy_id, fields in changes.items():
            self._changes[strategy_id] = self._changes.get(strategy_id, {}) | fields
        for strategy_id in removed:
            self._changes.pop(strategy_id, None)
            self._removed.add(strategy_id)  # for good: an id is drawn once
        self._wake.set()


class BooksChannel(Channel):
    """The newest book of each asset.

    Raises
    ------
    NotFoundError
        If there is no such asset.
    """

    def __init__(
        self, connection: Connection, head: dict[str, Any], publisher: BooksPublisher, assets: Iterable[str]
    ) -> None:
        super().__init__(connection, head)
        self._publisher = publisher
        self.assets = frozenset(assets)
        self._newest: dict[str, bytes] = {}
        for asset in self.assets:
            publisher.current(asset)

    async def run(self) -> None:
        """Confirm, send the books as they are, then whenever they have changed."""
        self._publisher.join(self)
        self._newest = {asset: self._publisher.current(asset) for asset in sorted(self.assets)}
        self._wake.set()
        try:
            await self._send(subscribed=True)
            while True:
                await self._woken()
                newest, self._newest = self._newest, {}
                for book in newest.values():
                    await self._send(book=orjson.Fragment(book))
        finally:
            self._publisher.leave(self)

    def on_book(self, asset: str, book: bytes) -> None:
        """Keep the newest."""
        self._newest[asset] = book
        self._wake.set()

"""What many stream clients share: strategies and books, looked at five times a second while anybody watches."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any, Generic, Protocol, TypeVar

from zenotc.gateway.desk import Desk
from zenotc.models.wire import encode

__all__ = ["BookWatcher", "BooksPublisher", "StrategiesPublisher", "StrategyWatcher"]

BOOK_DEPTH = 50
_AGEING = ("timestamp", "dataAgeSeconds")


class Watcher(Protocol):
    """Somebody who is told."""

    def fail(self, error: BaseException) -> None:
        """The publisher has failed."""


class StrategyWatcher(Watcher, Protocol):
    """Is told what changed on strategies."""

    def on_strategies(self, changes: dict[str, dict[str, Any]], removed: Iterable[str]) -> None:
        """Take the changed fields by strategy id, and the ids that are gone."""


class BookWatcher(Watcher, Protocol):
    """Is told the books of its assets."""

    @property
    def assets(self) -> frozenset[str]:
        """Which books."""

    def on_book(self, asset: str, book: bytes) -> None:
        """Take a book as JSON."""


W = TypeVar("W", bound=Watcher)


class Publisher(ABC, Generic[W]):
    """Looks at the desk at intervals, only while somebody watches.

    Parameters
    ----------
    desk
        What is looked at.
    interval_seconds
        Between two looks.
    """

    def __init__(self, desk: Desk, interval_seconds: float) -> None:
        self._desk = desk
        self._interval = interval_seconds
        self._watchers: set[W] = set()
        self._task: asyncio.Task[None] | None = None

    def join(self, watcher: W) -> None:
        """Begin to tell somebody."""
        if not self._watchers:
            self._reset()
            self._task = asyncio.create_task(self._run())
            self._task.add_done_callback(self._report)
        self._watchers.add(watcher)

    def leave(self, watcher: W) -> None:
        """Stop telling somebody."""
        self._watchers.discard(watcher)
        if not self._watchers and self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(self._interval)
            self._publish()

    def _report(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            for watcher in self._watchers:
                watcher.fail(error)

    @abstractmethod
    def _reset(self) -> None:
        """Forget what was published last, or look at it anew."""

    @abstractmethod
    def _publish(self) -> None:
        """Tell the watchers what has changed."""


class StrategiesPublisher(Publisher[StrategyWatcher]):
    """Publishes the fields of strategies that have changed."""

    _published: dict[str, dict[str, Any]]

    def snapshot(self) -> list[dict[str, Any]]:
        """Return the strategies as published last, which the next changes build on."""
        return list(self._published.values())

    def _look(self) -> dict[str, dict[str, Any]]:
        return {strategy.id: strategy.to_wire() for strategy in self._desk.strategies()}

    def _reset(self) -> None:
        self._published = self._look()

    def _publish(self) -> None:
        before, now = self._published, self._look()
        removed = before.keys() - now.keys()
        changes = {
            strategy_id: _changed(before.get(strategy_id, {}), fields)
            for strategy_id, fields in now.items()
            if before.get(strategy_id) != fields
        }
        self._published = now
        if changes or removed:
            for watcher in self._watchers:
                watcher.on_strategies(changes, removed)


class BooksPublisher(Publisher[BookWatcher]):
    """Publishes books that have changed."""

    def __init__(self, desk: Desk, interval_seconds: float) -> None:
        super().__init__(desk, interval_seconds)
        self._published: dict[str, dict[str, Any]] = {}

    def current(self, asset: str) -> bytes:
        """Return a book as JSON; a watcher that has it is told of the next change.

        Raises
        ------
        NotFoundError
            If there is no such asset.
        """
        book = self._desk.order_book(asset, BOOK_DEPTH).to_wire()
        self._published.setdefault(asset, _content(book))
        return encode(book)

    def _reset(self) -> None:
        self._published = {}

    def _publish(self) -> None:
        for asset in frozenset[str]().union(*(watcher.assets for watcher in self._watchers)):
            book = self._desk.order_book(asset, BOOK_DEPTH).to_wire()
            content = _content(book)
            if self._published.get(asset) == content:
                continue
            self._published[asset] = content
            text = encode(book)
            for watcher in self._watchers:
                if asset in watcher.assets:
                    watcher.on_book(asset, text)


def _changed(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return what is different in `after`, by wire name, always with the `id`."""
    return {key: value for key, value in after.items() if key == "id" or before.get(key) != value}


def _content(book: dict[str, Any]) -> dict[str, Any]:
    """Return a book without what changes while nothing happens."""
    return {name: value for name, value in book.items() if name not in _AGEING}

"""Keeps the store in step with the engine: streams for what changes, a question each second for the rest.

The SDK's stream reconnects and resumes by itself, so an engine that goes away and comes back leaves no gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from console.formatting import clean
from console.inspection import Inspector
from console.store import Store
from zenotc.exceptions import ZenOTCError
from zenotc.models.quotes import OrderBook, Preview, Quotes
from zenotc.sdk.client import ZenOTCClient

if TYPE_CHECKING:
    from zenotc.sdk.stream import Link as StreamLink
    from zenotc.sdk.subscriptions import StrategiesChange, Subscription

__all__ = ["Link"]

STATUS_SECONDS = 1.0
STRATEGIES_SECONDS = 0.2
HISTORY = timedelta(minutes=30)
HISTORY_RESOLUTION_SECONDS = 5.0
BOOK_RESTS_SECONDS = 0.15
HISTORY_RESTS_SECONDS = 0.25
"""The selection must have rested so long for a book, and so much longer for a history, to be asked for."""

DEEP_LEVELS = 1_000
DEEP_SECONDS = 1.0
DEEP_PAUSE_SECONDS = 0.1
"""A question about trading positions away looks at so many levels, so often; between two books it leaves the engine's
allowance of requests to others."""

RECENT_EVENTS = 200
"""So many events from before the console was opened are shown in its log."""


class Link:
    """The console's side of the connection.

    Parameters
    ----------
    client
        The SDK's client of the engine.
    store
        Where everything that arrives goes.
    """

    def __init__(self, client: ZenOTCClient, store: Store) -> None:
        self._client, self._store = client, store
        self._ask_now = asyncio.Event()
        self._connected = asyncio.Event()
        self._asset: str | None = None
        self._book: Subscription[OrderBook] | None = None

    async def run(self) -> None:
        """Follow the engine until cancelled."""
        unwatch = self._client.watch_link(self._on_link)
        subscriptions: list[Subscription[Any]] = [await self._client.mm_strategy.watch_strategies(self._on_strategies)]
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._ask())
                tasks.create_task(Inspector(self._client, self._store).run())
                subscriptions.append(await self._follow_events())
        finally:
            unwatch()
            for subscription in subscriptions:
                await subscription.close()

    def ask_now(self) -> None:
        """Ask for the engine's status without waiting for its turn."""
        self._ask_now.set()

    def _on_link(self, link: StreamLink) -> None:
        store = self._store
        store.last_seq = link.last_seq or store.last_seq
        if link.state == "connected":
            if link.silent_seconds is not None and link.silent_seconds < STATUS_SECONDS:
                store.heard()
            store.link_up(None if link.round_trip_ms is None else link.round_trip_ms / 1000)
            self._connected.set()
        elif link.state == "lost":
            store.link_lost(link.reason)
            self._connected.clear()

    async def _ask(self) -> None:
        while True:
            await self._connected.wait()
            self._ask_now.clear()
            try:
                self._store.status = await self._client.mm_strategy.status()
            except ZenOTCError as error:
                self._store.problem = clean(error.message)
            else:
                self._store.problem = ""
                self._live_point()
            try:
                async with asyncio.timeout(STATUS_SECONDS):
                    await self._ask_now.wait()
            except TimeoutError:
                continue

    def _live_point(self) -> None:
        strategy = self._store.strategy(self._store.history.strategy_id)
        if strategy is not None and self._store.status is not None:
            self._store.history.append(self._store.status.trading_time.timestamp(), float(strategy.total_pnl))

    async def _follow_events(self) -> Subscription[Sequence[Mapping[str, Any]]]:
        while self._store.status is None:
            await self._connected.wait()
            await asyncio.sleep(0.05)
        self._store.live_after_seq = self._store.status.last_seq
        after = max(0, self._store.status.last_seq - RECENT_EVENTS)
        return await self._client.mm_strategy.watch_events(self._on_events, after_seq=after)

    def _on_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        self._store.heard()
        self._store.events_came(events)

    async def _on_strategies(self, change: StrategiesChange) -> None:
        self._store.heard()
        self._store.strategies_changed(change.wire, change.removed, complete=change.complete)
        await asyncio.sleep(STRATEGIES_SECONDS)  # what comes meanwhile is merged

    def _on_book(self, book: OrderBook) -> None:
        self._store.heard()
        self._store.book_changed(book)

    async def preview(self, strategy_id: str | None, parameters: Mapping[str, Any]) -> tuple[Preview, Quotes | None]:
        """Ask what a strategy would quote with other parameters, and what it quotes now; `None` is one to come.

        Raises
        ------
        ZenOTCError
            If the engine refuses them, or does not answer.
        """
        calls = self._client.mm_strategy
        if strategy_id is None:
            return await calls.preview_new(**parameters), None
        return await calls.preview(strategy_id, **parameters), await calls.get_quotes(strategy_id)

    async def look_at(self, strategy_id: str | None) -> None:
        """Turn book and history to a strategy, once the selection rests on it; `None` to none of this engine's."""
        store = self._store
        store.history.begin(strategy_id)
        await asyncio.sleep(BOOK_RESTS_SECONDS)
        strategy = store.strategy(strategy_id)
        await self._watch_book(strategy.asset if strategy else None)
        if strategy is not None:
            await asyncio.sleep(HISTORY_RESTS_SECONDS)
            await self._load_history(strategy.id)

    async def _watch_book(self, asset: str | None) -> None:
        if asset == self._asset:
            return
        former, self._asset, self._book = self._book, asset, None
        if asset is not None:
            self._book = await self._client.mm_strategy.watch_order_book(asset, self._on_book)
        if former is not None:
            await former.close()

    async def look_deep(self, assets: Collection[str]) -> None:
        """Keep the books of assets as deep as they go, until cancelled."""
        while True:
            for asset in assets:
                try:
                    self._store.depth_changed(await self._client.mm_strategy.order_book(asset, depth=DEEP_LEVELS))
                except ZenOTCError as error:
                    self._store.problem = f"no book of {clean(asset, 20)}: {clean(error.message)}"
                await asyncio.sleep(DEEP_PAUSE_SECONDS)
            await asyncio.sleep(DEEP_SECONDS)

    async def _load_history(self, strategy_id: str) -> None:
        store = self._store
        now = store.status.trading_time if store.status else datetime.now(UTC)
        try:
            kept = await self._client.mm_strategy.history(
                strategy_id, start=now - HISTORY, resolution_seconds=HISTORY_RESOLUTION_SECONDS
            )
        except ZenOTCError as error:
            store.problem = f"no history: {clean(error.message)}"
            return
        live = store.history.points
        store.history.begin(strategy_id, [(point.timestamp.timestamp(), float(point.total_pnl)) for point in kept])
        for time, value in live:
            store.history.append(time, value)

"""What the detail asks the engine for beside the streams: only for the strategy and the tab that are looked at."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from console.formatting import clean
from zenotc.exceptions import ZenOTCError
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import Quotes
from zenotc.models.status import HistoryPoint
from zenotc.sdk.client import ZenOTCClient

if TYPE_CHECKING:
    from console.store import Store

__all__ = ["RANGES_SECONDS", "Inspection", "Inspector", "Topic"]

Topic = Literal["quotes", "metrics", "history"]

RANGES_SECONDS = (300, 900, 3_600, 4 * 3_600, 24 * 3_600)
"""What a chart can span."""

POINTS = 300
"""So many points of a chart are asked for."""

ASK_SECONDS = 1.0


@dataclass
class Inspection:
    """The strategy that is looked at, what is wanted of it, and what the engine has answered.

    Attributes
    ----------
    history
        Over the last `range_seconds`, oldest first.
    problem
        Why the last question was not answered, in words.
    """

    strategy_id: str | None = None
    topics: frozenset[Topic] = frozenset()
    range_seconds: int = RANGES_SECONDS[1]
    quotes: Quotes | None = None
    metrics: StrategyMetrics | None = None
    quote_stats: QuoteStats | None = None
    history: list[HistoryPoint] = field(default_factory=list)
    problem: str = ""
    wanted: asyncio.Event = field(default_factory=asyncio.Event)

    def look_at(self, strategy_id: str | None, topics: frozenset[Topic]) -> None:
        """Turn to a strategy and to what is to be known of it."""
        if strategy_id != self.strategy_id:
            self.strategy_id = strategy_id
            self.quotes = self.metrics = self.quote_stats = None
            self.history = []
            self.problem = ""
        self.topics = topics
        self.wanted.set()

    def change_range(self, step: int) -> None:
        """Let the charts span the next longer or shorter time."""
        index = RANGES_SECONDS.index(self.range_seconds) + step
        self.range_seconds = RANGES_SECONDS[min(max(index, 0), len(RANGES_SECONDS) - 1)]
        self.history = []
        self.wanted.set()

    @property
    def resolution_seconds(self) -> float:
        """Between two points of the history."""
        return max(1.0, self.range_seconds / POINTS)


class Inspector:
    """Asks, about once a second, as long as something is wanted.

    Parameters
    ----------
    client
        The SDK's client of the engine.
    store
        Where the answers go.
    """

    def __init__(self, client: ZenOTCClient, store: Store) -> None:
        self._client, self._store = client, store

    async def run(self) -> None:
        """Go on until cancelled."""
        inspection = self._store.inspection
        while True:
            if inspection.strategy_id is None or not inspection.topics:
                await inspection.wanted.wait()
            inspection.wanted.clear()
            await self._ask(inspection)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ASK_SECONDS):
                    await inspection.wanted.wait()

    async def _ask(self, inspection: Inspection) -> None:
        strategy_id, topics = inspection.strategy_id, inspection.topics
        if self._store.link != "up" or strategy_id not in self._store.wire:
            return
        calls = self._client.mm_strategy
        try:
            if "quotes" in topics:
                quotes = await calls.get_quotes(strategy_id)
                if inspection.strategy_id == strategy_id:
                    inspection.quotes = quotes
            if "metrics" in topics:
                metrics, stats = await calls.get_metrics(strategy_id), await calls.get_quote_stats(strategy_id)
                if inspection.strategy_id == strategy_id:
                    inspection.metrics, inspection.quote_stats = metrics, stats
            if "history" in topics:
                await self._extend_history(inspection, strategy_id)
        except ZenOTCError as error:
            inspection.problem = clean(error.message)
        else:
            inspection.problem = ""

    async def _extend_history(self, inspection: Inspection, strategy_id: str) -> None:
        """Ask for what has come since the last point, and for all of it where there is none."""
        status = self._store.status
        if status is None:
            return
        span, kept = inspection.range_seconds, inspection.history
        begin = status.trading_time - timedelta(seconds=span)
        since = kept[-1].timestamp if kept else begin
        if kept and (status.trading_time - since).total_seconds() < inspection.resolution_seconds:
            return
        fresh = await self._client.mm_strategy.history(
            strategy_id, start=max(since, begin), resolution_seconds=inspection.resolution_seconds
        )
        if (inspection.strategy_id, inspection.range_seconds) == (strategy_id, span):
            kept = [point for point in kept if begin <= point.timestamp]
            last = kept[-1].timestamp if kept else None
            inspection.history = [*kept, *(point for point in fresh if last is None or point.timestamp > last)]

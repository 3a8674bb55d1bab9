"""The detail's first tab: one strategy at a glance, the book around the touch, and its PnL of the last half hour."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from console.inspection import Topic
from console.store import Store
from console.widgets.charts import Chart, Curve, finite
from console.widgets.ladder import Ladder
from console.widgets.overview import Overview

__all__ = ["AtAGlance"]

REDRAWN_SECONDS = 2.0


class AtAGlance(Vertical):
    """Overview, ladder and chart, from the most important one down; the streams tell all of it."""

    topics: ClassVar[frozenset[Topic]] = frozenset()
    hint: ClassVar[str] = ""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._overview, self._ladder = Overview(store), Ladder(store)
        self._chart = Chart("PnL total, USD")
        self._drawn_at = -REDRAWN_SECONDS
        self._strategy_id: str | None = None

    def compose(self) -> ComposeResult:
        """Lay the parts out."""
        yield self._overview
        yield self._ladder
        yield self._chart

    def show(self, store: Store, strategy_id: str | None) -> None:
        """Turn to a strategy of an engine."""
        self._store = self._overview.store = self._ladder.store = store
        self._strategy_id = self._overview.strategy_id = self._ladder.strategy_id = strategy_id
        self._drawn_at = -REDRAWN_SECONDS

    def draw(self) -> None:
        """Show what has changed."""
        self._overview.draw()
        self._ladder.draw()

    def draw_chart(self) -> None:
        """Show the PnL that has come since, every other second."""
        now, history = self._store.clock(), self._store.history
        if now - self._drawn_at < REDRAWN_SECONDS:
            return
        self._drawn_at = now
        known = history.strategy_id == self._strategy_id and self._store.strategy(self._strategy_id) is not None
        points = finite(history.points) if known else []
        self._chart.show([Curve(points, "sign")], stale=self._store.stale)

    def zoom(self, step: int) -> None:
        """Show no more and no less."""

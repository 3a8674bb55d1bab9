"""The selected strategy: overview, ladder and chart."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical

from console.formatting import clean
from console.store import Store
from console.widgets.chart import Chart
from console.widgets.ladder import Ladder
from console.widgets.overview import Overview
from console.widgets.titled import Titled

__all__ = ["Detail"]


class Detail(Vertical, Titled, can_focus=True):
    """What there is to know about one strategy; its numbers follow the store, its chart more slowly."""

    def __init__(self, store: Store) -> None:
        super().__init__(classes="pane")
        self.strategy_id: str | None = None
        self._store = store
        self._overview, self._ladder, self._chart = Overview(store), Ladder(store), Chart()

    def compose(self) -> ComposeResult:
        """Lay the parts out from the most important one down."""
        yield self._overview
        yield self._ladder
        yield self._chart

    @property
    def chart(self) -> Chart:
        """The PnL chart."""
        return self._chart

    def show(self, strategy_id: str | None) -> None:
        """Turn to a strategy."""
        self.strategy_id = self._overview.strategy_id = self._ladder.strategy_id = strategy_id
        self.draw()

    def draw(self) -> None:
        """Show what has changed."""
        strategy = self._store.strategy(self.strategy_id)
        self.entitle("2 Detail" if strategy is None else f"2 {clean(strategy.name, 60)}")
        self._overview.draw()
        self._ladder.draw()

    def draw_chart(self) -> None:
        """Show the history that has come since."""
        history = self._store.history
        known = history.strategy_id == self.strategy_id and self._store.strategy(self.strategy_id) is not None
        self._chart.show(history.points if known else [], stale=self._store.stale)

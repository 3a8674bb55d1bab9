"""The selected strategy: a tab for each question that is asked of it."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical

from console.actions import key_of, keyed
from console.desk import Desk
from console.formatting import clean
from console.ink import Line, Span, line
from console.widgets.charts import Charts
from console.widgets.configuration import Configuration
from console.widgets.detail_events import StrategyEvents
from console.widgets.detail_ladder import DepthLadder
from console.widgets.detail_overview import AtAGlance
from console.widgets.detail_page import DetailPage
from console.widgets.metrics import Metrics
from console.widgets.quotes import QuotesPage
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled

__all__ = ["Detail"]

CHART_RESTS_SECONDS = 0.5
"""A chart takes as long to draw as the rest of the screen: the selection must have rested for so long."""

_FARTHER_THAN_ANY = 1_000_000
"""Lines."""


Tab = AtAGlance | Charts | DetailPage


class _Tabs(Sheet):
    """The tabs' names, the open one in brackets."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(classes="tab-head")
        self._names = names
        self.chosen = 0

    def lines(self, width: int, height: int) -> list[Line]:
        """Return one line."""
        spans: list[Span] = []
        for index, name in enumerate(self._names):
            before = "[" if index == self.chosen else "]" if index == self.chosen + 1 else " "
            spans += [(before, "strong"), (name, "strong" if index == self.chosen else "muted")]
        last = "]" if self.chosen == len(self._names) - 1 else ""
        return [line(*spans, (last, "strong"))]


class Detail(Vertical, Titled, can_focus=True):
    """What there is to know about one strategy; only the tab that is open is drawn, and only while it is seen."""

    TABS: ClassVar[tuple[str, ...]] = ("Overview", "Ladder", "Charts", "Quotes", "Metrics", "Config", "Events")

    def __init__(self, desk: Desk) -> None:
        super().__init__(classes="pane")
        self.strategy_id: str | None = None
        self._desk, self._store = desk, (store := desk.at_hand)
        self._head = _Tabs(list(self.TABS))
        self._pages: tuple[Tab, ...] = (
            AtAGlance(store), DepthLadder(store), Charts(store), QuotesPage(store), Metrics(store),
            Configuration(store), StrategyEvents(store),
        )  # fmt: skip
        self._turned_at = 0.0

    def compose(self) -> ComposeResult:
        """Lay out the tabs' names and the tabs, of which one is shown."""
        yield self._head
        for page in self._pages:
            page.display = page is self._page
            yield page

    @property
    def _page(self) -> Tab:
        return self._pages[self._head.chosen]

    @property
    def tab(self) -> str:
        """The name of the open tab."""
        return self.TABS[self._head.chosen]

    @property
    def scrolls(self) -> bool:
        """Whether the keys that move can scroll the open tab."""
        return isinstance(self._page, DetailPage)

    @property
    def page(self) -> int:
        """How many lines a page has."""
        return self._page.page if isinstance(self._page, DetailPage) else 1

    def scroll_lines(self, by: int) -> None:
        """Scroll the open tab, down where positive."""
        if isinstance(self._page, DetailPage):
            self._page.scroll_lines(by)
            self._entitle()

    def follow(self) -> None:
        """Scroll to the last line; a ladder goes back to the mid."""
        self._to_end(1)

    def oldest(self) -> None:
        """Scroll to the first line; a ladder goes back to the mid."""
        self._to_end(-1)

    def _to_end(self, step: int) -> None:
        if isinstance(self._page, DepthLadder):
            self._page.centre()
        else:
            self.scroll_lines(step * _FARTHER_THAN_ANY)

    def turn(self, step: int) -> None:
        """Open the next tab (1) or the one before (-1), round and round."""
        self._page.display = False
        self._head.chosen = (self._head.chosen + step) % len(self._pages)
        self._page.display = True
        self._head.draw()
        self.show(self.strategy_id)

    def zoom(self, step: int) -> None:
        """Span more time or larger steps (1), or less (-1)."""
        self._page.zoom(step)
        self._entitle()

    def show(self, key: str | None) -> None:
        """Turn to a strategy, and leave the engine of the last one in peace."""
        row, former = self._desk.turn_to(key), self._store.inspection
        store, strategy_id = self._desk.at_hand, row.id if row else None
        if store is not self._store:
            former.look_at(None, frozenset())
            store.inspection.range_seconds = former.range_seconds
        self.strategy_id, self._store = key, store
        self._turned_at = self._desk.clock()
        self._page.show(store, strategy_id)
        store.inspection.look_at(strategy_id, self._page.topics if self.display else frozenset())
        self.draw()

    def draw(self) -> None:
        """Show what has changed."""
        self._head.draw()
        self._page.draw()
        self._entitle()

    def draw_chart(self) -> None:
        """Draw a chart that is due, once the selection has rested."""
        if self._desk.clock() - self._turned_at >= CHART_RESTS_SECONDS:
            self._page.draw_chart()

    def _entitle(self) -> None:
        strategy, page = self._desk.strategy(self.strategy_id), self._page
        place = page.place if isinstance(page, DetailPage) else ""
        note = " · ".join(part for part in (place, keyed(page.hint), keyed("{previous_tab} {next_tab} tabs")) if part)
        where = f" on {clean(self._store.engine, 40)}" if self._store.engine else ""
        name = "Detail" if strategy is None else clean(strategy.name, 60) + where
        self.entitle(f"{key_of('focus_detail')} {name}", note)

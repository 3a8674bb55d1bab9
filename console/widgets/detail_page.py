"""A tab of the detail that is text: lines of one strategy that scroll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from console.ink import Ink, Line, Span, dimmed, line
from console.inspection import Topic
from console.store import Store
from console.widgets.sheet import Sheet
from zenotc.models.strategy import Strategy

__all__ = ["DetailPage", "heading", "row"]

_LABEL_WIDTH = 22


class DetailPage(Sheet):
    """Lines that `write` gives; a subclass says what they are.

    Attributes
    ----------
    topics
        What the engine has to be asked for while the tab is open.
    hint
        What keys do here, by action: `console.actions.keyed` puts the keys in.
    """

    topics: ClassVar[frozenset[Topic]] = frozenset()
    hint: ClassVar[str] = ""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.strategy_id: str | None = None
        self._store = store
        self._top = 0
        self._count = 0

    def write(self, strategy: Strategy, width: int) -> Sequence[Line]:
        """Return everything there is to say about a strategy."""
        raise NotImplementedError

    def show(self, store: Store, strategy_id: str | None) -> None:
        """Turn to a strategy of an engine."""
        if store is not self._store or strategy_id != self.strategy_id:
            self._store, self.strategy_id, self._top = store, strategy_id, 0

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the lines in view."""
        strategy = self._store.strategy(self.strategy_id)
        if strategy is None:
            return [line(("Select a strategy.", "muted"))]
        written = list(self.write(strategy, width))
        if self._store.inspection.problem and self.topics:
            written.insert(0, line((self._store.inspection.problem, "caution")))
        self._count = len(written)
        self._top = min(self._top, max(0, self._count - height))
        seen = written[self._top : self._top + height]
        return [dimmed(drawn) for drawn in seen] if self._store.stale else seen

    @property
    def place(self) -> str:
        """Which lines are in view, '' where that is all of them."""
        last = min(self._top + self.content_size.height, self._count)
        return f"{self._top + 1}–{last} of {self._count}" if last - self._top < self._count else ""

    @property
    def page(self) -> int:
        """How many lines a page has."""
        return max(1, self.content_size.height - 1)

    def scroll_lines(self, by: int) -> None:
        """Scroll by lines, down where positive."""
        self._top = max(0, self._top + by)
        self.draw()

    def draw_chart(self) -> None:
        """Draw no chart."""

    def zoom(self, step: int) -> None:
        """Show no more and no less."""


def heading(title: str, note: str = "") -> Line:
    """Return a heading."""
    return line((title, "strong"), (f"  {note}", "faint"))


def row(label: str, value: str, unit: str = "", note: str = "", ink: Ink = "plain", *, width: int = 0) -> Line:
    """Return a labelled number: value right-aligned, unit and a note where there is room for it."""
    spans: list[Span] = [(label.ljust(_LABEL_WIDTH), "muted"), (value.rjust(16), ink), (f" {unit:<5}", "faint")]
    used = _LABEL_WIDTH + 16 + 6
    if note and width >= used + len(note):
        spans.append((note, "faint"))
    return Line(tuple(spans))

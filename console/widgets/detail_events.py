"""What has happened to one strategy, newest at the top. Scrolled back, not a line moves."""

from __future__ import annotations

from console.ink import Line, line
from console.narrative import event_line
from console.store import Store, Wire
from console.widgets.detail_page import DetailPage
from zenotc.models.strategy import Strategy

__all__ = ["StrategyEvents"]


class StrategyEvents(DetailPage):
    """The facts of a strategy; quotes and marks are in the log below."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._seen = 0
        self._known: dict[int, tuple[Wire, int, Line]] = {}

    def write(self, strategy: Strategy, width: int) -> list[Line]:
        """Return the facts; where it is scrolled back, what is new comes above what is read."""
        facts = self._store.facts
        count = facts.counts.get(strategy.id, 0)
        if self._top:
            self._top += max(0, count - self._seen)
        self._seen = count
        events = list(facts.of(strategy.id))
        if not events:
            return [line(("Nothing has happened to it since the console was opened.", "faint"))]
        first = count - len(events)
        known, self._known = self._known, {}
        for number, event in enumerate(events, first):
            kept = known.get(number)
            if kept is None or kept[0] is not event or kept[1] != width:
                kept = event, width, _line(event, self._store, width)
            self._known[number] = kept
        return [kept[2] for kept in reversed(self._known.values())]


def _line(event: Wire, store: Store, width: int) -> Line:
    """Return an event without the name of its strategy."""
    time, _, *rest = event_line(event, store, width).spans
    return Line((time, *rest))

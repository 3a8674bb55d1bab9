"""What happened, newest at the bottom. It follows, or it stands still: scrolled back, not a line moves."""

from __future__ import annotations

from bisect import bisect_right

from console.formatting import clean
from console.ink import Line
from console.narrative import event_line, matches
from console.store import Store
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled

__all__ = ["EventLog"]

QUIET = ("-quote_sent", "-quote_cancelled", "-pnl_update")
"""The filter that the log opens with: a maker's quotes and marks are so many that no fill would be seen."""


class EventLog(Sheet, Titled, can_focus=True):
    """The store's events; only the lines in view are ever written.

    Every event has a number that it keeps, and the log remembers the number at its bottom: what arrives below or is
    dropped above cannot move what is read.
    """

    def __init__(self, store: Store) -> None:
        super().__init__(classes="pane")
        self._store = store
        self._words = list(QUIET)
        self._matching: list[int] = []
        self._seen = 0
        self._bottom: int | None = None
        self._known: dict[int, Line] = {}
        self._known_for: object = None

    @property
    def following(self) -> bool:
        """Whether the newest event is always in view."""
        return self._bottom is None

    @property
    def filter(self) -> str:
        """The words that every line in view holds."""
        return " ".join(self._words)

    @filter.setter
    def filter(self, text: str) -> None:
        words = text.lower().split()
        if words != self._words:
            self._words, self._matching, self._seen, self._bottom = words, [], self._store.events.first, None
            self.draw()

    def follow(self) -> None:
        """Go to the newest and stay there."""
        self._bottom = None
        self.draw()

    def oldest(self) -> None:
        """Go to the oldest that is kept."""
        numbers = self._numbers()
        if numbers:
            self._bottom = numbers[min(len(numbers), self.page + 1) - 1]
        self.draw()

    def scroll_lines(self, by: int) -> None:
        """Scroll by lines, upwards where negative; at the bottom it follows again."""
        numbers = self._numbers()
        if not numbers:
            return
        height = self.page + 1
        index = (len(numbers) if self._bottom is None else _after(numbers, self._bottom)) + by
        index = max(min(index, len(numbers)), min(height, len(numbers)))
        self._bottom = None if index >= len(numbers) else numbers[index - 1]
        self.draw()

    @property
    def page(self) -> int:
        """How many lines a page has."""
        return max(1, self.content_size.height - 1)

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the events in view."""
        numbers = self._numbers()
        end = len(numbers) if self._bottom is None else max(_after(numbers, self._bottom), min(height, len(numbers)))
        shown = numbers[max(0, end - height) : end]
        self._note(len(numbers) - end)
        if not shown:
            words = f"No event matches “{clean(self.filter, 40)}”." if self._words else "No events yet."
            return [Line(((words, "faint"),))]
        state = (width, len(self._store.wire))
        if state != self._known_for:
            self._known, self._known_for = {}, state
        known = self._known
        self._known = {n: known.get(n) or event_line(self._store.events[n], self._store, width) for n in shown}
        return list(self._known.values())

    def _numbers(self) -> range | list[int]:
        """Return the numbers of the events that the filter lets through, in order."""
        ring = self._store.events
        if not self._words:
            return range(ring.first, ring.end)
        self._seen = max(self._seen, ring.first)
        self._matching += [n for n in range(self._seen, ring.end) if matches(ring[n], self._store, self._words)]
        self._seen = ring.end
        if self._matching and self._matching[0] < ring.first:
            self._matching = [n for n in self._matching if n >= ring.first]
        return self._matching

    def _note(self, below: int) -> None:
        where = "following" if self.following else f"{below:,} newer below, G follows"
        what = f"filter “{clean(self.filter, 60)}”" if self._words else "all types"
        title = f"3 Events · {where if self.following else 'standing still'} · {what}"
        self.entitle(title, "" if self.following else where)

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards the newest."""
        self.scroll_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards the oldest."""
        self.scroll_lines(-3)


def _after(numbers: range | list[int], number: int) -> int:
    """Return the index behind the last number that is not above `number`."""
    return bisect_right(numbers, number)

"""What happened, newest at the bottom. It follows, or it stands still: scrolled back, not a line moves."""

from __future__ import annotations

from bisect import bisect_right

from textual import events
from textual.message import Message

from console.actions import key_of
from console.desk import Desk
from console.event_facets import event_language
from console.filters import LiveFilter
from console.formatting import clean, number
from console.ink import Line
from console.matches import Matches
from console.narrative import event_line
from console.store import Wire
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled

__all__ = ["EventLog"]

QUIET = "-severity:quiet"
"""The filter that the log opens with: a maker's quotes and marks are so many that no fill would be seen."""

GO_ON_SECONDS = 0.02
"""Between two slices of a search the keys get their turn."""


class EventLog(Sheet, Titled, can_focus=True):
    """The desk's events; only the lines in view are ever written.

    Every event has a number that it keeps, and the log remembers the number at its bottom: what arrives below cannot
    move what is read. What is read is held while it is read, also when the ring has dropped it.
    """

    class Opened(Message):
        """An event is to be looked at in full."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(classes="pane")
        self._desk = desk
        self._filter = LiveFilter(event_language(desk), QUIET)
        self._numbers = Matches(desk.events)
        self._numbers.seek(self._filter.passes)
        self._searching = False
        self._bottom: int | None = None
        self._cursor: int | None = None
        self._held: dict[int, Wire] = {}
        self._held_for: object = None
        self._known: dict[int, Line] = {}
        self._known_for: object = None

    @property
    def following(self) -> bool:
        """Whether the newest event is always in view."""
        return self._bottom is None

    @property
    def filter(self) -> str:
        """The filter in force; one that makes no sense leaves it as it is."""
        return self._filter.text

    @filter.setter
    def filter(self, text: str) -> None:
        if self._filter.set(text):
            self._numbers.seek(self._filter.passes or None)
            self.follow()

    def keep_filter(self) -> str:
        """Keep the filter in force; return why the newest one is not."""
        return self._filter.keep()

    @property
    def matching(self) -> Matches:
        """The numbers of all events that the filter lets through."""
        return self._numbers

    @property
    def selected(self) -> Wire | None:
        """The event that the hand is on: the newest one while the log follows."""
        if self._cursor in self._held:
            return self._held[self._cursor]
        numbers, first = self._numbers, self._desk.events.first
        if not numbers:
            return None
        number = numbers[-1] if self._cursor is None else self._cursor
        return self._desk.events[number] if number >= first else None

    def follow(self) -> None:
        """Go to the newest and stay there."""
        self._bottom = self._cursor = None
        self.draw()

    def oldest(self) -> None:
        """Go to the oldest that is kept."""
        self.scroll_lines(-len(self._numbers))

    def scroll_lines(self, by: int) -> None:
        """Select the event so many lines further down, up where negative; at the bottom it follows again."""
        numbers = self._numbers
        if not numbers:
            return
        last = len(numbers) - 1
        place = last if self._cursor is None else max(_after(numbers, self._cursor) - 1, 0)
        place = min(max(place + by, 0), last)
        if by > 0 and place == last:
            self.follow()
            return
        end, height = self._end, self.page + 1
        end = min(max(end, place + 1), place + height)
        self._cursor, self._bottom = numbers[place], numbers[max(end, min(height, last + 1)) - 1]
        self.draw()

    def scroll_view(self, by: int) -> None:
        """Move the view by lines; the selection stays in it."""
        numbers, height = self._numbers, self.page + 1
        end = self._end + by
        if end >= len(numbers):
            self.follow()
            return
        end = max(end, min(height, len(numbers)))
        self._bottom = numbers[end - 1]
        top = numbers[max(0, end - height)]
        self._cursor = min(max(self._bottom if self._cursor is None else self._cursor, top), self._bottom)
        self.draw()

    @property
    def _end(self) -> int:
        """The place behind the last line in view."""
        return len(self._numbers) if self._bottom is None else _after(self._numbers, self._bottom)

    @property
    def page(self) -> int:
        """How many lines a page has."""
        return max(1, self.content_size.height - 1)

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the events in view."""
        self._search()
        shown = self._in_view(height)
        self._note(len(self._numbers) - self._end)
        if not shown:
            words = f"No event matches “{clean(self.filter, 40)}”." if self.filter else "No events yet."
            return [Line((("Looking …" if self._searching else words, "faint"),))]
        state = (width, len(self._desk.rows))
        if state != self._known_for:
            self._known, self._known_for = {}, state
        known, desk = self._known, self._desk
        self._known = {n: known.get(n) or event_line(event, desk, width) for n, event in shown.items()}
        drawn = list(self._known.values())
        if self._cursor in shown:
            place = list(shown).index(self._cursor)
            drawn[place] = Line(drawn[place].spans, "selection" if self.has_focus else "selection-quiet")
        return [Line()] * (height - len(drawn)) + drawn if self._searching else drawn

    def _in_view(self, height: int) -> dict[int, Wire]:
        """Return the events in view by number; standing still, those that were in view before."""
        numbers, ring = self._numbers, self._desk.events
        wanted = (self._bottom, height, self.filter)
        full = len(self._held) >= min(height, len(numbers))
        if self._bottom is None or wanted != self._held_for or not full:
            end = max(self._end, min(height, len(numbers)))
            self._held = {
                number: ring[number] for number in numbers[max(0, end - height) : end] if number >= ring.first
            }
            self._held_for = wanted
        return self._held

    def _search(self) -> None:
        """Look through a slice of the events, and soon through the next where there are more."""
        more = self._numbers.look()
        if more and not self._searching:
            self.set_timer(GO_ON_SECONDS, self._go_on)
        self._searching = more

    def _go_on(self) -> None:
        """Look further, and show what was found at the end: until then it is shown when the screen's turn comes."""
        if self._searching:
            self._searching = False
            self._search()
            if not self._searching:
                self.draw()

    def _note(self, below: int) -> None:
        what = f"filter “{clean(self.filter, 60)}”" if self.filter else "all types"
        title = f"{key_of('focus_events')} Events · {'following' if self.following else 'standing still'} · {what}"
        if self._searching:
            title += " · looking further back …"
        note = "" if self.following else f"{number(below)} newer below, {key_of('follow')} follows"
        self.entitle(title, self._filter.problem or note)

    def on_focus(self) -> None:
        """Show that the keys go here."""
        self.draw()

    def on_blur(self) -> None:
        """Show that the keys go elsewhere."""
        self.draw()

    def on_click(self, event: events.Click) -> None:
        """Select the line that was clicked; twice opens it."""
        y, shown = event.get_content_offset_capture(self).y, list(self._held)
        if not 0 <= y < len(shown):
            return
        self._cursor, self._bottom = shown[y], shown[-1]
        self.draw()
        if event.chain == 2:
            self.post_message(self.Opened())

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards the newest."""
        self.scroll_view(3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards the oldest."""
        self.scroll_view(-3)


def _after(numbers: Matches, number: int) -> int:
    """Return the index behind the last number that is not above `number`."""
    return bisect_right(numbers, number)

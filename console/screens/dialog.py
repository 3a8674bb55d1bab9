"""A box over the desk: a question that opens on Cancel, or something to read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import ClassVar, Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Button, Input

from console.ink import Line, folded, line
from console.widgets.sheet import Sheet

__all__ = ["DEAF_SECONDS", "REPEAT_SECONDS", "Dialog", "Leaf", "Page", "Question", "Subject"]

DEAF_SECONDS = 0.3
"""A question whose text has just appeared hears no key: what is pressed then was meant for something else."""

REPEAT_SECONDS = 0.08
"""The same key again within so long is one that is held down."""

_REFRESH_SECONDS = 0.25
_USUAL_WIDTH = 68


class Dialog(VerticalScroll, can_focus=False):
    """The box; it is not there before all that it holds is."""

    def __init__(self, *, classes: str | None = None) -> None:
        super().__init__(classes=classes)
        self.display = False

    def on_mount(self) -> None:
        """Appear."""
        self.display = True


class Leaf(Sheet):
    """A sheet that is written on in the first frame that shows it.

    Attributes
    ----------
    shown_at
        When somebody could first read it, monotonic seconds; set to `None`, when it is painted again.
    """

    shown_at: float | None = None

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines as the compositor wants them, written now where nobody has yet."""
        width, height = self.content_size
        if not self._drawn:
            self._drawn = list(self.lines(width, height))[:height]
        if self.shown_at is None:
            self.shown_at = time.monotonic()
        return super().render_lines(crop)


class Page(Leaf):
    """Lines that a function writes for a width, so that they stay true while the box is open."""

    def __init__(self, write: Callable[[int], Sequence[Line]]) -> None:
        super().__init__()
        self._write = write
        self.styles.height = len(write(_USUAL_WIDTH))

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what the function writes now."""
        written = self._write(width)
        if len(written) != height:
            self.styles.height = len(written)
        return written


class Subject(Protocol):
    """What a question is about; it keeps how things stood when it was asked."""

    def lines(self) -> Sequence[Line]:
        """Say what would happen, and what has moved since it was asked."""

    def ask_again(self) -> bool:
        """Return whether things have moved so far that the answer is to another question; that is then asked."""


class Question(ModalScreen[bool]):
    """Asks before something that cannot be taken back; answers `True` only for the named button.

    Parameters
    ----------
    title
        In the border.
    subject
        Says what will happen, again and again while the question is open.
    yes
        What the button that does it says.
    word
        What has to be typed first; none where it is empty.
    meanwhile
        Runs while the question is open.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Cancel"),
        Binding("left,up,h", "app.focus_previous", show=False),
        Binding("right,down,l", "app.focus_next", show=False),
    ]

    def __init__(
        self,
        title: str,
        subject: Subject,
        yes: str,
        *,
        word: str = "",
        meanwhile: Callable[[], Coroutine[object, object, None]] | None = None,
    ) -> None:
        super().__init__()
        self._title, self._subject, self._yes, self._word, self._meanwhile = title, subject, yes, word, meanwhile
        self._note = ""
        self._page = Page(self._write)
        self._last_key: tuple[str, float] = "", 0.0

    def compose(self) -> ComposeResult:
        """Lay out the text, the word's field and the two buttons."""
        with Dialog() as dialog:
            dialog.border_title = self._title
            dialog.border_subtitle = "← → choose · Enter answers · Esc cancels"
            yield self._page
            if self._word:
                yield Input(placeholder=f"type {self._word} to go on; Enter alone cancels", id="word")
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes", variant="error", disabled=bool(self._word))

    def on_mount(self) -> None:
        """Open where Enter cancels, and keep the text true."""
        self._open()
        self.set_interval(_REFRESH_SECONDS, self._page.draw)
        if self._meanwhile is not None:
            self.run_worker(self._meanwhile(), exit_on_error=False)

    @property
    def deaf_until(self) -> float:
        """When its text has been seen for long enough, monotonic seconds; infinite before it is."""
        shown_at = self._page.shown_at
        return math.inf if shown_at is None else shown_at + DEAF_SECONDS

    def hears(self, key: events.Key) -> bool:
        """Return whether a key counts: not before the question could be read, and not where it is held down."""
        (last, at), self._last_key = self._last_key, (key.key, key.time)
        if key.time < self.deaf_until:
            return False
        typing = key.is_printable and isinstance(self.focused, Input)
        return typing or key.key != last or key.time - at >= REPEAT_SECONDS

    def _open(self) -> None:
        """Ask from the beginning; what was typed stays."""
        self._page.shown_at = None
        self._page.refresh()
        if self._word:
            self.query_one(Input).focus()
        else:
            self.query_one("#cancel").focus()

    def _write(self, width: int) -> list[Line]:
        written = [*self._subject.lines(), line((self._note, "alarm"))]
        return [part for whole in written for part in folded(whole, width)]

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self.query_one("#yes").disabled = event.value.strip() != self._word

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if event.value.strip() == self._word:
            self._answer()
        elif event.value:
            self._say(f"That is not the word: it is {self._word}.")
        else:
            self.dismiss(False)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "yes":
            self._answer()
        else:
            self.dismiss(False)

    def _answer(self) -> None:
        if self._subject.ask_again():
            self._say("The position has moved since this was asked: answer again.")
            self._open()
        else:
            self.dismiss(True)

    def _say(self, note: str) -> None:
        self._note = note
        self._page.draw()

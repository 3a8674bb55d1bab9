"""A box over the desk: a question that opens on Cancel, or something to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Button

from console.ink import Line
from console.widgets.sheet import Sheet

__all__ = ["Confirm", "Dialog", "Page"]


class Dialog(VerticalScroll, can_focus=False):
    """The box."""


class Page(Sheet):
    """Lines that a function writes, so that they stay true while the box is open."""

    def __init__(self, write: Callable[[], Sequence[Line]]) -> None:
        super().__init__()
        self._write = write
        self.styles.height = len(write())

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what the function writes now."""
        return self._write()


class Confirm(ModalScreen[bool]):
    """Asks before something that cannot be taken back; answers `True` only for the named button.

    Parameters
    ----------
    title
        The question's subject.
    write
        The lines that say what will happen, asked for again while the question is open.
    yes
        What the button that does it says.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Cancel"),
        Binding("left,up,h", "app.focus_previous", show=False),
        Binding("right,down,l", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, write: Callable[[], Sequence[Line]], yes: str) -> None:
        super().__init__()
        self._title, self._write, self._yes = title, write, yes

    def compose(self) -> ComposeResult:
        """Lay out the text and the two buttons."""
        with Dialog() as dialog:
            dialog.border_title = self._title
            yield Page(self._write)
            with Horizontal():
                yield Button("Cancel", id="cancel")
                yield Button(self._yes, id="yes", variant="error")

    def on_mount(self) -> None:
        """Open on Cancel, and keep the text true."""
        self.query_one("#cancel").focus()
        self.set_interval(0.5, self.query_one(Page).draw)

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Answer."""
        self.dismiss(event.button.id == "yes")

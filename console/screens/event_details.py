"""One event with every field that it came with."""

from __future__ import annotations

import textwrap
from typing import ClassVar, Protocol

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.export import ascii_json
from console.formatting import clean
from console.ink import Line, line
from console.narrative import Names
from console.screens.dialog import Dialog, Page
from console.severity import severity_of
from console.store import Wire
from zenotc.models.wire_event import fields_of

__all__ = ["EventDetails", "EventSource"]

_LABEL_WIDTH = 18
_LONGEST = 4_000


class EventSource(Protocol):
    """A log in which one event is selected."""

    @property
    def selected(self) -> Wire | None:
        """The selected event."""

    def scroll_lines(self, by: int) -> None:
        """Select another one."""


class EventDetails(ModalScreen[None]):
    """Shows the selected event of a log; the arrows go on to the next.

    Parameters
    ----------
    source
        The log.
    names
        Knows what an event is about.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "dismiss", "Close"),
        Binding("down,j", "step(1)", "Newer", priority=True),
        Binding("up,k", "step(-1)", "Older", priority=True),
        Binding("y", "copy", "Copy as JSON"),
    ]

    def __init__(self, source: EventSource, names: Names) -> None:
        super().__init__()
        self._source, self._names = source, names
        self._event: Wire = source.selected or {}
        self._note = "y copies it as JSON"

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Dialog() as dialog:
            dialog.border_title = "Event"
            dialog.border_subtitle = "↑ older · ↓ newer · Esc closes"
            yield Page(self._write)

    def on_mount(self) -> None:
        """Let page keys scroll it where it does not fit."""
        dialog = self.query_one(Dialog)
        dialog.can_focus = True
        dialog.focus()

    def action_step(self, by: int) -> None:
        """Go to the next older or newer event that the log's filter lets through."""
        self._source.scroll_lines(by)
        self._event = self._source.selected or self._event
        self._say("y copies it as JSON")

    def action_copy(self) -> None:
        """Put it on the clipboard."""
        self.app.copy_to_clipboard(ascii_json(self._event))
        self._say("Copied, where the terminal allows it.")

    def _say(self, note: str) -> None:
        self._note = note
        self.query_one(Page).draw()

    def _write(self, width: int) -> list[Line]:
        event = fields_of(self._event)
        severity = severity_of(event.get("type"))
        lines = [*_field("strategy", self._names.name_in(event), width), *_field("severity", severity, width)]
        for label, value in event.items():
            if isinstance(value, dict):
                for part, content in value.items():
                    lines += _field(f"{label}.{part}", content, width)
            else:
                lines += _field(label, value, width)
        return [*lines, Line(), line((self._note, "muted"))]


def _field(label: str, value: object, width: int) -> list[Line]:
    text = "–" if value is None else clean(value, _LONGEST)
    first, *rest = textwrap.wrap(text, max(20, width - _LABEL_WIDTH - 1)) or [""]
    name = clean(label, 60)
    name = name if len(name) < _LABEL_WIDTH else name[: _LABEL_WIDTH - 2] + "…"
    return [
        line((f"{name:<{_LABEL_WIDTH}} ", "muted"), (first, "plain")),
        *(line((" " * (_LABEL_WIDTH + 1) + words, "plain")) for words in rest),
    ]

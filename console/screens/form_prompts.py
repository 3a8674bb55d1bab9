"""What a form asks for: a template, or a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Input

from console.formatting import clean, fit
from console.ink import Line, Span, line
from console.parameters import text_of
from console.screens.dialog import Dialog, Page
from console.templates import Template

__all__ = ["AskForFile", "ChooseTemplate"]


class ChooseTemplate(ModalScreen[Template | None]):
    """A list of templates.

    Parameters
    ----------
    templates
        What can be chosen.
    problems
        Files that hold none, and why.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("enter", "choose", "take"),
        Binding("escape", "dismiss(None)", "leave"),
    ]

    def __init__(self, templates: Sequence[Template], problems: Sequence[str]) -> None:
        super().__init__()
        self._templates, self._problems = templates, problems
        self._at = 0

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Dialog(classes="-help") as dialog:
            dialog.border_title = "Templates"
            dialog.border_subtitle = "↑ ↓ choose · Enter takes · Esc leaves"
            yield Page(self._write)

    def _write(self, width: int) -> list[Line]:
        written = []
        for index, template in enumerate(self._templates):
            here = index == self._at
            values = ", ".join(
                f"{name} {text_of(value)}" for name, value in template.values.items() if name not in ("name", "asset")
            )
            mark: Span = ("▸ " if here else "  ", "key")
            title: Span = (fit(clean(template.title, 60), 22), "strong" if here else "plain")
            origin: Span = (fit(clean(template.origin, 40), 14), "muted")
            given: Span = (fit(clean(values), max(0, width - 38)), "faint")
            written.append(line(mark, title, origin, given, ground="selection" if here else "ground"))
        return [*written, *(line((clean(problem), "caution")) for problem in self._problems)]

    def action_move(self, by: int) -> None:
        """Move the mark."""
        self._at = min(max(self._at + by, 0), len(self._templates) - 1)
        self.query_one(Page).draw()

    def action_choose(self) -> None:
        """Take the one that is marked."""
        self.dismiss(self._templates[self._at] if self._templates else None)


class AskForFile(ModalScreen[str | None]):
    """A field for the name of a file; Enter takes it.

    Parameters
    ----------
    title
        What is done with it.
    file
        What the field begins with.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "leave")]

    def __init__(self, title: str, file: str) -> None:
        super().__init__()
        self._title, self._file = title, file

    def compose(self) -> ComposeResult:
        """Lay out the field."""
        with Dialog(classes="-help") as dialog:
            dialog.border_title = f"{self._title}: a TOML file"
            dialog.border_subtitle = "Enter takes · Esc leaves"
            yield Input(self._file, select_on_focus=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer."""
        self.dismiss(event.value.strip())

"""Every key and what it does, from the registry."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.actions import ACTIONS, Action, Situation
from console.ink import Ink, Line, line
from console.screens.dialog import Dialog, Page

__all__ = ["Help"]

_SCOPES = (("desk", "The whole desk"), ("strategy", "The selected strategy"), ("screen", "The screen"))


class Help(ModalScreen[None]):
    """The keys; those that cannot be used now say why."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]

    def __init__(self, now: Situation) -> None:
        super().__init__()
        self._now = now

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        with Dialog(classes="-help") as dialog:
            dialog.border_title = "Keys"
            dialog.border_subtitle = "Esc closes"
            yield Page(self._write)

    def on_mount(self) -> None:
        """Let the keys scroll it where it does not fit."""
        dialog = self.query_one(Dialog)
        dialog.can_focus = True
        dialog.focus()

    def _write(self) -> list[Line]:
        lines: list[Line] = []
        for scope, title in _SCOPES:
            lines.append(line((title, "strong")))
            lines += [self._key(action) for action in ACTIONS if action.scope == scope]
        return lines

    def _key(self, action: Action) -> Line:
        reason = action.disabled(self._now)
        ink: Ink = "alarm" if action.danger == "stops_all" else "faint" if reason else "key"
        words = f"{action.meaning}" if reason is None else reason
        return line((f"  {action.shown:<8}", ink), (words, "faint" if reason else "plain"))

"""Every key and what it does, from the registry; first what the pane is that one has come from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.actions import ACTIONS, Action, Situation, refusal_of
from console.ink import Ink, Line, line
from console.screens.dialog import Dialog, Page

__all__ = ["Help"]

_SCOPES = (
    ("desk", "The whole desk"),
    ("strategy", "The selected strategy, or all that are marked ◆"),
    ("screen", "The screen"),
)
_PANES = {
    "table": (
        "Strategies",
        "● active  ○ active, not quoting  ‖ paused  ■ stopped  ! paused by a breaker  … under way",
        "✗ refused  ? outcome unknown: the engine is being asked. Dimmed prices are stale.",
    ),
    "detail": ("Detail", "One strategy: position on its limits, sides, ladder, chart.", "Dimmed numbers are stale."),
    "events": (
        "Events",
        "What happened, newest at the bottom. Scrolled back it stands still; G follows again.",
        "Esc ends the filter that it opens with and shows quotes and marks as well.",
    ),
    "commands": (
        "Commands",
        "What was sent from here: … sent  ✓ confirmed  ✗ refused  ? unknown, and how long it took.",
        "◂ is what another console has done.",
    ),
}


class Help(ModalScreen[None]):
    """The keys that the console's key permits; those that cannot be used now say why.

    Parameters
    ----------
    targets
        What decides that, for each strategy that a key would act on.
    pane
        The pane that one has come from: it is explained first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]

    def __init__(self, targets: Sequence[Situation], pane: str) -> None:
        super().__init__()
        self._targets, self._pane = targets, pane

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
        title, *words = _PANES[self._pane]
        lines = [line((title, "strong")), *(line((f"  {sentence}", "plain")) for sentence in words)]
        permission = self._targets[0].permission
        for scope, title in _SCOPES:
            lines.append(line((title, "strong")))
            lines += [self._key(action) for action in ACTIONS if action.scope == scope and action.permitted(permission)]
        if permission != "MARKET_MAKING":
            words = ["This console was opened to look only."] if self._targets[0].read_only else []
            lines += [line((f"  {words[0] if words else f'A {permission} key may do no more.'}", "caution"))]
        return lines

    def _key(self, action: Action) -> Line:
        reason = refusal_of(action, self._targets)
        ink: Ink = "alarm" if action.danger == "stops_all" else "faint" if reason else "key"
        words = f"{action.meaning}" if reason is None else reason
        return line((f"  {action.shown:<8}", ink), (words, "faint" if reason else "plain"))

"""Every key and what it does, from the registry; first what the pane is that one has come from."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.actions import ACTIONS, Action, Situation, refusal_of
from console.ink import Ink, Line, line
from console.keymap import KeyMap
from console.screens.dialog import Dialog, Page

__all__ = ["Help"]

_INDENT = 10
_SCOPES = (
    ("desk", "The whole desk"),
    ("strategy", "The selected strategy, or all that are marked ◆"),
    ("screen", "The screen"),
)
_PANES = {
    "table": (
        "Strategies",
        "Position ▲ ▼: has just moved. PnL ▲ ▼: against a minute ago. A filter: words, -word, status:active pnl:<0",
        "● active  ○ active, not quoting  ‖ paused  ■ stopped  ! paused by a breaker  … under way",
        "✗ refused  ? outcome unknown: the engine is being asked. Dimmed prices are stale.",
    ),
    "detail": ("Detail", "One strategy: position on its limits, sides, ladder, chart.", "Dimmed numbers are stale."),
    "events": (
        "Events",
        "What happened, newest at the bottom. Scrolled back it stands still; G follows again; Enter opens one.",
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
    keymap
        The keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,enter", "dismiss", "Close")]

    def __init__(self, targets: Sequence[Situation], pane: str, keymap: KeyMap) -> None:
        super().__init__()
        self._targets, self._pane, self._keymap = targets, pane, keymap

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

    def _write(self, width: int) -> list[Line]:
        title, *words = _PANES[self._pane]
        lines = [line((title, "strong")), *(wrapped for sentence in words for wrapped in _text(sentence, width))]
        now = self._targets[0]
        if now.read_only:
            lines.append(line(("This console was opened to look only.", "caution")))
        elif now.permission != "MARKET_MAKING":
            lines.append(line((f"A {now.permission} key may do no more.", "caution")))
        for scope, title in _SCOPES:
            lines.append(line((title, "strong")))
            for action in ACTIONS:
                if action.scope == scope and action.permitted(now.permission):
                    lines += self._key(action, width)
        return lines

    def _key(self, action: Action, width: int) -> list[Line]:
        reason = refusal_of(action, self._targets)
        ink: Ink = "alarm" if action.danger == "stops_all" else "faint" if reason else "key"
        tone: Ink = "faint" if reason else "plain"
        first, *rest = textwrap.wrap(reason or action.meaning, max(20, width - _INDENT))
        key = line((f"  {self._keymap.shown(action):<{_INDENT - 2}}", ink), (first, tone))
        return [key, *(line((" " * _INDENT + words, tone)) for words in rest)]


def _text(sentence: str, width: int) -> list[Line]:
    return [line((f"  {words}", "plain")) for words in textwrap.wrap(sentence, max(20, width - 2))]

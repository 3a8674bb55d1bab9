"""Every key and what it does, from the registry; first of where one has come from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.actions import ACTIONS, Action, Targets, action_by_id, keyed, refusal_of
from console.contexts import Context
from console.ink import Ink, Line, line
from console.keymap import KeyMap
from console.screens.dialog import Dialog, Page

__all__ = ["Help"]

_INDENT = 10
_SCOPES = (
    ("strategy", "The selected strategy, or all that are marked ◆"),
    ("desk", "The whole desk"),
    ("screen", "The screen"),
)


class Help(ModalScreen[None]):
    """The keys that the console's key permits; those that cannot be used now say why.

    Parameters
    ----------
    targets
        What a key would act on, which decides that.
    context
        Where one has come from: it is explained first, with the keys that are for it.
    keymap
        The keys.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,question_mark,f1,enter", "dismiss", "Close")]

    def __init__(self, targets: Targets, context: Context, keymap: KeyMap) -> None:
        super().__init__()
        self._targets, self._about, self._keymap = targets, context, keymap

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
        context, permission = self._about, self._targets.permission
        lines = [line((context.title, "strong"))]
        lines += [wrapped for sentence in context.words for wrapped in _text(keyed(sentence), width)]
        lines += [written for key, meaning in context.keys for written in _key(key, meaning, width)]
        lines += self._actions([action_by_id(action_id) for action_id in context.actions], width)
        if all(now.read_only for now in self._targets.engines):
            lines.append(line(("This console was opened to look only.", "caution")))
        elif permission != "MARKET_MAKING":
            lines.append(line((f"A {permission} key may do no more.", "caution")))
        for scope, title in _SCOPES:
            lines.append(line((title, "strong")))
            others = (action for action in ACTIONS if action.scope == scope and action.id not in context.actions)
            lines += self._actions(others, width)
        return lines

    def _actions(self, actions: Iterable[Action], width: int) -> list[Line]:
        may = self._targets.permission
        return [written for action in actions if action.permitted(may) for written in self._action(action, width)]

    def _action(self, action: Action, width: int) -> list[Line]:
        reason = refusal_of(action, self._targets)
        ink: Ink = "alarm" if action.danger == "stops_all" else "faint" if reason else "key"
        tone: Ink = "faint" if reason else "plain"
        meaning = f"{action.meaning} Not now: {reason}" if reason else action.meaning
        return _key(self._keymap.shown(action), meaning, width, ink, tone)


def _key(key: str, meaning: str, width: int, ink: Ink = "key", tone: Ink = "plain") -> list[Line]:
    first, *rest = textwrap.wrap(meaning, max(20, width - _INDENT))
    head = line((f"  {key:<{_INDENT - 2}}", ink), (first, tone))
    return [head, *(line((" " * _INDENT + words, tone)) for words in rest)]


def _text(sentence: str, width: int) -> list[Line]:
    return [line((f"  {words}", "plain")) for words in textwrap.wrap(sentence, max(20, width - 2))]

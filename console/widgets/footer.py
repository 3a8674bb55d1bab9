"""The keys, and above them the one sentence that answers the last key."""

from __future__ import annotations

from collections.abc import Callable

from console.actions import ACTIONS, Action, Targets, refusal_of
from console.desk import Desk
from console.ink import Ink, Line, Span, line
from console.keymap import KeyMap
from console.widgets.command_history import OUTCOME_INKS
from console.widgets.sheet import Sheet

__all__ = ["Footer", "StatusLine"]

ANSWER_SECONDS = 8.0
"""How long an answer to a key stays."""


class Footer(Sheet):
    """The keys of the registry that the console's key permits; one that cannot be used now is greyed.

    Parameters
    ----------
    targets
        What they would act on, which decides which can be used.
    keymap
        The keys.
    """

    def __init__(self, targets: Callable[[], Targets], keymap: KeyMap) -> None:
        super().__init__()
        self._targets, self._keymap = targets, keymap

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the keys on as many lines as there are, in the registry's order."""
        targets = self._targets()
        permission = targets.permission
        shown = [
            action
            for action in ACTIONS
            if (action.footer or (action.id == "detail" and height > 1)) and action.permitted(permission)
        ]
        many = f" ◆{len(targets.strategies)}" if len(targets.strategies) > 1 else ""
        rows: list[list[Span]] = [[(many, "own")]]
        used = len(many)
        for action in shown:
            spans = _key(action, self._keymap.shown(action), targets)
            needed = sum(len(text) for text, _ in spans)
            if used + needed > width and len(rows) < height:
                rows.append([])
                used = 0
            rows[-1] += spans
            used += needed
        return [Line(tuple(row)) for row in rows]


def _key(action: Action, shown: str, targets: Targets) -> list[Span]:
    disabled = refusal_of(action, targets) is not None
    grave = action.danger == "stops_all"
    key: Ink = "faint" if disabled else "alarm" if grave else "key"
    label: Ink = "faint" if disabled else "alarm" if grave else "muted"
    return [(f" {shown} ", key), (f"{action.label} ", label)]


class StatusLine(Sheet):
    """The answer to the last key: why it was refused, or where its command stands."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._answer: tuple[float, str, Ink] | None = None

    def answer(self, sentence: str, ink: Ink = "caution") -> None:
        """Say something for a while."""
        self._answer = (self._desk.clock(), sentence, ink)
        self.draw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return what is newer: an answer, or the last command."""
        now = self._desk.clock()
        command, answer = self._desk.commands.last, self._answer
        news = 0.0 if command is None else command.ended_at or command.sent_at
        if answer is not None and now - answer[0] <= ANSWER_SECONDS and (command is None or news < answer[0]):
            return [line((f" {answer[1]}", answer[2]))]
        if command is None or (command.outcome in ("confirmed", "seen") and now - news > ANSWER_SECONDS):
            return [line((f" {self._desk.problem}", "caution"))] if self._desk.problem else [Line()]
        worst = min((member.outcome for member in command.group), key=_BY_CONCERN.index)
        return [line((f" {command.sentence(now)}", OUTCOME_INKS[worst]))]


_BY_CONCERN = ("refused", "unknown", "sent", "confirmed", "seen")

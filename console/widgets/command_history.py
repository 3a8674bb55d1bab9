"""What was sent to the engine, newest at the bottom: by whom, what came of it, how long it took.

It follows, or it stands still: scrolled back, not a line moves.
"""

from __future__ import annotations

import textwrap

from console.actions import key_of
from console.commands import Command
from console.desk import Desk
from console.formatting import clock_time, duration, fit, number
from console.ink import Ink, Line, Span
from console.widgets.sheet import Sheet
from console.widgets.titled import Titled

__all__ = ["OUTCOME_INKS", "OUTCOME_MARKS", "CommandHistory"]

OUTCOME_MARKS = {"sent": "…", "confirmed": "✓", "refused": "✗", "unknown": "?", "seen": "◂"}
OUTCOME_INKS: dict[str, Ink] = {
    "sent": "accent", "confirmed": "gain", "refused": "alarm", "unknown": "alarm", "seen": "caution",
}  # fmt: skip

_OUTCOME_WIDTH = 11
_TOOK_WIDTH = 8
_WIDE = 100


class CommandHistory(Sheet, Titled, can_focus=True):
    """The command log; a command takes as many lines as its reason needs.

    Parameters
    ----------
    desk
        What is known of the engines.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__(classes="pane")
        self._desk = desk
        self._bottom: int | None = None

    @property
    def following(self) -> bool:
        """Whether the newest command is always in view."""
        return self._bottom is None

    @property
    def page(self) -> int:
        """How many commands a page has at most."""
        return max(1, self.content_size.height - 1)

    def follow(self) -> None:
        """Go to the newest and stay there."""
        self._bottom = None
        self.draw()

    def oldest(self) -> None:
        """Go to the oldest that is kept."""
        self.scroll_lines(-len(self._desk.commands.commands))

    def scroll_lines(self, by: int) -> None:
        """Scroll by commands, upwards where negative; at the bottom it follows again."""
        commands = self._desk.commands.commands
        if not commands:
            return
        first, last = commands[0].number, commands[-1].number
        bottom = min(max((last if self._bottom is None else self._bottom) + by, first), last)
        self._bottom = None if bottom == last else bottom
        self.draw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the commands in view, their newest at the bottom."""
        commands = self._desk.commands.commands
        shown: list[Line] = []
        below = 0
        for command in reversed(commands):
            if self._bottom is not None and command.number > max(self._bottom, commands[0].number):
                below += 1
            elif len(shown) < height:
                shown[:0] = self._command(command, width)
            else:
                break
        self._note(len(commands), below)
        if not commands:
            return [Line((("Nothing has been sent from this console.", "faint"),))]
        if shown and len(shown) < height and self._bottom is not None:
            shown += [Line()] * (height - len(shown))
        return shown[-height:]

    def _command(self, command: Command, width: int) -> list[Line]:
        now = self._desk.clock()
        ink = OUTCOME_INKS[command.outcome]
        outcome = fit(f"{OUTCOME_MARKS[command.outcome]} {command.outcome}", _OUTCOME_WIDTH)
        took = "" if command.outcome == "seen" else duration(command.elapsed(now))
        operator = 20 if width >= _WIDE else 8
        head: tuple[Span, ...] = (
            (f"{clock_time(command.time)}  ", "faint"),
            (f"{outcome} ", ink),
            (f"{took:>{_TOOK_WIDTH}}  ", "plain"),
            (f"{fit(command.operator, operator)}  ", "muted"),
        )
        indent = sum(len(text) for text, _ in head)
        text = command.words + (f": {command.detail}" if command.detail else "")
        first, *rest = textwrap.wrap(text, max(20, width - indent)) or [""]
        tone: Ink = "caution" if command.outcome in ("refused", "unknown") else "plain"
        return [Line((*head, (first, tone))), *(Line(((" " * indent + more, tone),)) for more in rest)]

    def _note(self, count: int, below: int) -> None:
        where = "following" if self.following else "standing still"
        note = f"{number(below)} newer below, {key_of('follow')} follows" if below else ""
        self.entitle(f"{key_of('focus_commands')} Commands · {where} · {number(count)}", note)

    def on_mouse_scroll_down(self) -> None:
        """Scroll towards the newest."""
        self.scroll_lines(3)

    def on_mouse_scroll_up(self) -> None:
        """Scroll towards the oldest."""
        self.scroll_lines(-3)

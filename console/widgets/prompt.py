"""The command line: `:`, what is typed, and above it what it could become."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from console.command_line import CommandLine, History, completed
from console.formatting import clean

__all__ = ["Prompt"]

_SHOWN = 12


class Prompt(Input):
    """Takes one line at a time; hidden while nobody types.

    Parameters
    ----------
    words
        What a line may have now.
    tell
        Shows a sentence.
    obey
        Called with the line when it is done with; an empty one asks for nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave"),
        Binding("tab", "complete", "complete"),
        Binding("up", "earlier(-1)", "earlier"),
        Binding("down", "earlier(1)", "later"),
    ]

    def __init__(
        self, words: Callable[[], CommandLine], tell: Callable[[str], None], obey: Callable[[str], Awaitable[None]]
    ) -> None:
        super().__init__(
            placeholder="a command · Tab completes · ↑ ↓ earlier ones · Esc leaves", id="command", select_on_focus=False
        )
        self._words, self._tell, self._obey = words, tell, obey
        self._history = History()
        self.display = False

    def open(self) -> None:
        """Take the keys, at once: what is typed next, however fast, is no key of the desk."""
        self.value = ""
        self.display = True
        self.screen.set_focus(self)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what it could become."""
        event.stop()
        if self.display and self.value:
            self._show(self._words().complete(self.value))

    def _show(self, candidates: list[str]) -> None:
        last = [clean(candidate.split(" ", 1)[-1] if " " in candidate.strip() else candidate.strip(), 40)
                for candidate in candidates[:_SHOWN]]  # fmt: skip
        self._tell("  ".join(last) + (" …" if len(candidates) > _SHOWN else ""))

    def action_complete(self) -> None:
        """Type what all that it could become agree on."""
        candidates = self._words().complete(self.value)
        if candidates:
            self.value = completed(self.value, candidates)
            self.cursor_position = len(self.value)
        self._show(candidates)

    def action_earlier(self, by: int) -> None:
        """Bring an earlier line back."""
        self.value = self._history.move(by)
        self.cursor_position = len(self.value)

    async def action_leave(self) -> None:
        """Close it and do nothing."""
        await self._close("")

    async def action_submit(self) -> None:
        """Close it and do what it says, before the next key is looked at."""
        await self._close(self.value.strip())

    async def _close(self, line: str) -> None:
        self._history.add(line)
        self._tell("")
        self.display = False
        await self._obey(line)

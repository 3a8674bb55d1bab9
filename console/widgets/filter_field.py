"""The filter's field: what the focused pane shows follows what is typed, and is kept or given up."""

from __future__ import annotations

from collections.abc import Callable

from textual.widgets import Input

from console.actions import key_of
from console.formatting import clean
from console.widgets.event_log import EventLog
from console.widgets.strategy_table import StrategyTable

__all__ = ["FilterField"]

Filtered = StrategyTable | EventLog


class FilterField(Input):
    """Takes the words that a line must hold; hidden while nobody types.

    Parameters
    ----------
    table
        What is filtered, unless the log has the keys.
    log
        What is filtered while it has the keys.
    answer
        Shows a sentence.
    """

    def __init__(self, table: StrategyTable, log: EventLog, answer: Callable[[str], None]) -> None:
        super().__init__(
            placeholder=f"words that a line must hold · Enter keeps · {key_of('back')} ends",
            id="filter",
            select_on_focus=False,
        )
        self._table, self._log, self._answer = table, log, answer
        self._filtered: Filtered = table
        self.display = False

    @property
    def _focused(self) -> Filtered:
        return self._log if self.screen.focused is self._log else self._table

    def open(self) -> None:
        """Take the keys, at once: what is typed next, however fast, is no key of the desk."""
        self._filtered = self._focused
        self.value = f"{self._filtered.filter} ".lstrip()
        self.cursor_position = len(self.value)
        self._filtered.keep_filter()
        self.app.add_class("-filtering")
        self.display = True
        self.screen.set_focus(self)

    def use(self, words: str) -> None:
        """Filter the focused pane by words that were typed elsewhere."""
        filtered = self._focused
        filtered.filter = words
        problem = filtered.keep_filter()
        filtered.draw()
        if problem:
            self._answer(problem)
        elif filtered is self._table:
            self._table.select_shown()

    def give_up(self) -> None:
        """Close it, and filter no more."""
        self._filtered.filter = ""
        self._filtered.draw()
        self._close()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what the words let through."""
        event.stop()
        if self.display:
            self._filtered.filter = event.value.strip()
            self._filtered.draw()

    async def action_submit(self) -> None:
        """Close it and keep the filter, before the next key is looked at."""
        self._filtered.filter = self.value.strip()
        self._filtered.draw()
        self._close()

    def _close(self) -> None:
        self.app.remove_class("-filtering")
        self.display = False
        self.screen.set_focus(self._filtered)
        problem = self._filtered.keep_filter()
        if problem:
            kept = f"The filter “{clean(self._filtered.filter, 40)}” stays" if self._filtered.filter else "No filter"
            self._answer(f"{kept}: {problem}")
        if self._filtered is self._table:
            self._table.select_shown()

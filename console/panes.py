"""The panes of the desk: which of them has the keys, and moving about between and within them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.widget import Widget

from console.desk import Desk
from console.widgets.command_history import CommandHistory
from console.widgets.detail import Detail
from console.widgets.event_log import EventLog
from console.widgets.filter_field import FilterField
from console.widgets.strategy_table import StrategyTable

__all__ = ["Panes"]

Log = EventLog | CommandHistory


class Panes:
    """The hand's way about the desk.

    Parameters
    ----------
    app
        The application.
    desk
        What is known of the engines.
    table, detail, events, commands
        The panes.
    field
        Filters the table or the events.
    answer
        Shows a sentence.
    repaint
        Shows all that has changed.
    """

    def __init__(
        self,
        app: App[Any],
        desk: Desk,
        table: StrategyTable,
        detail: Detail,
        events: EventLog,
        commands: CommandHistory,
        field: FilterField,
        answer: Callable[[str], None],
        repaint: Callable[[], None],
    ) -> None:
        self._app, self._desk, self._answer, self._repaint = app, desk, answer, repaint
        self._table, self._detail, self._events, self._commands = table, detail, events, commands
        self._field = field
        self._names: dict[str, Widget] = {"table": table, "detail": detail, "events": events, "commands": commands}

    @property
    def focused(self) -> tuple[str, Widget]:
        """The pane that has the keys, by name; the table where none has."""
        return next(
            ((name, pane) for name, pane in self._names.items() if self._has_keys(pane)), ("table", self._table)
        )

    def _has_keys(self, pane: Widget) -> bool:
        """Return what `Widget.has_focus` says once the pane has been told."""
        return self._app.focused is pane

    async def do(self, action: str) -> bool:
        """Do what a key stands for; return whether it was one of these."""
        match action:
            case "next":
                self._move(1)
            case "previous":
                self._move(-1)
            case "page_down":
                self._move((self._log or self._table).page)
            case "page_up":
                self._move(-(self._log or self._table).page)
            case "follow":
                self._to_newest()
            case "oldest":
                self._to_oldest()
            case "next_tab":
                self._detail.turn(1)
            case "previous_tab":
                self._detail.turn(-1)
            case "less":
                self._detail.zoom(-1)
            case "more":
                self._detail.zoom(1)
            case "detail":
                await self._open_detail()
            case "focus_table":
                self._go_to_table()
            case "focus_detail":
                self._go_to_detail()
            case "focus_events":
                self._go_to_log(self._events)
            case "focus_commands":
                self._go_to_log(self._commands)
            case "filter":
                self._field.open()
            case "back":
                self._go_back()
            case _:
                return False
        return True

    async def open_event(self) -> None:
        """Show the event that the log's hand is on with all that it came with."""
        from console.screens.event_details import EventDetails

        if self._events.selected is None:
            self._answer("There is no event to open.")
        else:
            await self._app.push_screen(EventDetails(self._events, self._desk))

    # Within a pane ---------------------------------------------------------------------------------------------------

    @property
    def _log(self) -> Log | Detail | None:
        """What the keys that move scroll, where it is not the table's selection."""
        if self._has_keys(self._detail) and self._detail.scrolls:
            return self._detail
        return next((log for log in (self._events, self._commands) if self._has_keys(log)), None)

    def _move(self, by: int) -> None:
        if self._log is not None:
            self._log.scroll_lines(by)
        else:
            self._table.move(by)

    def _to_newest(self) -> None:
        if self._log is not None:
            self._log.follow()
        else:
            self._table.move(len(self._desk.rows))

    def _to_oldest(self) -> None:
        if self._log is not None:
            self._log.oldest()
        else:
            self._table.move(-len(self._desk.rows))

    # Between panes ---------------------------------------------------------------------------------------------------

    async def _open_detail(self) -> None:
        """Open the detail over the table or close it; in the log, open an event."""
        if self._has_keys(self._events):
            await self.open_event()
            return
        screen = self._app.screen
        screen.set_class(not screen.has_class("-detail"), "-detail")
        self._give_keys_to(self._detail if screen.has_class("-detail") else self._table)
        self._app.call_after_refresh(self._repaint)

    def _give_keys_to(self, pane: Widget) -> None:
        """Give a pane the keys at once, where `Widget.focus` would do it after those that have arrived."""
        self._app.screen.set_focus(pane)

    def _go_to_table(self) -> None:
        self._app.screen.remove_class("-detail")
        self._give_keys_to(self._table)

    def _go_to_detail(self) -> None:
        screen = self._app.screen
        screen.set_class(screen.has_class("-narrow") or screen.has_class("-detail"), "-detail")
        self._give_keys_to(self._detail)
        self._app.call_after_refresh(self._repaint)

    def _go_to_log(self, log: Log) -> None:
        """Show one of the logs, which share their place, and give it the keys."""
        self._app.screen.set_class(log is self._commands, "-commands")
        self._give_keys_to(log)
        self._app.call_after_refresh(log.draw)

    def _go_back(self) -> None:
        """Undo the last thing that narrows what is seen: one at a time, the innermost first."""
        if self._field.display:
            self._field.give_up()
        elif self._has_keys(self._events) and (self._events.filter or not self._events.following):
            self._events.filter = ""
            self._events.follow()
        elif self._has_keys(self._commands) and not self._commands.following:
            self._commands.follow()
        elif self._table.filter:
            self._table.filter = ""
            self._table.draw()
        elif self._has_keys(self._table) and self._table.marked_in_view:
            self._table.unmark()
        else:
            self._go_to_table()

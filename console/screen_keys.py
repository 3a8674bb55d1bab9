"""What keys do to the screen and not to the desk: theme, command line, clipboard, picture, files."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.app import App
from textual.widget import Widget
from textual.worker import WorkType

from console.clipboard import copy_sequence
from console.command_line import CommandError, CommandLine
from console.desk import Desk
from console.formatting import clean, number
from console.panes import Panes
from console.widgets.detail import Detail
from console.widgets.event_log import EventLog
from console.widgets.filter_field import FilterField
from console.widgets.prompt import Prompt
from console.widgets.sheet import Sheet
from console.widgets.strategy_table import StrategyTable
from styles import THEMES
from zenotc.models.wire import encode

__all__ = ["ScreenKeys"]

_THEMES = tuple(theme.name for theme in THEMES)


class ScreenKeys:
    """The hand on what is seen.

    Parameters
    ----------
    app
        The application.
    desk
        What is known of the engines.
    panes
        Know where the hand is.
    field
        Filters the pane that it is in.
    choose
        Does an action, as its key would, to the strategy that is named, by id.
    answer
        Shows a sentence.
    directory
        Where events and pictures are written to.
    """

    def __init__(
        self,
        app: App[Any],
        desk: Desk,
        panes: Panes,
        field: FilterField,
        choose: Callable[[str, str | None], Awaitable[None]],
        answer: Callable[[str], None],
        directory: Path,
    ) -> None:
        self._app, self._desk, self._panes, self._filter = app, desk, panes, field
        self._choose, self._answer, self._directory = choose, answer, directory
        self.prompt = Prompt(self.words, answer, self._obey)
        self._came_from: Widget | None = None

    @property
    def _table(self) -> StrategyTable:
        return self._app.query_one(StrategyTable)

    def words(self) -> CommandLine:
        """Return what a line may have now."""
        names = [(key, row.store.name(row.id), row.store.engine) for key, row in self._desk.rows.items()]
        often = Counter(name for _, name, _ in names)
        told = [(key, f"{engine}/{name}" if engine and often[name] > 1 else name) for key, name, engine in names]
        return CommandLine(told, Detail.TABS, _THEMES)

    async def do(self, action: str) -> bool:
        """Do what a key stands for; return whether it was one of these."""
        match action:
            case "command_line":
                self._came_from = self._app.screen.focused
                self.prompt.open()
            case "next_theme":
                self._use_theme(_THEMES[(_THEMES.index(self._app.theme) + 1) % len(_THEMES)])
            case "copy":
                self._copy()
            case "screenshot":
                self._take_picture()
            case "export":
                export: WorkType[None] = self._export
                self._app.run_worker(export, name="export", group="export", exclusive=True, exit_on_error=False)
            case _:
                return False
        return True

    async def _obey(self, line: str) -> None:
        """Do what a line of the command line says, or say why not."""
        self._app.screen.set_focus(self._came_from or self._table)
        if not line:
            return
        try:
            order = self.words().parse(line)
        except CommandError as error:
            self._answer(clean(error))
            return
        if order.strategy_id is not None:
            self._table.unmark()
            self._table.select(order.strategy_id)
        match order.verb:
            case "do":
                await self._choose(order.argument, order.strategy_id)
            case "theme":
                self._use_theme(order.argument)
            case "tab":
                detail = self._app.query_one(Detail)
                detail.turn(Detail.TABS.index(order.argument) - Detail.TABS.index(detail.tab))
            case "filter":
                self._filter.use(order.argument)

    def _use_theme(self, name: str) -> None:
        self._app.theme = name
        self._answer(f'Theme {name}. It stays with theme = "{name}" in the preferences.')

    def _copy(self) -> None:
        """Copy what the hand is on: a strategy's id, an event as it came, or the text of the pane."""
        name, pane = self._panes.focused
        what, text = "The pane's text", _text_of(pane)
        row = self._desk.rows.get(self._table.selected_id or "")
        if name == "table" and row is not None:
            what, text = f"The id of {row.store.name(row.id)}", row.id
        elif isinstance(pane, EventLog) and pane.selected is not None:
            what, text = "The event", encode(pane.selected).decode()
        try:
            sequence = copy_sequence(text, os.environ)
        except ValueError as error:
            self._answer(f"Not copied: {error}.")
            return
        if self._app._driver is not None:
            self._app._driver.write(sequence)
        self._answer(f"{what} is sent to the terminal's clipboard ({number(len(text))} characters).")

    async def _export(self) -> None:
        from console.export import export  # when it is first wanted

        matching = list(self._app.query_one(EventLog).matching)
        try:
            exact, text, count = await export(
                self._desk.events, self._desk, matching, self._directory, self._desk.utc_now()
            )
        except OSError as error:
            self._answer(f"The events could not be written: {clean(error)}.")
        else:
            self._answer(f"{number(count)} events are in {clean(exact)} and {text.suffix}.")

    def _take_picture(self) -> None:
        file = self._directory / f"zenotc-{self._desk.utc_now():%Y%m%d-%H%M%S}.svg"
        try:
            file.write_text(self._app.export_screenshot(title="zenotc console"), "utf-8")
        except OSError as error:
            self._answer(f"The picture could not be written: {clean(error)}.")
        else:
            self._answer(f"The picture is {clean(file)}.")


def _text_of(pane: Widget) -> str:
    """Return what a pane shows, without colours."""
    sheets = [pane] if isinstance(pane, Sheet) else [sheet for sheet in pane.query(Sheet) if sheet.display]
    return "\n".join(line.text.rstrip() for sheet in sheets for line in sheet._drawn)

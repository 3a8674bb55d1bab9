"""What keys do to the table of the strategies: marks, order and columns, which are remembered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.app import App

from console.view import ViewFile
from console.widgets.footer import StatusLine
from console.widgets.strategy_table import StrategyTable

__all__ = ["TableKeys"]


class TableKeys:
    """The hand on the table.

    Parameters
    ----------
    app
        Where the columns are chosen.
    table
        The table.
    view_file
        Where its columns and order are remembered.
    status
        Shows what was done.
    marked
        Called when other strategies are marked.
    """

    def __init__(
        self,
        app: App[Any],
        table: StrategyTable,
        view_file: ViewFile,
        status: StatusLine,
        marked: Callable[[], None],
    ) -> None:
        self._app, self._table, self._view_file, self._status, self._marked = app, table, view_file, status, marked

    async def do(self, action: str) -> bool:
        """Do what a key stands for; return whether it was one of these."""
        match action:
            case "mark":
                self._table.mark()
                self._marked()
            case "mark_all":
                self._table.mark_all()
                self._marked()
            case "sort":
                self._arranged(self._table.sort_by_next())
            case "sort_other_way":
                self._arranged(self._table.sort_other_way())
            case "attention_first":
                self._arranged(self._table.attention_first())
            case "columns":
                await self._choose_columns()
            case _:
                return False
        return True

    def _arranged(self, sentence: str) -> None:
        self._status.answer(sentence, "muted")
        self._remember()

    async def _choose_columns(self) -> None:
        from console.screens.columns import ColumnChooser  # when it is first opened

        chooser = ColumnChooser(self._table.columns, self._table.choose_columns)
        await self._app.push_screen(chooser, lambda _: self._remember())

    def _remember(self) -> None:
        problem = self._view_file.save(self._table.view)
        if problem is not None:
            self._status.answer(problem)

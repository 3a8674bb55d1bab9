"""Which columns the table shows, and in which order: changed under the eye of who chooses them."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.columns import COLUMNS, column_by_id, usual_columns
from console.ink import Line, line
from console.screens.dialog import Dialog, Leaf

__all__ = ["ColumnChooser"]

_TITLE_WIDTH = 12


class _Choice(Leaf, can_focus=True):
    """The columns, those that are shown first, in their order."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "move(1)", "Next"),
        Binding("up,k", "move(-1)", "Before"),
        Binding("space,x", "turn", "Show or hide"),
        Binding("J,shift+down,right_square_bracket", "carry(1)", "Further right"),
        Binding("K,shift+up,left_square_bracket", "carry(-1)", "Further left"),
        Binding("u", "usual", "The usual ones"),
    ]

    def __init__(self, chosen: list[str], choose: Callable[[tuple[str, ...] | None], None]) -> None:
        super().__init__()
        self._choose = choose
        self._place = 0
        self._set(chosen)
        self.styles.height = len(COLUMNS)

    def _set(self, chosen: list[str]) -> None:
        self._chosen = chosen
        self._order = [*chosen, *(column.id for column in COLUMNS if column.id not in chosen)]

    def lines(self, width: int, height: int) -> list[Line]:
        """Return a line for each column."""
        return [self._line(place, column_id) for place, column_id in enumerate(self._order)]

    def _line(self, place: int, column_id: str) -> Line:
        column, here = column_by_id(column_id), place == self._place
        shown = column_id in self._chosen
        return line(
            ("▸ " if here else "  ", "key"),
            (("✓ " if shown else "· "), "gain" if shown else "faint"),
            (f"{column.title:<{_TITLE_WIDTH}}", "strong" if shown else "muted"),
            (column.meaning, "plain" if shown else "muted"),
            ground="selection" if here else "ground",
        )

    def _apply(self) -> None:
        self._choose(tuple(self._chosen))
        self.draw()

    def action_move(self, by: int) -> None:
        """Go to another column."""
        self._place = min(max(self._place + by, 0), len(self._order) - 1)
        self.scroll_visible_line()
        self.draw()

    def scroll_visible_line(self) -> None:
        """Keep the column that one is on in view, where the box is smaller than the list."""
        dialog = self.parent
        if isinstance(dialog, Dialog):
            room = dialog.scrollable_content_region.height
            top = min(max(dialog.scroll_offset.y, self._place - room + 1), self._place)
            dialog.scroll_to(y=top, animate=False)

    def action_turn(self) -> None:
        """Show a column after the others that are shown, or hide it."""
        column_id = self._order[self._place]
        if column_id in self._chosen:
            self._chosen.remove(column_id)
        else:
            self._chosen = [shown for shown in self._order if shown in (*self._chosen, column_id)]
        self._apply()

    def action_carry(self, by: int) -> None:
        """Move a column to the left or to the right."""
        there = self._place + by
        if 0 <= there < len(self._order):
            order = self._order
            order[self._place], order[there] = order[there], order[self._place]
            self._chosen = [shown for shown in order if shown in self._chosen]
            self._place = there
            self._apply()

    def action_usual(self) -> None:
        """Go back to the columns that nobody has chosen."""
        self._set(usual_columns())
        self._place = 0
        self._choose(None)
        self.draw()


class ColumnChooser(ModalScreen[None]):
    """Shows and hides columns at once; the first ones are the last to go where there is no room.

    Parameters
    ----------
    chosen
        The columns that are shown, by id, in their order.
    choose
        Shows others; `None` stands for the usual ones.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter,v", "dismiss", "Close")]

    def __init__(self, chosen: list[str], choose: Callable[[tuple[str, ...] | None], None]) -> None:
        super().__init__()
        self._chosen, self._choose = chosen, choose

    def compose(self) -> ComposeResult:
        """Lay out the box."""
        with Dialog() as dialog:
            dialog.border_title = "Columns"
            dialog.border_subtitle = "Space shows · J K move · u usual · Esc"
            yield _Choice(self._chosen, self._choose)

    def on_mount(self) -> None:
        """Give the list the keys."""
        self.query_one(_Choice).focus()

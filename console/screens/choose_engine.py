"""Which engine a new strategy is created on: asked where there are several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from console.desk import Desk
from console.formatting import clean, fit
from console.ink import Line, Span, line
from console.screens.dialog import Dialog, Page
from console.store import Store

__all__ = ["ChooseEngine"]


class ChooseEngine(ModalScreen[Store | None]):
    """A list of the engines, the one that the hand is on marked.

    Parameters
    ----------
    desk
        The engines.
    reasons
        Of each, why it cannot be chosen; `None` where it can be.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("enter", "choose", "take"),
        Binding("escape", "dismiss(None)", "leave"),
    ]

    def __init__(self, desk: Desk, reasons: Sequence[str | None]) -> None:
        super().__init__()
        self._stores, self._reasons = desk.stores, reasons
        self._at = desk.stores.index(desk.at_hand)

    def compose(self) -> ComposeResult:
        """Lay out the list."""
        with Dialog(classes="-help") as dialog:
            dialog.border_title = "New strategy: on which engine?"
            dialog.border_subtitle = "↑ ↓ choose · Enter takes · Esc leaves"
            yield Page(self._write)

    def _write(self, width: int) -> list[Line]:
        return [self._engine(index, store, width) for index, store in enumerate(self._stores)]

    def _engine(self, index: int, store: Store, width: int) -> Line:
        here, reason = index == self._at, self._reasons[index]
        environment = store.status.environment if store.status else ""
        mark: Span = ("▸ " if here else "  ", "key")
        name: Span = (fit(clean(store.engine, 40), 24), "faint" if reason else "strong" if here else "plain")
        kind: Span = (fit(clean(environment.upper(), 10), 10), "alarm" if environment == "live" else "muted")
        note: Span = (fit(clean(reason or store.address), max(0, width - 36)), "caution" if reason else "faint")
        return line(mark, name, kind, note, ground="selection" if here else "ground")

    def action_move(self, by: int) -> None:
        """Move the mark."""
        self._at = min(max(self._at + by, 0), len(self._stores) - 1)
        self.query_one(Page).draw()

    def action_choose(self) -> None:
        """Take the one that is marked, if it can be."""
        if self._reasons[self._at] is None:
            self.dismiss(self._stores[self._at])

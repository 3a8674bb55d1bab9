"""Which strategies the table shows, and in which order: neither changes while the hand is on it."""

from __future__ import annotations

from console.attention import attention
from console.columns import column_by_id, language
from console.desk import Desk
from console.filters import LiveFilter

__all__ = ["Arrangement"]

REARRANGED_SECONDS = 1.0
"""What is sorted or filtered by something that moves is arranged again so often."""

HAND_RESTS_SECONDS = 3.0
"""For so long after the hand has moved, nothing is."""


class Arrangement:
    """The filter, the order, and the strategies as they stand by both.

    Without any it is the order in which they were created, engine by engine. In a filter or an order, one that is new
    stands at the end until the next time.

    Parameters
    ----------
    desk
        What is known of the engines.

    Attributes
    ----------
    filter
        Which are shown.
    sort, descending
        The column by id that they are sorted by, and which way; what has no value comes last.
    attention_first
        Whether those that need somebody stand above the others, the gravest first.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.filter = LiveFilter(language())
        self.sort: str | None = None
        self.descending = False
        self.attention_first = False
        self._ids: list[str] = []
        self._known: set[str] = set()
        self._arranged_at = self._touched_at = float("-inf")

    def sort_by(self, column_id: str | None) -> None:
        """Sort by another column, numbers from the largest; by the same one again the other way."""
        again = column_id is not None and column_id == self.sort
        number = column_id is not None and column_by_id(column_id).kind == "number"
        self.sort, self.descending = column_id, (not self.descending if again else number)
        self.renew()

    def renew(self) -> None:
        """Arrange them again at once: the hand has asked for it."""
        self._arranged_at = self._touched_at = float("-inf")

    def touch(self) -> None:
        """Leave them where they are for a while: the hand is on them."""
        self._touched_at = self._desk.clock()

    @property
    def ids(self) -> list[str]:
        """The strategies that are shown, in their order."""
        rows = self._desk.rows
        if not (self.filter.passes or self.sort or self.attention_first):
            return list(rows)
        now = self._desk.clock()
        if now - self._arranged_at >= REARRANGED_SECONDS and now - self._touched_at >= HAND_RESTS_SECONDS:
            self._arranged_at = now
            self._ids, self._known = self._arranged(), set(rows)
        elif self._known != rows.keys():
            fresh = [key for key, row in rows.items() if key not in self._known and self.filter.passes(row)]
            self._ids = [key for key in self._ids if key in rows] + fresh
            self._known = set(rows)
        return self._ids

    def _arranged(self) -> list[str]:
        rows, passes = self._desk.rows, self.filter.passes
        ids = [key for key, row in rows.items() if passes(row)] if passes else list(rows)
        if self.sort is not None:
            ids = self._sorted(ids, self.sort)
        if self.attention_first:
            ids.sort(key=lambda key: -attention(rows[key].fields, rows[key].store.commands)[0])
        return ids

    def _sorted(self, ids: list[str], column_id: str) -> list[str]:
        column, rows = column_by_id(column_id), self._desk.rows
        values = {key: column.value(rows[key].fields, rows[key].store) for key in ids}
        if column.kind == "text":
            values = {key: None if value is None else str(value).casefold() for key, value in values.items()}
        known = [key for key in ids if values[key] is not None]
        known.sort(key=values.__getitem__, reverse=self.descending)
        return known + [key for key in ids if values[key] is None]

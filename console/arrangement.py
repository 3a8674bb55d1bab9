"""Which strategies the table shows, and in which order: neither changes while the hand is on it."""

from __future__ import annotations

from console.attention import attention
from console.columns import column_by_id, language
from console.filters import LiveFilter
from console.store import Store

__all__ = ["Arrangement"]

REARRANGED_SECONDS = 1.0
"""What is sorted or filtered by something that moves is arranged again so often."""

HAND_RESTS_SECONDS = 3.0
"""For so long after the hand has moved, nothing is."""


class Arrangement:
    """The filter, the order, and the strategies as they stand by both.

    Without any it is the order in which they were created. One that is new stands at the end until the next time.

    Parameters
    ----------
    store
        What is known of the engine.

    Attributes
    ----------
    filter
        Which are shown.
    sort, descending
        The column by id that they are sorted by, and which way; what has no value comes last.
    attention_first
        Whether those that need somebody stand above the others, the gravest first.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.filter = LiveFilter(language(store))
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
        self._touched_at = self._store.clock()

    @property
    def ids(self) -> list[str]:
        """The strategies that are shown, in their order."""
        wire = self._store.wire
        if not (self.filter.passes or self.sort or self.attention_first):
            return list(wire)
        now = self._store.clock()
        if now - self._arranged_at >= REARRANGED_SECONDS and now - self._touched_at >= HAND_RESTS_SECONDS:
            self._arranged_at = now
            self._ids, self._known = self._arranged(), set(wire)
        elif self._known != wire.keys():
            fresh = [key for key, fields in wire.items() if key not in self._known and self.filter.passes(fields)]
            self._ids = [key for key in self._ids if key in wire] + fresh
            self._known = set(wire)
        return self._ids

    def _arranged(self) -> list[str]:
        wire, passes = self._store.wire, self.filter.passes
        ids = [key for key, fields in wire.items() if passes(fields)] if passes else list(wire)
        if self.sort is not None:
            ids = self._sorted(ids, self.sort)
        if self.attention_first:
            ids.sort(key=lambda key: -attention(wire[key], self._store.commands)[0])
        return ids

    def _sorted(self, ids: list[str], column_id: str) -> list[str]:
        column, store = column_by_id(column_id), self._store
        values = {key: column.value(store.wire[key], store) for key in ids}
        if column.kind == "text":
            values = {key: None if value is None else str(value).casefold() for key, value in values.items()}
        known = [key for key in ids if values[key] is not None]
        known.sort(key=values.__getitem__, reverse=self.descending)
        return known + [key for key in ids if values[key] is None]

"""A hundred thousand events in bounded memory: each as a row of its values, what repeats kept once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import intern
from typing import Any

__all__ = ["EventRing"]

Wire = Mapping[str, Any]
Row = tuple[Any, ...]

_REPEATED = frozenset({"type", "timestamp", "strategyId", "asset", "side", "reason", "venue", "code"})
"""Of these, equal texts are kept once, as long as any event has them."""

_SHAPES_AT_MOST = 1_000
"""So many shapes are known before they are forgotten: a hostile engine repeats none."""

_SLACK = 16
"""The oldest are dropped once the ring is longer than it should be by one part in so many."""


class EventRing:
    """The newest events as they came, each under a number of its own that never changes.

    A row begins with the names of its values, which all events of a shape share: it takes about a quarter
    of the memory of the mapping that came.

    Parameters
    ----------
    capacity
        How many are kept at least; a sixteenth more is held before the oldest are dropped.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self.capacity = capacity
        self.first = 0
        self._rows: list[Row] = []
        self._shapes: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[int, ...]]] = {}

    @property
    def end(self) -> int:
        """The number that the next event will get."""
        return self.first + len(self._rows)

    def extend(self, events: Iterable[Wire]) -> None:
        """Append events."""
        self._rows.extend(map(self._row, events))
        surplus = len(self._rows) - self.capacity
        if surplus > self.capacity // _SLACK:
            del self._rows[:surplus]
            self.first += surplus

    def _row(self, event: Wire) -> Row:
        names = tuple(event)
        shape = self._shapes.get(names)
        if shape is None:
            if len(self._shapes) >= _SHAPES_AT_MOST:
                self._shapes.clear()
            repeated = tuple(at for at, name in enumerate(names, 1) if name in _REPEATED)
            shape = self._shapes[names] = names, repeated
        row = [shape[0], *event.values()]
        for at in shape[1]:
            if type(row[at]) is str:
                row[at] = intern(row[at])
        return tuple(row)

    def __getitem__(self, number: int) -> Wire:
        if not self.first <= number < self.end:
            raise IndexError(number)
        names, *values = self._rows[number - self.first]
        return dict(zip(names, values, strict=True))

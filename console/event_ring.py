"""A hundred thousand events in bounded memory: each as a row of its values, what repeats kept once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["EventRing"]

Wire = Mapping[str, Any]
Row = tuple[Any, ...]

_REPEATED = frozenset({"type", "timestamp", "strategyId", "asset", "side", "reason", "venue", "code"})
_REPEATED_AT_MOST = 10_000
"""So many values are known as repeated before they are forgotten: a hostile engine repeats none."""

_SLACK = 16
"""The oldest are dropped once the ring is longer than it should be by one part in so many."""


class EventRing:
    """The newest events as they came, each under a number of its own that never changes.

    A row begins with the names of its values, which all events of a shape share: it takes about half of the
    memory of the mapping that came.

    Parameters
    ----------
    capacity
        How many are kept at least; a sixteenth more is held before the oldest are dropped.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self.capacity = capacity
        self.first = 0
        self._rows: list[Row] = []
        self._shapes: dict[Row, Row] = {}
        self._repeated: dict[object, Any] = {}

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
        if len(self._repeated) > _REPEATED_AT_MOST:
            self._repeated.clear()
        if len(self._shapes) > _REPEATED_AT_MOST:
            self._shapes.clear()
        names, once = tuple(event), self._repeated.setdefault
        values = [
            once(value, value) if name in _REPEATED and type(value) is str else value for name, value in event.items()
        ]
        return (self._shapes.setdefault(names, names), *values)

    def __getitem__(self, number: int) -> Wire:
        if not self.first <= number < self.end:
            raise IndexError(number)
        names, *values = self._rows[number - self.first]
        return dict(zip(names, values, strict=True))

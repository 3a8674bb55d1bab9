"""A hundred thousand events in bounded memory: as they came, read when they are looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["EventRing"]

Wire = Mapping[str, Any]

_SLACK = 16
"""The oldest are dropped once the ring is longer than it should be by one part in so many."""


class EventRing:
    """The newest events as they came, each under a number of its own that never changes.

    Parameters
    ----------
    capacity
        How many are kept at least; a sixteenth more is held before the oldest are dropped.
    """

    def __init__(self, capacity: int = 100_000) -> None:
        self.capacity = capacity
        self.first = 0
        self._events: list[Wire] = []

    @property
    def end(self) -> int:
        """The number that the next event will get."""
        return self.first + len(self._events)

    def extend(self, events: Iterable[Wire]) -> None:
        """Append events."""
        self._events.extend(events)
        surplus = len(self._events) - self.capacity
        if surplus > self.capacity // _SLACK:
            del self._events[:surplus]
            self.first += surplus

    def __getitem__(self, number: int) -> Wire:
        if not self.first <= number < self.end:
            raise IndexError(number)
        return self._events[number - self.first]

    def between(self, start: int, end: int) -> list[Wire]:
        """Return the events from one number to another (exclusive), as far as they are kept."""
        return self._events[max(0, start - self.first) : max(0, end - self.first)]

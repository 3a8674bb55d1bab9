"""The events that a filter lets through: the newest are found first, a slice at a time, so that no key waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from console.event_ring import EventRing, Wire

__all__ = ["Matches"]

SLICE = 4_000
"""So many events are looked at before a key gets its turn: some milliseconds."""


class Matches(Sequence[int]):
    """The numbers of the events that pass, in order.

    Parameters
    ----------
    ring
        The events.
    """

    def __init__(self, ring: EventRing) -> None:
        self._ring = ring
        self._passes: Callable[[Wire], bool] | None = None
        self.seek(None)

    def seek(self, passes: Callable[[Wire], bool] | None) -> None:
        """Begin again with another filter, `None` for every event."""
        self._passes = passes
        self._low = self._high = self._ring.end
        self._older: list[int] = []
        self._newer: list[int] = []

    def look(self) -> bool:
        """Look at a slice of what has not been looked at; return whether there is more."""
        ring, passes = self._ring, self._passes
        if passes is None:
            return False
        self._forget_dropped()
        start, self._high = self._high, min(self._high + SLICE, ring.end)
        newer = enumerate(ring.between(start, self._high), start)
        self._newer += [number for number, event in newer if passes(event)]
        end, self._low = self._low, max(self._low - SLICE, ring.first)
        older = reversed(list(enumerate(ring.between(self._low, end), self._low)))
        self._older += [number for number, event in older if passes(event)]
        return self._high < ring.end or self._low > ring.first

    def _forget_dropped(self) -> None:
        first = self._ring.first
        self._low, self._high = max(self._low, first), max(self._high, first)
        while self._older and self._older[-1] < first:
            self._older.pop()
        gone = 0
        while gone < len(self._newer) and self._newer[gone] < first:
            gone += 1
        del self._newer[:gone]

    def __len__(self) -> int:
        if self._passes is None:
            return self._ring.end - self._ring.first
        return len(self._older) + len(self._newer)

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> list[int]: ...
    def __getitem__(self, index: int | slice) -> int | list[int]:
        """Return the number at an index; the oldest has the index 0."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        if self._passes is None:
            return self._ring.first + index
        older = len(self._older)
        return self._older[older - 1 - index] if index < older else self._newer[index - older]

"""What the public has traded, by the second: the weights of a VWAP schedule (semantics, section 10)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["TradedVolume"]

_NS = 10**9
_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 2 * _HOUR_SECONDS


class TradedVolume:
    """Lots traded in each second of the last two hours."""

    def __init__(self) -> None:
        self._seconds: list[int] = []
        self._lots: list[int] = []

    def add(self, lots: int, now_ns: int) -> None:
        """Count a public trade."""
        second = now_ns // _NS
        if self._seconds and self._seconds[-1] == second:
            self._lots[-1] += lots
            return
        self._seconds.append(second)
        self._lots.append(lots)
        if second - self._seconds[0] > 2 * _KEPT_SECONDS:
            old = bisect_left(self._seconds, second - _KEPT_SECONDS)
            del self._seconds[:old], self._lots[:old]

    def between(self, start_second: int, end_second: int) -> int:
        """Return the lots traded in `[start_second, end_second)`."""
        begin, end = bisect_left(self._seconds, start_second), bisect_left(self._seconds, end_second)
        return sum(self._lots[begin:end])

    def schedule(self, now_ns: int, slice_ns: int, slices: int) -> Sequence[int]:
        """Return a weight for each slice from now on: what traded in the same slice 60 minutes earlier, repeating."""
        weights = []
        for number in range(slices):
            start_ns = now_ns + number * slice_ns
            hours = (start_ns - now_ns) // (_HOUR_SECONDS * _NS) + 1
            start = start_ns // _NS - hours * _HOUR_SECONDS
            weights.append(self.between(start, start + max(slice_ns // _NS, 1)))
        return weights

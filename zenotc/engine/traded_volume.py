"""What the public has traded, by the second: the weights of a VWAP schedule (semantics, section 10)."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

__all__ = ["TradedVolume", "volume_schedule"]

_NS = 10**9
_HOUR_SECONDS = 3_600
_KEPT_SECONDS = 2 * _HOUR_SECONDS


class TradedVolume:
    """Lots traded in each second of the last two hours, and which of these seconds the tape was followed in."""

    def __init__(self) -> None:
        self._seconds: list[int] = []
        self._lots: list[int] = []
        self._followed: list[tuple[int, int]] = []

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

    def follow(self, now_ns: int) -> None:
        """Note that the second which ends now has been followed: what was not told did not trade."""
        end = now_ns // _NS
        if self._followed and self._followed[-1][1] >= end - 1:
            self._followed[-1] = self._followed[-1][0], end
        else:
            self._followed = [span for span in self._followed if span[1] > end - _KEPT_SECONDS]
            self._followed.append((end - 1, end))

    def between(self, start_second: int, end_second: int) -> int | None:
        """Return the lots traded in `[start_second, end_second)`; `None` where the tape was not followed throughout."""
        if not any(start <= start_second and end_second <= end for start, end in self._followed):
            return None
        begin, end = bisect_left(self._seconds, start_second), bisect_left(self._seconds, end_second)
        return sum(self._lots[begin:end])


def volume_schedule(
    tapes: Sequence[tuple[TradedVolume, int]], now_ns: int, slice_ns: int, slices: int
) -> Sequence[int]:
    """Return a weight for each slice from now on: what traded in the same slice 60 minutes earlier, repeating.

    A slice of which that is not known weighs as much as the known ones do on average.

    Parameters
    ----------
    tapes
        Of the markets that the schedule trades on, each with what one of its lots counts.
    now_ns
        When the first slice begins, ns.
    slice_ns, slices
        How long each takes, ns, and how many there are.
    """
    traded: list[int | None] = []
    for number in range(slices):
        ahead_ns = number * slice_ns
        start = (now_ns + ahead_ns) // _NS - (ahead_ns // (_HOUR_SECONDS * _NS) + 1) * _HOUR_SECONDS
        traded.append(_traded(tapes, start, start + max(slice_ns // _NS, 1)))
    known = [weight for weight in traded if weight is not None]
    total, count = sum(known), max(len(known), 1)
    return [total if weight is None else weight * count for weight in traded]


def _traded(tapes: Sequence[tuple[TradedVolume, int]], start_second: int, end_second: int) -> int | None:
    """Return what all of them together have traded; `None` where one of them is not known."""
    total = 0
    for tape, scale in tapes:
        lots = tape.between(start_second, end_second)
        if lots is None:
            return None
        total += lots * scale
    return total

"""Every number a second time: fractions over the journal's fills and the path's mids, and nothing of the engine."""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, log, sqrt

from tests.risk.path_venue import SECOND
from zenotc.journal.records import FillRecord

DAY = 86_400 * SECOND
HOUR = 3_600 * SECOND
Mids = Sequence[tuple[int, Fraction]]


def signed(fill: FillRecord) -> Fraction:
    """Return a fill's quantity, negative for a sale."""
    return Fraction(fill.quantity) * (1 if fill.side == "buy" else -1)


@dataclass(frozen=True)
class Point:
    """Where a strategy stood after a mark or a fill."""

    time_ns: int
    total: Fraction
    position: Fraction
    mid: Fraction


def curve(fills: Iterable[FillRecord], mids: Mids) -> list[Point]:
    """Return cash plus position times mid after each change of the mid and each fill; at one time fills come first."""
    happenings: list[tuple[int, int, FillRecord | Fraction]] = [(time_ns, 1, mid) for time_ns, mid in mids]
    happenings += [(fill.time_ns, 0, fill) for fill in fills]
    happenings.sort(key=lambda happening: happening[:2])
    cash = position = mid = Fraction(0)
    points = []
    for time_ns, _, what in happenings:
        if isinstance(what, FillRecord):
            cash -= signed(what) * Fraction(what.price) + Fraction(what.fee)
            position += signed(what)
        else:
            mid = what
        points.append(Point(time_ns, cash + position * mid, position, mid))
    return points


class Curve:
    """A path of total PnL that can be asked for its value at any time."""

    def __init__(self, points: Sequence[Point]) -> None:
        self.points = points
        self._times = [point.time_ns for point in points]

    def point(self, time_ns: int) -> Point:
        """Return where it stood at a time, everything of that moment included."""
        index = bisect_right(self._times, time_ns)
        return self.points[index - 1] if index else Point(time_ns, Fraction(0), Fraction(0), Fraction(0))

    def until(self, time_ns: int) -> Fraction:
        """Return the total at a time, everything of that moment included; 0 before the first point."""
        return self.point(time_ns).total

    def daily(self, point: Point) -> Fraction:
        """Return the total less its value at the last mark before 00:00 UTC."""
        return point.total - self.until(point.time_ns // DAY * DAY - 1)

    def hourly(self, point: Point) -> Fraction:
        """Return the total less its value 60 minutes ago."""
        return point.total - self.until(point.time_ns - HOUR)

    def drawdowns(self, capital: Fraction) -> list[tuple[int, Fraction]]:
        """Return the fall from the peak in percent of it, after each point."""
        peak, falls = capital, []
        for point in self.points:
            equity = capital + point.total
            peak = max(peak, equity)
            falls.append((point.time_ns, 100 * (peak - equity) / peak))
        return falls


def sigmas(mids: Mids, start_ns: int, end_ns: int, window_seconds: int) -> list[tuple[int, float]]:
    """Return the realised volatility in percent at each second: 100 times the root of the sum of squared log returns.

    `start_ns` is the first second whose mid is sampled. A window that is not full is scaled up; below 30 samples
    there is none.
    """
    times = [time_ns for time_ns, _ in mids]
    samples: list[float] = []
    found = []
    for second_ns in range(start_ns, end_ns, SECOND):
        samples.append(log(mids[bisect_right(times, second_ns) - 1][1]))
        if len(samples) >= 30:
            recent = samples[-window_seconds - 1 :]
            squares = [(b - a) ** 2 for a, b in itertools.pairwise(recent)]
            found.append((second_ns, 100 * sqrt(fsum(squares) * window_seconds / len(squares))))
    return found


def first_over(measures: Iterable[tuple[int, Fraction | float]], limit: Fraction | float) -> int | None:
    """Return when a measure is first above its limit."""
    return next((time_ns for time_ns, measure in measures if measure > limit), None)


def sharpe(value_at: Callable[[int], Fraction], start_ns: int, end_ns: int) -> float:
    """Return mean over deviation (ddof 1) of the changes between UTC minutes, times sqrt(525600); 0 below 30."""
    first = -(-start_ns // (60 * SECOND)) * 60 * SECOND
    values = [float(value_at(minute)) for minute in range(first, end_ns + 1, 60 * SECOND)]
    changes = [b - a for a, b in itertools.pairwise(values)]
    if len(changes) < 30:
        return 0.0
    mean = fsum(changes) / len(changes)
    deviation = sqrt(fsum((change - mean) ** 2 for change in changes) / (len(changes) - 1))
    return mean / deviation * sqrt(525_600) if deviation else 0.0

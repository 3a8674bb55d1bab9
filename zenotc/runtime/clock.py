"""Trading time: the wall clock's in the sandbox and live, the recording's in a replay."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

__all__ = ["TradingClock"]


class TradingClock:
    """Maps the wall clock's progress to trading time, ns since the Unix epoch.

    Parameters
    ----------
    start_ns
        The trading time at which it starts.
    speed
        Trading seconds per second; infinite is as fast as the machine goes.
    wall_ns
        The wall clock, ns since the Unix epoch, by which commands are written down.
    """

    def __init__(self, start_ns: int, speed: float = 1.0, wall_ns: Callable[[], int] = time.time_ns) -> None:
        self.wall_ns = wall_ns
        self._anchor_ns = start_ns
        self._wall_ns = time.monotonic_ns()
        self.speed = speed
        self.unbounded = math.isinf(speed)

    def now_ns(self) -> int:
        """Return the trading time; it never falls."""
        if self.unbounded:
            return self._anchor_ns
        return self._anchor_ns + int((time.monotonic_ns() - self._wall_ns) * self.speed)

    def seconds_until(self, time_ns: int) -> float:
        """Return how long the wall clock takes until a trading time, 0 where it has passed.

        As fast as it goes, asking is getting there.
        """
        if self.unbounded:
            self._anchor_ns = time_ns
            return 0.0
        return max((time_ns - self.now_ns()) / 1e9 / self.speed, 0.0)

    def slow_down(self) -> None:
        """From as fast as it goes, change to the wall clock's pace."""
        if self.unbounded:
            self.unbounded, self.speed = False, 1.0
            self._wall_ns = time.monotonic_ns()

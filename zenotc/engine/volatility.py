"""Realised volatility of the mid (semantics, section 2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from math import fsum, log, sqrt

__all__ = ["MINIMUM_SAMPLES", "VolatilityWindow"]

MINIMUM_SAMPLES = 30


class VolatilityWindow:
    """Root-sum-square of one-second log returns over a rolling window, in percent.

    Parameters
    ----------
    window_seconds
        Length of the window.
    history
        Mids sampled so far, one a second, oldest first: what a window that is opened late starts with.
    """

    def __init__(self, window_seconds: int, history: Iterable[float] = ()) -> None:
        self.window_seconds = window_seconds
        self._squares: deque[float] = deque(maxlen=window_seconds)
        self._sum = 0.0
        self._last: float | None = None
        self._until_exact = window_seconds
        for mid in history:
            self.sample(mid)

    def sample(self, mid: float) -> None:
        """Take the mid of the next second."""
        last, self._last = self._last, mid
        if last is None:
            return
        square = log(mid / last) ** 2 if mid != last else 0.0
        leaving = self._squares[0] if len(self._squares) == self.window_seconds else 0.0
        self._squares.append(square)
        self._sum += square - leaving
        self._until_exact -= 1
        if self._until_exact <= 0:
            # Adding and subtracting drifts by a rounding error a second: sum afresh once a window.
            self._sum = fsum(self._squares)
            self._until_exact = self.window_seconds

    @property
    def sigma(self) -> float | None:
        """`100 * sqrt(sum(r_i ** 2))`, scaled up while the window is not full; `None` below 30 samples."""
        elapsed = len(self._squares)
        if elapsed + 1 < MINIMUM_SAMPLES:
            return None
        return 100 * sqrt(max(self._sum, 0.0) * self.window_seconds / elapsed)

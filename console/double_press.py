"""Two presses of a key in quick succession, told from one that is held down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["DoublePress"]

Answer = Literal["first", "held", "second"]


@dataclass(slots=True)
class DoublePress:
    """Recognises the second press within a time.

    Parameters
    ----------
    within_seconds
        How long the first press waits for the second.
    held_below_seconds
        Presses closer together than this are a key that repeats, and count as one.
    """

    within_seconds: float = 1.0
    held_below_seconds: float = 0.08
    _armed_at: float | None = None
    _seen_at: float | None = None

    def press(self, now: float) -> Answer:
        """Take a press at a monotonic time in seconds and say which it is."""
        since = None if self._seen_at is None else now - self._seen_at
        self._seen_at = now
        if since is not None and since < self.held_below_seconds:
            if self._armed_at is not None:
                self._armed_at = now
            return "held"
        if self.armed(now):
            self._armed_at = None
            return "second"
        self._armed_at = now
        return "first"

    def disarm(self) -> bool:
        """Take note of another key, after which the next press is a first one; return whether one was waiting."""
        waited = self._armed_at is not None
        self._armed_at = self._seen_at = None
        return waited

    def armed(self, now: float) -> bool:
        """Return whether another press would be the second."""
        return self._armed_at is not None and now - self._armed_at <= self.within_seconds

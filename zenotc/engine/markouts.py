"""Where the mid went after a fill: what tells noise from informed flow (semantics, section 11)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from zenotc.models.market import Side, sign

__all__ = ["HORIZONS_SECONDS", "MarkoutQueue", "Markouts"]

HORIZONS_SECONDS = (1, 10, 60)


@dataclass(slots=True)
class Markouts:
    """Quantity-weighted sums of one strategy's markouts, by horizon in seconds."""

    weighted_bps: dict[int, float] = field(default_factory=lambda: dict.fromkeys(HORIZONS_SECONDS, 0.0))
    quantity: dict[int, float] = field(default_factory=lambda: dict.fromkeys(HORIZONS_SECONDS, 0.0))

    def mean_bps(self, horizon: int) -> float | None:
        """Return the mean of `side * (m(t + h) - price) / price * 1e4`; `None` before the first is known."""
        quantity = self.quantity[horizon]
        return self.weighted_bps[horizon] / quantity if quantity else None

    def measures(self) -> dict[str, Any]:
        """Return the sums by horizon, as JSON values."""
        return {str(horizon): [self.weighted_bps[horizon], self.quantity[horizon]] for horizon in HORIZONS_SECONDS}

    def recall(self, measures: Mapping[str, Any]) -> None:
        """Take up what `measures` has returned in an earlier process."""
        for horizon in HORIZONS_SECONDS:
            weighted_bps, quantity = measures[str(horizon)]
            self.weighted_bps[horizon], self.quantity[horizon] = float(weighted_bps), float(quantity)


@dataclass(frozen=True, slots=True)
class _Waiting:
    due_ns: int
    side: Side
    price: float
    quantity: float
    markouts: Markouts


class MarkoutQueue:
    """The fills of a market whose markouts are not known yet."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[_Waiting]] = {horizon: deque() for horizon in HORIZONS_SECONDS}
        self._next_due_ns: int | None = None

    def add(self, markouts: Markouts, side: Side, price: float, quantity: float, now_ns: int) -> None:
        """Wait for what the mid does after a fill: price in USD, quantity in base units."""
        for horizon, waiting in self._waiting.items():
            waiting.append(_Waiting(now_ns + horizon * 10**9, side, price, quantity, markouts))
        self._find_next()

    def settle(self, mid: float, before_ns: int) -> None:
        """Take the mid, USD, that held until `before_ns` for everything that was due by then."""
        if self._next_due_ns is None or self._next_due_ns >= before_ns:
            return
        for horizon, waiting in self._waiting.items():
            while waiting and waiting[0].due_ns < before_ns:
                fill = waiting.popleft()
                bps = sign(fill.side) * (mid - fill.price) / fill.price * 1e4
                fill.markouts.weighted_bps[horizon] += bps * fill.quantity
                fill.markouts.quantity[horizon] += fill.quantity
        self._find_next()

    def _find_next(self) -> None:
        self._next_due_ns = min((w[0].due_ns for w in self._waiting.values() if w), default=None)

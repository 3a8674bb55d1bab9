"""What became of a strategy's quotes (semantics, section 11)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from zenotc.engine.markouts import Markouts
from zenotc.engine.rounding import EXACT
from zenotc.models.market import BUY, SELL, Side, sign

__all__ = ["QuoteCounters"]


@dataclass(slots=True)
class QuoteCounters:
    """Plain counters; times in ms, spreads in bps.

    `sent` counts orders, not amends; `filled` orders with at least one fill.
    """

    sent: int = 0
    filled: int = 0
    fill_time_ms: float = 0.0
    spread_bps_quantity: float = 0.0
    quantity: float = 0.0
    markouts: Markouts = field(default_factory=Markouts)
    active_seconds: int = 0
    quoting_seconds: dict[Side, int] = field(default_factory=lambda: {BUY: 0, SELL: 0})
    both_seconds: int = 0

    def first_fill(self, accepted_ns: int, filled_ns: int) -> None:
        """Count an order's first fill, from the venue's acceptance to it."""
        self.filled += 1
        self.fill_time_ms += (filled_ns - accepted_ns) / 1e6

    def capture(self, side: Side, price: Decimal, quantity: Decimal, mid: Decimal) -> None:
        """Add a quote fill's `2 * side * (m - price) / m * 1e4`, weighted by its quantity."""
        edge = 2e4 * sign(side) * float(EXACT.subtract(mid, price)) / float(mid)
        self.spread_bps_quantity += edge * float(quantity)
        self.quantity += float(quantity)

    def active_second(self, *, buy: bool, sell: bool) -> None:
        """Count a second in which the strategy was active, and on which sides its quotes stood at their targets."""
        self.active_seconds += 1
        self.quoting_seconds[BUY] += buy
        self.quoting_seconds[SELL] += sell
        self.both_seconds += buy and sell

    def measures(self) -> dict[str, Any]:
        """Return what does not follow from the fills, as JSON values."""
        return {
            "sent": self.sent,
            "filled": self.filled,
            "fillTimeMs": self.fill_time_ms,
            "activeSeconds": self.active_seconds,
            "buySeconds": self.quoting_seconds[BUY],
            "sellSeconds": self.quoting_seconds[SELL],
            "bothSeconds": self.both_seconds,
            "markouts": self.markouts.measures(),
        }

    def recall(self, measures: Mapping[str, Any]) -> None:
        """Take up what `measures` has returned in an earlier process."""
        self.sent, self.filled = int(measures["sent"]), int(measures["filled"])
        self.fill_time_ms = float(measures["fillTimeMs"])
        self.active_seconds = int(measures["activeSeconds"])
        self.quoting_seconds = {BUY: int(measures["buySeconds"]), SELL: int(measures["sellSeconds"])}
        self.both_seconds = int(measures["bothSeconds"])
        self.markouts.recall(measures["markouts"])

    def time_quoting_percent(self, side: Side | None = None) -> float | None:
        """Percent of the active time with one side, or both, at their targets; `None` before the first second."""
        quoting = self.both_seconds if side is None else self.quoting_seconds[side]
        return 100 * quoting / self.active_seconds if self.active_seconds else None

    @property
    def fill_rate(self) -> float:
        """Percent of the quotes sent that had a fill."""
        return 100 * self.filled / self.sent if self.sent else 0.0

    @property
    def avg_fill_time_ms(self) -> float | None:
        """Mean time from acceptance to first fill; `None` before the first."""
        return self.fill_time_ms / self.filled if self.filled else None

    @property
    def avg_spread_captured_bps(self) -> float | None:
        """Quantity-weighted mean; `None` before the first fill."""
        return self.spread_bps_quantity / self.quantity if self.quantity else None

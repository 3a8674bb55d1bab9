"""What became of a strategy's quotes (semantics, section 11)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from zenotc.engine.rounding import EXACT
from zenotc.models.market import Side, sign

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

    def first_fill(self, accepted_ns: int, filled_ns: int) -> None:
        """Count an order's first fill, from the venue's acceptance to it."""
        self.filled += 1
        self.fill_time_ms += (filled_ns - accepted_ns) / 1e6

    def capture(self, side: Side, price: Decimal, quantity: Decimal, mid: Decimal) -> None:
        """Add a quote fill's `2 * side * (m - price) / m * 1e4`, weighted by its quantity."""
        edge = 2e4 * sign(side) * float(EXACT.subtract(mid, price)) / float(mid)
        self.spread_bps_quantity += edge * float(quantity)
        self.quantity += float(quantity)

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

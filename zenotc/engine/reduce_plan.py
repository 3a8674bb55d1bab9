"""A hedge or a flatten under way: what it has to trade and when (semantics, sections 7 and 10)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from zenotc.engine.rounding import EXACT
from zenotc.models.market import BUY, SELL, Side

__all__ = ["ReducePlan"]

_FIRST_RETRY_NS = 1_000_000_000
_LAST_RETRY_NS = 30_000_000_000


@dataclass(slots=True, eq=False)
class ReducePlan:
    """Trade the position from `direction * quantity` back to `direction * target_lots`.

    Sizes are in lots of the quoting market, times in ns. A flatten is a plan with the target 0.

    Parameters
    ----------
    direction
        The sign of the position when the plan began.
    slices
        How many children the schedule has, evenly spread until `ends_ns`; 1 trades at once.
    trigger_mids
        The executing books' mids at the trigger, USD, by venue: what slippage is measured from.
    weights
        What each slice trades relative to the others; equal where none is known.
    then_stop
        Whether the strategy is stopped once a flatten has ended.
    limits
        Limit prices in ticks by venue that the next children want; own quotes keep clear of them.
    """

    purpose: Literal["hedge", "flatten"]
    algo: str
    direction: Literal[1, -1]
    target_lots: int
    quantity_lots: int
    started_ns: int
    ends_ns: int | None
    slices: int
    slice_ns: int
    trigger_mids: dict[str, Decimal]
    next_try_ns: int
    then_stop: bool = True
    weights: Sequence[int] = ()
    retry_ns: int = _FIRST_RETRY_NS
    filled: Decimal = Decimal(0)
    notional: Decimal = Decimal(0)
    slippage_usd: Decimal = Decimal(0)
    limits: dict[str, int] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        """The side that reduces the position."""
        return SELL if self.direction > 0 else BUY

    def remaining_lots(self, position_lots: int) -> int:
        """Return what is left to trade, outstanding children not counted."""
        return max(self.direction * position_lots - self.target_lots, 0)

    def due_lots(self, position_lots: int, outstanding_lots: int, now_ns: int) -> int:
        """Return the size of the child to send now: never more than remains, 0 where none is due.

        A slice that did not fill is spread over the slices that are left.
        """
        remaining = self.remaining_lots(position_lots) - outstanding_lots
        if remaining <= 0 or now_ns < self.next_try_ns:
            return 0
        elapsed = (now_ns - self.started_ns) // self.slice_ns if self.slice_ns else 0
        weights = self.weights[elapsed:]
        if sum(weights) > 0:
            return -(-remaining * weights[0] // sum(weights))
        return -(-remaining // max(self.slices - elapsed, 1))

    def child_sent(self, now_ns: int) -> None:
        """Wait for the next slice; this one is over, also where nothing could be sent for it."""
        if self.slices > 1:
            self.next_try_ns = self.started_ns + ((now_ns - self.started_ns) // self.slice_ns + 1) * self.slice_ns

    def retry_later(self, now_ns: int) -> None:
        """Try again what a child left after 1 s, doubling to 30 s; a schedule goes on with its next slice."""
        if self.slices == 1:
            self.next_try_ns = now_ns + self.retry_ns
            self.retry_ns = min(self.retry_ns * 2, _FIRST_RETRY_NS if self.purpose == "flatten" else _LAST_RETRY_NS)

    def book(self, venue: str, price: Decimal, quantity: Decimal) -> None:
        """Count an execution, USD and base units."""
        self.filled = EXACT.add(self.filled, quantity)
        self.notional = EXACT.fma(price, quantity, self.notional)
        worse = EXACT.subtract(self.trigger_mids.get(venue, price), price)
        signed = worse if self.side == SELL else EXACT.minus(worse)
        self.slippage_usd = EXACT.fma(signed, quantity, self.slippage_usd)
        self.retry_ns = _FIRST_RETRY_NS

    @property
    def average_price(self) -> Decimal | None:
        """Mean price of what has traded, USD at 1e-8; `None` before the first execution."""
        return (self.notional / self.filled).quantize(Decimal("1e-8")) if self.filled else None

    @property
    def slippage_bps(self) -> float | None:
        """What it cost against the executing book's mid at the trigger, positive where it costs."""
        return float(self.slippage_usd / self.notional) * 1e4 if self.notional else None

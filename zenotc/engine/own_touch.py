"""How near the mid our own orders stand: what they must not meet."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zenotc.engine.working_order import WorkingOrder
from zenotc.models.market import SELL

__all__ = ["OwnTouch"]


@dataclass(frozen=True, slots=True)
class OwnTouch:
    """The lowest ask and the highest bid of some orders, ticks; `None` where a side has none.

    An order whose amend is not answered stands at two prices.
    """

    lowest_ask: int | None = None
    highest_bid: int | None = None

    @classmethod
    def of(cls, orders: Iterable[WorkingOrder]) -> OwnTouch:
        """Return the touch of these orders."""
        asks: list[int] = []
        bids: list[int] = []
        for order in orders:
            (asks if order.side == SELL else bids).extend(order.prices_ticks)
        return cls(min(asks, default=None), max(bids, default=None))

    def nearer(self, other: OwnTouch) -> OwnTouch:
        """Return the touch of both together."""
        asks = [ask for ask in (self.lowest_ask, other.lowest_ask) if ask is not None]
        bids = [bid for bid in (self.highest_bid, other.highest_bid) if bid is not None]
        return OwnTouch(min(asks, default=None), max(bids, default=None))

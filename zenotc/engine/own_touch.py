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
        lowest_ask: int | None = None
        highest_bid: int | None = None
        for order in orders:
            price, asked = order.price_ticks, order.pending_price_ticks
            if order.side == SELL:
                nearest = price if asked is None or asked > price else asked
                if lowest_ask is None or nearest < lowest_ask:
                    lowest_ask = nearest
            else:
                nearest = price if asked is None or asked < price else asked
                if highest_bid is None or nearest > highest_bid:
                    highest_bid = nearest
        return cls(lowest_ask, highest_bid)

    def nearer(self, other: OwnTouch) -> OwnTouch:
        """Return the touch of both together."""
        asks = [ask for ask in (self.lowest_ask, other.lowest_ask) if ask is not None]
        bids = [bid for bid in (self.highest_bid, other.highest_bid) if bid is not None]
        return OwnTouch(min(asks, default=None), max(bids, default=None))

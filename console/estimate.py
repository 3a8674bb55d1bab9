"""What a position would cost to trade away, from the book as it stands."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from zenotc.models.quotes import OrderBook

__all__ = ["Estimate", "walk"]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What trading through a book would come to.

    Parameters
    ----------
    side
        What would be done with it.
    quantity
        What is to be traded, base units.
    filled
        What the book holds of it within the bound, base units.
    average_price
        Of what is filled, USD; `None` where that is nothing.
    cost
        What is filled against the mid, USD: what crossing the spread and the depth costs, without fees.
    notional
        What is filled at the mid, USD.
    """

    side: Literal["buy", "sell"]
    quantity: Decimal
    filled: Decimal
    average_price: Decimal | None
    cost: Decimal
    notional: Decimal

    @property
    def cost_bps(self) -> Decimal:
        """The cost as a share of the notional, bps."""
        return 10_000 * self.cost / self.notional if self.notional else Decimal(0)

    @property
    def missing(self) -> Decimal:
        """What the book does not hold within the bound, base units."""
        return self.quantity - self.filled


def walk(book: OrderBook, position: Decimal, max_slippage_bps: Decimal) -> Estimate | None:
    """Trade a position to zero against a book, level by level; `None` where the book has no mid.

    Parameters
    ----------
    book
        The levels that are known; our own orders in them are left out, they are cancelled first.
    position
        Signed, base units.
    max_slippage_bps
        No level further than this from the mid is taken.
    """
    mid = book.mid
    if mid is None:
        return None
    selling = position > 0
    quantity, filled, paid = abs(position), Decimal(0), Decimal(0)
    bound = mid * max_slippage_bps / 10_000
    for level in book.bids if selling else book.asks:
        if filled >= quantity or abs(level.price - mid) > bound:
            break
        taken = min(level.quantity - level.own_quantity, quantity - filled)
        filled += taken
        paid += taken * level.price
    notional = filled * mid
    cost = notional - paid if selling else paid - notional
    return Estimate("sell" if selling else "buy", quantity, filled, paid / filled if filled else None, cost, notional)

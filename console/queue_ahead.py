"""How much stands ahead of our orders at their price, as far as the book can tell.

A book by price levels does not say who stands where. What it does say is a bound, and the bound is what is shown:

- When an order is first seen at a price, everything of others at that price may be ahead of it.
- Whoever is ahead was there before, so what is ahead never grows: a level that grows has grown behind us.
- A level that shrinks may have shrunk behind us. What is ahead is only known to be no more than what is left.

So the bound is the smallest size of others that the level has had since the order joined it, and own orders that
joined it earlier are added. It is never too small as long as the venue keeps price-time priority. Of an order that
was there before its book was looked at, or joined between two looks, it includes what has queued up behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from zenotc.models.quotes import BookLevel, OrderBook, OwnOrder

__all__ = ["QueueAhead"]


@dataclass(slots=True)
class _Place:
    price: Decimal
    remaining: Decimal
    others: Decimal
    own: Decimal


class QueueAhead:
    """The bound for every order of ours in the books that are looked at."""

    def __init__(self) -> None:
        self._places: dict[str, dict[str, _Place]] = {}

    def update(self, book: OrderBook) -> None:
        """Take an asset's newest book; of an order beyond its depth what was known stays."""
        before = self._places.get(book.asset, {})
        places: dict[str, _Place] = {}
        for level in (*book.bids, *book.asks):
            others = level.quantity - level.own_quantity
            for order, earlier in _in_turn(level):
                known = before.get(order.order_id)
                if known is not None and known.price == level.price and order.remaining <= known.remaining:
                    others_ahead = min(known.others, others)
                else:  # it has just come here, or has grown: an amend that costs its place
                    others_ahead = others
                places[order.order_id] = _Place(level.price, order.remaining, max(others_ahead, Decimal(0)), earlier)
        for order_id, place in before.items():
            if order_id not in places and _beyond(book, place.price):
                places[order_id] = place
        self._places[book.asset] = places

    def of(self, asset: str, order_id: str) -> Decimal | None:
        """Return what is at most ahead of an order, base units; `None` where its level has not been seen."""
        place = self._places.get(asset, {}).get(order_id)
        return None if place is None else place.others + place.own


def _in_turn(level: BookLevel) -> Iterator[tuple[OwnOrder, Decimal]]:
    """Yield our orders at a level as they came, each with how much of ours stands before it."""
    earlier = Decimal(0)
    for order in sorted(level.own_orders, key=lambda order: order.placed_at):
        yield order, earlier
        earlier += order.remaining


def _beyond(book: OrderBook, price: Decimal) -> bool:
    """Return whether a price lies further out than the book shows."""
    above = bool(book.asks) and price > book.asks[-1].price
    below = bool(book.bids) and price < book.bids[-1].price
    return above or below

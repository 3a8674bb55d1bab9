"""What a venue trades: instruments, books and public trades.

Inside the engine and the venues a price is a whole number of ticks and a size a whole number of lots,
so that an order off the tick cannot be written down. `Instrument` turns them into decimals at the edges.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

__all__ = ["BUY", "SELL", "Book", "Instrument", "PublicTrade", "Side", "opposite", "reaches", "sign"]

Side = Literal["buy", "sell"]
BUY: Side = "buy"
SELL: Side = "sell"


def opposite(side: Side) -> Side:
    """Return the other side."""
    return SELL if side == BUY else BUY


def sign(side: Side) -> Literal[1, -1]:
    """Return +1 for a buy and -1 for a sell."""
    return 1 if side == BUY else -1


def reaches(side: Side, price_ticks: int, other_ticks: int) -> bool:
    """Return whether an order of this side and price would trade with one of the other side at the other price."""
    return price_ticks >= other_ticks if side == BUY else price_ticks <= other_ticks


@dataclass(frozen=True, slots=True)
class Instrument:
    """One market of one venue.

    Parameters
    ----------
    venue
        The venue's name.
    asset
        The base asset, which is what strategies are configured with ("BTC").
    symbol
        The venue's own name for the market.
    tick_size
        USD per base unit between two neighbouring prices.
    lot_size
        Base units between two neighbouring sizes.
    maker_fee_rate, taker_fee_rate
        Fee as a share of the traded notional (0.0001 is 1 bps); negative is a rebate.
    """

    venue: str
    asset: str
    symbol: str
    tick_size: Decimal
    lot_size: Decimal
    maker_fee_rate: Decimal = Decimal(0)
    taker_fee_rate: Decimal = Decimal(0)

    def price(self, ticks: int) -> Decimal:
        """Return a price in USD per base unit."""
        return self.tick_size * ticks

    def quantity(self, lots: int) -> Decimal:
        """Return a size in base units."""
        return self.lot_size * lots

    def ticks(self, price: Decimal) -> int:
        """Return a price as ticks, rounded down where it lies between two."""
        return int(price // self.tick_size)

    def lots(self, quantity: Decimal) -> int:
        """Return a size as lots, rounded towards zero where it lies between two."""
        return int(quantity / self.lot_size)


@dataclass(frozen=True, slots=True)
class PublicTrade:
    """A trade printed by the venue: `price_ticks`, `quantity_lots`, and the side of the taker."""

    venue: str
    asset: str
    price_ticks: int
    quantity_lots: int
    taker_side: Side


class Book:
    """A price-level book that its venue keeps up to date and everybody else only reads.

    Parameters
    ----------
    instrument
        The market.
    includes_own_orders
        Whether our own resting orders are part of the levels: true for an exchange's feed,
        false for a recording, which cannot know of them.

    Attributes
    ----------
    bids, asks
        Lots by price in ticks, in no order; `levels` goes through them in theirs.
    best_bid, best_ask
        The touch in ticks, `None` for an empty side.
    """

    __slots__ = (
        "_ask_order",
        "_bid_order",
        "asks",
        "best_ask",
        "best_bid",
        "bids",
        "includes_own_orders",
        "instrument",
    )

    def __init__(self, instrument: Instrument, *, includes_own_orders: bool) -> None:
        self.instrument = instrument
        self.includes_own_orders = includes_own_orders
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}
        self.best_bid: int | None = None
        self.best_ask: int | None = None
        # Prices in ascending order, asks negated, so that both sides change at the end of a list, where it is cheap.
        self._bid_order: list[int] = []
        self._ask_order: list[int] = []

    def set_bid(self, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of a bid level; zero removes it."""
        bids = self.bids
        if quantity_lots:
            if price_ticks not in bids:
                insort(self._bid_order, price_ticks)
                self.best_bid = self._bid_order[-1]
            bids[price_ticks] = quantity_lots
        elif bids.pop(price_ticks, 0):
            order = self._bid_order
            del order[bisect_left(order, price_ticks)]
            self.best_bid = order[-1] if order else None

    def set_ask(self, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of an ask level; zero removes it."""
        asks = self.asks
        if quantity_lots:
            if price_ticks not in asks:
                insort(self._ask_order, -price_ticks)
                self.best_ask = -self._ask_order[-1]
            asks[price_ticks] = quantity_lots
        elif asks.pop(price_ticks, 0):
            order = self._ask_order
            del order[bisect_left(order, -price_ticks)]
            self.best_ask = -order[-1] if order else None

    def set_level(self, side: Side, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of a level of either side; zero removes it."""
        if side == BUY:
            self.set_bid(price_ticks, quantity_lots)
        else:
            self.set_ask(price_ticks, quantity_lots)

    def update(self, bids: Iterable[tuple[int, int]], asks: Iterable[tuple[int, int]]) -> None:
        """Set the sizes of many levels, `(price_ticks, quantity_lots)`; zero removes one."""
        levels, order = self.bids, self._bid_order
        for price_ticks, quantity_lots in bids:
            if quantity_lots:
                if price_ticks not in levels:
                    insort(order, price_ticks)
                levels[price_ticks] = quantity_lots
            elif levels.pop(price_ticks, 0):
                del order[bisect_left(order, price_ticks)]
        self.best_bid = order[-1] if order else None
        levels, order = self.asks, self._ask_order
        for price_ticks, quantity_lots in asks:
            if quantity_lots:
                if price_ticks not in levels:
                    insort(order, -price_ticks)
                levels[price_ticks] = quantity_lots
            elif levels.pop(price_ticks, 0):
                del order[bisect_left(order, -price_ticks)]
        self.best_ask = -order[-1] if order else None

    def clear(self) -> None:
        """Empty both sides."""
        self.bids.clear()
        self.asks.clear()
        self._bid_order.clear()
        self._ask_order.clear()
        self.best_bid = self.best_ask = None

    def levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Yield `(price_ticks, quantity_lots)` of one side from the touch outwards."""
        if side == BUY:
            for price_ticks in reversed(self._bid_order):
                yield price_ticks, self.bids[price_ticks]
        else:
            for negated_ticks in reversed(self._ask_order):
                yield -negated_ticks, self.asks[-negated_ticks]

"""What a venue trades: instruments, books and public trades.

Inside the engine and the venues a price is a whole number of ticks and a size a whole number of lots,
so that an order off the tick cannot be written down. `Instrument` turns them into decimals at the edges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sortedcontainers import SortedDict

__all__ = ["BUY", "SELL", "Book", "Instrument", "PublicTrade", "Side", "opposite", "sign"]

Side = Literal["buy", "sell"]
BUY: Side = "buy"
SELL: Side = "sell"


def opposite(side: Side) -> Side:
    """Return the other side."""
    return SELL if side == BUY else BUY


def sign(side: Side) -> Literal[1, -1]:
    """Return +1 for a buy and -1 for a sell."""
    return 1 if side == BUY else -1


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
        Lots by price in ticks, in ascending order of price.
    best_bid, best_ask
        The touch in ticks, `None` for an empty side.
    """

    __slots__ = ("asks", "best_ask", "best_bid", "bids", "includes_own_orders", "instrument")

    def __init__(self, instrument: Instrument, *, includes_own_orders: bool) -> None:
        self.instrument = instrument
        self.includes_own_orders = includes_own_orders
        self.bids: SortedDict[int, int] = SortedDict()
        self.asks: SortedDict[int, int] = SortedDict()
        self.best_bid: int | None = None
        self.best_ask: int | None = None

    def set_bid(self, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of a bid level; zero removes it."""
        bids = self.bids
        if quantity_lots:
            bids[price_ticks] = quantity_lots
            if self.best_bid is None or price_ticks > self.best_bid:
                self.best_bid = price_ticks
        elif bids.pop(price_ticks, None) is not None and price_ticks == self.best_bid:
            self.best_bid = bids.peekitem(-1)[0] if bids else None

    def set_ask(self, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of an ask level; zero removes it."""
        asks = self.asks
        if quantity_lots:
            asks[price_ticks] = quantity_lots
            if self.best_ask is None or price_ticks < self.best_ask:
                self.best_ask = price_ticks
        elif asks.pop(price_ticks, None) is not None and price_ticks == self.best_ask:
            self.best_ask = asks.peekitem(0)[0] if asks else None

    def set_level(self, side: Side, price_ticks: int, quantity_lots: int) -> None:
        """Set the size of a level of either side; zero removes it."""
        if side == BUY:
            self.set_bid(price_ticks, quantity_lots)
        else:
            self.set_ask(price_ticks, quantity_lots)

    def clear(self) -> None:
        """Empty both sides."""
        self.bids.clear()
        self.asks.clear()
        self.best_bid = self.best_ask = None

    def levels(self, side: Side) -> Iterator[tuple[int, int]]:
        """Yield `(price_ticks, quantity_lots)` of one side from the touch outwards."""
        levels = self.bids if side == BUY else self.asks
        prices = reversed(levels) if side == BUY else iter(levels)
        for price_ticks in prices:
            yield price_ticks, levels[price_ticks]

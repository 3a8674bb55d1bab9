"""Our own resting orders in the queues of a recorded book, which does not know of them."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from dataclasses import dataclass, field

from zenotc.models.market import BUY, Book, Instrument, Side
from zenotc.venues.replay.recording import Trade

__all__ = ["OrderQueue", "RestingOrder"]


@dataclass(slots=True, eq=False)
class RestingOrder:
    """One of our orders and its estimated place.

    Parameters
    ----------
    client_order_id, venue_order_id, side, price_ticks, instrument
        The order.
    quantity_lots, filled_lots
        Its total size and the part executed.
    post_only
        Whether it may only make.
    arrived_ms
        When it came to its place, ms since the Unix epoch.
    ahead_lots
        Others' lots that have to trade before it.
    ahead_by_trades_lots
        The same if the level had not become shorter since the last trade that was printed in time: what
        trades that are printed late still have to use up.
    end_reason
        Why the rest was cancelled, `None` where it was not.
    """

    client_order_id: str
    venue_order_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    post_only: bool
    arrived_ms: int = 0
    ahead_lots: int = 0
    ahead_by_trades_lots: int = 0
    end_reason: str | None = None
    instrument: Instrument = field(kw_only=True)

    @property
    def remaining_lots(self) -> int:
        """What is left to execute."""
        return self.quantity_lots - self.filled_lots

    def shorten(self, traded_lots: int, late: bool) -> int:
        """Let a trade at this price use up the queue ahead; return the lots that come through to the order.

        A late trade happened before the last diff, whose level no longer contains it: it shortens the queue that was
        there before the diff, and not once more the one that the diff has left.
        """
        if late:
            through = max(0, traded_lots - self.ahead_by_trades_lots)
            self.ahead_by_trades_lots = max(0, self.ahead_by_trades_lots - traded_lots)
            self.ahead_lots = min(self.ahead_lots, self.ahead_by_trades_lots)
        else:
            through = max(0, traded_lots - self.ahead_lots)
            self.ahead_lots = max(0, self.ahead_lots - traded_lots)
            self.ahead_by_trades_lots = self.ahead_lots
        return through


def _priority(order: RestingOrder) -> int:
    return -order.price_ticks if order.side == BUY else order.price_ticks


class OrderQueue:
    """The resting orders of one market, in price-time order, and what the recorded flow does to them.

    The model errs against us. An order stands behind everything displayed at its price when it arrives. Only
    trades shorten the queue ahead of it, and a diff that shows a smaller level cuts it to the level. (A
    bookTicker does not: in a sweep it comes before the trades that it tells of, which would then count
    twice.) A trade at its price fills it with what the queue ahead leaves, a trade through its price with
    everything, and all our orders together never get more than was traded. A book that moves through the
    price without a trade fills nothing, nor does a trade that was executed before the order arrived.

    Parameters
    ----------
    book
        The recorded book.
    """

    __slots__ = ("_asks", "_bids", "_book", "_orders")

    def __init__(self, book: Book) -> None:
        self._book = book
        self._orders: dict[str, RestingOrder] = {}
        self._bids: list[RestingOrder] = []
        self._asks: list[RestingOrder] = []

    def __len__(self) -> int:
        return len(self._orders)

    def __iter__(self) -> Iterator[RestingOrder]:
        """Iterate over the orders, the oldest place first."""
        return iter(self._orders.values())

    def get(self, client_order_id: str) -> RestingOrder | None:
        """Return a resting order."""
        return self._orders.get(client_order_id)

    def best(self, side: Side) -> int | None:
        """Return the best price of our orders on a side, ticks."""
        orders = self._bids if side == BUY else self._asks
        return orders[0].price_ticks if orders else None

    def add(self, order: RestingOrder, now_ns: int) -> None:
        """Put an order at the end of the queue at its price."""
        order.arrived_ms = now_ns // 1_000_000
        order.ahead_lots = order.ahead_by_trades_lots = self._level(order)
        self._orders[order.client_order_id] = order
        insort(self._bids if order.side == BUY else self._asks, order, key=_priority)

    def remove(self, order: RestingOrder) -> None:
        """Take an order out."""
        del self._orders[order.client_order_id]
        (self._bids if order.side == BUY else self._asks).remove(order)

    def cut_to_levels(self) -> None:
        """Let no queue be longer than its level; to be called after each diff."""
        for order in self._orders.values():
            if order.ahead_lots:
                order.ahead_lots = min(order.ahead_lots, self._level(order))

    def requeue(self) -> None:
        """Put every order behind what is displayed now: what happened to its queue meanwhile was not recorded."""
        for order in self._orders.values():
            order.ahead_lots = order.ahead_by_trades_lots = self._level(order)

    def execute(self, trade: Trade, book_ms: int) -> list[tuple[RestingOrder, int]]:
        """Match a recorded trade with our orders and return what each of them gets, in lots.

        The orders' filled size is up to date on return, and those with nothing left have been taken out.

        Parameters
        ----------
        trade
            What was traded.
        book_ms
            The time up to which the diffs tell the book, ms since the Unix epoch; an earlier trade is late.
        """
        taker_buys = trade.taker_side == BUY
        left = trade.quantity_lots
        late = trade.executed_ms < book_ms
        executions: list[tuple[RestingOrder, int]] = []
        for order in self._asks if taker_buys else self._bids:
            price_ticks = order.price_ticks
            if not left or (price_ticks > trade.price_ticks if taker_buys else price_ticks < trade.price_ticks):
                break
            if trade.executed_ms < order.arrived_ms:
                continue
            through = order.shorten(left, late) if price_ticks == trade.price_ticks else left
            lots = min(through, order.remaining_lots)
            if lots:
                left -= lots
                order.filled_lots += lots
                executions.append((order, lots))
        for order, _ in executions:
            if not order.remaining_lots:
                self.remove(order)
        return executions

    def _level(self, order: RestingOrder) -> int:
        levels = self._book.bids if order.side == BUY else self._book.asks
        return levels.get(order.price_ticks, 0)

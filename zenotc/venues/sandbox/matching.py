"""A central limit order book with price-time priority.

The engine knows neither time nor transport: a caller places, amends and cancels orders one at a time, and then
takes the trades and the changed levels that came of it. Orders of all accounts meet here on the same terms.

A level is a FIFO queue, an ordered dict keyed by the order itself, so that joining, leaving and losing the
queue place are O(1); the levels of a side are sorted, so that finding a price is O(log n).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple

from sortedcontainers import SortedDict

from zenotc.models.market import BUY, SELL, Side, reaches
from zenotc.models.orders import RejectCode

__all__ = ["LevelChange", "MatchingEngine", "Order", "Trade"]


@dataclass(slots=True, eq=False)
class Order:
    """One limit order of one account, from its placement to its end.

    Parameters
    ----------
    account
        Whose it is; orders of one account never trade with each other.
    side, price_ticks
        What it offers.
    quantity_lots
        Its total size, filled part included.
    post_only
        Whether it is refused where it would take, now and at every amend.
    filled_lots
        The part executed so far.
    resting
        Whether it is in the book.
    end_reason
        Why the rest was cancelled; `None` while it rests and where it was filled.
    """

    account: str
    side: Side
    price_ticks: int
    quantity_lots: int
    post_only: bool = False
    filled_lots: int = field(default=0, init=False)
    resting: bool = field(default=False, init=False)
    end_reason: str | None = field(default=None, init=False)

    @property
    def remaining_lots(self) -> int:
        """What is not filled; of a cancelled order, what was cancelled."""
        return self.quantity_lots - self.filled_lots


class Trade(NamedTuple):
    """One execution at the maker's price, and what it left of both orders."""

    price_ticks: int
    quantity_lots: int
    maker: Order
    taker: Order
    maker_remaining_lots: int
    taker_remaining_lots: int


class LevelChange(NamedTuple):
    """The new total of a level, zero where it is gone."""

    side: Side
    price_ticks: int
    quantity_lots: int


class _Level:
    """The orders at one price in the order of their arrival, and their total."""

    __slots__ = ("lots", "queue")

    def __init__(self) -> None:
        self.lots = 0
        self.queue: OrderedDict[Order, None] = OrderedDict()


class MatchingEngine:
    """The book of one instrument.

    Invalid requests are answered with a `RejectCode` and change nothing.
    """

    def __init__(self) -> None:
        self._bids: SortedDict[int, _Level] = SortedDict()
        self._asks: SortedDict[int, _Level] = SortedDict()
        self._trades: list[Trade] = []
        self._changed: dict[tuple[Side, int], None] = {}

    @property
    def best_bid(self) -> int | None:
        """The highest bid in ticks."""
        return self._bids.peekitem(-1)[0] if self._bids else None

    @property
    def best_ask(self) -> int | None:
        """The lowest ask in ticks."""
        return self._asks.peekitem(0)[0] if self._asks else None

    def depth(self, side: Side) -> list[tuple[int, int]]:
        """Return `(price_ticks, quantity_lots)` of one side from the touch outwards."""
        levels = [(price, level.lots) for price, level in self._levels(side).items()]
        return levels[::-1] if side == BUY else levels

    def take_trades(self) -> list[Trade]:
        """Return the trades since the last call, in order."""
        trades, self._trades = self._trades, []
        return trades

    def take_changes(self) -> list[LevelChange]:
        """Return each level that changed since the last call, once, as it is now."""
        changes = []
        for side, price in self._changed:
            level = self._levels(side).get(price)
            changes.append(LevelChange(side, price, level.lots if level is not None else 0))
        self._changed.clear()
        return changes

    def place(self, order: Order, *, immediate: bool = False) -> RejectCode | None:
        """Match a new order and let the rest of it rest.

        Where it meets an order of its own account at the front of the queue, the rest of it is cancelled with
        the reason `self_trade`.

        Parameters
        ----------
        order
            The order, never placed before.
        immediate
            Cancel what does not fill at once (IOC), with the reason `ioc`.

        Returns
        -------
        RejectCode or None
            Why it was refused; then it neither rests nor has traded.
        """
        code = self._refusal(order, order.price_ticks, order.quantity_lots)
        if code is None:
            self._match(order)
            if order.remaining_lots and order.end_reason is None:
                if immediate:
                    order.end_reason = "ioc"
                else:
                    self._rest(order)
        return code

    def amend(self, order: Order, price_ticks: int, quantity_lots: int) -> RejectCode | None:
        """Change price and total size of a resting order.

        A smaller size at the same price keeps the place in the queue; anything else goes to its end, and may
        take unless the order is post-only. A total at or below the filled part cancels the rest with the reason
        `amended_away`.

        Returns
        -------
        RejectCode or None
            Why it was refused; then the order rests as it was.
        """
        if not order.resting:
            return "UNKNOWN_ORDER"
        if 0 <= quantity_lots <= order.filled_lots:
            self.cancel(order, "amended_away")
            return None
        code = self._refusal(order, price_ticks, quantity_lots)
        if code is not None:
            return code
        if price_ticks == order.price_ticks and quantity_lots < order.quantity_lots:
            self._shrink(order, quantity_lots)
            return None
        self._leave(order)
        order.price_ticks, order.quantity_lots = price_ticks, quantity_lots
        self._match(order)
        if order.remaining_lots and order.end_reason is None:
            self._rest(order)
        return None

    def cancel(self, order: Order, reason: str = "requested") -> RejectCode | None:
        """Take a resting order out of the book."""
        if not order.resting:
            return "UNKNOWN_ORDER"
        self._leave(order)
        order.end_reason = reason
        return None

    def _levels(self, side: Side) -> SortedDict[int, _Level]:
        return self._bids if side == BUY else self._asks

    def _front(self, side: Side) -> Order | None:
        """Return the order that the next taker would meet on this side."""
        levels = self._levels(side)
        return next(iter(levels.peekitem(-1 if side == BUY else 0)[1].queue)) if levels else None

    def _refusal(self, order: Order, price_ticks: int, quantity_lots: int) -> RejectCode | None:
        if price_ticks <= 0:
            return "INVALID_PRICE"
        if quantity_lots <= 0:
            return "INVALID_QUANTITY"
        if order.post_only:
            front = self._front(SELL if order.side == BUY else BUY)
            if front is not None and reaches(order.side, price_ticks, front.price_ticks):
                return "SELF_TRADE" if front.account == order.account else "POST_ONLY_WOULD_CROSS"
        return None

    def _match(self, taker: Order) -> None:
        """Trade against the other side, best price first and first come first, until nothing more is in reach."""
        other: Side = SELL if taker.side == BUY else BUY
        levels = self._levels(other)
        remaining = taker.remaining_lots
        while remaining and levels:
            price, level = levels.peekitem(0 if other == SELL else -1)
            if not reaches(taker.side, taker.price_ticks, price):
                return
            maker = next(iter(level.queue))
            if maker.account == taker.account:
                taker.end_reason = "self_trade"
                return
            left = maker.quantity_lots - maker.filled_lots
            lots = min(remaining, left)
            remaining -= lots
            taker.filled_lots += lots
            maker.filled_lots += lots
            level.lots -= lots
            self._changed[other, price] = None
            if lots == left:
                maker.resting = False
                del level.queue[maker]
                if not level.queue:
                    del levels[price]
            self._trades.append(Trade(price, lots, maker, taker, left - lots, remaining))

    def _rest(self, order: Order) -> None:
        levels = self._levels(order.side)
        level = levels.get(order.price_ticks)
        if level is None:
            level = levels[order.price_ticks] = _Level()
        level.queue[order] = None
        level.lots += order.remaining_lots
        order.resting = True
        self._changed[order.side, order.price_ticks] = None

    def _leave(self, order: Order) -> None:
        levels = self._levels(order.side)
        level = levels[order.price_ticks]
        del level.queue[order]
        level.lots -= order.remaining_lots
        if not level.queue:
            del levels[order.price_ticks]
        order.resting = False
        self._changed[order.side, order.price_ticks] = None

    def _shrink(self, order: Order, quantity_lots: int) -> None:
        self._levels(order.side)[order.price_ticks].lots -= order.quantity_lots - quantity_lots
        order.quantity_lots = quantity_lots
        self._changed[order.side, order.price_ticks] = None

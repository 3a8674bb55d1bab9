"""One replayed market: the recorded book and flow, and the orders that we have in it."""

from __future__ import annotations

from collections.abc import Callable

from zenotc.models.market import BUY, SELL, Instrument, Side, opposite, reaches
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Cancel,
    CancelRejected,
    OrderAccepted,
    OrderAmended,
    OrderFilled,
    OrderRejected,
    Place,
    RejectCode,
    Report,
)
from zenotc.venues.account import Account
from zenotc.venues.replay.depth import RecordedBook
from zenotc.venues.replay.queue import OrderQueue, RestingOrder
from zenotc.venues.replay.recording import Diff, Snapshot, Touch, Trade

__all__ = ["REJECTIONS", "ReplayMarket"]

REJECTIONS: dict[RejectCode, str] = {
    "POST_ONLY_WOULD_CROSS": "a post-only order would take",
    "SELF_TRADE": "the order would meet an order of the same account",
    "INVALID_PRICE": "the price is not above zero",
    "INVALID_QUANTITY": "the size is not above zero",
    "UNKNOWN_ORDER": "there is no such open order",
    "UNKNOWN_MARKET": "this market is not in the recording",
    "DUPLICATE_ORDER": "the client order id has been used",
    "MARKET_CLOSED": "the recording has no book at this time",
}


class ReplayMarket:
    """A recorded market that lets us trade in it without changing what was recorded.

    What our takers take is remembered: it is not there a second time until the feed updates the level. Our orders
    never trade with one another: an incoming order stops at our own resting order and what is left of it is cancelled
    (`self_trade`), or it is rejected where it has not traded. While the book is not usable, orders are
    rejected (`MARKET_CLOSED`) and those that rest stay, until they are cancelled or filled by a recorded trade.

    Parameters
    ----------
    instrument
        The market, with its fees.
    account
        Where fills are booked.
    report
        What hears the answers, in their order.
    """

    def __init__(
        self, instrument: Instrument, account: Account[RestingOrder], report: Callable[[Report], None]
    ) -> None:
        self.instrument = instrument
        self.recorded = RecordedBook(instrument)
        self.book = self.recorded.book
        self.queue = OrderQueue(self.book)
        self._account = account
        self._report = report
        self._closed = False
        self._taken: dict[tuple[Side, int], int] = {}

    # The recorded feed ------------------------------------------------------------------------------------------------

    def on_touch(self, touch: Touch) -> bool:
        """Apply a bookTicker; return whether the book has changed."""
        changed = self.recorded.apply_touch(touch)
        if changed and self._taken:
            self._taken.pop((BUY, touch.bid_ticks), None)
            self._taken.pop((SELL, touch.ask_ticks), None)
        return changed

    def on_diff(self, diff: Diff) -> bool:
        """Apply a depth message; return whether the book may have changed."""
        changed = self.recorded.apply_diff(diff)
        if changed and self.recorded.synchronised:
            if self._taken:
                for price_ticks, _ in diff.bids:
                    self._taken.pop((BUY, price_ticks), None)
                for price_ticks, _ in diff.asks:
                    self._taken.pop((SELL, price_ticks), None)
            if self.queue:
                self.queue.cut_to_levels()
        return changed

    def on_snapshot(self, snapshot: Snapshot) -> bool:
        """Begin from a snapshot where the book needs one; return whether it has changed."""
        changed = self.recorded.apply_snapshot(snapshot)
        if changed:
            self._taken.clear()
            self.queue.requeue()
        return changed

    def on_trade(self, trade: Trade, now_ns: int) -> None:
        """Let a recorded trade execute what it reaches of our orders."""
        if not self.queue:
            return
        for order, lots in self.queue.execute(trade, self.recorded.event_ms):
            self._fill(order, order.price_ticks, lots, maker=True, now_ns=now_ns)

    def clear(self) -> None:
        """Empty the book until the next snapshot."""
        self.recorded.reset()
        self._taken.clear()

    def close(self) -> None:
        """Take no more orders; the book stays as it was last."""
        self._closed = True

    # Our requests -----------------------------------------------------------------------------------------------------

    def place(self, request: Place, venue_order_id: str, now_ns: int) -> None:
        """Match a new order with the displayed book and let the rest of it rest."""
        known = self._account.used(request.asset, request.client_order_id)
        order = RestingOrder(
            request.client_order_id,
            venue_order_id,
            request.side,
            request.price_ticks,
            request.quantity_lots,
            0,
            request.post_only,
            instrument=self.instrument,
        )
        refusal = "DUPLICATE_ORDER" if known else self._refusal(order, order.price_ticks, order.quantity_lots)
        venue, asset = self.instrument.venue, self.instrument.asset
        if refusal is not None:
            self._report(OrderRejected(venue, asset, order.client_order_id, refusal, REJECTIONS[refusal]))
            return
        self._account.record(order)
        self._report(OrderAccepted(venue, asset, order.client_order_id, venue_order_id))
        self._match(order, now_ns, rests=request.time_in_force == "GTC")

    def amend(self, request: Amend, now_ns: int) -> None:
        """Change a resting order."""
        order = self.queue.get(request.client_order_id)
        price_ticks, quantity_lots = request.price_ticks, request.quantity_lots
        if order is None:
            self._reject_amend(request, "UNKNOWN_ORDER")
            return
        if quantity_lots <= order.filled_lots:
            self.queue.remove(order)
            self._cancelled(order, "amended_away")
            return
        stays = price_ticks == order.price_ticks and quantity_lots <= order.quantity_lots
        refusal = None if stays else self._refusal(order, price_ticks, quantity_lots)
        if refusal is not None:
            self._reject_amend(request, refusal)
            return
        self._report(
            OrderAmended(
                self.instrument.venue, self.instrument.asset, order.client_order_id, price_ticks, quantity_lots
            )
        )
        if stays:
            order.quantity_lots = quantity_lots
            return
        self.queue.remove(order)
        order.price_ticks, order.quantity_lots = price_ticks, quantity_lots
        self._match(order, now_ns, rests=True)

    def cancel(self, request: Cancel) -> None:
        """Cancel one order."""
        order = self.queue.get(request.client_order_id)
        if order is None:
            self._report(
                CancelRejected(self.instrument.venue, self.instrument.asset, request.client_order_id, "UNKNOWN_ORDER")
            )
            return
        self.queue.remove(order)
        self._cancelled(order, "requested")

    def cancel_all(self, reason: str) -> None:
        """Cancel everything that rests."""
        for order in tuple(self.queue):
            self.queue.remove(order)
            self._cancelled(order, reason)

    # Matching ---------------------------------------------------------------------------------------------------------

    def _refusal(self, order: RestingOrder, price_ticks: int, quantity_lots: int) -> RejectCode | None:
        """Return why the order cannot be had at this price and size."""
        if self._closed or not self.recorded.synchronised:
            return "MARKET_CLOSED"
        if price_ticks <= 0:
            return "INVALID_PRICE"
        if quantity_lots <= 0:
            return "INVALID_QUANTITY"
        own = self._own_in_the_way(order.side, price_ticks)
        if own is not None and (order.post_only or not self._takeable(order.side, price_ticks)):
            return "SELF_TRADE"
        if order.post_only:
            touch = self.book.best_ask if order.side == BUY else self.book.best_bid
            if touch is not None and reaches(order.side, price_ticks, touch):
                return "POST_ONLY_WOULD_CROSS"
        return None

    def _own_in_the_way(self, side: Side, price_ticks: int) -> int | None:
        """Return the price of our best order on the other side where an order at this price would meet it."""
        own = self.queue.best(opposite(side))
        return own if own is not None and reaches(side, price_ticks, own) else None

    def _takeable(self, side: Side, price_ticks: int) -> list[tuple[int, int]]:
        """Return the displayed levels that an order may take: within its price and before our own order."""
        own = self._own_in_the_way(side, price_ticks)
        other_side = opposite(side)
        levels = []
        for level_ticks, displayed_lots in self.book.levels(other_side):
            if not reaches(side, price_ticks, level_ticks) or (own is not None and reaches(side, level_ticks, own)):
                break
            lots = displayed_lots - self._taken.get((other_side, level_ticks), 0)
            if lots > 0:
                levels.append((level_ticks, lots))
        return levels

    def _match(self, order: RestingOrder, now_ns: int, *, rests: bool) -> None:
        """Execute an order against the displayed book, then let it rest or cancel what is left."""
        blocked = self._own_in_the_way(order.side, order.price_ticks) is not None
        other_side = opposite(order.side)
        for level_ticks, available_lots in self._takeable(order.side, order.price_ticks):
            lots = min(available_lots, order.remaining_lots)
            if not lots:
                break
            key = (other_side, level_ticks)
            self._taken[key] = self._taken.get(key, 0) + lots
            order.filled_lots += lots
            self._fill(order, level_ticks, lots, maker=False, now_ns=now_ns)
        if not order.remaining_lots:
            return
        if blocked or not rests:
            self._cancelled(order, "self_trade" if blocked else "ioc")
        else:
            self.queue.add(order, now_ns)

    def _fill(self, order: RestingOrder, price_ticks: int, lots: int, *, maker: bool, now_ns: int) -> None:
        fill = self._account.execute(
            order, str(self._account.last_trade_number + 1), price_ticks, lots, maker=maker, time_ns=now_ns
        )
        if not order.remaining_lots:
            self._account.end(order)
        self._report(OrderFilled(fill, order.remaining_lots))

    def _cancelled(self, order: RestingOrder, reason: str) -> None:
        order.end_reason = reason
        self._account.end(order)
        self._report(self._account.cancelled(order))

    def _reject_amend(self, request: Amend, code: RejectCode) -> None:
        self._report(
            AmendRejected(self.instrument.venue, self.instrument.asset, request.client_order_id, code, REJECTIONS[code])
        )

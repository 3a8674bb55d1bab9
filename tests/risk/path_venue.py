"""A venue for tests that plays a given path of prices; own orders fill where the path trades through them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from zenotc.models.market import BUY, SELL, Book, Instrument, PublicTrade, Side, sign
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Cancel,
    CancelAfter,
    CancelAfterSet,
    CancelAll,
    CancelledAll,
    CancelRejected,
    Fill,
    OrderAccepted,
    OrderAmended,
    OrderFilled,
    OrderRejected,
    Place,
    Report,
    Request,
)
from zenotc.venues.account import Account
from zenotc.venues.venue import VenueSink

SECOND = 1_000_000_000
_BEYOND = 10**12


class Print(NamedTuple):
    """A public trade: price in ticks, size in lots, the taker's side."""

    price_ticks: int
    lots: int
    taker_side: Side


class Step(NamedTuple):
    """One moment of a path: what traded, and the touch after that, `(price_ticks, lots)`."""

    time_ns: int
    bid: tuple[int, int]
    ask: tuple[int, int]
    prints: tuple[Print, ...] = ()

    @property
    def twice_mid_ticks(self) -> int:
        return self.bid[0] + self.ask[0]


@dataclass(slots=True)
class _Resting:
    instrument: Instrument
    client_order_id: str
    venue_order_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    filled_lots: int = 0
    end_reason: str | None = None

    @property
    def remaining_lots(self) -> int:
        return self.quantity_lots - self.filled_lots


class PathVenue:
    """One market whose prices are given in advance; it ends with its path.

    A print fills resting orders that it goes through, as far as its size goes. Requests arrive a latency after they
    leave and are answered at once; an immediate order takes what the touch shows. A heartbeat comes every second.

    Parameters
    ----------
    instrument
        What it trades.
    steps
        The path, in the order of time.
    fills_at_price
        Whether a print also fills orders at its own price, as if we were first in the queue.
    """

    def __init__(
        self,
        instrument: Instrument,
        steps: Iterable[Step],
        *,
        fills_at_price: bool = False,
        latency_ns: int = 5_000_000,
    ) -> None:
        self.name = instrument.venue
        self.instruments: Mapping[str, Instrument] = {instrument.asset: instrument}
        self.account: Account[_Resting] = Account(instrument.venue, [instrument], Decimal(10_000_000))
        self._instrument = instrument
        self._steps: Iterator[Step] = iter(steps)
        self._step: Step | None = next(self._steps)
        self._heartbeat_ns = self._step.time_ns
        self._slack = 0 if fills_at_price else 1
        self._latency_ns = latency_ns
        self._book = Book(instrument, includes_own_orders=False)
        self._orders: dict[str, _Resting] = {}
        self._requests: deque[tuple[int, Request]] = deque()
        self._sink: VenueSink

    def restore(self, fills: Iterable[Fill]) -> None:
        """Take up the account of an earlier path."""
        self.account.restore(fills)

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Tell the sink everything."""
        self._sink = sink

    def send(self, request: Request, now_ns: int) -> None:
        """Send a request; it arrives a latency later."""
        self._requests.append((now_ns + self._latency_ns, request))

    def next_time(self) -> int | None:
        """Return when the next thing happens, ns since the Unix epoch."""
        times = [self._requests[0][0]] if self._requests else []
        if self._step is not None:
            times += [self._step.time_ns, self._heartbeat_ns]
        return min(times, default=None)

    def advance(self, now_ns: int) -> None:
        """Let everything happen up to and including this time, in order."""
        while (time_ns := self.next_time()) is not None and time_ns <= now_ns:
            if self._requests and self._requests[0][0] == time_ns:
                self._handle(self._requests.popleft()[1], time_ns)
            elif self._step is not None and self._step.time_ns == time_ns:
                self._move(self._step)
            else:
                self._heartbeat_ns += SECOND
                self._sink.on_heartbeat(self.name, time_ns)

    def _report(self, report: Report, now_ns: int) -> None:
        self._sink.on_report(report, now_ns)

    # The path

    def _move(self, step: Step) -> None:
        for trade in step.prints:
            self._fill_what_is_traded_through(trade, step.time_ns)
            self._sink.on_trade(PublicTrade(self.name, self._instrument.asset, *trade), step.time_ns)
        touch = (self._book.best_bid, self._book.best_ask)
        self._book.clear()
        self._book.set_bid(*step.bid)
        self._book.set_ask(*step.ask)
        if touch != (step.bid[0], step.ask[0]):
            self._sink.on_book(self._book, step.time_ns)
        self._step = next(self._steps, None)
        if self._step is None:
            self._sink.on_feed_ended(self.name, self._instrument.asset, "replay_finished", step.time_ns)

    def _fill_what_is_traded_through(self, trade: Print, now_ns: int) -> None:
        direction = -sign(trade.taker_side)
        passed = [
            order
            for order in self._orders.values()
            if sign(order.side) == direction and direction * (order.price_ticks - trade.price_ticks) >= self._slack
        ]
        lots = trade.lots
        for order in sorted(passed, key=lambda order: -direction * order.price_ticks):
            if lots > 0:
                taken = min(lots, order.remaining_lots)
                lots -= taken
                self._execute(order, order.price_ticks, taken, now_ns, maker=True)

    def _execute(self, order: _Resting, price_ticks: int, lots: int, now_ns: int, *, maker: bool) -> None:
        trade_id = str(len(self.account.fills) + 1)
        fill = self.account.execute(order, trade_id, price_ticks, lots, maker=maker, time_ns=now_ns)
        order.filled_lots += lots
        if order.remaining_lots == 0:
            self._orders.pop(order.client_order_id, None)
            self.account.end(order)
        self._report(OrderFilled(fill, order.remaining_lots), now_ns)

    # Requests

    def _handle(self, request: Request, now_ns: int) -> None:
        match request:
            case Place():
                self._place(request, now_ns)
            case Amend():
                self._amend(request, now_ns)
            case Cancel(venue, asset, name):
                if name in self._orders:
                    self._cancel(name, now_ns)
                else:
                    self._report(CancelRejected(venue, asset, name, "UNKNOWN_ORDER"), now_ns)
            case CancelAll(venue, request_id):
                for name in list(self._orders):
                    self._cancel(name, now_ns)
                self._report(CancelledAll(venue, request_id), now_ns)
            case CancelAfter(venue, request_id):
                self._report(CancelAfterSet(venue, request_id), now_ns)
            case _:
                for answer in self.account.answer(request):
                    self._report(answer, now_ns)

    def _crosses(self, side: Side, price_ticks: int) -> bool:
        best = self._book.best_ask if side == BUY else self._book.best_bid
        return best is not None and sign(side) * price_ticks >= sign(side) * best

    def _place(self, place: Place, now_ns: int) -> None:
        name, asset = place.client_order_id, place.asset
        order = _Resting(self._instrument, name, f"v{name}", place.side, place.price_ticks, place.quantity_lots)
        crosses = self._crosses(place.side, place.price_ticks)
        if place.post_only and crosses:
            self._report(OrderRejected(self.name, asset, name, "POST_ONLY_WOULD_CROSS", "would take"), now_ns)
            return
        assert place.post_only or place.time_in_force == "IOC", "the engine sends nothing else"
        if place.post_only:
            self._orders[name] = order
        self.account.record(order)
        self._report(OrderAccepted(self.name, asset, name, f"v{name}"), now_ns)
        if place.time_in_force == "IOC":
            if crosses:
                price, lots = next(self._book.levels(SELL if place.side == BUY else BUY))
                self._execute(order, price, min(lots, order.quantity_lots), now_ns, maker=False)
            if order.remaining_lots:
                self._cancelled(order, now_ns, "ioc")

    def _amend(self, amend: Amend, now_ns: int) -> None:
        name = amend.client_order_id
        order = self._orders.get(name)
        if order is None:
            self._report(AmendRejected(self.name, amend.asset, name, "UNKNOWN_ORDER", "no such order"), now_ns)
        elif self._crosses(order.side, amend.price_ticks):
            self._report(AmendRejected(self.name, amend.asset, name, "POST_ONLY_WOULD_CROSS", "would take"), now_ns)
        elif amend.quantity_lots <= order.filled_lots:
            self._cancel(name, now_ns, "amended_away")
        else:
            order.price_ticks, order.quantity_lots = amend.price_ticks, amend.quantity_lots
            self._report(OrderAmended(self.name, amend.asset, name, amend.price_ticks, amend.quantity_lots), now_ns)

    def _cancel(self, name: str, now_ns: int, reason: str = "requested") -> None:
        self._cancelled(self._orders.pop(name), now_ns, reason)

    def _cancelled(self, order: _Resting, now_ns: int, reason: str) -> None:
        order.end_reason = reason
        self.account.end(order)
        self._report(self.account.cancelled(order), now_ns)


def unlimited(price_ticks: int, taker_side: Side) -> Print:
    """Return a print that fills everything it goes through."""
    return Print(price_ticks, _BEYOND, taker_side)

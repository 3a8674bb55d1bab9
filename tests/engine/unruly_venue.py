"""A venue at which everything happens in any order that a real link allows.

Requests arrive in the order in which they were sent. Answers keep their order for one order and for nothing else.
Fills are told twice now and then, the second time at once or long after, when their order is over, too. An unruly one
also loses requests, refuses without a reason, leaves something behind when it is told to cancel everything, and tells
some fills late: after what came later, and after a cancel. While its link is lost nothing is told, and it goes on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from zenotc.models.market import BUY, Book, Instrument, Side, opposite, sign
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Balances,
    Cancel,
    CancelAfter,
    CancelAll,
    CancelledAll,
    CancelRejected,
    Fill,
    FillHistory,
    OpenOrder,
    OpenOrders,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrderUnknown,
    Place,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
    RejectCode,
    Report,
    Request,
)

START_CASH = Decimal(10) ** 12


@dataclass(slots=True)
class VenueOrder:
    """An order as the venue has it."""

    order_id: str
    side: Side
    price_ticks: int
    total_lots: int
    post_only: bool
    filled_lots: int = 0
    live: bool = True


class UnrulyVenue:
    """One market.

    Attributes
    ----------
    met
        How often one of our orders came to trade with another.
    up
        Whether the connection stands.
    refuses
        The kinds of requests that it refuses for now, whatever they ask for.
    """

    def __init__(self, instrument: Instrument, random: Random, *, unruly: bool) -> None:
        self.instrument = instrument
        self.book = Book(instrument, includes_own_orders=False)
        self.orders: dict[str, VenueOrder] = {}
        self.resting: dict[str, VenueOrder] = {}
        self.requests: deque[Request] = deque()
        self.fills: list[Fill] = []
        self.met = 0
        self.unruly = unruly
        self.random = random
        self.up = True
        self.refuses: frozenset[type] = frozenset()
        self._reports: dict[str, deque[Report]] = {}
        self._late: list[OrderFilled] = []
        self._told: list[OrderFilled] = []

    # What can still happen

    def may_fill(self) -> Iterator[tuple[str, Side, int]]:
        """Yield `(order id, side, lots)` of all that could still fill, whatever arrives and whatever is lost."""
        totals: dict[str, int] = {}
        places: dict[str, Place] = {}
        for request in self.requests:
            if isinstance(request, Place):
                places[request.client_order_id] = request
            if isinstance(request, Place | Amend):
                known = totals.get(request.client_order_id, 0)
                totals[request.client_order_id] = max(known, request.quantity_lots)
        for order in self.resting.values():
            total = max(order.total_lots, totals.get(order.order_id, 0))
            yield order.order_id, order.side, total - order.filled_lots
        for order_id, place in places.items():
            yield order_id, place.side, totals[order_id]

    @property
    def busy(self) -> bool:
        """Whether anything is under way."""
        return bool(self.requests or self._reports or self._late)

    @property
    def position_lots(self) -> int:
        """What our fills make, ours."""
        return sum(sign(fill.side) * fill.quantity_lots for fill in self.fills)

    @property
    def balances(self) -> Balances:
        """The cash that our fills leave of what there was."""
        paid = (
            sign(fill.side) * self.instrument.price(fill.price_ticks) * self.instrument.quantity(fill.quantity_lots)
            + fill.fee
            for fill in self.fills
        )
        return Balances(self._venue, "balances", START_CASH - sum(paid))

    # What happens

    def lose_link(self, now_ns: int) -> None:
        """Lose what is under way: of the requests the first ones may arrive, of the answers none does."""
        for _ in range(self.random.randint(0, len(self.requests))):
            self.arrive(now_ns)
        self.up = False
        self.requests.clear()
        self._reports.clear()
        self._late.clear()

    def arrive(self, now_ns: int) -> None:
        """Let the oldest request arrive."""
        if not self.requests:
            return
        request = self.requests.popleft()
        if self.unruly and self.random.random() < 0.08:
            # Half of what is lost nobody hears of again.
            if isinstance(request, Place | Amend | Cancel) and self.random.random() < 0.5:
                self._tell(request.client_order_id, OrderUnknown(self._venue, "BTC", request.client_order_id, "lost"))
            return
        match request:
            case Place():
                self._place(request, now_ns)
            case Amend():
                self._amend(request)
            case Cancel():
                self._cancel(request)
            case CancelAll():
                for order in list(self.resting.values()):
                    if CancelAll not in self.refuses and not (self.unruly and self.random.random() < 0.2):
                        self._end(order, "requested")
                self._tell("", CancelledAll(self._venue, request.request_id))
            case QueryOrder():
                self._answer(request)
            case QueryOpenOrders():
                shown = tuple(self._shown(order) for order in self.resting.values())
                self._tell("", OpenOrders(self._venue, request.request_id, shown))
            case QueryFills():
                known = 0 if request.after_trade_id is None else int(request.after_trade_id[1:]) + 1
                self._tell("", FillHistory(self._venue, request.request_id, tuple(self.fills[known:])))
            case QueryPositions():
                held = self.instrument.quantity(self.position_lots)
                self._tell("", Positions(self._venue, request.request_id, (("BTC", held),)))
            case QueryBalances():
                self._tell("", replace(self.balances, request_id=request.request_id))
            case CancelAfter():
                pass

    def trade(self, now_ns: int) -> None:
        """Let somebody trade with one of our quotes."""
        if self.resting:
            order = self.random.choice(list(self.resting.values()))
            left = order.total_lots - order.filled_lots
            self._fill(order, self.random.choice((left, self.random.randint(1, left))), order.price_ticks, now_ns)

    def expire(self) -> None:
        """End one of our orders without having been asked to."""
        if self.resting:
            self._end(self.random.choice(list(self.resting.values())), "expired")

    def trade_through(self, now_ns: int) -> None:
        """Let our quotes that the book has gone through trade."""
        for order in list(self.resting.values()):
            best = self.book.best_ask if order.side == BUY else self.book.best_bid
            if best is not None and sign(order.side) * (order.price_ticks - best) >= 0:
                self._fill(order, order.total_lots - order.filled_lots, order.price_ticks, now_ns)

    def deliver(self) -> Report | None:
        """Let one answer arrive, of any order."""
        if self._told and self.random.random() < 0.02:
            return self.random.choice(self._told)
        if self._late and self.random.random() < 0.2:
            return self._tell_late(self.random.randrange(len(self._late)))
        if not self._reports:
            return self._tell_late(-1) if self._late else None
        key = self.random.choice(list(self._reports))
        reports = self._reports[key]
        report = reports.popleft()
        if not reports:
            del self._reports[key]
        if isinstance(report, OrderFilled):
            self._told.append(report)
            if self.random.random() < 0.1:
                self._tell(key, report)
        return report

    def _tell_late(self, index: int) -> OrderFilled:
        self._told.append(self._late.pop(index))
        return self._told[-1]

    # Inside

    @property
    def _venue(self) -> str:
        return self.instrument.venue

    def _tell(self, key: str, report: Report) -> None:
        if self.up:
            self._reports.setdefault(key, deque()).append(report)

    def _refusal(self, side: Side, price_ticks: int, kind: type, *, post_only: bool) -> RejectCode | None:
        if kind in self.refuses:
            return "POST_ONLY_WOULD_CROSS"
        if self.unruly and self.random.random() < 0.05:
            return "INVALID_PRICE"
        for other in self.resting.values():
            if other.side != side and sign(side) * (price_ticks - other.price_ticks) >= 0:
                self.met += 1
                return "SELF_TRADE"
        best = self.book.best_ask if side == BUY else self.book.best_bid
        if post_only and best is not None and sign(side) * (price_ticks - best) >= 0:
            return "POST_ONLY_WOULD_CROSS"
        return None

    def _place(self, request: Place, now_ns: int) -> None:
        order_id = request.client_order_id
        assert order_id not in self.orders, "an id is used once"
        code = self._refusal(request.side, request.price_ticks, Place, post_only=request.post_only)
        if code is not None:
            self._tell(order_id, OrderRejected(self._venue, "BTC", order_id, code, "no"))
            return
        order = VenueOrder(order_id, request.side, request.price_ticks, request.quantity_lots, request.post_only)
        self.orders[order_id] = self.resting[order_id] = order
        self._tell(order_id, OrderAccepted(self._venue, "BTC", order_id, f"v{order_id}"))
        if request.time_in_force == "IOC":
            for price, lots in list(self.book.levels(opposite(order.side))):
                if order.live and sign(order.side) * (order.price_ticks - price) >= 0:
                    self._fill(order, min(lots, order.total_lots - order.filled_lots), price, now_ns)
            if order.live:
                self._end(order, "ioc")

    def _amend(self, request: Amend) -> None:
        order_id = request.client_order_id
        order = self.orders.get(order_id)
        code: RejectCode | None
        if order is None or not order.live:
            code = "UNKNOWN_ORDER"
        elif request.quantity_lots <= order.filled_lots:
            self._end(order, "amended_away")
            return
        else:
            code = self._refusal(order.side, request.price_ticks, Amend, post_only=True)
            if code is None:
                order.price_ticks, order.total_lots = request.price_ticks, request.quantity_lots
                self._tell(
                    order_id, OrderAmended(self._venue, "BTC", order_id, request.price_ticks, request.quantity_lots)
                )
                return
        self._tell(order_id, AmendRejected(self._venue, "BTC", order_id, code, "no"))

    def _cancel(self, request: Cancel) -> None:
        order = self.orders.get(request.client_order_id)
        if order is None or not order.live or Cancel in self.refuses:
            report = CancelRejected(self._venue, "BTC", request.client_order_id, "UNKNOWN_ORDER")
            self._tell(request.client_order_id, report)
        else:
            self._end(order, "requested")

    def _end(self, order: VenueOrder, reason: str) -> None:
        self._leave(order)
        left = order.total_lots - order.filled_lots
        self._tell(order.order_id, OrderCancelled(self._venue, "BTC", order.order_id, left, reason))

    def _leave(self, order: VenueOrder) -> None:
        order.live = False
        del self.resting[order.order_id]

    def _fill(self, order: VenueOrder, lots: int, price_ticks: int, now_ns: int) -> None:
        order.filled_lots += lots
        left = order.total_lots - order.filled_lots
        if not left:
            self._leave(order)
        trade_id = f"x{len(self.fills)}"
        fill = Fill(
            self._venue, "BTC", order.order_id, trade_id, order.side, price_ticks, lots, Decimal("0.125"),
            order.post_only, now_ns,
        )  # fmt: skip
        self.fills.append(fill)
        report = OrderFilled(fill, left)
        if self.up and self.unruly and self.random.random() < 0.1:
            self._late.append(report)
        else:
            self._tell(order.order_id, report)

    def _shown(self, order: VenueOrder) -> OpenOrder:
        return OpenOrder(
            self._venue, "BTC", order.order_id, f"v{order.order_id}", order.side, order.price_ticks, order.total_lots,
            order.filled_lots,
        )  # fmt: skip

    def _answer(self, request: QueryOrder) -> None:
        order_id, request_id = request.client_order_id, request.request_id
        order = self.orders.get(order_id)
        if order is None:
            self._tell(order_id, OrderNotFound(self._venue, "BTC", order_id, request_id))
            return
        fills = tuple(fill for fill in self.fills if fill.client_order_id == order_id)
        self._tell(order_id, FillHistory(self._venue, request_id, fills))
        if order.live:
            self._tell(order_id, OpenOrders(self._venue, request_id, (self._shown(order),)))
        elif order.filled_lots < order.total_lots:
            left = order.total_lots - order.filled_lots
            self._tell(order_id, OrderCancelled(self._venue, "BTC", order_id, left, "requested"))

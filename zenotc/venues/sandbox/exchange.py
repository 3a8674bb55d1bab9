"""The sandbox exchange as a venue: links with latency around matching engines and simulated flow.

Time only moves in `advance`. Four things happen, in the order of their time: a delivery reaches the sink, a
request reaches the exchange, the timer for our silence runs out, or a participant of a market acts. Whatever one of
the latter three changes becomes one delivery, which leaves at once and arrives a latency later: the books are brought
up to date, then the reports are heard, then the public trades, then `on_book`. All deliveries share one FIFO link.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import NamedTuple

from zenotc.models.market import Book, Instrument, PublicTrade, Side
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
    RejectCode,
    Report,
    Request,
)
from zenotc.venues.account import Account
from zenotc.venues.sandbox.flow import Flow
from zenotc.venues.sandbox.markets import QUOTING_MARKETS, Market
from zenotc.venues.sandbox.matching import LevelChange, MatchingEngine, Order
from zenotc.venues.venue import VenueSink

__all__ = ["SandboxExchange"]

_SECOND_NS = 1_000_000_000
_NEVER_NS = 1 << 63
_OWN_ACCOUNT = "desk"


@dataclass(slots=True, eq=False)
class _OwnOrder(Order):
    """An order of ours, with the names it goes by."""

    instrument: Instrument = field(kw_only=True)
    client_order_id: str = field(kw_only=True)
    venue_order_id: str = field(kw_only=True)


class _Listing:
    """One market at the exchange: its matching engine, its participants, and its book as the feed tells it."""

    __slots__ = ("book", "engine", "flow", "instrument")

    def __init__(self, market: Market, venue: str, seed: int, start_ns: int) -> None:
        self.instrument = market.instrument(venue)
        self.engine = MatchingEngine()
        self.book = Book(self.instrument, includes_own_orders=True)
        self.flow = Flow(self.engine, self.instrument, market.flow, seed, start_ns) if market.flow is not None else None
        for side, price_ticks, lots in market.depth:
            self.engine.place(Order("others", side, price_ticks, lots))


class _OrderOfOthers(NamedTuple):
    listing: _Listing
    order: Order
    immediate: bool


@dataclass(slots=True)
class _Delivery:
    """What one event at the exchange tells us."""

    time_ns: int
    changes: list[tuple[_Listing, list[LevelChange]]] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    trades: list[PublicTrade] = field(default_factory=list)
    heartbeat: bool = False


class SandboxExchange:
    """A venue with a real matching engine per market, simulated participants and one account, ours.

    Equal seeds, requests and times give equal deliveries. Our orders never trade with each other: the rest
    of the incoming one is cancelled with the reason `self_trade`, and a post-only one is rejected with the
    code `SELF_TRADE`.

    Parameters
    ----------
    name
        The venue's name.
    markets
        What it trades.
    seed
        Of the simulated participants; venues with one seed share the fair price of each asset.
    latency_ns
        Of a request on its way to the exchange, and of everything on its way back.
    start_ns
        When the exchange opens, nanoseconds since the Unix epoch.
    balance
        Cash of our account before the first fill, USD.
    """

    def __init__(
        self,
        name: str = "sandbox",
        *,
        markets: Iterable[Market] = QUOTING_MARKETS,
        seed: int = 0,
        latency_ns: int = 5_000_000,
        start_ns: int = 0,
        balance: Decimal = Decimal(10_000_000),
    ) -> None:
        self._name = name
        self._latency_ns = latency_ns
        self._now_ns = start_ns
        self._heartbeat_ns = start_ns
        self._listings = {market.asset: _Listing(market, name, seed, start_ns) for market in markets}
        self._instruments = {asset: listing.instrument for asset, listing in self._listings.items()}
        self._flows = [(listing, listing.flow) for listing in self._listings.values() if listing.flow is not None]
        self.account: Account[_OwnOrder] = Account(name, self._instruments.values(), balance)
        self._ids = count(start_ns // 1000)  # an exchange that opens later never repeats the ids of an earlier one
        self._silence_ends_ns = _NEVER_NS
        self._requests: deque[tuple[int, Request | _OrderOfOthers]] = deque()
        self._deliveries: deque[_Delivery] = deque()
        self._sink: VenueSink | None = None
        self._subscribed: set[str] = set()
        opening = self._delivery()
        for listing in self._listings.values():
            self._collect(listing, opening)
        self._deliveries.append(opening)

    @property
    def name(self) -> str:
        """The venue's name."""
        return self._name

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The markets by asset."""
        return self._instruments

    def restore(self, fills: Iterable[Fill]) -> None:
        """Remember what was filled before this exchange opened; no id is used again.

        Cash, positions and the history of fills are then as if the exchange had never closed. Call it before the
        first `advance`.

        Parameters
        ----------
        fills
            In the order in which they happened; one that comes twice counts once, one of a market that the exchange
            does not have is left out.
        """
        self.account.restore(fills)
        self._ids = count(max(next(self._ids), self.account.last_trade_number + 1))

    def drop_requests(self) -> None:
        """Forget what we have sent and what has not reached the exchange yet."""
        self._requests = deque(one for one in self._requests if isinstance(one[1], _OrderOfOthers))

    def subscribe(self, assets: Collection[str], sink: VenueSink) -> None:
        """Send market data of these assets, and all reports, to the sink from now on, beginning with the books."""
        self._sink = sink
        self._subscribed.update(assets)
        snapshot = self._delivery()
        snapshot.changes = [(self._listings[asset], []) for asset in assets]
        self._deliveries.append(snapshot)

    def send(self, request: Request, now_ns: int) -> None:
        """Send a request; it reaches the exchange a latency later, in the order of sending."""
        self._requests.append((self._arrival(now_ns), request))

    def send_for_others(
        self, asset: str, side: Side, price_ticks: int, quantity_lots: int, now_ns: int, *, immediate: bool = True
    ) -> None:
        """Send a limit order of somebody else, each time another, on the same link: for trades in a quiet market.

        Parameters
        ----------
        asset, side, price_ticks, quantity_lots
            The order.
        now_ns
            The time at which it leaves, nanoseconds since the Unix epoch.
        immediate
            Cancel what does not fill at once.
        """
        order = Order(f"other-{next(self._ids)}", side, price_ticks, quantity_lots)
        self._requests.append((self._arrival(now_ns), _OrderOfOthers(self._listings[asset], order, immediate)))

    def next_time(self) -> int:
        """Return when the next thing happens or is delivered, ns since the Unix epoch."""
        time_ns = min(self._heartbeat_ns, self._silence_ends_ns)
        if self._deliveries:
            time_ns = min(time_ns, self._deliveries[0].time_ns)
        if self._requests:
            time_ns = min(time_ns, self._requests[0][0])
        for _, flow in self._flows:
            flow_ns = flow.next_time()
            if flow_ns is not None and flow_ns < time_ns:
                time_ns = flow_ns
        return time_ns

    def advance(self, now_ns: int) -> None:
        """Let everything happen up to and including this time, in order, and deliver it to the sink."""
        while (time_ns := self.next_time()) <= now_ns:
            self._now_ns = time_ns
            self._step(time_ns)
        self._now_ns = max(self._now_ns, now_ns)

    def _step(self, time_ns: int) -> None:
        """Let one thing happen that is due; at equal times what is delivered comes first."""
        if self._deliveries and self._deliveries[0].time_ns == time_ns:
            self._deliver(self._deliveries.popleft())
        elif self._requests and self._requests[0][0] == time_ns:
            delivery = self._delivery()
            self._handle(self._requests.popleft()[1], delivery)
            self._deliveries.append(delivery)
        elif self._silence_ends_ns == time_ns:
            self._silence_ends_ns = _NEVER_NS
            delivery = self._delivery()
            self._cancel_open(delivery, "silence")
            self._deliveries.append(delivery)
        elif self._heartbeat_ns == time_ns:
            self._heartbeat_ns += _SECOND_NS
            delivery = self._delivery()
            delivery.heartbeat = True
            self._deliveries.append(delivery)
        else:
            self._act(time_ns)

    def _act(self, time_ns: int) -> None:
        """Let the participant act whose time it is."""
        for listing, flow in self._flows:
            if flow.next_time() == time_ns:
                flow.act()
                delivery = self._delivery()
                self._collect(listing, delivery)
                if delivery.changes:
                    self._deliveries.append(delivery)
                return

    def _arrival(self, now_ns: int) -> int:
        """Return when what leaves now reaches the exchange; never before what left earlier, never in its past."""
        earliest = self._requests[-1][0] if self._requests else self._now_ns
        return max(now_ns + self._latency_ns, earliest)

    def _delivery(self) -> _Delivery:
        return _Delivery(self._now_ns + self._latency_ns)

    def _deliver(self, delivery: _Delivery) -> None:
        for listing, changes in delivery.changes:
            set_level = listing.book.set_level
            for side, price_ticks, lots in changes:
                set_level(side, price_ticks, lots)
        sink, now_ns = self._sink, delivery.time_ns
        if sink is None:
            return
        for report in delivery.reports:
            sink.on_report(report, now_ns)
        for trade in delivery.trades:
            if trade.asset in self._subscribed:
                sink.on_trade(trade, now_ns)
        for listing, _ in delivery.changes:
            if listing.instrument.asset in self._subscribed:
                sink.on_book(listing.book, now_ns)
        if delivery.heartbeat:
            sink.on_heartbeat(self._name, now_ns)

    def _collect(self, listing: _Listing, delivery: _Delivery) -> None:
        """Put trades and changed levels of a market into the delivery, and our executions into the account."""
        instrument = listing.instrument
        for price_ticks, lots, maker, taker, maker_left, taker_left in listing.engine.take_trades():
            delivery.trades.append(PublicTrade(self._name, instrument.asset, price_ticks, lots, taker.side))
            for order, remaining in ((maker, maker_left), (taker, taker_left)):
                if isinstance(order, _OwnOrder):
                    trade_id = str(next(self._ids))
                    fill = self.account.execute(
                        order, trade_id, price_ticks, lots, maker=order is maker, time_ns=self._now_ns
                    )
                    delivery.reports.append(OrderFilled(fill, remaining))
                    if remaining == 0:
                        self.account.end(order)
        changes = listing.engine.take_changes()
        if changes:
            delivery.changes.append((listing, changes))

    def _handle(self, request: Request | _OrderOfOthers, delivery: _Delivery) -> None:
        """Carry out a request that has arrived."""
        match request:
            case Place():
                self._place(request, delivery)
            case Amend():
                self._amend(request, delivery)
            case Cancel():
                self._cancel(request, delivery)
            case CancelAll(venue, request_id):
                self._cancel_open(delivery, "requested")
                delivery.reports.append(CancelledAll(venue, request_id))
            case CancelAfter(venue, request_id, silence_ns):
                self._silence_ends_ns = self._now_ns + silence_ns if silence_ns else _NEVER_NS
                delivery.reports.append(CancelAfterSet(venue, request_id))
            case _OrderOfOthers(listing, order, immediate):
                listing.engine.place(order, immediate=immediate)
                self._collect(listing, delivery)
            case _:
                delivery.reports.extend(self.account.answer(request))

    def _place(self, request: Place, delivery: _Delivery) -> None:
        venue, asset, client_order_id = request.venue, request.asset, request.client_order_id
        listing = self._listings.get(asset)
        immediate = request.time_in_force == "IOC"
        code: RejectCode | None
        if listing is None:
            code = "UNKNOWN_MARKET"
        elif self.account.used(asset, client_order_id):
            code = "DUPLICATE_ORDER"
        elif immediate and request.post_only:
            code = "NOT_SUPPORTED"
        else:
            order = _OwnOrder(
                _OWN_ACCOUNT,
                request.side,
                request.price_ticks,
                request.quantity_lots,
                request.post_only,
                instrument=listing.instrument,
                client_order_id=client_order_id,
                venue_order_id=str(next(self._ids)),
            )
            code = listing.engine.place(order, immediate=immediate)
            if code is None:
                self.account.record(order)
                delivery.reports.append(OrderAccepted(venue, asset, client_order_id, order.venue_order_id))
                self._settle(listing, order, delivery)
        if code is not None:
            delivery.reports.append(OrderRejected(venue, asset, client_order_id, code, _denial(code, request)))

    def _amend(self, request: Amend, delivery: _Delivery) -> None:
        venue, asset, client_order_id = request.venue, request.asset, request.client_order_id
        price_ticks, quantity_lots = request.price_ticks, request.quantity_lots
        order = self.account.find(asset, client_order_id)
        listing = self._listings.get(asset)
        if order is None or listing is None:
            code: RejectCode | None = "UNKNOWN_ORDER"
        else:
            code = listing.engine.amend(order, price_ticks, quantity_lots)
            if code is None:
                if order.end_reason != "amended_away":
                    delivery.reports.append(OrderAmended(venue, asset, client_order_id, price_ticks, quantity_lots))
                self._settle(listing, order, delivery)
        if code is not None:
            delivery.reports.append(AmendRejected(venue, asset, client_order_id, code, _denial(code, request)))

    def _cancel(self, request: Cancel, delivery: _Delivery) -> None:
        order = self.account.find(request.asset, request.client_order_id)
        if order is None or not order.resting:
            delivery.reports.append(
                CancelRejected(request.venue, request.asset, request.client_order_id, "UNKNOWN_ORDER")
            )
            return
        listing = self._listings[request.asset]
        listing.engine.cancel(order)
        self._settle(listing, order, delivery)

    def _cancel_open(self, delivery: _Delivery, reason: str) -> None:
        """Cancel everything that we have open."""
        for order in self.account.open_orders:
            self._listings[order.instrument.asset].engine.cancel(order, reason)
            self.account.end(order)
            delivery.reports.append(self.account.cancelled(order))
        for listing in self._listings.values():
            self._collect(listing, delivery)

    def _settle(self, listing: _Listing, order: _OwnOrder, delivery: _Delivery) -> None:
        """Report what came of a request for one order: its fills, then its end where the rest was cancelled."""
        self._collect(listing, delivery)
        if order.end_reason is not None:
            self.account.end(order)
            delivery.reports.append(self.account.cancelled(order))


def _denial(code: RejectCode, request: Place | Amend) -> str:
    return f"{code}: price_ticks={request.price_ticks}, quantity_lots={request.quantity_lots}"

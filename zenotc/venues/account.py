"""Our account at a simulated venue: its orders, its fills, its cash and its positions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from zenotc.models.market import Instrument, Side, sign
from zenotc.models.orders import (
    Balances,
    Fill,
    FillHistory,
    OpenOrder,
    OpenOrders,
    OrderCancelled,
    OrderNotFound,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
    Report,
)

__all__ = ["Account", "OwnOrder", "Query"]

Query = QueryOrder | QueryOpenOrders | QueryFills | QueryPositions | QueryBalances

_REMEMBERED_CLOSED_ORDERS = 100_000


class OwnOrder(Protocol):
    """What an account knows an order by; `end_reason` is why the rest was cancelled, `None` where it was not."""

    instrument: Instrument
    client_order_id: str
    venue_order_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    filled_lots: int
    end_reason: str | None


O = TypeVar("O", bound=OwnOrder)  # noqa: E741 - an order


class Account(Generic[O]):
    """What a venue knows about us; cash and positions follow from the fills, exactly.

    Every fill is remembered, and of the orders that have ended the last 100,000.

    Parameters
    ----------
    venue
        Its name.
    balance
        Cash before the first fill, USD.

    Attributes
    ----------
    cash
        USD after all fills and fees.
    fills
        In the order of execution.
    last_trade_number
        The highest of the trade ids that are numbers, 0 before the first.
    """

    def __init__(self, venue: str, instruments: Iterable[Instrument], balance: Decimal) -> None:
        self.cash = balance
        self.fills: list[Fill] = []
        self.last_trade_number = 0
        self._venue = venue
        self._instruments = {instrument.asset: instrument for instrument in instruments}
        self._held_lots = dict.fromkeys(self._instruments, 0)
        self._fill_numbers: dict[str, int] = {}
        self._fills_by_order: dict[tuple[str, str], list[Fill]] = {}
        self._orders: dict[tuple[str, str], O] = {}
        self._open: dict[tuple[str, str], O] = {}
        self._ended: deque[O] = deque()

    # Fills ---------------------------------------------------------------------------------------------------------

    @property
    def positions(self) -> dict[str, Decimal]:
        """Signed positions in base units by asset, zeros included."""
        return {asset: self._instruments[asset].quantity(lots) for asset, lots in self._held_lots.items()}

    def restore(self, fills: Iterable[Fill]) -> None:
        """Take over the fills of an earlier account, in their order; one that comes twice counts once.

        Those of markets that the venue does not have any more are left out, with their cash; their ids stay used.
        """
        for fill in fills:
            earlier = self._fills_by_order.get((fill.asset, fill.client_order_id), ())
            if fill.asset not in self._instruments:
                self._use(fill.trade_id)
            elif all(fill.trade_id != other.trade_id for other in earlier):
                self._book(fill)

    def execute(
        self, order: O, trade_id: str, price_ticks: int, quantity_lots: int, *, maker: bool, time_ns: int
    ) -> Fill:
        """Book one execution: `fee = rate * price * quantity`, not rounded.

        Parameters
        ----------
        order
            The order that was executed.
        trade_id
            Unique at the venue.
        price_ticks, quantity_lots
            The execution.
        maker
            Whether the order rested.
        time_ns
            When, nanoseconds since the Unix epoch.
        """
        instrument = order.instrument
        notional = instrument.price(price_ticks) * instrument.quantity(quantity_lots)
        fill = Fill(
            instrument.venue,
            instrument.asset,
            order.client_order_id,
            trade_id,
            order.side,
            price_ticks,
            quantity_lots,
            notional * (instrument.maker_fee_rate if maker else instrument.taker_fee_rate),
            maker,
            time_ns,
        )
        self._book(fill)
        return fill

    def _book(self, fill: Fill) -> None:
        instrument = self._instruments[fill.asset]
        notional = instrument.price(fill.price_ticks) * instrument.quantity(fill.quantity_lots)
        self.cash -= sign(fill.side) * notional + fill.fee
        self._held_lots[fill.asset] += sign(fill.side) * fill.quantity_lots
        self.fills.append(fill)
        self._fill_numbers[fill.trade_id] = len(self.fills)
        self._fills_by_order.setdefault((fill.asset, fill.client_order_id), []).append(fill)
        self._use(fill.trade_id)

    def _use(self, trade_id: str) -> None:
        if trade_id.isdecimal():
            self.last_trade_number = max(self.last_trade_number, int(trade_id))

    # Orders --------------------------------------------------------------------------------------------------------

    @property
    def open_orders(self) -> tuple[O, ...]:
        """The orders that rest, in the order of their acceptance."""
        return tuple(self._open.values())

    def find(self, asset: str, client_order_id: str) -> O | None:
        """Return an order that was accepted, whether it still rests or not."""
        return self._orders.get((asset, client_order_id))

    def used(self, asset: str, client_order_id: str) -> bool:
        """Return whether an order has had this id."""
        name = (asset, client_order_id)
        return name in self._orders or name in self._fills_by_order

    def record(self, order: O) -> None:
        """Take an accepted order into the account."""
        name = (order.instrument.asset, order.client_order_id)
        self._orders[name] = self._open[name] = order

    def end(self, order: O) -> None:
        """Note that an order no longer rests."""
        del self._open[order.instrument.asset, order.client_order_id]
        self._ended.append(order)
        if len(self._ended) > _REMEMBERED_CLOSED_ORDERS:
            oldest = self._ended.popleft()
            del self._orders[oldest.instrument.asset, oldest.client_order_id]

    def cancelled(self, order: OwnOrder) -> OrderCancelled:
        """Return the report of the end of an order that was not filled."""
        return OrderCancelled(
            self._venue,
            order.instrument.asset,
            order.client_order_id,
            order.quantity_lots - order.filled_lots,
            order.end_reason or "requested",
        )

    # Queries -------------------------------------------------------------------------------------------------------

    def answer(self, query: Query) -> list[Report]:
        """Return the answer to a query."""
        match query:
            case QueryOrder():
                return self._what_became_of(query)
            case QueryOpenOrders(request_id=request_id):
                return [OpenOrders(self._venue, request_id, tuple(map(self._shown, self._open.values())))]
            case QueryFills(request_id=request_id, after_trade_id=after):
                # All of them where there is no such fill.
                known = 0 if after is None else self._fill_numbers.get(after, 0)
                return [FillHistory(self._venue, request_id, tuple(self.fills[known:]))]
            case QueryPositions(request_id=request_id):
                return [Positions(self._venue, request_id, tuple(self.positions.items()))]
            case QueryBalances(request_id=request_id):
                return [Balances(self._venue, request_id, self.cash)]

    def _what_became_of(self, query: QueryOrder) -> list[Report]:
        """Return the order's fills, then the order while it rests, or its end where the rest was cancelled.

        Of an order from before a restart only the fills are known; it does not rest any more.
        """
        name = (query.asset, query.client_order_id)
        order, fills = self._orders.get(name), self._fills_by_order.get(name)
        reports: list[Report] = []
        if order is not None or fills:
            reports.append(FillHistory(self._venue, query.request_id, tuple(fills or ())))
        if order is None:
            reports.append(OrderNotFound(self._venue, query.asset, query.client_order_id, query.request_id))
        elif name in self._open:
            reports.append(OpenOrders(self._venue, query.request_id, (self._shown(order),)))
        elif order.end_reason is not None:
            reports.append(self.cancelled(order))
        return reports

    def _shown(self, order: O) -> OpenOrder:
        return OpenOrder(
            self._venue,
            order.instrument.asset,
            order.client_order_id,
            order.venue_order_id,
            order.side,
            order.price_ticks,
            order.quantity_lots,
            order.filled_lots,
        )

"""Our account at the sandbox: its orders, its fills, its cash and its positions."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from zenotc.models.market import Instrument, sign
from zenotc.models.orders import Fill, OpenOrder, OrderCancelled
from zenotc.venues.sandbox.matching import Order

__all__ = ["OWN_ACCOUNT", "Account", "OwnOrder"]

OWN_ACCOUNT = "desk"
_REMEMBERED_CLOSED_ORDERS = 100_000


@dataclass(slots=True, eq=False)
class OwnOrder(Order):
    """An order of ours, with the names it goes by and its fills in order."""

    instrument: Instrument = field(kw_only=True)
    client_order_id: str = field(kw_only=True)
    venue_order_id: str = field(kw_only=True)
    fills: list[Fill] = field(default_factory=list, init=False)

    def as_open(self) -> OpenOrder:
        """Return the order as an answer to a query."""
        return OpenOrder(
            self.instrument.venue,
            self.instrument.asset,
            self.client_order_id,
            self.venue_order_id,
            self.side,
            self.price_ticks,
            self.quantity_lots,
            self.filled_lots,
        )

    def as_cancelled(self) -> OrderCancelled:
        """Return the end of an order that was not filled."""
        return OrderCancelled(
            self.instrument.venue,
            self.instrument.asset,
            self.client_order_id,
            self.remaining_lots,
            self.end_reason or "requested",
        )


class Account:
    """What the venue knows about us; cash and positions follow from the fills, exactly.

    Every fill is remembered, and of the orders that have ended the last 100,000.

    Parameters
    ----------
    instruments
        What can be held.
    balance
        Cash before the first fill, USD.
    """

    def __init__(self, instruments: Iterable[Instrument], balance: Decimal) -> None:
        self.cash = balance
        self.fills: list[Fill] = []
        self._fill_numbers: dict[str, int] = {}
        self._held = dict.fromkeys(instruments, 0)
        self._orders: dict[tuple[str, str], OwnOrder] = {}
        self._open: dict[OwnOrder, None] = {}
        self._ended: deque[OwnOrder] = deque()

    @property
    def positions(self) -> dict[str, Decimal]:
        """Signed positions in base units by asset, zeros included."""
        return {instrument.asset: instrument.quantity(lots) for instrument, lots in self._held.items()}

    @property
    def open_orders(self) -> tuple[OwnOrder, ...]:
        """The orders that rest, oldest first."""
        return tuple(self._open)

    def find(self, asset: str, client_order_id: str) -> OwnOrder | None:
        """Return an order that was accepted, whether it still rests or not."""
        return self._orders.get((asset, client_order_id))

    def record(self, order: OwnOrder) -> None:
        """Take an accepted order into the account."""
        self._orders[order.instrument.asset, order.client_order_id] = order
        self._open[order] = None

    def end(self, order: OwnOrder) -> None:
        """Note that an order no longer rests."""
        del self._open[order]
        self._ended.append(order)
        if len(self._ended) > _REMEMBERED_CLOSED_ORDERS:
            oldest = self._ended.popleft()
            del self._orders[oldest.instrument.asset, oldest.client_order_id]

    def execute(
        self, order: OwnOrder, trade_id: str, price_ticks: int, quantity_lots: int, *, maker: bool, time_ns: int
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
        fee = notional * (instrument.maker_fee_rate if maker else instrument.taker_fee_rate)
        self.cash -= sign(order.side) * notional + fee
        self._held[instrument] += sign(order.side) * quantity_lots
        fill = Fill(
            instrument.venue,
            instrument.asset,
            order.client_order_id,
            trade_id,
            order.side,
            price_ticks,
            quantity_lots,
            fee,
            maker,
            time_ns,
        )
        order.fills.append(fill)
        self.fills.append(fill)
        self._fill_numbers[trade_id] = len(self.fills)
        return fill

    def fills_after(self, trade_id: str | None) -> tuple[Fill, ...]:
        """Return the fills after one of them; all of them for `None` or an id that is not ours."""
        first = 0 if trade_id is None else self._fill_numbers.get(trade_id, 0)
        return tuple(self.fills[first:])

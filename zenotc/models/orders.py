"""What is asked of a venue and what it reports back.

A request never fails by itself: every request is answered by reports, by an `OrderUnknown` where the
connection cannot say what became of it, or by nothing, which after the engine's deadline is unknown too.
Sizes of orders are totals that include what has been filled, so that a fill which crosses an amend on
the way can never make the order larger than was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from zenotc.models.market import Side

__all__ = [
    "Amend",
    "AmendRejected",
    "Balances",
    "Cancel",
    "CancelAfter",
    "CancelAfterSet",
    "CancelAll",
    "CancelRejected",
    "CancelledAll",
    "Fill",
    "FillHistory",
    "OpenOrder",
    "OpenOrders",
    "OrderAccepted",
    "OrderAmended",
    "OrderCancelled",
    "OrderFilled",
    "OrderNotFound",
    "OrderRejected",
    "OrderUnknown",
    "Place",
    "Positions",
    "QueryBalances",
    "QueryFills",
    "QueryOpenOrders",
    "QueryOrder",
    "QueryPositions",
    "RejectCode",
    "Report",
    "Request",
    "TimeInForce",
]

TimeInForce = Literal["GTC", "IOC"]
RejectCode = Literal[
    "POST_ONLY_WOULD_CROSS",
    "SELF_TRADE",
    "INVALID_PRICE",
    "INVALID_QUANTITY",
    "UNKNOWN_ORDER",
    "UNKNOWN_MARKET",
    "DUPLICATE_ORDER",
    "MARKET_CLOSED",
    "NOT_SUPPORTED",
]


# Requests ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Place an order; `post_only` refuses it where it would take, `IOC` cancels what does not fill at once."""

    venue: str
    asset: str
    client_order_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    time_in_force: TimeInForce = "GTC"
    post_only: bool = False


@dataclass(frozen=True, slots=True)
class Amend:
    """Change price and total size (filled part included) of a resting order.

    A smaller size at the same price keeps the place in the queue; anything else goes to its end.
    An amend to a total at or below what has been filled cancels the rest. `post_only` stays in force:
    an amend that would take is rejected and the order rests as it was.
    """

    venue: str
    asset: str
    client_order_id: str
    price_ticks: int
    quantity_lots: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel one order."""

    venue: str
    asset: str
    client_order_id: str


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Cancel everything that the account has at the venue; each order is reported, then `CancelledAll`."""

    venue: str
    request_id: str


@dataclass(frozen=True, slots=True)
class CancelAfter:
    """Cancel everything, for the reason `silence`, unless this is asked again within `silence_ns`; zero disarms."""

    venue: str
    request_id: str
    silence_ns: int


@dataclass(frozen=True, slots=True)
class QueryOrder:
    """Ask what became of one order: answered by its `OpenOrders`, its missing fills, or `OrderNotFound`."""

    venue: str
    asset: str
    client_order_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class QueryOpenOrders:
    """Ask for every open order of the account."""

    venue: str
    request_id: str


@dataclass(frozen=True, slots=True)
class QueryFills:
    """Ask for every fill after the given one, all of them where it is `None`."""

    venue: str
    request_id: str
    after_trade_id: str | None = None


@dataclass(frozen=True, slots=True)
class QueryPositions:
    """Ask for the account's positions."""

    venue: str
    request_id: str


@dataclass(frozen=True, slots=True)
class QueryBalances:
    """Ask for the account's cash."""

    venue: str
    request_id: str


Request = (
    Place
    | Amend
    | Cancel
    | CancelAll
    | CancelAfter
    | QueryOrder
    | QueryOpenOrders
    | QueryFills
    | QueryPositions
    | QueryBalances
)


# Reports -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OrderAccepted:
    """The order is at the venue under the venue's own id; an IOC order is accepted before it trades."""

    venue: str
    asset: str
    client_order_id: str
    venue_order_id: str


@dataclass(frozen=True, slots=True)
class OrderRejected:
    """The order never rested and never traded."""

    venue: str
    asset: str
    client_order_id: str
    code: RejectCode
    message: str


@dataclass(frozen=True, slots=True)
class OrderAmended:
    """The order now has this price and this total size."""

    venue: str
    asset: str
    client_order_id: str
    price_ticks: int
    quantity_lots: int


@dataclass(frozen=True, slots=True)
class AmendRejected:
    """The order is as it was, or gone where the code is `UNKNOWN_ORDER`."""

    venue: str
    asset: str
    client_order_id: str
    code: RejectCode
    message: str


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """The order no longer rests; `reason` is `requested`, `ioc`, `self_trade`, `amended_away` or the venue's own."""

    venue: str
    asset: str
    client_order_id: str
    remaining_lots: int
    reason: str


@dataclass(frozen=True, slots=True)
class CancelRejected:
    """The venue has no such open order: it was filled, cancelled or never arrived."""

    venue: str
    asset: str
    client_order_id: str
    code: RejectCode


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution of one of our orders; (venue, asset, trade_id, client_order_id) is unique.

    `fee` is in USD and positive where it costs.
    """

    venue: str
    asset: str
    client_order_id: str
    trade_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    fee: Decimal
    maker: bool
    time_ns: int


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """An execution, with what is left of the order at the venue."""

    fill: Fill
    remaining_lots: int


@dataclass(frozen=True, slots=True)
class OrderUnknown:
    """The connection cannot say what became of a request for this order."""

    venue: str
    asset: str
    client_order_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderNotFound:
    """The venue does not know this order, or only the fills of it that it has just told; it does not rest."""

    venue: str
    asset: str
    client_order_id: str
    request_id: str


@dataclass(frozen=True, slots=True)
class CancelledAll:
    """Every order that was open when the request arrived has been cancelled and reported."""

    venue: str
    request_id: str


@dataclass(frozen=True, slots=True)
class CancelAfterSet:
    """The venue's timer for our silence runs anew, or is disarmed."""

    venue: str
    request_id: str


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """One open order as the venue sees it; `quantity_lots` is the total, `filled_lots` the part executed."""

    venue: str
    asset: str
    client_order_id: str
    venue_order_id: str
    side: Side
    price_ticks: int
    quantity_lots: int
    filled_lots: int


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """The account's open orders (after `QueryOpenOrders`), or the one that was asked for."""

    venue: str
    request_id: str
    orders: tuple[OpenOrder, ...]


@dataclass(frozen=True, slots=True)
class FillHistory:
    """Fills in the order in which they happened."""

    venue: str
    request_id: str
    fills: tuple[Fill, ...]


@dataclass(frozen=True, slots=True)
class Positions:
    """Signed positions in base units by asset."""

    venue: str
    request_id: str
    positions: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Balances:
    """The account's cash in USD, fills and fees included."""

    venue: str
    request_id: str
    cash: Decimal


Report = (
    OrderAccepted
    | OrderRejected
    | OrderAmended
    | AmendRejected
    | OrderCancelled
    | CancelRejected
    | OrderFilled
    | OrderUnknown
    | OrderNotFound
    | CancelledAll
    | CancelAfterSet
    | OpenOrders
    | FillHistory
    | Positions
    | Balances
)

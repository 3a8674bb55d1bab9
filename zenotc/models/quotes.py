"""Quotes as clients see them: what rests, what it was computed from, the book around it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import Field

from zenotc.models.strategy import SideReason
from zenotc.models.wire import WireModel

__all__ = ["BookLevel", "OrderBook", "OwnOrder", "Preview", "Quote", "QuoteInstrument", "QuoteReference", "Quotes"]

OrderState = Literal["pending", "resting", "amending", "cancelling", "unknown", "filled", "cancelled", "rejected"]


class Quote(WireModel):
    """One live order of a strategy: price in USD, sizes in base units."""

    order_id: str
    side: Literal["buy", "sell"]
    price: Decimal
    quantity: Decimal
    remaining: Decimal
    layer: int | None
    state: OrderState
    placed_at: datetime


class QuoteReference(WireModel):
    """What the targets were computed from; the touch is without our own orders, `sigma` is percent."""

    mid: Decimal
    best_bid: Decimal
    best_ask: Decimal
    sigma: float | None
    skew_bps: float
    spread_bps: float
    position: Decimal
    computed_at: datetime


class QuoteInstrument(WireModel):
    """Tick in USD and lot in base units."""

    tick_size: Decimal
    lot_size: Decimal


class Quotes(WireModel):
    """Everything a strategy quotes now, and why a side is not quoted."""

    strategy_id: str
    quotes: list[Quote]
    sides: dict[Literal["buy", "sell"], SideReason]
    reference: QuoteReference | None
    instrument: QuoteInstrument


class TargetQuote(WireModel):
    """A quote that a configuration would place: price in USD, size in base units."""

    side: Literal["buy", "sell"]
    price: Decimal
    quantity: Decimal
    layer: int


class Preview(WireModel):
    """What a configuration would quote now, and the difference to what rests; nothing is done.

    `worst_case_long` and `worst_case_short` are the positions if everything on that side fills, base units.
    """

    strategy_id: str
    targets: list[TargetQuote]
    kept: list[str]
    amended: list[str]
    cancelled: list[str]
    placed: list[TargetQuote]
    sides: dict[Literal["buy", "sell"], SideReason]
    reference: QuoteReference | None
    worst_case_long: Decimal
    worst_case_short: Decimal


class OwnOrder(WireModel):
    """One of our orders in the book."""

    order_id: str
    strategy_id: str
    remaining: Decimal
    state: OrderState
    placed_at: datetime


class BookLevel(WireModel):
    """A price level: `quantity` as the venue shows it, and our own orders in it."""

    price: Decimal
    quantity: Decimal
    own_quantity: Decimal = Decimal(0)
    own_orders: list[OwnOrder] = Field(default_factory=list)


class OrderBook(WireModel):
    """The quoting venue's book around the touch, best level first, our own orders marked."""

    asset: str
    venue: str
    bids: list[BookLevel]
    asks: list[BookLevel]
    mid: Decimal | None
    tick_size: Decimal
    lot_size: Decimal
    usable: bool
    reason: str | None
    data_age_seconds: float | None
    timestamp: datetime

"""Where a reducing order would trade: foreign depth within a price bound, over one or several books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from zenotc.engine.market import Market
from zenotc.engine.rounding import ceil_steps, floor_steps
from zenotc.models.market import BUY, SELL, Side, opposite

__all__ = ["Child", "allocate"]


@dataclass(frozen=True, slots=True)
class Child:
    """An immediate-or-cancel order to send: limit in ticks and size in lots of its market."""

    market: Market
    price_ticks: int
    lots: int


def bound_ticks(market: Market, side: Side, reach_bps: float) -> int:
    """Return the worst price that a reducing order may have, from the market's own mid, ticks."""
    mid = market.twice_mid_ticks / 2
    if side == BUY:
        return floor_steps(mid * (1 + reach_bps / 10_000))
    return max(ceil_steps(mid * (1 - reach_bps / 10_000)), 1)


def allocate(markets: Sequence[Market], side: Side, quantity: Decimal, reach_bps: float) -> list[Child]:
    """Split a quantity over books, best price first, as far as foreign depth within the bound goes.

    Parameters
    ----------
    markets
        The markets that may be used; those without a usable book are passed over.
    side
        Of the orders to send.
    quantity
        Base units.
    reach_bps
        Bound from each market's mid.
    """
    levels: list[tuple[Decimal, int, int, Market]] = []
    for market in markets:
        if market.usable:
            levels += _levels(market, side, quantity, reach_bps)
    levels.sort(key=lambda level: level[0], reverse=side == SELL)
    taken: dict[int, Child] = {}
    for _, price_ticks, lots, market in levels:
        lot = market.instrument.lot_size
        wanted = min(lots, int(quantity // lot))
        if wanted > 0:
            before = taken.get(id(market))
            taken[id(market)] = Child(market, price_ticks, wanted + (before.lots if before else 0))
            quantity -= wanted * lot
    return list(taken.values())


def _levels(market: Market, side: Side, quantity: Decimal, reach_bps: float) -> list[tuple[Decimal, int, int, Market]]:
    """Return `(price, ticks, lots, market)` of the foreign levels that an order could take, as many as it needs."""
    bound = bound_ticks(market, side, reach_bps)
    found: list[tuple[Decimal, int, int, Market]] = []
    for price_ticks, lots in market.foreign_levels(opposite(side)):
        if (price_ticks > bound) if side == BUY else (price_ticks < bound):
            break
        found.append((market.instrument.price(price_ticks), price_ticks, lots, market))
        quantity -= market.instrument.quantity(lots)
        if quantity <= 0:
            break
    return found

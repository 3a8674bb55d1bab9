"""The others at the exchange: makers who lag behind the fair price, noise takers, informed takers."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor
from random import Random
from typing import Protocol

from zenotc.models.market import BUY, SELL, Instrument, Side
from zenotc.venues.sandbox.fair_price import FairPrice
from zenotc.venues.sandbox.matching import MatchingEngine, Order

__all__ = [
    "InformedParameters",
    "InformedTaker",
    "Maker",
    "MakerParameters",
    "NoiseParameters",
    "NoiseTaker",
    "Participant",
    "TradingPlace",
]


@dataclass(frozen=True, slots=True)
class TradingPlace:
    """Where a participant trades: the book, its units, and the price that it reverts to."""

    engine: MatchingEngine
    instrument: Instrument
    fair: FairPrice

    def lots(self, usd: float, price: float) -> int:
        """Return at least one lot worth about so many USD."""
        return max(1, round(usd / price / float(self.instrument.lot_size)))


class Participant(Protocol):
    """Somebody who acts when his time has come."""

    def act(self, now_ns: int) -> int:
        """Do what is due at this time and return when to be woken next, ns since the Unix epoch."""


@dataclass(frozen=True, slots=True)
class MakerParameters:
    """How the other makers quote; distances in bps of the fair price.

    Parameters
    ----------
    makers
        How many there are; each stands `stagger_bps` further out than the one before.
    levels, level_spacing_bps
        Prices on each side, and the distance between two of them.
    half_spread_bps
        Distance of the innermost level, in a usual market; it widens with the volatility.
    level_usd
        Mean size of an innermost order, USD; those of level `i`, from 0, are `i + 1` times as large.
    look_seconds
        Mean time between two looks at the fair price: the lag that informed takers use.
    tolerance_bps
        A maker moves when the fair price has moved by more than this.
    """

    makers: int = 4
    levels: int = 4
    level_spacing_bps: float = 4.0
    half_spread_bps: float = 1.8
    stagger_bps: float = 0.6
    level_usd: float = 20_000.0
    look_seconds: float = 1.0
    tolerance_bps: float = 0.6


class Maker:
    """Keeps post-only orders around the fair price as he last saw it.

    Parameters
    ----------
    rank
        His place among the makers, from 0, the innermost.
    """

    def __init__(self, place: TradingPlace, parameters: MakerParameters, rank: int, rng: Random) -> None:
        self._place = place
        self._parameters = parameters
        self._rng = rng
        self._account = f"maker-{rank}"
        self._nearest_bps = parameters.half_spread_bps + rank * parameters.stagger_bps
        self._anchor = 0.0
        self._width = 1.0
        empty: list[Order | None] = [None] * parameters.levels
        self._orders: dict[Side, list[Order | None]] = {BUY: list(empty), SELL: list(empty)}

    def act(self, now_ns: int) -> int:
        """Look at the fair price, move the quotes where it has gone, and replace what was taken."""
        fair = self._place.fair.at(now_ns)
        rising = fair > self._anchor
        if abs(fair - self._anchor) > self._anchor * self._parameters.tolerance_bps / 1e4:
            self._anchor = fair
            self._width = min(2.5, max(0.8, self._place.fair.turbulence))
        for side in (SELL, BUY) if rising else (BUY, SELL):
            self._quote(side)
        return now_ns + round(self._rng.uniform(0.4, 1.6) * self._parameters.look_seconds * 1e9)

    def _quote(self, side: Side) -> None:
        tick = float(self._place.instrument.tick_size)
        engine, orders = self._place.engine, self._orders[side]
        for level, order in enumerate(orders):
            distance = (self._nearest_bps * self._width + level * self._parameters.level_spacing_bps) / 1e4
            if side == BUY:
                price = max(1, floor(self._anchor * (1.0 - distance) / tick))
            else:
                price = ceil(self._anchor * (1.0 + distance) / tick)
            if order is None or not order.resting:
                order = Order(self._account, side, price, self._size(level), post_only=True)
                orders[level] = order if engine.place(order) is None else None
            elif order.price_ticks != price or order.filled_lots > order.remaining_lots:
                engine.amend(order, price, order.filled_lots + self._size(level))

    def _size(self, level: int) -> int:
        return self._place.lots(self._parameters.level_usd * (level + 1) * self._rng.uniform(0.4, 1.6), self._anchor)


@dataclass(frozen=True, slots=True)
class NoiseParameters:
    """How takers without information arrive: bursts are Poisson, the orders of a burst follow each other closely.

    Parameters
    ----------
    bursts_per_second
        Mean number of bursts.
    burst_orders
        Mean number of orders in a burst, all on one side.
    burst_gap_seconds
        Mean time between two orders of a burst.
    order_usd
        Mean size of an order, exponentially distributed, USD.
    reach_bps
        How far beyond the touch an order goes.
    """

    bursts_per_second: float = 0.15
    burst_orders: float = 4.0
    burst_gap_seconds: float = 0.15
    order_usd: float = 25_000.0
    reach_bps: float = 12.0


class NoiseTaker:
    """Buys and sells for reasons of his own."""

    def __init__(self, place: TradingPlace, parameters: NoiseParameters, rng: Random) -> None:
        self._place = place
        self._parameters = parameters
        self._rng = rng
        self._side: Side = BUY
        self._orders_left = 0

    def act(self, now_ns: int) -> int:
        """Send the next order of the burst."""
        parameters, rng, engine = self._parameters, self._rng, self._place.engine
        if self._orders_left == 0:
            self._side = rng.choice((BUY, SELL))
            self._orders_left = 1 + round(rng.expovariate(1.0) * (parameters.burst_orders - 1.0))
        usd = rng.expovariate(1.0) * parameters.order_usd
        touch = engine.best_ask if self._side == BUY else engine.best_bid
        if touch is not None:
            reach = parameters.reach_bps / 1e4
            price = ceil(touch * (1.0 + reach)) if self._side == BUY else max(1, floor(touch * (1.0 - reach)))
            lots = self._place.lots(usd, touch * float(self._place.instrument.tick_size))
            engine.place(Order("noise", self._side, price, lots), immediate=True)
        self._orders_left -= 1
        mean_gap = parameters.burst_gap_seconds if self._orders_left else 1.0 / parameters.bursts_per_second
        return now_ns + 1 + round(rng.expovariate(1.0) * mean_gap * 1e9)


@dataclass(frozen=True, slots=True)
class InformedParameters:
    """How takers with information act.

    Parameters
    ----------
    looks_per_second
        Mean number of looks at the book.
    horizon_seconds
        How far ahead they know the fair price.
    edge_bps
        They take every order that is mispriced by more than this.
    order_usd
        Mean size of an order, exponentially distributed, USD.
    """

    looks_per_second: float = 2.0
    horizon_seconds: float = 1.5
    edge_bps: float = 0.5
    order_usd: float = 60_000.0


class InformedTaker:
    """Trades towards the price that is about to be, against whoever has not moved yet."""

    def __init__(self, place: TradingPlace, parameters: InformedParameters, rng: Random) -> None:
        self._place = place
        self._parameters = parameters
        self._rng = rng

    def act(self, now_ns: int) -> int:
        """Take what is mispriced, if anything is."""
        parameters, engine = self._parameters, self._place.engine
        fair = self._place.fair.at(now_ns + round(parameters.horizon_seconds * 1e9))
        usd = self._rng.expovariate(1.0) * parameters.order_usd
        fair_ticks = fair / float(self._place.instrument.tick_size)
        edge = parameters.edge_bps / 1e4
        highest_buy, lowest_sell = floor(fair_ticks * (1.0 - edge)), ceil(fair_ticks * (1.0 + edge))
        bid, ask = engine.best_bid, engine.best_ask
        if ask is not None and ask <= highest_buy:
            engine.place(Order("informed", BUY, highest_buy, self._place.lots(usd, fair)), immediate=True)
        elif bid is not None and bid >= lowest_sell:
            engine.place(Order("informed", SELL, lowest_sell, self._place.lots(usd, fair)), immediate=True)
        return now_ns + 1 + round(self._rng.expovariate(parameters.looks_per_second) * 1e9)

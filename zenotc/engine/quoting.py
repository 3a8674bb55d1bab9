"""The quotes that a strategy wants (semantics, sections 2 to 4): pure arithmetic, no state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

from zenotc.engine.rounding import TOLERANCE, ceil_steps, floor_steps, lots_within
from zenotc.engine.skew import skew_bps
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, Instrument, Side

__all__ = ["QuoteInputs", "QuoteParameters", "SideTargets", "Target", "Targets", "compute_targets"]

NotQuoted = Literal["quoting", "position_limit", "below_min_size"]


@dataclass(frozen=True, slots=True)
class QuoteParameters:
    """A configuration in the units of its instrument, worked out once per change.

    Model quantities are floats in bps and base units; what becomes an order or a limit is in lots.
    """

    config: StrategyConfig
    lot_size: float
    target_position: float
    skew_step: float
    layer_sizes_lots: tuple[float, ...]
    min_size_lots: float
    max_order_lots: int
    hard_lots: int
    soft_lots: float | None

    @classmethod
    def of(cls, config: StrategyConfig, instrument: Instrument) -> Self:
        """Work out the parameters for an instrument."""
        lot = instrument.lot_size
        low, size, high = (
            float(size / lot) for size in (config.min_quote_size, config.quote_size, config.max_quote_size)
        )
        layers = range(config.quote_layers)
        soft = config.soft_position_limit
        return cls(
            config=config,
            lot_size=float(lot),
            target_position=float(config.target_position),
            skew_step=float(config.skew_step),
            layer_sizes_lots=tuple(min(max(size * config.layer_size_multiplier**i, low), high) for i in layers),
            min_size_lots=low,
            max_order_lots=lots_within(config.max_quote_size, lot),
            hard_lots=lots_within(config.max_position, lot),
            soft_lots=None if soft is None else float(soft / lot),
        )


@dataclass(frozen=True, slots=True)
class QuoteInputs:
    """What the market, the position and the other orders say at one moment.

    Parameters
    ----------
    twice_mid_ticks
        Best foreign bid plus best foreign ask, ticks.
    best_bid, best_ask
        The foreign touch, ticks.
    sigma
        Realised volatility, percent; `None` while unknown.
    position_lots
        Signed position.
    committed_buy_lots, committed_sell_lots
        What could still fill beside the quotes that are computed here: hedges, unknown and leaving orders.
    lowest_own_ask, highest_own_bid
        Own orders of other strategies that must not be met, ticks.
    """

    twice_mid_ticks: int
    best_bid: int
    best_ask: int
    sigma: float | None
    position_lots: int
    committed_buy_lots: int = 0
    committed_sell_lots: int = 0
    lowest_own_ask: int | None = None
    highest_own_bid: int | None = None


@dataclass(slots=True)
class Target:
    """A quote that should rest: price in ticks, size in lots, and its layer."""

    price_ticks: int
    quantity_lots: int
    layer: int


@dataclass(frozen=True, slots=True)
class SideTargets:
    """The targets of one side from the inside out, and `quoting` or why there is none."""

    targets: list[Target]
    reason: NotQuoted


@dataclass(frozen=True, slots=True)
class Targets:
    """Both sides, with the width and the skew (bps) that they were computed with."""

    buy: SideTargets
    sell: SideTargets
    spread_bps: float
    skew_bps: float

    def side(self, side: Side) -> SideTargets:
        """Return one side."""
        return self.buy if side == BUY else self.sell


def compute_targets(parameters: QuoteParameters, inputs: QuoteInputs) -> Targets:
    """Return the quotes that should rest now."""
    config = parameters.config
    width = _width_bps(config, inputs.sigma)
    skew = skew_bps(
        config.skew_model,
        inputs.position_lots * parameters.lot_size - parameters.target_position,
        config.skew_factor,
        exponent=config.skew_exponent,
        step=parameters.skew_step,
        bound=config.max_spread_bps,
    )
    bid_distance, ask_distance = width / 2 + skew, width / 2 - skew
    if config.spread_model == "inventory":
        nearest, farthest = config.min_spread_bps / 2, config.max_spread_bps / 2
        bid_distance = min(max(bid_distance, nearest), farthest)
        ask_distance = min(max(ask_distance, nearest), farthest)
    buy = _side(parameters, inputs, bid_distance, 1)
    sell = _side(parameters, inputs, ask_distance, -1)
    return Targets(buy, sell, width, skew)


def _width_bps(config: StrategyConfig, sigma: float | None) -> float:
    if config.spread_model == "volatility":
        if sigma is None:
            return config.max_spread_bps
        width = config.base_spread_bps * (1 + config.volatility_multiplier * sigma)
    else:
        width = config.base_spread_bps
    return min(max(width, config.min_spread_bps), config.max_spread_bps)


def _side(parameters: QuoteParameters, inputs: QuoteInputs, distance_bps: float, sign: Literal[1, -1]) -> SideTargets:
    """Price, size, merge and cut one side; `sign` is +1 for bids."""
    room = _room_lots(parameters, inputs, sign)
    if room < 1:
        return SideTargets([], "position_limit")
    scale = _size_scale(parameters, inputs.position_lots, sign)
    merged: list[Target] = []
    for layer, full_size_lots in enumerate(parameters.layer_sizes_lots):
        price = _price_ticks(inputs, distance_bps + layer * parameters.config.layer_spacing_bps, sign)
        lots = floor_steps(full_size_lots * scale)
        if lots < parameters.min_size_lots - TOLERANCE or lots < 1 or price < 1:
            continue
        if merged and merged[-1].price_ticks == price:
            merged[-1].quantity_lots = min(merged[-1].quantity_lots + lots, parameters.max_order_lots)
        else:
            merged.append(Target(price, min(lots, parameters.max_order_lots), layer))
    if not merged:
        return SideTargets([], "below_min_size")
    targets = _cut(merged, room, ceil_steps(parameters.min_size_lots))
    return SideTargets(targets, "quoting" if targets else "position_limit")


def _room_lots(parameters: QuoteParameters, inputs: QuoteInputs, sign: Literal[1, -1]) -> int:
    """Return how much one side may still trade without leaving the hard limit, lots.

    A position beyond the limit is only reduced, and not past zero.
    """
    toward = sign * inputs.position_lots
    room = abs(toward) if toward < -parameters.hard_lots else parameters.hard_lots - toward
    return room - (inputs.committed_buy_lots if sign > 0 else inputs.committed_sell_lots)


def _size_scale(parameters: QuoteParameters, position_lots: int, sign: Literal[1, -1]) -> float:
    """Return the share of its size that a side keeps: less than 1 where it increases a position past the soft limit."""
    soft, size = parameters.soft_lots, abs(position_lots)
    if soft is None or sign * position_lots < 0 or size < soft:
        return 1.0
    return (
        (1 - parameters.config.position_reduction_factor)
        * (parameters.hard_lots - size)
        / (parameters.hard_lots - soft)
    )


def _cut(targets: list[Target], room_lots: int, min_lots: int) -> list[Target]:
    """Keep what fits into the room, outer layers cut first; what falls below the least size is left out."""
    kept: list[Target] = []
    for target in targets:
        if target.quantity_lots > room_lots:
            if room_lots >= min_lots:
                kept.append(Target(target.price_ticks, room_lots, target.layer))
            break
        kept.append(target)
        room_lots -= target.quantity_lots
    return kept


def _price_ticks(inputs: QuoteInputs, distance_bps: float, sign: Literal[1, -1]) -> int:
    """Round away from the mid, then step back from whatever the price would meet."""
    exact = inputs.twice_mid_ticks / 2 * (1 - sign * distance_bps / 10_000)
    if sign > 0:
        price = min(floor_steps(exact), inputs.best_ask - 1)
        return price if inputs.lowest_own_ask is None else min(price, inputs.lowest_own_ask - 1)
    price = max(ceil_steps(exact), inputs.best_bid + 1)
    return price if inputs.highest_own_bid is None else max(price, inputs.highest_own_bid + 1)

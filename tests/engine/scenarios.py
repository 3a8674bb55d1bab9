"""Scenarios in which things happen often, drawn by hypothesis."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.engine.bench import SECOND, START_NS
from tests.engine.watched_desk import LOT, TICK, Scenario
from zenotc.models.configuration import StrategyConfig

STRATEGIES = ("a", "b")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Draw nothing, or a value."""
    return st.none() | values


@st.composite
def configs(draw: st.DrawFn, mid_ticks: int) -> StrategyConfig:
    """Draw a strategy; its loss limits are parts of what its largest position loses when the mid moves by a percent."""
    base = draw(st.floats(0.2, 100))
    size = draw(st.integers(1, 3_000))
    hard = draw(st.integers(2, 10_000))
    at_stake = Decimal(mid_ticks) * hard * LOT / 200
    loss = maybe(st.sampled_from([1, 3, 10, 50, 300]).map(lambda n: (at_stake * n / 1_000).quantize(LOT) or LOT))
    values: dict[str, Any] = {
        "name": "any",
        "asset": "BTC",
        "base_spread_bps": base,
        "spread_model": draw(st.sampled_from(["fixed", "volatility", "inventory"])),
        "quote_size": size * LOT,
        "min_quote_size": draw(st.integers(1, size)) * LOT,
        "max_position": hard * LOT,
        "soft_position_limit": draw(maybe(st.integers(1, hard - 1).map(lambda n: n * LOT))),
        "target_position": draw(st.sampled_from([0, 0, 1, -1])) * min(hard, 1_000) * LOT,
        "skew_model": draw(st.sampled_from(["linear", "exponential", "step"])),
        "skew_factor": draw(st.floats(0.001, 50)),
        "quote_layers": draw(st.integers(1, 5)),
        "layer_size_multiplier": draw(st.floats(0.5, 2)),
        "layer_spacing_bps": draw(st.floats(0, 20)),
        "refresh_tolerance_bps": draw(st.sampled_from([0, 0, 0.5, 30])),
        "quote_refresh_seconds": draw(st.sampled_from([0.2, 1, 5])),
        "requote_threshold_bps": draw(st.floats(0.01, 10)),
        "volatility_window_minutes": draw(st.sampled_from([0.5, 1, 30])),
        "pause_on_error": draw(st.booleans()),
        "max_slippage_bps": draw(st.sampled_from([5, 50, 500])),
        "max_daily_loss": draw(loss),
        "max_hourly_loss": draw(loss),
        "breaker_action": draw(st.sampled_from(["hold", "hedge", "flatten"])),
        "auto_resume_enabled": draw(st.booleans()),
        "resume_delay_minutes": draw(st.sampled_from([0.02, 1, 30])),
    }
    if draw(st.booleans()):
        values |= {"max_drawdown_percent": draw(st.sampled_from([0.01, 0.1, 1, 5])), "capital": at_stake * 100}
    if draw(st.booleans()):
        values |= {"max_volatility_pause": True, "volatility_threshold": draw(st.sampled_from([0.01, 0.3, 1]))}
    if hard > 3 and draw(st.booleans()):
        threshold = draw(st.integers(2, max(min(hard - 1, 2 * size), 2)))
        values |= {
            "auto_hedge_enabled": True,
            "hedge_threshold": threshold * LOT,
            "hedge_target": draw(st.integers(0, threshold - 1)) * LOT,
            "hedge_venue": draw(st.sampled_from(["internal", "external", "both"])),
            "hedge_algo": draw(st.sampled_from(["market", "twap", "vwap"])),
            "hedge_slice_seconds": 1,
            "hedge_duration_minutes": 0.1,
            "target_position": 0,
        }
    return StrategyConfig.build(values, lot_size=LOT)


@st.composite
def desk_limits(draw: st.DrawFn, mid_ticks: int) -> dict[str, Any]:
    """Draw the engine's settings: each limit off, or where it is met now and then."""
    lot_usd = mid_ticks * Decimal(TICK.numerator) / TICK.denominator * LOT
    return {
        "max_desk_daily_loss": draw(maybe(st.integers(1, 100).map(lambda n: n * lot_usd))),
        "price_collar_bps": draw(maybe(st.sampled_from([1.0, 20.0, 100.0]))),
        "max_order_usd": draw(maybe(st.integers(50, 3_000).map(lambda n: n * lot_usd))),
        "max_orders_per_second": draw(maybe(st.integers(3, 40))),
        "max_gross_exposure_usd": draw(maybe(st.integers(1, 10_000).map(lambda n: n * lot_usd))),
        "max_net_exposure_usd": draw(maybe(st.integers(1, 10_000).map(lambda n: n * lot_usd))),
        "max_fills_per_side": draw(maybe(st.integers(2, 6))),
        "fill_window_seconds": draw(st.sampled_from([1.0, 10.0])),
    }


@st.composite
def scenarios(draw: st.DrawFn, *, unruly: bool | None = None) -> Scenario:
    """Draw a desk with two strategies on one market, now and then shortly before midnight."""
    mid_ticks = draw(st.integers(2_000, 200_000))
    return Scenario(
        strategies={name: draw(configs(mid_ticks)) for name in STRATEGIES},
        settings=draw(st.just({}) | desk_limits(mid_ticks)),
        mid_ticks=mid_ticks,
        hedge_lots=draw(st.sampled_from([1, 1, 5])),
        unruly=draw(st.booleans()) if unruly is None else unruly,
        start_ns=START_NS - draw(st.sampled_from([0, 0, 20, 1_000])) * SECOND,
    )

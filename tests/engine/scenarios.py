"""Scenarios in which things happen often, drawn by hypothesis."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.engine.accounts import LOT, TICK
from tests.engine.bench import SECOND, START_NS
from tests.engine.watched_desk import Scenario
from zenotc.models.configuration import StrategyConfig

STRATEGIES = ("a", "b")
_HEDGE_VENUES = ("external", "internal", "both")


@dataclass(frozen=True)
class Often:
    """What is on, or is met, in any case, by its name in a configuration, the settings or a scenario.

    Where something is, anything else that could keep a desk from quoting is off; else it is on now and then.
    """

    names: frozenset[str] = frozenset()

    def maybe(self, name: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        """Draw nothing, or a value."""
        return values if name in self.names else st.none() if self.names else st.none() | values

    def whether(self, name: str) -> st.SearchStrategy[bool]:
        """Draw whether something is on."""
        return st.just(name in self.names) if self.names else st.booleans()


@st.composite
def configs(draw: st.DrawFn, mid_ticks: int, often: Often) -> StrategyConfig:
    """Draw a strategy; its loss limits are parts of what its largest position loses when the mid moves by a percent."""
    base = draw(st.floats(0.2, 100))
    size = draw(st.integers(2, 3_000))
    hard = draw(st.integers(size, 2 * size) if "max_position" in often.names else st.integers(2, 10_000))
    at_stake = Decimal(mid_ticks) * hard * LOT / 200
    loss = st.sampled_from([1, 3, 10, 50, 300]).map(lambda n: (at_stake * n / 1_000).quantize(LOT) or LOT)
    values: dict[str, Any] = {
        "name": "any",
        "asset": "BTC",
        "base_spread_bps": base,
        "spread_model": draw(st.sampled_from(["fixed", "volatility", "inventory"])),
        "quote_size": size * LOT,
        "min_quote_size": draw(st.integers(1, size)) * LOT,
        "max_position": hard * LOT,
        "soft_position_limit": draw(st.none() | st.integers(1, hard - 1).map(lambda n: n * LOT)),
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
        "max_daily_loss": draw(often.maybe("max_daily_loss", loss)),
        "max_hourly_loss": draw(often.maybe("max_hourly_loss", loss)),
        "breaker_action": draw(st.sampled_from(["hold", "hedge", "flatten"])),
        "auto_resume_enabled": draw(often.whether("auto_resume_enabled")),
        "resume_delay_minutes": draw(st.sampled_from([0.02, 1, 30])),
    }
    if draw(often.whether("max_drawdown_percent")):
        values |= {"max_drawdown_percent": draw(st.sampled_from([0.01, 0.1, 1, 5])), "capital": at_stake * 100}
    if draw(often.whether("max_volatility_pause")):
        values |= {"max_volatility_pause": True, "volatility_threshold": draw(st.sampled_from([0.01, 0.3, 1]))}
    if hard > 3 and draw(often.whether("hedge_threshold")):
        threshold = draw(st.integers(2, max(min(hard - 1, 2 * size), 2)))
        values |= {
            "auto_hedge_enabled": draw(often.whether("auto_hedge_enabled")),
            "hedge_threshold": threshold * LOT,
            "hedge_target": draw(st.integers(0, threshold - 1)) * LOT,
            "hedge_venue": draw(st.sampled_from(["external"] if "hedge_lots" in often.names else _HEDGE_VENUES)),
            "hedge_algo": draw(st.sampled_from(["market", "twap", "vwap"])),
            "hedge_slice_seconds": 1,
            "hedge_duration_minutes": 0.1,
            "target_position": 0,
        }
    return StrategyConfig.build(values, lot_size=LOT)


@st.composite
def desk_limits(draw: st.DrawFn, mid_ticks: int, often: Often) -> dict[str, Any]:
    """Draw the engine's settings: each limit off, or where it is met now and then."""
    lot_usd = mid_ticks * Decimal(TICK.numerator) / TICK.denominator * LOT
    exposure = st.integers(1, 10_000).map(lambda n: n * lot_usd)
    return {
        "max_desk_daily_loss": draw(often.maybe("max_desk_daily_loss", st.integers(1, 100).map(lambda n: n * lot_usd))),
        "price_collar_bps": draw(often.maybe("price_collar_bps", st.sampled_from([1.0, 20.0, 100.0]))),
        "max_order_usd": draw(often.maybe("max_order_usd", st.integers(50, 3_000).map(lambda n: n * lot_usd))),
        "max_orders_per_second": draw(often.maybe("max_orders_per_second", st.integers(3, 40))),
        "max_gross_exposure_usd": draw(often.maybe("max_gross_exposure_usd", exposure)),
        "max_net_exposure_usd": draw(often.maybe("max_net_exposure_usd", exposure)),
        "max_fills_per_side": draw(often.maybe("max_fills_per_side", st.integers(2, 6))),
        "fill_window_seconds": draw(st.sampled_from([1.0, 10.0])),
    }


@st.composite
def scenarios(draw: st.DrawFn, *often: str, unruly: bool | None = None) -> Scenario:
    """Draw a desk with two strategies on one market, now and then shortly before midnight."""
    mid_ticks, on = draw(st.integers(2_000, 200_000)), Often(frozenset(often))
    limits = desk_limits(mid_ticks, on)
    return Scenario(
        strategies={name: draw(configs(mid_ticks, on)) for name in STRATEGIES},
        settings=draw(limits if often else st.just({}) | limits),
        mid_ticks=mid_ticks,
        hedge_lots=5 if "hedge_lots" in often else draw(st.sampled_from([1, 1, 5])),
        unruly=draw(on.whether("unruly")) if unruly is None else unruly,
        start_ns=START_NS - draw(st.sampled_from([0, 0, 20, 1_000])) * SECOND,
    )

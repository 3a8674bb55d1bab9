"""Every documented parameter does something: change it alone, and see what the documentation says change."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import START_NS, Bench
from zenotc.engine.views import strategy_view
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import CircuitBreaker, HedgeTriggered, LifecycleEvent
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Amend, Place

D = Decimal
Seen = Any
Look = Callable[..., Seen]


def begun(lots: int = 0, *, seconds: float = 0, asset: str = "BTC", **config: Any) -> Bench:
    """Return a bench at 50 000 with one strategy, started after some seconds, that has bought so many lots."""
    bench = Bench()
    bench.mid(50_000)
    bench.wait(seconds)
    values = {"enabled": True, **config}
    assert bench.done(bench.create(asset=asset, **values))
    bench.answer_all()
    if lots:
        bench.hold(lots, price=100_000)
        bench.answer_all()
        pass_time(bench, 6)
    return bench


def pass_time(bench: Bench, seconds: int) -> None:
    for _ in range(seconds):
        bench.wait(1)
        bench.answer_all()


def prices(bench: Bench) -> tuple[list[int], list[int]]:
    """Return the bids and the asks in ticks of half a dollar, from the inside out."""
    quotes = bench.quotes()
    return [p for side, p, _ in quotes if side == BUY], sorted(p for side, p, _ in quotes if side == SELL)


def sizes(bench: Bench) -> tuple[list[int], list[int]]:
    """Return the sizes of bids and asks in lots of a thousandth."""
    quotes = bench.quotes()
    return [lots for side, _, lots in quotes if side == BUY], [lots for side, _, lots in quotes if side == SELL]


# What is looked at, given a configuration


def quoted(lots: int = 0, **fixed: Any) -> Look:
    return lambda **config: prices(begun(lots, **{**fixed, **config}))


def sized(lots: int = 0, **fixed: Any) -> Look:
    return lambda **config: sizes(begun(lots, **{**fixed, **config}))


def volatile(**config: Any) -> Seen:
    """Return the quotes after a jump of 1 % in an otherwise quiet minute and a half."""
    bench = begun(seconds=60, **{"spread_model": "volatility", "volatility_window_minutes": 1, **config})
    bench.mid(50_500)
    pass_time(bench, 1)
    bench.mid(50_000)
    pass_time(bench, 70)
    bench.mid(50_500)
    pass_time(bench, 6)
    bid, ask = prices(bench)
    return ask[0] - bid[0]


def seconds_to_refresh(**config: Any) -> Seen:
    """Return when a partly filled quote is topped up."""
    bench = begun(**config)
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 300)
    bench.answer_all()
    for second in range(1, 30):
        pass_time(bench, 1)
        if sizes(bench)[0] == [1_000]:
            return second
    return None


def requotes_after(dollars: int, **fixed: Any) -> Look:
    """Return whether a move of the mid is followed at once."""

    def look(**config: Any) -> Seen:
        bench = begun(**{**fixed, **config})
        bench.mid(50_000 + dollars)
        return bool(bench.sent(Amend))

    return look


def amends_at_refresh(**config: Any) -> Seen:
    bench = begun(requote_threshold_bps=100, **config)
    bench.mid(50_010)  # 2 bps
    bench.wait(6)
    return len(bench.sent(Amend))


def fired(**fixed: Any) -> Look:
    """Return which breaker fires after 2 BTC have lost 500 USD each, and what becomes of the strategy."""

    def look(**config: Any) -> Seen:
        bench = begun(2_000, seconds=60, **{**fixed, **config})
        bench.mid(49_500)
        pass_time(bench, 2)
        return [event.breaker for event in bench.of(CircuitBreaker)]

    return look


def position_after_a_breaker(**config: Any) -> Seen:
    hedge: dict[str, Any] = {"auto_hedge_enabled": True, "hedge_threshold": 1, "hedge_target": D("0.5")}
    hedge["hedge_venue"] = "internal"
    bench = begun(900, max_daily_loss=100, **hedge, **config)
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 900, price=101_000)
    assert bench.of(CircuitBreaker)
    for _ in range(4):
        bench.fill_children()
        bench.answer_all()
        bench.wait(6)
    assert bench.strategy().status == "paused"
    return bench.strategy().position


def minutes_until_resumed(**config: Any) -> Seen:
    bench = begun(1_000, max_daily_loss=100, **config)
    bench.mid(49_500)
    bench.answer_all()
    bench.mid(50_000)
    for minute in range(1, 40):
        bench.wait(60)
        if [event for event in bench.of(LifecycleEvent) if event.type == "resumed"]:
            return minute
    return None


def status_after_rejections(**config: Any) -> Seen:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, **config)
    for _ in range(3):
        bench.reject(bench.sent(Place)[0])
        bench.wait(6)
    return bench.strategy().status


def hedged(lots: int = 1_500, *, book: int = 100_000, seconds: int = 200, **fixed: Any) -> Look:
    """Return the hedge's orders as (second, venue, lots) after a fill; the hedge venue bids a tick below `book`."""

    def look(**config: Any) -> Seen:
        values = {
            "auto_hedge_enabled": True, "hedge_threshold": 1, "hedge_target": D("0.5"), "quote_size": 3,
            "hedge_duration_minutes": 2, "base_spread_bps": 40,
        }  # fmt: skip
        bench = begun(**{**values, **fixed, **config})
        bench.books["sandbox-hedge"].set_bid(99_999, 0)
        bench.book(book - 1, 200_000 - book + 1, venue="sandbox-hedge")
        bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, lots)
        children = []
        for second in range(seconds):
            sent = [place for place in bench.sent(Place) if place.time_in_force == "IOC"]
            children += [(second, place.venue, place.quantity_lots) for place in sent]
            bench.fill_children()
            bench.answer_all()
            bench.wait(1)
        return children

    return look


def hedge_triggers(**config: Any) -> Seen:
    hedge = {"auto_hedge_enabled": True, "hedge_threshold": 1, "hedge_target": D("0.5"), "quote_size": 3}
    bench = begun(**{**hedge, **config})
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 1_500)
    return [event.hedge_quantity for event in bench.of(HedgeTriggered)]


def started(**config: Any) -> Seen:
    bench = Bench()
    bench.mid(50_000)
    bench.create(**config)
    return bench.strategy().status


def named(field: str) -> Look:
    def look(**config: Any) -> Seen:
        bench = begun(**config)
        return getattr(strategy_view(bench.engine.state, bench.strategy(), START_NS), field)

    return look


def market_of(**config: Any) -> Seen:
    bench = Bench()
    return type(bench.replies[bench.create(**config)]).__name__


LAYERS = {"quote_layers": 2}
LONG_SKEW = {"skew_factor": 1}
EXTERNAL = "sandbox-hedge"

# parameter, value -> what is seen with it, and what without
TABLE: list[tuple[str, Any, Look, Seen, Seen]] = [
    ("name", "other", named("name"), "other", "maker"),
    ("asset", "DOGE", market_of, "ValidationError", "NoneType"),
    ("enabled", True, started, "active", "stopped"),
    # Spread: 10 bps of 50 000 USD are 50 USD, 100 ticks
    ("base_spread_bps", 20, quoted(), ([99_900], [100_100]), ([99_950], [100_050])),
    (
        "min_spread_bps", 8, quoted(4_000, skew_factor=1, spread_model="inventory"),
        ([99_910], [100_040]), ([99_910], [100_025]),
    ),
    (
        "max_spread_bps", 12, quoted(4_000, skew_factor=1, spread_model="inventory"),
        ([99_940], [100_025]), ([99_910], [100_025]),
    ),
    ("spread_model", "volatility", quoted(), ([99_750], [100_250]), ([99_950], [100_050])),
    ("volatility_multiplier", 2, volatile, 302, 202),
    ("volatility_window_minutes", 30, volatile, 506, 202),
    # Quotes
    ("quote_size", 2, sized(), ([2_000], [2_000]), ([1_000], [1_000])),
    ("min_quote_size", 1, sized(5_000, soft_position_limit=5), ([], [1_000]), ([500], [1_000])),
    (
        "max_quote_size", D("1.2"), sized(layer_size_multiplier=2, **LAYERS),
        ([1_000, 1_200],) * 2, ([1_000, 2_000],) * 2,
    ),
    ("quote_refresh_seconds", 12, seconds_to_refresh, 12, 5),
    ("quote_layers", 3, quoted(), ([99_950, 99_900, 99_850], [100_050, 100_100, 100_150]), ([99_950], [100_050])),
    ("layer_size_multiplier", 2, sized(**LAYERS), ([1_000, 2_000],) * 2, ([1_000, 1_000],) * 2),
    (
        "layer_spacing_bps", 8, quoted(**LAYERS),
        ([99_950, 99_870], [100_050, 100_130]), ([99_950, 99_900], [100_050, 100_100]),
    ),
    ("requote_threshold_bps", 5, requotes_after(15), False, True),
    ("refresh_tolerance_bps", 3, amends_at_refresh, 0, 2),
    # Inventory
    ("max_position", 2, sized(1_500), ([500], [1_000]), ([1_000], [1_000])),
    ("target_position", 2, quoted(2_000, **LONG_SKEW), ([99_950], [100_050]), ([99_930], [100_030])),
    ("skew_factor", 2, quoted(2_000), ([99_910], [100_010]), ([99_950], [100_050])),
    ("skew_model", "exponential", quoted(4_000, **LONG_SKEW), ([99_870], [100_000]), ([99_910], [100_010])),
    (
        "skew_exponent", 1, quoted(4_000, skew_model="exponential", **LONG_SKEW),
        ([99_910], [100_010]), ([99_870], [100_000]),
    ),
    ("skew_step", 3, quoted(4_000, skew_model="step", **LONG_SKEW), ([99_920], [100_020]), ([99_910], [100_010])),
    ("soft_position_limit", 2, sized(6_000), ([250], [1_000]), ([1_000], [1_000])),
    ("position_reduction_factor", D("0.2"), sized(6_000, soft_position_limit=2), ([400], [1_000]), ([250], [1_000])),
    # Risk: 1 000 USD are lost
    ("circuit_breaker_enabled", False, fired(max_daily_loss=900), [], ["daily_loss"]),
    ("max_daily_loss", 900, fired(), ["daily_loss"], []),
    ("max_hourly_loss", 900, fired(), ["hourly_loss"], []),
    ("max_drawdown_percent", 0.15, fired(), ["drawdown"], []),
    ("max_volatility_pause", True, fired(volatility_threshold=0.5, volatility_window_minutes=1), ["volatility"], []),
    (
        "volatility_threshold", 2, fired(max_volatility_pause=True, volatility_window_minutes=1),
        [], ["volatility"],
    ),
    ("capital", 10_000, fired(max_drawdown_percent=5), ["drawdown"], []),
    ("breaker_action", "hedge", position_after_a_breaker, D("0.5"), D("1.8")),
    ("breaker_action", "flatten", position_after_a_breaker, D(0), D("1.8")),
    ("auto_resume_enabled", True, minutes_until_resumed, 30, None),
    ("resume_delay_minutes", 5, lambda **c: minutes_until_resumed(auto_resume_enabled=True, **c), 5, 30),
    ("pause_on_error", False, status_after_rejections, "active", "paused"),
    # Hedging
    ("auto_hedge_enabled", False, hedge_triggers, [], [1]),
    ("hedge_threshold", 2, hedge_triggers, [], [1]),
    ("hedge_target", D("0.2"), hedge_triggers, [D("1.3")], [1]),
    ("hedge_algo", "twap", hedged(), [(s, EXTERNAL, 250) for s in (0, 30, 60, 90)], [(0, EXTERNAL, 1_000)]),
    (
        "hedge_duration_minutes", 1, hedged(hedge_algo="twap"),
        [(0, EXTERNAL, 500), (30, EXTERNAL, 500)], [(s, EXTERNAL, 250) for s in (0, 30, 60, 90)],
    ),
    (
        "hedge_slice_seconds", 60, hedged(hedge_algo="twap"),
        [(0, EXTERNAL, 500), (60, EXTERNAL, 500)], [(s, EXTERNAL, 250) for s in (0, 30, 60, 90)],
    ),
    ("hedge_venue", "internal", hedged(), [(0, "sandbox", 1_000)], [(0, EXTERNAL, 1_000)]),
    ("max_slippage_bps", 5, hedged(book=99_900, seconds=3), [], [(0, EXTERNAL, 1_000)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "value", "look", "changed", "unchanged"),
    [pytest.param(*row, id=f"{row[0]}={row[1]}") for row in TABLE],
)
def test_a_parameter_alone(parameter: str, value: Any, look: Look, changed: Seen, unchanged: Seen) -> None:
    without = UNCHANGED.get(parameter, {})
    assert look(**without) == unchanged
    assert look(**{parameter: value}) == changed


UNCHANGED: dict[str, dict[str, Any]] = {"volatility_threshold": {"volatility_threshold": 0.5}}
"""Where a parameter cannot be left out: what it is compared with."""


def test_no_parameter_is_missing() -> None:
    assert {row[0] for row in TABLE} == StrategyConfig.model_fields.keys()

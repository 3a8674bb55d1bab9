"""Where quotes stand and how large they are: the arithmetic of sections 2 to 4."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from math import fsum, log, sqrt
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.bench import QUOTING, config_of
from zenotc.engine.market import Market
from zenotc.engine.quoting import QuoteInputs, QuoteParameters, Targets, compute_targets
from zenotc.engine.rounding import ceil_steps, floor_steps
from zenotc.engine.skew import skew_bps
from zenotc.engine.volatility import VolatilityWindow
from zenotc.models.market import BUY, SELL, Book, Side


def targets_of(position: str = "0", *, mid: int = 50_000, **changes: Any) -> Targets:
    """Compute at a mid in USD, with a touch a dollar wide."""
    lots = int(Decimal(position) / QUOTING.lot_size)
    book = {"best_bid": 2 * mid - 1, "best_ask": 2 * mid + 1, "sigma": None}
    inputs = {key: changes.pop(key) for key in list(changes) if key in QuoteInputs.__dataclass_fields__}
    parameters = QuoteParameters.of(config_of(**changes), QUOTING)
    return compute_targets(parameters, QuoteInputs(twice_mid_ticks=4 * mid, position_lots=lots, **{**book, **inputs}))


def usd(targets: Targets, side: Side) -> list[tuple[float, float]]:
    """Return price and size of a side, from the inside out."""
    return [
        (float(QUOTING.price(t.price_ticks)), float(QUOTING.quantity(t.quantity_lots)))
        for t in targets.side(side).targets
    ]


WORKED: dict[str, Any] = {
    "min_spread_bps": 5, "max_spread_bps": 50, "skew_factor": 0.5, "quote_size": 1, "quote_layers": 2,
    "layer_size_multiplier": 1.5, "layer_spacing_bps": 5,
}  # fmt: skip


def test_the_worked_example_of_the_fixed_model() -> None:
    targets = targets_of("5", **WORKED)
    assert targets.skew_bps == 2.5
    assert usd(targets, BUY) == [(49_962.5, 1), (49_937.5, 1.5)]
    assert usd(targets, SELL) == [(50_012.5, 1), (50_037.5, 1.5)]


def test_the_worked_example_of_the_inventory_model() -> None:
    targets = targets_of("7", **WORKED, spread_model="inventory")
    assert targets.skew_bps == 3.5
    assert usd(targets, BUY)[0][0] == 49_957.5
    assert usd(targets, SELL)[0][0] == 50_012.5


def test_a_float_within_a_millionth_of_a_step_counts_as_it() -> None:
    assert ceil_steps(50_000 * 1.00025 / 0.5) * 0.5 == 50_012.5
    assert floor_steps(0.3 / 0.1) == 3
    assert floor_steps(2.99) == 2 and ceil_steps(3.01) == 4
    assert floor_steps(-0.5) == -1 and ceil_steps(-0.5) == 0


@pytest.mark.parametrize(
    ("model", "deviation", "expected"),
    [
        ("linear", 5, 2.5),
        ("linear", -5, -2.5),
        ("linear", 0, 0),
        ("exponential", 4, 4.0),
        ("exponential", -4, -4.0),
        ("step", 0.3, 0.15),
        ("step", 0.29, 0.1),
        ("step", -0.29, -0.1),
        ("linear", 1e6, 50),
        ("exponential", -1e300, -50),
    ],
)
def test_skew_models(model: Any, deviation: float, expected: float) -> None:
    assert skew_bps(model, deviation, 0.5, exponent=1.5, step=0.1, bound=50) == pytest.approx(expected)


def test_no_factor_is_no_skew() -> None:
    assert skew_bps("exponential", 1e300, 0, exponent=10, step=1, bound=50) == 0


@pytest.mark.parametrize(
    ("model", "sigma", "width"),
    [
        ("fixed", 3.0, 10),
        ("volatility", None, 50),
        ("volatility", 0.0, 10),
        ("volatility", 0.5, 20),
        ("volatility", 9.0, 50),
    ],
)
def test_width_models(model: str, sigma: float | None, width: float) -> None:
    targets = targets_of(spread_model=model, sigma=sigma, volatility_multiplier=2)
    assert targets.spread_bps == width


def test_layers_stand_further_out_and_grow_within_their_limits() -> None:
    targets = targets_of(quote_layers=5, layer_size_multiplier=2, max_quote_size=5, max_position=100)
    assert [size for _, size in usd(targets, BUY)] == [1, 2, 4, 5, 5]
    assert [price for price, _ in usd(targets, SELL)] == [50_025, 50_050, 50_075, 50_100, 50_125]


def test_layers_on_one_price_are_one_order_of_at_most_the_largest_size() -> None:
    targets = targets_of(quote_layers=5, layer_spacing_bps=0, max_quote_size=3)
    assert usd(targets, BUY) == [(49_975, 3)]


def test_a_quote_steps_back_from_the_foreign_touch() -> None:
    # Short of the target, the skew lifts the bid above the best foreign ask.
    targets = targets_of("-5", skew_factor=2, max_spread_bps=50)
    assert usd(targets, BUY)[0][0] == 50_000
    targets = targets_of("5", skew_factor=2, max_spread_bps=50)
    assert usd(targets, SELL)[0][0] == 50_000


def test_a_quote_keeps_clear_of_another_strategy() -> None:
    targets = targets_of(lowest_own_ask=99_940, highest_own_bid=100_060)
    assert usd(targets, BUY)[0][0] == 49_969.5
    assert usd(targets, SELL)[0][0] == 50_030.5


def test_the_increasing_side_shrinks_past_the_soft_limit() -> None:
    shrunk = targets_of("6", soft_position_limit=5)
    assert usd(shrunk, BUY)[0][1] == pytest.approx(0.5 * 4 / 5)
    assert usd(shrunk, SELL)[0][1] == 1
    at_limit = targets_of("-5", soft_position_limit=5, position_reduction_factor=0.25)
    assert usd(at_limit, SELL)[0][1] == 0.75
    assert usd(targets_of("4.999", soft_position_limit=5), BUY)[0][1] == 1


def test_a_layer_below_the_least_size_is_not_quoted() -> None:
    targets = targets_of("9.5", soft_position_limit=5)
    assert targets.buy.targets == [] and targets.buy.reason == "below_min_size"
    # 1.5 lots would be rounded down to one, which is below the least size.
    odd = targets_of(quote_size=Decimal("0.0015"), min_quote_size=Decimal("0.0015"))
    assert odd.buy.targets == [] and odd.buy.reason == "below_min_size"


def test_the_hard_limit_cuts_outer_layers_first() -> None:
    targets = targets_of("7.5", quote_layers=3)
    assert [size for _, size in usd(targets, BUY)] == [1, 1, 0.5]
    assert [size for _, size in usd(targets, SELL)] == [1, 1, 1]
    committed = targets_of("7.5", quote_layers=3, committed_buy_lots=2000)
    assert [size for _, size in usd(committed, BUY)] == [0.5]
    full = targets_of("10", quote_layers=3)
    assert full.buy.targets == [] and full.buy.reason == "position_limit"


def test_a_position_beyond_the_limit_is_only_reduced() -> None:
    targets = targets_of("2.5", max_position=2, quote_layers=5)
    assert targets.buy.targets == [] and targets.buy.reason == "position_limit"
    assert sum(size for _, size in usd(targets, SELL)) == 2.5


# Volatility


def realised(mids: list[float], window: int) -> float:
    """Sigma by its definition."""
    returns = [log(b / a) for a, b in pairwise(mids)][-window:]
    return 100 * sqrt(fsum(r * r for r in returns) * window / len(returns))


@pytest.mark.parametrize(("seconds", "samples"), [(60, 30), (60, 45), (60, 61), (60, 400), (600, 599), (40, 2_000)])
def test_volatility_follows_its_definition(seconds: int, samples: int) -> None:
    random = Random(samples)
    mids = [50_000.0]
    while len(mids) < samples:
        mids.append(mids[-1] * (1 + random.gauss(0, 1e-4) * random.choice((0, 1, 5))))
    window = VolatilityWindow(seconds)
    for mid in mids:
        window.sample(mid)
    assert window.sigma == pytest.approx(realised(mids, seconds), rel=1e-9)
    assert VolatilityWindow(seconds, mids).sigma == pytest.approx(window.sigma, rel=1e-9)


def test_volatility_is_unknown_below_thirty_samples() -> None:
    window = VolatilityWindow(60, [50_000.0] * 29)
    assert window.sigma is None
    window.sample(50_000.0)
    assert window.sigma == 0


def test_a_window_that_is_opened_late_knows_the_past() -> None:
    market, book = Market(QUOTING), Book(QUOTING, includes_own_orders=False)
    mids = []
    for second in range(100):
        book.clear()
        book.set_bid(100_000 + second * 7 % 13, 1)
        book.set_ask(100_020, 1)
        market.observe(book, second)
        market.sample()
        mids.append(float(market.twice_mid_ticks))
    assert market.sigma(1) == pytest.approx(realised(mids, 60))
    assert market.sigma(30) == pytest.approx(realised(mids, 1800))


# Properties

bps = st.floats(0.01, 300)
lots = st.integers(1, 20_000)


@st.composite
def situations(draw: st.DrawFn) -> tuple[QuoteParameters, QuoteInputs]:
    """Draw a configuration and a market."""
    base = draw(bps)
    size = draw(lots)
    hard = draw(st.integers(1, 100_000))
    lot = QUOTING.lot_size
    config = config_of(
        base_spread_bps=base,
        min_spread_bps=base * draw(st.floats(0.1, 1)),
        max_spread_bps=base * draw(st.floats(1, 10)),
        spread_model=draw(st.sampled_from(["fixed", "volatility", "inventory"])),
        quote_size=size * lot,
        min_quote_size=draw(st.integers(1, size)) * lot,
        max_quote_size=draw(st.integers(size, 4 * size)) * lot,
        max_position=hard * lot,
        target_position=draw(st.integers(-hard, hard)) * lot,
        soft_position_limit=draw(st.none() | st.integers(1, hard - 1).map(lambda n: n * lot)) if hard > 1 else None,
        position_reduction_factor=draw(st.floats(0, 1)),
        skew_model=draw(st.sampled_from(["linear", "exponential", "step"])),
        skew_factor=draw(st.floats(0.001, 20)),
        quote_layers=draw(st.integers(1, 5)),
        layer_size_multiplier=draw(st.floats(0.3, 3)),
        layer_spacing_bps=draw(st.floats(0, 50)),
    )
    best_bid = draw(st.integers(10, 200_000))
    best_ask = best_bid + draw(st.integers(1, 500))
    inputs = QuoteInputs(
        twice_mid_ticks=best_bid + best_ask,
        best_bid=best_bid,
        best_ask=best_ask,
        sigma=draw(st.none() | st.floats(0, 5)),
        position_lots=draw(st.integers(-120_000, 120_000)),
        committed_buy_lots=draw(st.integers(0, 2_000)),
        committed_sell_lots=draw(st.integers(0, 2_000)),
    )
    return QuoteParameters.of(config, QUOTING), inputs


@given(situations())
def test_targets_keep_every_promise(situation: tuple[QuoteParameters, QuoteInputs]) -> None:
    parameters, inputs = situation
    config, q, hard = parameters.config, inputs.position_lots, parameters.hard_lots
    targets = compute_targets(parameters, inputs)
    bids, asks = targets.buy.targets, targets.sell.targets
    assert all(1 <= t.price_ticks < inputs.best_ask for t in bids)
    assert all(t.price_ticks > inputs.best_bid for t in asks)
    assert all(b.price_ticks < a.price_ticks for b in bids for a in asks)
    for side, sign, committed in ((bids, 1, inputs.committed_buy_lots), (asks, -1, inputs.committed_sell_lots)):
        assert len({t.price_ticks for t in side}) == len(side) <= config.quote_layers
        assert all(config.min_quote_size <= QUOTING.quantity(t.quantity_lots) <= config.max_quote_size for t in side)
        total = committed + sum(t.quantity_lots for t in side)
        if side:
            assert total <= (abs(q) if sign * q < -hard else hard - sign * q)


@given(situations())
def test_the_skew_is_never_on_the_wrong_side(situation: tuple[QuoteParameters, QuoteInputs]) -> None:
    parameters, inputs = situation
    config = parameters.config
    skew = compute_targets(parameters, inputs).skew_bps
    deviation = QUOTING.quantity(inputs.position_lots) - config.target_position
    assert skew * float(deviation) >= 0
    assert abs(skew) <= config.max_spread_bps
    if config.skew_model == "linear" and deviation:
        assert skew != 0


@given(situations(), st.integers(-100_000, 100_000))
def test_a_longer_position_never_quotes_higher(
    situation: tuple[QuoteParameters, QuoteInputs], other_position: int
) -> None:
    parameters, inputs = situation
    values = {name: getattr(inputs, name) for name in QuoteInputs.__dataclass_fields__}
    other = QuoteInputs(**{**values, "position_lots": other_position})
    longer, shorter = (inputs, other) if inputs.position_lots >= other_position else (other, inputs)
    here, there = compute_targets(parameters, longer), compute_targets(parameters, shorter)
    for side in (BUY, SELL):
        by_layer = {t.layer: t.price_ticks for t in there.side(side).targets}
        for target in here.side(side).targets:
            if target.layer in by_layer:
                assert target.price_ticks <= by_layer[target.layer]

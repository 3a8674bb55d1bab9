"""Defaults, refusals and updates (section 6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import BASIC, Bench, config_of
from zenotc.exceptions import ValidationError
from zenotc.models.configuration import StrategyConfig
from zenotc.models.events import ConfigChanged
from zenotc.models.orders import Amend, Cancel, Place

DEFAULTS: dict[str, Any] = {
    "enabled": False, "min_spread_bps": 5, "max_spread_bps": 50, "spread_model": "fixed", "volatility_multiplier": 1.0,
    "volatility_window_minutes": 30, "min_quote_size": Decimal("0.1"), "max_quote_size": 5, "quote_refresh_seconds": 5,
    "quote_layers": 1, "layer_size_multiplier": 1.0, "layer_spacing_bps": 5, "requote_threshold_bps": 2.5,
    "refresh_tolerance_bps": 0, "target_position": 0, "skew_factor": 0, "skew_model": "linear", "skew_exponent": 1.5,
    "skew_step": 1, "soft_position_limit": None, "position_reduction_factor": 0.5, "circuit_breaker_enabled": True,
    "max_daily_loss": None, "max_hourly_loss": None, "max_drawdown_percent": None, "capital": None,
    "breaker_action": "hold", "pause_on_error": True, "auto_resume_enabled": False, "resume_delay_minutes": 30,
    "auto_hedge_enabled": False, "hedge_algo": "market", "hedge_duration_minutes": 30, "hedge_slice_seconds": 30,
    "hedge_venue": "external", "max_slippage_bps": 50, "max_volatility_pause": False,
}  # fmt: skip


@pytest.mark.parametrize("name", DEFAULTS)
def test_defaults(name: str) -> None:
    assert getattr(config_of(), name) == DEFAULTS[name]


def test_the_default_of_the_least_size_is_at_least_a_lot() -> None:
    assert config_of(quote_size=Decimal("0.002")).min_quote_size == Decimal("0.001")


def test_the_default_of_the_widest_spread_is_one_that_could_be_given() -> None:
    assert config_of(base_spread_bps=7_803).max_spread_bps == 10_000


@pytest.mark.parametrize("name", ["name", "asset", "base_spread_bps", "quote_size", "max_position"])
def test_what_is_required(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StrategyConfig.build({key: value for key, value in BASIC.items() if key != name})
    assert [item["field"] for item in refused.value.fields] == [name]


HEDGING = {"auto_hedge_enabled": True, "hedge_threshold": 5, "hedge_target": 2}
POSITIVE = [
    "base_spread_bps", "min_spread_bps", "max_spread_bps", "quote_size", "min_quote_size", "max_quote_size",
    "max_position", "soft_position_limit", "skew_step", "volatility_window_minutes", "quote_refresh_seconds",
    "requote_threshold_bps", "max_daily_loss", "max_hourly_loss", "max_drawdown_percent", "volatility_threshold",
    "resume_delay_minutes", "hedge_threshold", "hedge_duration_minutes", "hedge_slice_seconds", "capital",
]  # fmt: skip
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("spred", {"spred": 1}),
    *((name, {name: value}) for name in POSITIVE for value in (0, -1, float("nan"), float("inf"))),
    ("skew_factor", {"skew_factor": -0.1}),
    ("volatility_multiplier", {"volatility_multiplier": -0.1}),
    ("layer_spacing_bps", {"layer_spacing_bps": -1}),
    ("position_reduction_factor", {"position_reduction_factor": -0.01}),
    ("position_reduction_factor", {"position_reduction_factor": 1.01}),
    ("skew_exponent", {"skew_exponent": 0.9}),
    ("target_position", {"target_position": Decimal("NaN")}),
    ("quote_layers", {"quote_layers": 0}),
    ("quote_layers", {"quote_layers": 6}),
    ("quote_layers", {"quote_layers": 1.5}),
    ("spread_model", {"spread_model": "wide"}),
    ("skew_model", {"skew_model": "quadratic"}),
    ("hedge_algo", {"hedge_algo": "pov"}),
    ("hedge_venue", {"hedge_venue": "elsewhere"}),
    ("min_spread_bps", {"min_spread_bps": 11}),
    ("max_spread_bps", {"max_spread_bps": 9}),
    ("min_quote_size", {"min_quote_size": 2}),
    ("max_quote_size", {"max_quote_size": Decimal("0.5")}),
    ("soft_position_limit", {"soft_position_limit": 10}),
    ("soft_position_limit", {"soft_position_limit": 11}),
    ("target_position", {"target_position": Decimal("10.001")}),
    ("target_position", {"target_position": Decimal("-10.001")}),
    ("skew_factor", {"spread_model": "inventory"}),
    ("hedge_threshold", {"auto_hedge_enabled": True, "hedge_target": 2}),
    ("hedge_target", {"auto_hedge_enabled": True, "hedge_threshold": 5}),
    ("hedge_target", {**HEDGING, "hedge_target": 5}),
    ("hedge_threshold", {**HEDGING, "hedge_threshold": 10}),
    ("target_position", {**HEDGING, "target_position": 3}),
    ("volatility_threshold", {"max_volatility_pause": True}),
    ("quote_size", {"quote_size": Decimal("0.0009")}),
    ("min_quote_size", {"min_quote_size": Decimal("0.0009")}),
    ("max_position", {"max_position": Decimal("0.0009")}),
]


@pytest.mark.parametrize(("field", "changes"), REFUSED, ids=[f"{f}-{i}" for i, (f, _) in enumerate(REFUSED)])
def test_what_is_refused_names_the_field_and_the_reason(field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        config_of(**changes)
    assert field in [item["field"] for item in refused.value.fields]
    assert all(item["reason"] for item in refused.value.fields)


@pytest.mark.parametrize(
    "changes",
    [
        {"min_spread_bps": 10, "max_spread_bps": 10},
        {"min_quote_size": 1, "max_quote_size": 1},
        {"base_spread_bps": 0.05},
        {"target_position": -10},
        {"spread_model": "inventory", "skew_factor": 0.1},
        {**HEDGING, "hedge_target": 0},
        {"quote_layers": 5, "position_reduction_factor": 1, "soft_position_limit": Decimal("9.999")},
        {"hedge_target": 9, "hedge_threshold": 1},
    ],
)
def test_what_is_welcome(changes: dict[str, Any]) -> None:
    config_of(**changes)


def test_an_unknown_asset_is_refused() -> None:
    bench = Bench()
    error = bench.error(bench.create(asset="DOGE"))
    assert isinstance(error, ValidationError) and error.fields[0]["field"] == "asset"
    assert not bench.engine.state.strategies


def test_a_limit_of_many_digits_is_a_limit() -> None:
    bench = Bench()
    bench.mid(50_000)
    assert bench.done(bench.create(max_position=Decimal(10) ** 29))


def test_derived_defaults_follow_an_update() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(max_spread_bps=80)
    assert bench.done(bench.update(base_spread_bps=20))
    config = bench.strategy().config
    assert (config.min_spread_bps, config.max_spread_bps, config.layer_spacing_bps) == (10, 80, 10)
    changes = bench.of(ConfigChanged)[-1].changes
    assert changes["base_spread_bps"] == {"old": 10, "new": 20}
    assert changes["min_spread_bps"] == {"old": 5, "new": 10}
    assert "max_spread_bps" not in changes


def test_a_refused_update_changes_nothing() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create()
    before = bench.strategy().config
    for changes in ({"asset": "ETH"}, {"enabled": True}, {"max_spread_bps": 1, "quote_size": 2}, {"nonsense": 1}):
        assert isinstance(bench.error(bench.update(**changes)), ValidationError)
    assert bench.strategy().config == before
    assert not bench.of(ConfigChanged)


def test_an_update_shows_at_the_refresh_and_keeps_the_places_that_fit() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, quote_layers=2)
    bench.answer_all()
    bench.update(layer_spacing_bps=8)
    assert not bench.requests
    bench.wait(5)
    amended = bench.sent(Amend)
    assert sorted(bench.engine.state.orders[a.client_order_id].layer or 0 for a in amended) == [1, 1]
    assert not bench.sent(Place) and not bench.sent(Cancel)


def test_an_update_without_a_difference_is_not_an_event() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create()
    bench.update(base_spread_bps=10)
    assert not bench.of(ConfigChanged)

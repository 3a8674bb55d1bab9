"""A preview is what an update would lead to now: the same orders stay, move, go and come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import Bench, config_of
from zenotc.engine.preview import preview_new_view, preview_view
from zenotc.engine.views import side_reasons
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Amend, Cancel, Place
from zenotc.models.quotes import Preview

D = Decimal


def quoting(settings: dict[str, Any] | None = None, **config: Any) -> Bench:
    """Return a bench at 50 000 USD with a strategy that quotes three layers a side, at 5, 10 and 15 bps."""
    bench = Bench(**settings or {})
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **{"quote_layers": 3, **config}))
    bench.answer_all()
    bench.wait(5)
    bench.answer_all()
    return bench


def preview_of(bench: Bench, **changes: Any) -> Preview:
    return preview_view(bench.engine.state, bench.strategy(), changes, bench.now_ns)


def new_config(**config: Any) -> Preview:
    bench = Bench(price_collar_bps=7, max_gross_exposure_usd=D(60_000))
    bench.mid(50_000)
    return preview_new_view(bench.engine.state, config_of(**config), bench.now_ns)


def four_lists(preview: Preview) -> tuple[list[str], list[str], list[str], list[tuple[Any, ...]]]:
    placed = [(quote.side, quote.price, quote.quantity) for quote in preview.placed]
    return sorted(preview.kept), sorted(preview.amended), sorted(preview.cancelled), sorted(placed)


CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], tuple[int, int, int, int]]] = {
    "nothing": ({}, {}, (6, 0, 0, 0)),
    "a smaller spacing": ({}, {"layer_spacing_bps": 4}, (2, 4, 0, 0)),
    "fewer layers": ({}, {"quote_layers": 2}, (4, 0, 2, 0)),
    "more layers": ({}, {"quote_layers": 4}, (6, 0, 0, 2)),
    "inside the collar": ({"price_collar_bps": 16}, {"quote_layers": 5}, (6, 0, 0, 0)),
    "partly beyond the collar": ({"price_collar_bps": 16}, {"layer_spacing_bps": 10}, (4, 0, 2, 0)),
    "wholly beyond the collar": ({"price_collar_bps": 16}, {"base_spread_bps": 40}, (0, 0, 6, 0)),
    "a resize above the largest order": ({"max_order_usd": D(60_000)}, {"quote_size": 2}, (6, 0, 0, 0)),
    "a move at a size above the largest order": (
        {"max_order_usd": D(60_000)}, {"quote_size": 2, "base_spread_bps": 12}, (0, 0, 6, 0),
    ),
    "a layer beyond the exposure": ({"max_gross_exposure_usd": D(210_000)}, {"quote_layers": 5}, (6, 0, 0, 2)),
    "a resize beyond the exposure": ({"max_net_exposure_usd": D(175_000)}, {"quote_size": D("1.2")}, (2, 4, 0, 0)),
    "a breaker that cannot see": (
        {}, {"max_volatility_pause": True, "volatility_threshold": 1, "volatility_window_minutes": 60}, (0, 0, 6, 0),
    ),
    "a breaker that fires at once": ({}, {"max_daily_loss": D("0.001")}, (0, 0, 6, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("settings", "changes", "counts"), CHANGES.values(), ids=CHANGES.keys())
def test_the_four_lists_are_what_the_update_then_does(
    settings: dict[str, Any], changes: dict[str, Any], counts: tuple[int, int, int, int]
) -> None:
    bench = quoting(settings)
    if "max_daily_loss" in changes:
        bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 100, price=101_000)
        bench.wait(5)
        bench.answer_all()
    lists = four_lists(preview_of(bench, **changes))
    assert tuple(map(len, lists)) == counts
    before = {order.client_order_id for order in bench.strategy().live_quotes()}
    bench.requests.clear()
    bench.update(**changes)
    bench.wait(5)
    amended = sorted(request.client_order_id for request in bench.sent(Amend))
    cancelled = sorted(request.client_order_id for request in bench.sent(Cancel))
    instrument = bench.strategy().market.instrument
    placed = [
        (p.side, instrument.price(p.price_ticks), instrument.quantity(p.quantity_lots)) for p in bench.sent(Place)
    ]
    kept = sorted(before.difference(amended, cancelled))
    assert lists == (kept, amended, cancelled, sorted(placed))


@pytest.mark.parametrize(
    "changes",
    [{"base_spread_bps": 40}, {"quote_layers": 2}, {"max_volatility_pause": True, "volatility_threshold": 1}],
)
def test_targets_sides_and_the_worst_case_are_those_of_the_update(changes: dict[str, Any]) -> None:
    bench = quoting({"price_collar_bps": 16})
    preview = preview_of(bench, **changes)
    bench.update(**changes)
    bench.wait(5)
    bench.answer_all()
    instrument = bench.strategy().market.instrument
    quoted = [(side, instrument.price(price), instrument.quantity(lots)) for side, price, lots in bench.quotes()]
    assert sorted((t.side, t.price, t.quantity) for t in preview.targets) == sorted(quoted)
    assert preview.sides == side_reasons(bench.engine.state, bench.strategy())
    assert preview.worst_case_long == sum(quantity for side, _, quantity in quoted if side == BUY)
    assert -preview.worst_case_short == sum(quantity for side, _, quantity in quoted if side == SELL)


def test_an_order_that_may_not_grow_stays_as_it_is() -> None:
    preview = preview_of(quoting({"max_order_usd": D(60_000)}), quote_size=2)
    assert preview.worst_case_long == 3 and {target.quantity for target in preview.targets} == {1}
    assert preview.sides == {BUY: "quoting", SELL: "quoting"}


def test_a_stalled_journal_lets_nothing_quote() -> None:
    bench = quoting()
    bench.take(bench.engine.on_journal(True, bench.now_ns))
    preview = preview_of(bench)
    assert not preview.targets and len(preview.cancelled) == 6
    assert preview.sides == {BUY: "error", SELL: "error"}


def test_a_strategy_that_is_stopped_is_looked_at_as_its_start_would_find_it() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(max_drawdown_percent=5)
    preview = preview_of(bench)
    assert len(preview.placed) == 2 and preview.sides == {BUY: "stopped", SELL: "stopped"}
    assert bench.strategy().curve.capital is None, "nothing is done"
    preview_of(bench, capital=1_000_000)
    assert bench.strategy().config.capital is None and bench.strategy().curve.capital is None


def test_a_new_strategy_is_held_to_the_limits_too() -> None:
    inside = new_config(max_drawdown_percent=5)
    assert [target.layer for target in inside.targets] == [0, 0]
    assert inside.sides == {BUY: "quoting", SELL: "quoting"}
    assert new_config(base_spread_bps=20).sides == {BUY: "risk_limit", SELL: "risk_limit"}
    assert not new_config(quote_size=2).targets, "2 BTC are beyond the exposure"
    assert new_config(max_volatility_pause=True, volatility_threshold=1).sides == {
        BUY: "measure_unknown", SELL: "measure_unknown",
    }  # fmt: skip

"""The market hedge (section 10)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import Bench
from zenotc.models.events import ErrorOccurred, HedgeCompleted, HedgeFilled, HedgeTriggered
from zenotc.models.orders import OrderCancelled, Place


def hedging(venue: str, lots: int = 3_000, **config: Any) -> Bench:
    """Return a bench whose strategy has just come beyond its threshold."""
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, auto_hedge_enabled=True, hedge_threshold=2, hedge_target=1, hedge_venue=venue, **config)
    bench.hold(lots)
    return bench


def children(bench: Bench) -> list[Place]:
    return [place for place in bench.sent(Place) if place.time_in_force == "IOC"]


@pytest.mark.parametrize(("venue", "where"), [("internal", "sandbox"), ("external", "sandbox-hedge")])
@pytest.mark.parametrize(("lots", "side"), [(3_000, "sell"), (-3_000, "buy")])
def test_a_market_hedge_trades_back_to_its_target(venue: str, where: str, lots: int, side: str) -> None:
    bench = hedging(venue, lots)
    bench.wait(1)
    (child,) = children(bench)
    assert (child.venue, child.side, child.quantity_lots, child.post_only) == (where, side, 2_000, False)
    bound = 100_000 * (1 - 0.005 if side == "sell" else 1 + 0.005)
    assert child.price_ticks >= bound if side == "sell" else child.price_ticks <= bound
    bench.fill_children()
    assert abs(bench.strategy().position) == 1
    triggered, completed = bench.of(HedgeTriggered), bench.of(HedgeCompleted)
    assert [(t.hedge_quantity, t.side, t.hedge_venue) for t in triggered] == [(2, side, venue)]
    assert [(c.hedge_quantity, c.filled_quantity) for c in completed] == [(2, 2)]
    assert {event.reason for event in bench.of(HedgeFilled)} == {"hedge"}


def test_both_takes_the_better_price_and_splits_where_it_is_not_deep_enough() -> None:
    bench = hedging("both", 1_900)
    bench.answer_all()
    bench.book(99_999, 100_001, lots=5_000)
    bench.book(100_000, 100_002, lots=500, venue="sandbox-hedge")
    bench.hold(3_000)
    bench.wait(1)
    asked = {child.venue: child.quantity_lots for child in children(bench)}
    assert asked == {"sandbox-hedge": 500, "sandbox": 1_500}


def test_pause_stops_the_hedge_and_keeps_the_position() -> None:
    bench = hedging("external")
    bench.pause()
    bench.answer_all()
    bench.wait(40)
    assert not bench.sent(Place) and bench.strategy().position == 3


def test_a_flatten_counts_what_a_hedge_has_sent() -> None:
    bench = hedging("external")
    bench.wait(1)
    (hedge,) = children(bench)
    command = bench.stop(flatten=True)
    bench.requests.clear()
    for order in list(bench.strategy().live_quotes()):
        bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, order.remaining_lots, "requested"))
    assert sum(child.quantity_lots for child in children(bench)) <= 1_000
    bench.fill(hedge.client_order_id)
    for _ in range(3):
        bench.fill_children()
        bench.wait(1)
    assert bench.done(command) and bench.strategy().position == 0


def test_switching_hedging_off_ends_a_hedge_under_way() -> None:
    bench = hedging("external", hedge_algo="twap", hedge_duration_minutes=10, hedge_slice_seconds=30)
    bench.wait(1)
    bench.fill_children()
    traded = bench.strategy().position
    assert bench.done(bench.update(auto_hedge_enabled=False))
    bench.wait(120)
    assert bench.strategy().position == traded and not children(bench) and bench.strategy().plan is None
    (completed,) = bench.of(HedgeCompleted)
    assert completed.filled_quantity == 3 - traded


def test_a_hedge_under_way_follows_another_target() -> None:
    bench = hedging("external", hedge_algo="twap", hedge_duration_minutes=1, hedge_slice_seconds=10)
    bench.update(hedge_target=Decimal("0.5"))
    for _ in range(70):
        bench.wait(1)
        bench.fill_children()
    assert bench.strategy().position == Decimal("0.5")
    assert len(bench.of(HedgeTriggered)) == len(bench.of(HedgeCompleted)) == 1


def test_a_raised_threshold_lets_the_hedge_end_and_a_lowered_one_begins_another() -> None:
    bench = hedging("external", 1_900)
    bench.update(hedge_threshold=Decimal("1.5"))
    bench.wait(6)
    (child,) = children(bench)
    assert child.quantity_lots == 900
    bench.update(hedge_threshold=5)
    bench.fill_children()
    assert bench.strategy().position == 1 and bench.strategy().plan is None


def unhedged(bench: Bench) -> int:
    return sum(error.code == "UNHEDGED" for error in bench.of(ErrorOccurred))


def test_what_is_unhedged_is_told_every_minute_while_it_should_be_hedged() -> None:
    bench = hedging("external")
    bench.wait(190)
    assert unhedged(bench) == 3


def test_what_a_pause_leaves_unhedged_is_told_once() -> None:
    bench = hedging("external")
    order = next(bench.strategy().live_quotes("buy"))
    bench.pause()
    bench.wait(190)
    assert unhedged(bench) == 1
    bench.fill(order.client_order_id, 1)
    bench.wait(190)
    assert unhedged(bench) == 2

"""Limits over the whole desk: what each denies, how it is told, and that nothing which reduces risk is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import SECOND, Bench
from zenotc.engine.views import side_reasons
from zenotc.exceptions import StrategyError
from zenotc.models.events import ErrorOccurred, LifecycleEvent
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Amend, Cancel, Place

D = Decimal


def quoting(settings: dict[str, Any], **config: Any) -> Bench:
    """Return a bench with one strategy at 50 000 USD that was started under such limits."""
    bench = Bench(**settings)
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **config))
    bench.answer_all()
    return bench


def sides(bench: Bench, strategy_id: str = "s") -> dict[str, str]:
    return {str(side): reason for side, reason in side_reasons(bench.engine.state, bench.strategy(strategy_id)).items()}


def denials(bench: Bench) -> list[tuple[str | None, str]]:
    return [(event.strategy_id, event.reason) for event in bench.of(ErrorOccurred)]


def refresh(bench: Bench, times: int = 1) -> None:
    for _ in range(times):
        bench.wait(5)
        bench.answer_all()


# Price collar


def test_the_collar_denies_what_is_too_far_from_the_mid() -> None:
    bench = quoting({"price_collar_bps": 7}, quote_layers=2)  # layers at 5 and 10 bps
    assert [layer for _, layer, _ in bench.quotes()] == [99_950, 100_050]
    assert sorted(denials(bench)) == [
        ("s", "PRICE_COLLAR: price=49950.0, mid=50000.00, bps=10.00, limit=7.0"),
        ("s", "PRICE_COLLAR: price=50050.0, mid=50000.00, bps=10.00, limit=7.0"),
    ]
    assert [event.code for event in bench.of(ErrorOccurred)] == ["PRICE_COLLAR"] * 2
    refresh(bench, 5)
    assert len(denials(bench)) == 2, "told once"
    assert sides(bench) == {BUY: "quoting", SELL: "quoting"}


def test_a_side_without_a_quote_says_that_it_is_a_limit() -> None:
    bench = quoting({"price_collar_bps": 3})
    assert not bench.quotes()
    assert sides(bench) == {BUY: "risk_limit", SELL: "risk_limit"}
    bench.update(base_spread_bps=4)
    refresh(bench)
    assert sides(bench) == {BUY: "quoting", SELL: "quoting"}
    bench.update(base_spread_bps=10)
    refresh(bench)
    assert len(denials(bench)) == 4, "told again after it was inside"
    assert not bench.quotes(), "what may not go where it should be does not stay where it is"


# Order size


def test_a_quote_beyond_the_largest_order_is_denied() -> None:
    bench = quoting({"max_order_usd": D(50_010)})
    assert [side for side, _, _ in bench.quotes()] == [BUY], "1 BTC at 49 975 fits, at 50 025 it does not"
    assert denials(bench) == [("s", "ORDER_SIZE: notional=50025.0000, limit=50010")]
    assert sides(bench) == {BUY: "quoting", SELL: "risk_limit"}


@pytest.mark.parametrize("flatten", [False, True])
def test_what_reduces_is_split_at_the_largest_order(flatten: bool) -> None:
    hedge = {"auto_hedge_enabled": True, "hedge_threshold": 2, "hedge_target": 0}
    bench = quoting({"max_order_usd": D(50_100)}, **({} if flatten else hedge))
    while bench.strategy().position_lots < 2_500:
        bid = next(bench.strategy().live_quotes(BUY))
        bench.fill(bid.client_order_id, min(bid.remaining_lots, 2_500 - bench.strategy().position_lots))
        if not bench.strategy().plan:
            bench.answer_all()
    if flatten:
        bench.stop(flatten=True)
        for cancel in bench.sent(Cancel):
            bench.requests.remove(cancel)
            bench._cancelled(cancel.venue, cancel.client_order_id, "requested")
    children = [place for place in bench.sent(Place) if place.time_in_force == "IOC"]
    assert sum(place.quantity_lots for place in children) == 2_500
    assert max(place.quantity_lots for place in children) <= 1_002
    assert len(children) == 3
    assert not denials(bench)


HEDGE_TO_ZERO: dict[str, Any] = {"auto_hedge_enabled": True, "hedge_threshold": 2, "hedge_target": 0}


def children(bench: Bench) -> list[Place]:
    return [place for place in bench.sent(Place) if place.time_in_force == "IOC"]


def reducing(settings: dict[str, Any], lots: int, *, flatten: bool, asks_bps: float, **config: Any) -> Bench:
    """Return a bench that has to trade so many lots on a book whose touch is so far from its mid of 50 000 USD."""
    bench = quoting(settings, max_slippage_bps=100, **({} if flatten else HEDGE_TO_ZERO), **config)
    away = round(asks_bps * 10)
    for venue in bench.books if not flatten else ():
        bench.book(100_000 - away, 100_000 + away, venue=venue)
    side = BUY if lots > 0 else SELL
    while abs(bench.strategy().position_lots) < abs(lots):
        quote = next(bench.strategy().live_quotes(side))
        left = abs(lots) - abs(bench.strategy().position_lots)
        bench.fill(quote.client_order_id, min(quote.remaining_lots, left))
        if bench.strategy().plan is None:
            bench.answer_all()
    if flatten:
        bench.book(100_000 - away, 100_000 + away)
        bench.stop(flatten=True)
        for cancel in bench.sent(Cancel):
            bench.requests.remove(cancel)
            bench._cancelled(cancel.venue, cancel.client_order_id, "requested")
    return bench


@pytest.mark.parametrize("lots", [2_500, -2_500])
@pytest.mark.parametrize("flatten", [False, True])
def test_no_child_is_worth_more_than_the_largest_order_at_its_own_price(lots: int, flatten: bool) -> None:
    bench = reducing({"max_order_usd": D(60_000)}, lots, flatten=flatten, asks_bps=40)
    sent = children(bench)
    assert sum(child.quantity_lots for child in sent) == 2_500
    worth = [child.quantity_lots * D("0.001") * child.price_ticks * D("0.5") for child in sent]
    assert max(worth) <= 60_000 < max(worth) + 60, "one lot more would be too much"
    assert not denials(bench)


@pytest.mark.parametrize("lots", [2_500, -2_500])
@pytest.mark.parametrize("flatten", [False, True])
def test_what_reduces_reaches_no_farther_than_the_collar_and_is_not_refused(lots: int, flatten: bool) -> None:
    bench = reducing({"price_collar_bps": 30}, lots, flatten=flatten, asks_bps=31)
    assert not children(bench)
    assert {reason.partition(":")[0] for _, reason in denials(bench)} == {"NO_LIQUIDITY"}
    assert all("within_bps=30.0" in reason for _, reason in denials(bench))
    for venue in bench.books:
        bench.book(100_000 - 300, 100_000 + 300, venue=venue)
    bench.wait(2)
    assert sum(child.quantity_lots for child in children(bench)) == 2_500
    assert {child.price_ticks for child in children(bench)} == {99_700 if lots > 0 else 100_300}


# Orders per second


def test_orders_per_second_leave_a_share_for_cancels() -> None:
    bench = quoting({"max_orders_per_second": 10, "cancel_reserve": 0.5}, quote_layers=4)
    assert len(bench.quotes()) == 5, "of eight, half of ten"
    assert denials(bench)[0][1].startswith("ORDER_RATE: sent=5, limit=5")
    bench.wait(1.1)
    bench.mid(50_100)  # everything should move
    assert len(bench.sent(Amend)) + len(bench.sent(Place)) <= 5
    bench.pause()
    assert {c.client_order_id for c in bench.sent(Cancel)} == set(bench.strategy().orders), "cancels always leave"


def test_the_rate_holds_in_any_second() -> None:
    bench = Bench(max_orders_per_second=8, cancel_reserve=0.25)
    bench.mid(50_000)
    for name in ("a", "b", "c"):
        bench.create(name, enabled=True, quote_layers=2, quote_refresh_seconds=0.3)
    entries: list[int] = []
    for tenth in range(100):
        if tenth % 2:
            bench.mid(50_000 + (tenth % 4) * 50)
        entries += [bench.now_ns for request in bench.requests if isinstance(request, Place | Amend)]
        bench.answer_all()
        bench.wait(0.1)
    assert len(entries) > 30
    for start in entries:
        assert sum(start <= when < start + SECOND for when in entries) <= 6


def test_a_throttled_side_says_so_and_comes_back_by_itself() -> None:
    bench = quoting({"max_orders_per_second": 1, "cancel_reserve": 0})
    assert len(bench.quotes()) == 1
    assert sorted(sides(bench).values()) == ["quoting", "throttled"]
    refresh(bench, 2)
    assert sides(bench) == {BUY: "quoting", SELL: "quoting"}


def test_hedges_pass_the_rate() -> None:
    hedge = {"auto_hedge_enabled": True, "hedge_threshold": D("0.5"), "hedge_target": 0}
    bench = quoting({"max_orders_per_second": 2, "cancel_reserve": 0}, **hedge)
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id)
    assert [place.quantity_lots for place in bench.sent(Place) if place.time_in_force == "IOC"] == [1_000]


# Exposure


def test_gross_exposure_counts_every_strategy_and_everything_that_could_fill() -> None:
    bench = quoting({"max_gross_exposure_usd": D(110_000)})  # 2.2 BTC
    bench.create("t", enabled=True)
    bench.answer_all()
    assert len(bench.quotes("s")) == len(bench.quotes("t")) == 2
    bench.create("u", enabled=True)
    bench.answer_all()
    assert not bench.quotes("u")
    assert denials(bench) == [
        ("u", "GROSS_EXPOSURE: asset=BTC, short=150000.00000, limit=110000"),
        ("u", "GROSS_EXPOSURE: asset=BTC, long=150000.00000, limit=110000"),
    ]
    assert sides(bench, "u") == {BUY: "risk_limit", SELL: "risk_limit"}
    refresh(bench, 3)
    assert len(denials(bench)) == 2


def test_what_reduces_passes_only_as_far_as_the_position_goes() -> None:
    bench = quoting({"max_gross_exposure_usd": D(60_000)}, quote_layers=3, quote_size=D("0.4"))  # 1.2 BTC
    bench.hold(800)
    bench.pause()
    bench.answer_all()
    bench.mid(80_000)  # 0.8 BTC are above the limit now
    assert bench.done(bench.resume())
    refresh(bench)
    sells = [lots for side, _, lots in bench.quotes() if side == SELL]
    assert sells == [400, 400], "the third layer would open a short position"


def test_net_exposure_lets_positions_offset_each_other() -> None:
    bench = quoting({"max_net_exposure_usd": D(110_000)})
    bench.create("t", enabled=True)
    bench.answer_all()
    bench.fill(next(bench.strategy("s").live_quotes(BUY)).client_order_id)
    refresh(bench)
    # Long 1: two bids of 1 would make 3, and only one fits.
    assert sorted(side for name in "st" for side, _, _ in bench.quotes(name)) == [BUY, SELL, SELL]
    bench.fill(next(bench.strategy("t").live_quotes(SELL)).client_order_id)
    refresh(bench, 2)
    assert sorted(side for name in "st" for side, _, _ in bench.quotes(name)) == [BUY, BUY, SELL, SELL]


def test_the_side_that_reduces_is_never_refused_for_exposure() -> None:
    bench = quoting({"max_gross_exposure_usd": D(60_000), "max_net_exposure_usd": D(60_000)})
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id)
    bench.mid(70_000)  # 1 BTC is now beyond the limit
    bench.answer_all()
    refresh(bench)
    assert [side for side, _, _ in bench.quotes()] == [SELL]
    assert sides(bench) == {BUY: "risk_limit", SELL: "quoting"}
    bench.stop(flatten=True)
    bench.answer_all()
    bench.wait(2)
    bench.fill_children()
    assert bench.strategy().position == 0


# Fills


def test_many_fills_on_one_side_pause_for_a_person() -> None:
    settings = {"max_fills_per_side": 3, "fill_window_seconds": 10.0}
    bench = quoting(settings, auto_resume_enabled=True, resume_delay_minutes=1)
    for seconds in (0, 4, 7):  # three within eleven seconds, no three within ten
        bench.wait(seconds)
        bench.answer_all()
        bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 100)
    bench.fill(next(bench.strategy().live_quotes(SELL)).client_order_id, 100)
    assert bench.strategy().status == "active"
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 100)
    assert bench.strategy().status == "paused"
    assert denials(bench) == [("s", "FILL_THROTTLE: side=buy, fills=3, window_seconds=10")]
    assert sides(bench) == {BUY: "throttled", SELL: "throttled"}
    bench.answer_all()
    assert not bench.quotes()
    bench.wait(600)
    assert bench.strategy().status == "paused"
    assert isinstance(bench.error(bench.start()), StrategyError)
    assert bench.done(bench.resume())
    assert bench.of(LifecycleEvent)[-1].operator == "ann"


def test_fills_of_a_flatten_are_not_counted() -> None:
    bench = quoting({"max_fills_per_side": 2, "fill_window_seconds": 60.0})
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, 900)
    bench.stop(flatten=True)
    bench.answer_all()
    bench.wait(2)
    (child,) = [place for place in bench.sent(Place) if place.time_in_force == "IOC"]
    bench.accept(child)
    for _ in range(3):
        bench.fill(child.client_order_id, 300)
    assert bench.strategy().status == "stopped"
    assert not [reason for _, reason in denials(bench) if "THROTTLE" in reason]


def test_without_settings_nothing_is_denied() -> None:
    bench = quoting({}, quote_layers=5, quote_size=2, max_position=1_000, layer_spacing_bps=300)
    bench.mid(60_000)
    refresh(bench, 3)
    assert len(bench.quotes()) == 10
    assert not denials(bench)

"""The life of a strategy: section 7, cell by cell."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import Bench
from zenotc.engine.lifecycle import TRANSITIONS, Trigger
from zenotc.exceptions import (
    CircuitBreakerError,
    InsufficientMarginError,
    NotFoundError,
    PositionLimitError,
    StrategyError,
)
from zenotc.models.events import CircuitBreaker, EmergencyStop, ErrorOccurred, LifecycleEvent, QuoteCancelled
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import (
    Amend,
    AmendRejected,
    Cancel,
    CancelAll,
    CancelledAll,
    Fill,
    FillHistory,
    OpenOrder,
    OpenOrders,
    OrderAccepted,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderUnknown,
    Place,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
)
from zenotc.models.strategy import Status

D = Decimal


def active(**config: Any) -> Bench:
    """Return a bench with one strategy that quotes."""
    bench = Bench()
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **config))
    bench.answer_all()
    return bench


def in_status(status: Status, **config: Any) -> Bench:
    """Return a bench with one strategy in a status, nothing of it resting unless it is active."""
    bench = active(**config)
    if status != "active":
        (bench.pause if status == "paused" else bench.stop)()
        bench.answer_all()
    assert bench.strategy().status == status
    return bench


COMMANDS = ("start", "pause", "resume", "stop")
CELLS: dict[tuple[str, Status], Status | type[StrategyError]] = {
    ("start", "stopped"): "active",
    ("start", "active"): "active",
    ("start", "paused"): StrategyError,
    ("pause", "stopped"): StrategyError,
    ("pause", "active"): "paused",
    ("pause", "paused"): "paused",
    ("resume", "stopped"): StrategyError,
    ("resume", "active"): "active",
    ("resume", "paused"): "active",
    ("stop", "stopped"): "stopped",
    ("stop", "active"): "stopped",
    ("stop", "paused"): "stopped",
}


@pytest.mark.parametrize(("command", "status"), CELLS)
def test_every_cell_of_the_table(command: str, status: Status) -> None:
    bench = in_status(status)
    expected = CELLS[command, status]
    events = len(bench.of(LifecycleEvent))
    command_id = getattr(bench, command)()
    bench.answer_all()
    if isinstance(expected, str):
        assert bench.done(command_id)
        assert bench.strategy().status == expected
    else:
        error = bench.error(command_id)
        assert type(error) is expected
        assert bench.strategy().status == status
        if command in ("start", "resume"):
            assert ("resume" if command == "start" else "start") in error.message
    told = bench.of(LifecycleEvent)[events:]
    changed = isinstance(expected, str) and expected != status
    assert len(told) == changed
    assert all(event.operator == "ann" for event in told)
    assert bool(bench.quotes()) == (bench.strategy().status == "active")


def test_the_table_knows_every_trigger_in_every_status() -> None:
    missing = {(t, s) for t in Trigger for s in ("stopped", "active", "paused")} - TRANSITIONS.keys()
    # A flatten leaves `active` before it trades, and nothing can start while it does.
    assert missing == {(Trigger.FLATTENED, "active")}


@pytest.mark.parametrize("status", ["stopped", "active", "paused"])
def test_stop_with_flatten_from_every_status(status: Status) -> None:
    bench = active()
    bench.hold(2_500)
    if status != "active":
        (bench.pause if status == "paused" else bench.stop)()
    bench.answer_all()
    command = bench.stop(flatten=True)
    for _ in range(4):
        for cancel in bench.sent(Cancel):
            assert not bench.sent(Place), "cancel first"
            bench.requests.remove(cancel)
            bench.report(OrderCancelled("sandbox", "BTC", cancel.client_order_id, 1000, "requested"))
        bench.fill_children()
        bench.wait(1)
    assert bench.done(command)
    assert bench.strategy().position == 0
    assert bench.strategy().status == "stopped"


def test_flatten_of_a_flat_strategy_stops_it() -> None:
    bench = active()
    command = bench.stop(flatten=True)
    bench.answer_all()
    assert bench.done(command) and bench.strategy().status == "stopped"


def test_a_flatten_is_bounded_and_gives_up_after_its_deadline() -> None:
    bench = active(max_slippage_bps=20)
    bench.hold(1_000)
    bench.book(99_000, 100_000)  # the best bid is 50 bps below the mid
    command = bench.stop(flatten=True)
    bench.answer_all()
    bench.wait(10)
    assert not bench.done(command)
    bench.book(99_999, 100_001, lots=300)
    bench.wait(2)
    child = bench.pop(Place)
    assert (child.side, child.quantity_lots, child.time_in_force) == ("sell", 300, "IOC")
    assert child.price_ticks >= 100_000 * (1 - 0.002)
    bench.report(OrderAccepted("sandbox", "BTC", child.client_order_id, "v"))
    bench.fill(child.client_order_id)
    bench.book(99_999, 100_001, lots=1)
    bench.wait(1, alive=False)
    for _ in range(30):
        bench.answer_all()
        bench.wait(1)
    assert bench.done(command)
    assert bench.strategy().status == "stopped"
    assert D(0) < bench.strategy().position <= D("0.7")
    assert bench.of(ErrorOccurred)[-1].code == "FLATTEN_INCOMPLETE"


def test_a_flatten_without_a_usable_book_sends_nothing() -> None:
    bench = active()
    bench.hold(1_000)
    bench.answer_all()
    bench.wait(6, alive=False)
    bench.answer_all()
    command = bench.stop(flatten=True)
    bench.wait(29, alive=False)
    assert not bench.sent(Place) and not bench.done(command)
    bench.wait(2, alive=False)
    assert not bench.sent(Place) and bench.done(command)
    assert bench.strategy().status == "stopped" and bench.strategy().position == 1


def test_pause_leaves_a_flatten_alone() -> None:
    bench = active()
    bench.hold(1_000)
    command = bench.stop(flatten=True)
    bench.pause()
    for _ in range(3):
        bench.fill_children()
        bench.answer_all()
        bench.wait(1)
    assert bench.done(command)
    assert bench.strategy().position == 0 and bench.strategy().status == "stopped"


def test_stop_ends_a_flatten() -> None:
    bench = active()
    bench.hold(1_000)
    bench.stop(flatten=True)
    command = bench.stop()
    bench.answer_all()
    bench.wait(3)
    assert bench.done(command)
    assert bench.strategy().status == "stopped" and bench.strategy().position == 1


def test_rejections_do_not_end_a_flatten() -> None:
    bench = active()
    bench.hold(1_000)
    command = bench.stop(flatten=True)
    for cancel in bench.sent(Cancel):
        bench.requests.remove(cancel)
        bench.report(OrderCancelled("sandbox", "BTC", cancel.client_order_id, 1000, "requested"))
    for _ in range(5):
        for child in bench.sent(Place):
            bench.reject(child)
        bench.wait(1)
    bench.fill_children()
    assert bench.done(command)
    assert bench.strategy().position == 0 and bench.strategy().status == "stopped"


# Confirmation


def test_pause_is_done_when_the_venue_has_confirmed_it() -> None:
    bench = active(quote_layers=2)
    command = bench.pause()
    cancels = bench.sent(Cancel)
    assert len(cancels) == 4
    for cancel in cancels:
        assert command not in bench.replies
        bench.report(OrderCancelled("sandbox", "BTC", cancel.client_order_id, 1000, "requested"))
    assert bench.done(command)
    assert {event.reason for event in bench.of(QuoteCancelled)} == {"operator"}


def test_a_cancel_that_is_not_answered_is_tried_again() -> None:
    bench = active()
    command = bench.pause()
    bench.requests.clear()
    bench.wait(3)
    queries = bench.sent(QueryOrder)
    assert len(queries) == 2 and command not in bench.replies
    order = bench.strategy().orders[queries[0].client_order_id]
    assert order.state == "unknown"
    bench.requests.clear()
    shown = OpenOrder("sandbox", "BTC", order.client_order_id, "v", order.side, order.price_ticks, 1000, 0)
    bench.report(OpenOrders("sandbox", queries[0].request_id, (shown,)))
    assert [c.client_order_id for c in bench.sent(Cancel)] == [order.client_order_id]
    bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 1000, "requested"))
    bench.report(OrderNotFound("sandbox", "BTC", queries[1].client_order_id, queries[1].request_id))
    assert bench.done(command)


def test_an_order_that_filled_while_its_amend_was_under_way_ends() -> None:
    bench = active()
    bench.mid(50_050)
    amend = bench.pop(Amend)
    bench.fill(amend.client_order_id)
    bench.report(AmendRejected("sandbox", "BTC", amend.client_order_id, "UNKNOWN_ORDER", "gone"))
    assert amend.client_order_id not in bench.engine.state.orders


@pytest.mark.parametrize("fills_known", [True, False])
def test_an_unknown_order_that_has_filled_ends(fills_known: bool) -> None:
    bench = active()
    bench.mid(50_050)
    amend = bench.pop(Amend)
    order = bench.engine.state.orders[amend.client_order_id]
    fill = Fill("sandbox", "BTC", order.client_order_id, "x", order.side, order.price_ticks, 1000, D(0), True, 0)
    if fills_known:
        bench.report(OrderFilled(fill, 0))
    bench.report(OrderUnknown("sandbox", "BTC", order.client_order_id, "link lost"))
    for _ in range(4):
        for query in bench.sent(QueryOrder):
            bench.requests.remove(query)
            bench.report(FillHistory("sandbox", query.request_id, (fill,)))
        bench.wait(2)
    assert not order.live
    assert abs(bench.strategy().position) == 1


def test_a_fill_that_is_missing_at_the_end_of_an_order_still_counts_against_the_limit() -> None:
    bench = active(max_position=1)
    order = next(bench.strategy().live_quotes("buy"))
    bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 400, "self_trade"))
    assert bench.sent(QueryFills) and bench.sent(QueryOrder)
    bench.wait(6)
    worst = 600 + sum(p.quantity_lots for p in bench.sent(Place) if p.side == "buy")
    assert worst <= 1_000
    fill = Fill("sandbox", "BTC", order.client_order_id, "x", "buy", order.price_ticks, 600, D(0), True, 0)
    bench.report(FillHistory("sandbox", f"f-{order.client_order_id}", (fill,)))
    assert bench.strategy().position == D("0.6")
    assert not order.live and order.client_order_id not in bench.engine.state.orders


def test_a_strategy_that_cannot_start_while_the_link_is_away_is_told_of_as_one_that_exists() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.take(bench.engine.on_link("sandbox", False, bench.now_ns))
    refused = bench.error(bench.create(enabled=True))
    assert bench.strategy().status == "stopped" and "exists and is stopped" in refused.message
    assert (refused.code, refused.status_code) == ("recovering", 409), "a 503 would be sent again, and refused then"


def test_a_missing_fill_is_looked_for_among_those_that_are_not_known_yet() -> None:
    bench = active()
    bench.engine.state.venues["sandbox"].known_fill = "t7"
    order = next(bench.strategy().live_quotes("buy"))
    bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 400, "self_trade"))
    assert [query.after_trade_id for query in bench.sent(QueryFills)] == ["t7"], "the whole history can be long"


def test_a_late_fill_of_a_deleted_strategy_is_an_error_and_no_crash() -> None:
    bench = active()
    order = next(bench.strategy().live_quotes("buy"))
    bench.stop()
    bench.answer_all()
    assert bench.done(bench.delete())
    bench.fill(order.client_order_id, 1)
    assert bench.of(ErrorOccurred)[-1].code == "UNKNOWN_FILL"


# Checks


def test_the_checks_come_in_their_order() -> None:
    bench = Bench(initial_margin_rate=D(1000))
    bench.create(max_daily_loss=D(1), max_position=1)
    strategy = bench.strategy()
    bench.emergency()
    bench.answer_all()
    strategy.baseline = D(100)
    strategy.ledger.position, strategy.position_lots = D(1), 1000
    assert isinstance(bench.error(bench.start()), CircuitBreakerError)
    bench.clear()
    breaker = bench.error(bench.start())
    assert isinstance(breaker, CircuitBreakerError) and breaker.reason == "daily_loss 100.00 of 1 USD"
    strategy.baseline = D(0)
    assert bench.error(bench.start()).code == "no_market"
    bench.mid(50_000)
    strategy.baseline = strategy.ledger.total_pnl
    limit = bench.error(bench.start())
    assert isinstance(limit, PositionLimitError)
    assert (limit.current_position, limit.max_position) == (1, 1)
    strategy.ledger.position, strategy.position_lots = D(0), 0
    strategy.ledger.total_pnl = strategy.baseline = D(0)
    margin = bench.error(bench.start())
    assert isinstance(margin, InsufficientMarginError)
    assert (margin.required, margin.available) == (50_000_000, 20_000_000)


def test_margin_is_shared_by_the_active_strategies() -> None:
    bench = Bench()
    bench.mid(50_000)
    for name in "abc":
        bench.create(name, max_position=1_900)
    assert bench.done(bench.start("a")) and bench.done(bench.start("b"))
    error = bench.error(bench.start("c"))
    assert isinstance(error, InsufficientMarginError)
    assert error.required == 9_500_000 and error.available == 1_000_000
    bench.pause("a")
    assert bench.done(bench.start("c"))


def test_resume_goes_on_at_the_limit_with_the_reducing_side() -> None:
    bench = active(max_position=1)
    bench.hold(1_000)
    bench.pause()
    bench.answer_all()
    assert bench.done(bench.resume())
    bench.answer_all()
    assert [side for side, _, _ in bench.quotes()] == ["sell"]
    bench.stop()
    bench.answer_all()
    assert isinstance(bench.error(bench.start()), PositionLimitError)


def test_a_refused_start_on_create_leaves_the_strategy_stopped() -> None:
    bench = Bench()
    error = bench.error(bench.create(enabled=True))
    assert error.code == "no_market"
    assert "stopped" in error.message and "stopped" in str(error)
    assert error.details["strategyId"] == "s"
    assert bench.strategy().status == "stopped"
    bench.mid(50_000)
    assert bench.done(bench.start())


def test_only_a_stopped_and_flat_strategy_is_deleted() -> None:
    bench = active()
    assert bench.error(bench.delete()).code == "not_deletable"
    bench.hold(1_000)
    bench.stop()
    bench.answer_all()
    assert bench.error(bench.delete()).code == "not_deletable"
    bench.stop(flatten=True)
    bench.fill_children()
    bench.answer_all()
    bench.wait(1)
    equity = bench.engine.state.equity()
    assert bench.done(bench.delete())
    assert bench.engine.state.equity() == equity
    assert isinstance(bench.error(bench.start()), NotFoundError)


# Errors


def test_three_rejections_within_a_minute_pause() -> None:
    bench = active()
    bench.update(quote_refresh_seconds=20)
    for expected in ("active", "active", "paused"):
        order = next(bench.strategy().live_quotes("buy"))
        if order.state == "resting":
            bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 1000, "venue"))
            bench.wait(20)
        bench.reject(bench.sent(Place)[0])
        assert bench.strategy().status == expected
        bench.wait(20)
    assert bench.strategy().pause_reason == "error: INVALID_PRICE"


def test_rejections_far_apart_and_would_cross_do_not_pause() -> None:
    bench = active(quote_refresh_seconds=31)
    order = next(bench.strategy().live_quotes("buy"))
    bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 1000, "venue"))
    bench.wait(31)
    for _ in range(4):
        bench.reject(bench.sent(Place)[0])
        bench.wait(31)
    for _ in range(4):
        bench.reject(bench.sent(Place)[0], "POST_ONLY_WOULD_CROSS")
        bench.wait(31)
    assert bench.strategy().status == "active"


def test_without_pause_on_error_it_goes_on_after_rejections_and_never_after_an_exception() -> None:
    bench = active(pause_on_error=False, quote_refresh_seconds=1)
    order = next(bench.strategy().live_quotes("buy"))
    bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 1000, "venue"))
    for _ in range(5):
        bench.wait(1)
        bench.reject(bench.sent(Place)[0])
    assert bench.strategy().status == "active"
    bench.strategy().parameters = None  # type: ignore[assignment]
    bench.wait(1)
    assert bench.strategy().status == "paused"


def test_an_exception_in_one_strategy_pauses_that_one() -> None:
    bench = active()
    bench.create("other", enabled=True)
    bench.answer_all()
    bench.strategy().parameters = None  # type: ignore[assignment]
    bench.mid(50_100)
    assert bench.strategy().status == "paused"
    assert bench.strategy().pause_reason == "error: AttributeError"
    assert bench.strategy("other").status == "active"
    assert [(e.strategy_id, e.code) for e in bench.of(ErrorOccurred)] == [("s", "EXCEPTION")]
    bench.answer_all()
    assert bench.quotes() == [] and len(bench.quotes("other")) == 2


def test_an_exception_in_a_hedge_that_another_strategys_order_wakes_pauses_the_hedging_one() -> None:
    bench = active()
    bench.create("other", enabled=True)
    bench.hold(1_000, strategy_id="other")
    bench.answer_all()
    bench.stop("other", flatten=True)
    bench.strategy("other").plan.ends_ns = "soon"  # type: ignore[union-attr, assignment]
    bid = next(bench.strategy().live_quotes("buy"))
    bench.report(OrderCancelled("sandbox", "BTC", bid.client_order_id, 1000, "venue"))
    assert [(e.strategy_id, e.code) for e in bench.of(ErrorOccurred)] == [("other", "EXCEPTION")]
    assert bench.strategy().status == "active" and bench.strategy("other").plan is None


def test_an_exception_over_an_answer_about_many_orders_pauses_the_one_that_it_is_of() -> None:
    bench = active()
    bench.create("other", enabled=True)
    bench.answer_all()
    bench.strategy("other").ledger = None  # type: ignore[assignment]
    bids = [next(bench.strategy(name).live_quotes("buy")) for name in ("other", "s")]
    fills = tuple(
        Fill("sandbox", "BTC", bid.client_order_id, f"x{bid.client_order_id}", "buy", bid.price_ticks, 9, D(0), True, 0)
        for bid in bids
    )
    bench.report(FillHistory("sandbox", "history", fills))
    assert {name: s.status for name, s in bench.engine.state.strategies.items()} == {"s": "active", "other": "paused"}
    assert bench.strategy().position_lots == 9


# The emergency stop


def test_the_emergency_stop_blocks_cancels_and_proves() -> None:
    bench = active()
    bench.create("other", enabled=True)
    command = bench.emergency()
    assert isinstance(bench.requests[-1], CancelAll), "nothing more is asked for one by one"
    cancels = bench.sent(CancelAll)
    assert {c.venue for c in cancels} == {"sandbox", "sandbox-hedge"}
    assert {s.status for s in bench.engine.state.strategies.values()} == {"stopped"}
    bench.requests.clear()
    for cancel in cancels:
        for order in [o for o in bench.engine.state.orders.values() if o.venue == cancel.venue]:
            bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, 1000, "requested"))
        bench.report(CancelledAll(cancel.venue, cancel.request_id))
    assert command not in bench.replies, "nothing is proved yet"
    for query in bench.sent(QueryOpenOrders):
        bench.report(OpenOrders(query.venue, query.request_id, ()))
    assert bench.done(command)
    bench.requests.clear()
    for strategy_id in ("s", "other"):
        assert isinstance(bench.error(bench.start(strategy_id)), CircuitBreakerError)
        assert isinstance(bench.error(bench.resume(strategy_id)), CircuitBreakerError)
    assert bench.error(bench.stop(flatten=True)).code == "emergency_stop"
    bench.mid(51_000)
    bench.wait(20)
    assert not bench.requests
    bench.clear()
    assert {s.status for s in bench.engine.state.strategies.values()} == {"stopped"}
    assert bench.done(bench.start())
    assert len(bench.of(EmergencyStop)) == 1


def test_a_venue_that_still_shows_an_order_is_asked_again() -> None:
    bench = active()
    command = bench.emergency()
    first = {c.request_id for c in bench.sent(CancelAll)}
    order = next(iter(bench.engine.state.orders.values()))
    for cancel in bench.sent(CancelAll):
        bench.requests.remove(cancel)
        bench.report(CancelledAll(cancel.venue, cancel.request_id))
    shown = OpenOrder("sandbox", "BTC", order.client_order_id, "v", order.side, order.price_ticks, 1000, 0)
    for query in bench.sent(QueryOpenOrders):
        bench.requests.remove(query)
        bench.report(OpenOrders(query.venue, query.request_id, (shown,) if query.venue == "sandbox" else ()))
    assert not bench.sent(CancelAll), "not as fast as the venue answers"
    bench.wait(1)
    again = bench.sent(CancelAll)
    assert [c.venue for c in again] == ["sandbox"] and again[0].request_id not in first
    bench.requests.clear()
    bench.wait(1)
    assert bench.sent(CancelAll), "silence is asked again too"
    bench.answer_all()
    assert bench.done(command)


@pytest.mark.parametrize("holding", [True, False])
def test_an_emergency_stop_flattens_when_it_is_asked_to(holding: bool) -> None:
    bench = active()
    if holding:
        bench.hold(2_000)
        bench.answer_all()
    command = bench.emergency(flatten=True)
    assert not bench.sent(Place)
    if not holding:  # a fill crosses the stop
        bench.fill(next(bench.strategy().live_quotes("sell")).client_order_id)
    bench.requests.clear()
    for order in list(bench.engine.state.orders.values()):
        bench.report(OrderCancelled("sandbox", "BTC", order.client_order_id, order.remaining_lots, "requested"))
    bench.fill_children()
    bench.wait(1)
    bench.answer_all()
    assert bench.done(command)
    assert bench.strategy().position == 0 and bench.strategy().status == "stopped"


def test_an_emergency_stop_does_not_flatten_otherwise() -> None:
    bench = active()
    bench.hold(2_000)
    bench.emergency()
    bench.answer_all()
    bench.wait(40)
    assert not bench.sent(Place) and bench.strategy().position == 2


def test_cancel_all_quotes_pauses_what_is_active() -> None:
    bench = active()
    bench.create("resting")
    command = bench.cancel_quotes()
    assert command not in bench.replies
    bench.answer_all()
    assert bench.done(command)
    assert bench.strategy().status == "paused" and bench.strategy("resting").status == "stopped"


# Breakers and market data


def test_the_daily_loss_breaker_fires_once_and_refuses_while_over() -> None:
    bench = active(max_daily_loss=D(100))
    bench.hold(1_000)
    bench.mid(49_880)
    assert bench.strategy().status == "active", "it earned 25 at the fill"
    bench.mid(49_870)
    fired = bench.of(CircuitBreaker)
    assert [(e.breaker, e.measure, e.limit) for e in fired] == [("daily_loss", D(105), D(100))]
    assert bench.strategy().status == "paused"
    assert bench.strategy().pause_reason == "circuit_breaker: daily_loss"
    bench.answer_all()
    bench.mid(49_800)
    assert len(bench.of(CircuitBreaker)) == 1
    assert isinstance(bench.error(bench.resume()), CircuitBreakerError)
    bench.stop()
    assert isinstance(bench.error(bench.start()), CircuitBreakerError)
    assert bench.strategy().position == 1, "the position is kept"
    bench.mid(49_990)
    assert bench.done(bench.start())
    bench.mid(49_800)
    assert len(bench.of(CircuitBreaker)) == 2


def test_a_breaker_that_is_switched_off_does_nothing() -> None:
    bench = active(max_daily_loss=D(1), circuit_breaker_enabled=False)
    bench.hold(1_000)
    bench.mid(49_000)
    assert bench.strategy().status == "active" and not bench.of(CircuitBreaker)


def test_a_limit_that_is_lowered_below_the_measure_fires_also_when_flat() -> None:
    bench = active()
    bench.hold(1_000)
    bench.mid(49_800)
    bench.answer_all()
    bench.hold(0)
    assert bench.strategy().position == 0 and bench.strategy().daily_pnl < -10
    bench.update(max_daily_loss=D(10))
    bench.wait(6)
    assert bench.strategy().status == "paused" and len(bench.of(CircuitBreaker)) == 1


def test_stale_data_withdraws_the_quotes_and_they_come_back() -> None:
    bench = active()
    bench.wait(4.9, alive=False)
    bench.answer_all()
    assert len(bench.quotes()) == 2
    bench.wait(0.2, alive=False)
    assert len(bench.sent(Cancel)) == 2
    bench.answer_all()
    assert bench.strategy().status == "active" and bench.quotes() == []
    bench.wait(20, alive=False)
    assert not bench.requests
    bench.wait(1)
    bench.answer_all()
    assert len(bench.quotes()) == 2


def test_a_crossed_or_empty_book_is_not_quoted_on() -> None:
    bench = active()
    bench.book(100_001, 100_001)
    bench.answer_all()
    assert bench.quotes() == []
    bench.books["sandbox"].clear()
    bench.take(bench.engine.on_book(bench.books["sandbox"], bench.now_ns))
    assert not bench.requests
    bench.mid(50_000)
    bench.answer_all()
    assert len(bench.quotes()) == 2


def test_a_replay_that_has_ended_is_not_quoted_on() -> None:
    bench = active()
    bench.take(bench.engine.on_feed_ended("sandbox", "BTC", bench.now_ns))
    bench.answer_all()
    bench.mid(50_100)
    bench.wait(10)
    assert bench.quotes() == [] and bench.strategy().status == "active"
    assert bench.strategy().market.not_usable_reason() == "replay_finished"


def test_quotes_follow_the_mid_from_the_threshold_on() -> None:
    bench = active()
    bench.mid(50_012)
    assert not bench.requests
    bench.mid(50_013)  # 2.6 bps
    assert len(bench.sent(Amend)) == 2


def test_a_partly_filled_order_is_topped_up_at_the_refresh() -> None:
    bench = active()
    order = next(bench.strategy().live_quotes("buy"))
    bench.fill(order.client_order_id, 300)
    bench.answer_all()
    assert ("buy", 99_950, 700) in bench.quotes()
    bench.wait(5)
    bench.answer_all()
    assert ("buy", 99_950, 1000) in bench.quotes()
    assert order.client_order_id in bench.strategy().orders


def test_an_ask_follows_a_fall_only_when_the_bid_has_gone_down_before_it() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.answer_all()
    bid = next(o for o in bench.strategy().live_quotes(BUY))
    resting_bid = bid.price_ticks

    bench.mid(49_900)
    first = bench.sent(Amend)
    assert first[0].client_order_id == bid.client_order_id
    asks = [amend.price_ticks for amend in first if amend.client_order_id != bid.client_order_id]
    assert all(price > resting_bid for price in asks), "the bid may be refused and stay where it was"

    bench.answer_all()
    ask = next(o for o in bench.strategy().live_quotes(SELL))
    assert ask.price_ticks == 2 * 49_925

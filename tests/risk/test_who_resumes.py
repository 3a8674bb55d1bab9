"""What takes a breaker's resume away: from then on only a person lets the strategy quote again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import Bench
from zenotc.engine.risk_watch import RiskWatch
from zenotc.engine.strategy import StrategyState
from zenotc.models.events import CircuitBreaker, ErrorOccurred, LifecycleEvent
from zenotc.models.market import BUY
from zenotc.models.orders import (
    Balances,
    CancelAll,
    CancelledAll,
    FillHistory,
    OpenOrders,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
)

AUTO = {"max_daily_loss": 100, "auto_resume_enabled": True, "resume_delay_minutes": 1}


def broken() -> Bench:
    """Return a bench on which a breaker has fired and is to resume in a minute."""
    bench = Bench()
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **AUTO))
    bench.hold(1_000)
    bench.answer_all()
    bench.mid(49_000)
    bench.answer_all()
    assert bench.strategy().resume_at_ns is not None
    return bench


def an_exception(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(self: RiskWatch, strategy: StrategyState, now_ns: int) -> None:
        raise ArithmeticError("a fault")

    with monkeypatch.context() as patch:
        patch.setattr(RiskWatch, "mark", faulty)
        bench.mid(49_001)


def another_position(bench: Bench, _: pytest.MonkeyPatch) -> None:
    bench.take(bench.engine.on_link("sandbox", True, bench.now_ns))
    bench.report(CancelledAll("sandbox", bench.pop(CancelAll).request_id))
    bench.report(OpenOrders("sandbox", bench.pop(QueryOpenOrders).request_id, ()))
    bench.report(FillHistory("sandbox", bench.pop(QueryFills).request_id, ()))
    bench.report(Positions("sandbox", bench.pop(QueryPositions).request_id, {"BTC": Decimal(7)}))
    bench.report(Balances("sandbox", bench.pop(QueryBalances).request_id, Decimal(10_000_000)))


def an_emergency(bench: Bench, _: pytest.MonkeyPatch) -> None:
    bench.emergency()
    bench.answer_all()
    bench.clear()


EVENTS: dict[str, tuple[Callable[[Bench, pytest.MonkeyPatch], None], str]] = {
    "an exception": (an_exception, "error: ArithmeticError"),
    "another position": (another_position, "position_difference"),
    "the emergency stop": (an_emergency, "emergency_stop"),
}


@pytest.mark.parametrize(("happens", "reason"), EVENTS.values(), ids=EVENTS.keys())
def test_what_needs_a_person_takes_the_pending_resume_away(
    happens: Callable[[Bench, pytest.MonkeyPatch], None], reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = broken()
    happens(bench, monkeypatch)
    assert bench.strategy().pause_reason == reason
    assert bench.strategy().resume_at_ns is None
    bench.mid(50_000)
    bench.wait(200)
    assert bench.strategy().status != "active"


def filling(**config: Any) -> Bench:
    bench = Bench(max_fills_per_side=3, fill_window_seconds=10.0)
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **AUTO, **config))
    return bench


def buy(bench: Bench, lots: int, *, price: int = 100_000) -> None:
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id, lots, price=price)


@pytest.mark.parametrize("losing", [2, 3])
@pytest.mark.parametrize("action", ["hold", "flatten"])
def test_a_fill_too_many_needs_a_person_whatever_a_breaker_does(losing: int, action: str) -> None:
    bench = filling(breaker_action=action)
    for number in (1, 2, 3):  # the third comes with the breaker's firing, or while its cancels are under way
        if bench.strategy().status == "active":
            bench.answer_all()
        buy(bench, 100, price=103_000 if number >= losing else 100_000)
    (fired,) = bench.of(CircuitBreaker)
    assert fired.resumes_at is not None, "the breaker has fired all the same"
    assert [event.code for event in bench.of(ErrorOccurred)] == ["FILL_THROTTLE"]
    assert bench.of(LifecycleEvent)[-1].reason == "throttled: side=buy, fills=3, window_seconds=10"
    bench.answer_all()
    bench.wait(2)
    bench.fill_children()
    assert bench.strategy().position == (0 if action == "flatten" else Decimal("0.3"))
    bench.mid(53_000)
    bench.wait(200)
    assert bench.strategy().status == "paused"
    bench.update(max_daily_loss=1_000)
    assert bench.done(bench.resume())


def test_fills_that_come_late_throttle_too() -> None:
    bench = filling()
    bench.answer_all()
    bench.pause()
    for _ in range(3):
        buy(bench, 100)
    assert bench.strategy().pause_reason == "throttled: side=buy, fills=3, window_seconds=10"
    bench.answer_all()
    assert bench.done(bench.resume())
    bench.answer_all()
    buy(bench, 100)
    assert bench.strategy().status == "active", "a person has seen them"

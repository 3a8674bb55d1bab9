"""A fault or a stall in one place must not leave quotes resting in another."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.engine.bench import SECOND, Bench
from zenotc.engine.quoter import Quoter
from zenotc.engine.strategy import StrategyState
from zenotc.engine.views import side_reasons
from zenotc.models.events import ErrorOccurred
from zenotc.models.market import BUY, SELL
from zenotc.models.orders import Place


@pytest.fixture
def bench() -> Bench:
    """Return a bench on which two strategies quote."""
    bench = Bench()
    bench.mid(50_000)
    for name in ("a", "b"):
        bench.create(name, enabled=True)
    bench.answer_all()
    return bench


WITHDRAWALS: dict[str, Callable[[Bench], object]] = {
    "the feed ends": lambda bench: bench.take(bench.engine.on_feed_ended("sandbox", "BTC", bench.now_ns)),
    "the link is lost": lambda bench: bench.take(bench.engine.on_link("sandbox", False, bench.now_ns)),
    "the journal stalls": lambda bench: bench.take(bench.engine.on_journal(True, bench.now_ns)),
    "the book is crossed": lambda bench: bench.book(100_001, 99_999),
    "the book is stale": lambda bench: bench.wait(6, alive=False),
}


@pytest.mark.parametrize("happens", WITHDRAWALS.values(), ids=WITHDRAWALS.keys())
def test_a_fault_in_one_withdrawal_does_not_keep_the_others_resting(
    bench: Bench, happens: Callable[[Bench], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    withdraw = Quoter.withdraw

    def faulty(self: Quoter, strategy: StrategyState, now_ns: int, reason: str) -> None:
        if strategy.strategy_id == "a":
            raise ArithmeticError("a fault")
        withdraw(self, strategy, now_ns, reason)

    monkeypatch.setattr(Quoter, "withdraw", faulty)
    happens(bench)
    for name in ("a", "b"):
        assert all(order.cancel_reason for order in bench.strategy(name).live_quotes()), name
    assert (bench.strategy("a").status, bench.strategy("b").status) == ("paused", "active")


def test_while_the_journal_stalls_nothing_quotes_and_the_sides_say_that_it_is_an_error(bench: Bench) -> None:
    before = bench.quotes("a")
    bench.take(bench.engine.on_journal(True, bench.now_ns))
    bench.answer_all()
    bench.mid(50_100)
    bench.wait(30)
    bench.mid(50_000)
    assert not bench.sent(Place) and not bench.engine.state.orders
    assert bench.strategy("a").market.usable
    assert set(side_reasons(bench.engine.state, bench.strategy("a")).values()) == {"error"}
    assert [event.reason for event in bench.of(ErrorOccurred)] == [
        "JOURNAL_STALLED: quotes are pulled until it follows again"
    ]
    bench.take(bench.engine.on_journal(False, bench.now_ns))
    bench.answer_all()
    assert bench.quotes("a") == bench.quotes("b") == before, "at once, by the same market"
    assert set(side_reasons(bench.engine.state, bench.strategy("a")).values()) == {"quoting"}


def test_a_late_timer_does_not_resume_on_a_book_that_has_become_old() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, max_daily_loss=100, auto_resume_enabled=True, resume_delay_minutes=1)
    bench.hold(1_000)
    bench.mid(49_800)
    bench.answer_all()
    assert bench.strategy().status == "paused"
    bench.mid(50_000)
    bench.now_ns += 90 * SECOND
    bench.take(bench.engine.on_timer(bench.now_ns))
    assert not bench.sent(Place) and not bench.quotes()


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_limit_that_comes_below_what_is_measured_fires_at_once(side: str) -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, max_daily_loss=10_000)
    bench.hold(1_000 if side == BUY else -1_000)
    bench.mid(49_900 if side == BUY else 50_100)
    assert bench.strategy().status == "active"
    bench.update(max_daily_loss=10)
    assert bench.strategy().pause_reason == "circuit_breaker: daily_loss"

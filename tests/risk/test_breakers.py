"""Section 9, rule by rule: when a breaker fires, what it does with the position, and who may resume."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.engine.bench import SECOND, START_NS, Bench
from zenotc.engine.views import side_reasons
from zenotc.exceptions import CircuitBreakerError, StrategyError
from zenotc.models.events import CircuitBreaker, ErrorOccurred, HedgeTriggered, LifecycleEvent
from zenotc.models.orders import Amend, Place

AUTO: dict[str, Any] = {"auto_resume_enabled": True, "resume_delay_minutes": 30}
LOSS_LIMITS: dict[str, dict[str, Any]] = {
    "daily_loss": {"max_daily_loss": 1_000},
    "hourly_loss": {"max_hourly_loss": 1_000},
    "drawdown": {"max_drawdown_percent": 1, "capital": 100_000},
}


def holding(lots: int = 2_000, *, settings: dict[str, Any] | None = None, **config: Any) -> Bench:
    """Return a bench with one strategy that quotes and has bought at 50 000."""
    bench = Bench(**(settings or {}))
    bench.mid(50_000)
    assert bench.done(bench.create(enabled=True, **config))
    bench.hold(lots, price=100_000)
    bench.answer_all()
    return bench


def calm(seconds: float = 62, **config: Any) -> Bench:
    """Return a bench with a strategy under a volatility breaker of 0.9 % a minute, its window full and quiet."""
    bench = Bench()
    bench.mid(50_000)
    bench.wait(seconds)
    values = {"max_volatility_pause": True, "volatility_threshold": 0.9, "volatility_window_minutes": 1}
    assert bench.done(bench.create(enabled=True, **{**values, **config}))
    bench.answer_all()
    return bench


def flatten(bench: Bench) -> None:
    """Let the venue cancel the quotes, and then fill what flattens."""
    bench.answer_all()
    bench.wait(2)
    bench.fill_children()
    assert bench.strategy().position == 0


def resumed(bench: Bench) -> list[str | None]:
    """Return who resumed the strategy, `None` for itself."""
    return [event.operator for event in bench.of(LifecycleEvent) if event.type == "resumed"]


@pytest.mark.parametrize("breaker", LOSS_LIMITS)
def test_a_loss_breaker_fires_beyond_its_limit_and_not_at_it(breaker: str) -> None:
    bench = holding(**LOSS_LIMITS[breaker])
    bench.mid(49_500)
    assert not bench.of(CircuitBreaker)
    bench.mid(49_499)
    (event,) = bench.of(CircuitBreaker)
    assert (event.breaker, event.limit) == (breaker, Decimal(1 if breaker == "drawdown" else 1_000))
    assert event.measure > event.limit
    assert event.resumes_at is None
    assert bench.strategy().status == "paused"
    assert bench.strategy().pause_reason == f"circuit_breaker: {breaker}"
    bench.answer_all()
    assert not bench.quotes()
    assert bench.strategy().position == 2


@pytest.mark.parametrize("breaker", LOSS_LIMITS)
def test_it_fires_once_per_activation(breaker: str) -> None:
    bench = holding(**LOSS_LIMITS[breaker])
    for mid in (49_000, 48_000, 47_000):
        bench.mid(mid)
        bench.wait(2)
    assert len(bench.of(CircuitBreaker)) == 1
    bench.answer_all()
    assert isinstance(bench.error(bench.resume()), CircuitBreakerError)
    bench.mid(50_000)
    assert bench.done(bench.resume())
    bench.answer_all()
    bench.mid(49_000)
    assert len(bench.of(CircuitBreaker)) == 2


def test_a_fill_alone_makes_it_fire() -> None:
    bench = holding(max_daily_loss=100)
    bid = next(bench.strategy().live_quotes("buy"))
    bench.fill(bid.client_order_id, 500, price=101_000)
    assert [event.breaker for event in bench.of(CircuitBreaker)] == ["daily_loss"]
    assert bench.strategy().status == "paused"


def test_nothing_is_sent_with_the_fill_that_fires() -> None:
    """Also where the fill ends its order while another one waits to be moved."""
    bench = holding(max_daily_loss=100, quote_layers=2)
    bench.mid(50_020)  # amends are under way
    bench.mid(50_040)  # and have to be asked for again
    assert bench.strategy().requote_wanted
    before = len(bench.requests)
    bid = next(bench.strategy().live_quotes("buy"))
    bench.fill(bid.client_order_id, price=101_000)
    assert bench.of(CircuitBreaker)
    assert not [request for request in bench.requests[before:] if isinstance(request, Place | Amend)]


def test_the_volatility_breaker_fires_at_the_second_that_sees_the_jump() -> None:
    bench = calm()
    bench.mid(50_500)
    assert not bench.of(CircuitBreaker)
    bench.wait(1)
    (event,) = bench.of(CircuitBreaker)
    assert event.breaker == "volatility"
    assert float(event.measure) == pytest.approx(0.995, abs=0.001)


# Resuming


def test_it_resumes_after_the_delay_and_looks_again_every_minute() -> None:
    bench = holding(max_daily_loss=1_000, **AUTO)
    bench.mid(49_000)
    (event,) = bench.of(CircuitBreaker)
    assert event.resumes_at is not None
    assert (event.resumes_at - event.timestamp).total_seconds() == 1_800
    bench.answer_all()
    bench.mid(49_900)  # inside the limit, but too early
    bench.wait(1_799)
    assert not resumed(bench)
    bench.mid(49_000)
    bench.wait(2)
    bench.mid(49_900)  # inside again, but after the look
    bench.wait(58)
    assert not resumed(bench)
    bench.wait(1)
    assert resumed(bench) == [None]
    assert bench.strategy().status == "active"
    bench.answer_all()
    assert bench.quotes()


def test_it_resumes_only_with_every_measure_inside() -> None:
    bench = holding(max_daily_loss=1_000, max_drawdown_percent=0.5, capital=100_000, **AUTO)
    bench.mid(49_000)
    bench.answer_all()
    bench.mid(49_600)  # the daily loss is inside, the drawdown is not
    bench.wait(3_600)
    assert not resumed(bench)
    bench.mid(49_800)
    bench.wait(61)
    assert resumed(bench) == [None]


def test_volatility_resumes_below_80_percent_of_the_threshold() -> None:
    bench = calm(auto_resume_enabled=True, resume_delay_minutes=1)
    bench.mid(50_500)
    bench.wait(30)
    bench.answer_all()
    bench.mid(50_906)  # 0.8 %: below the threshold of 0.9 when the first jump has left the window, above 0.72
    bench.wait(32)
    sigma = bench.strategy().market.sigma(1)
    assert sigma is not None and 0.72 < sigma < 0.9
    assert not resumed(bench)
    bench.wait(60)
    assert resumed(bench) == [None]


def test_an_operator_needs_no_80_percent() -> None:
    bench = calm()
    bench.mid(50_500)
    bench.wait(30)
    bench.answer_all()
    bench.mid(50_906)
    bench.wait(45)
    assert bench.done(bench.resume())


@pytest.mark.parametrize(
    "touch",
    [
        Bench.pause,
        Bench.resume,
        lambda bench: bench.update(base_spread_bps=12),
        Bench.cancel_quotes,
    ],
    ids=["pause", "resume that is refused", "update", "cancel quotes"],
)
def test_it_does_not_resume_what_an_operator_touched(touch: Any) -> None:
    bench = holding(max_daily_loss=1_000, **AUTO)
    bench.mid(49_000)
    bench.answer_all()
    touch(bench)
    bench.mid(50_000)
    bench.wait(3_700)
    assert not resumed(bench)
    assert bench.strategy().status == "paused"
    assert bench.done(bench.resume())


def test_it_does_not_resume_what_an_operator_paused_or_stopped() -> None:
    bench = holding(max_daily_loss=1_000, **AUTO)
    bench.pause()
    bench.answer_all()
    bench.wait(3_700)
    assert bench.strategy().status == "paused"
    bench.resume()
    bench.answer_all()
    bench.mid(49_000)
    bench.answer_all()
    bench.stop()
    bench.mid(50_000)
    bench.wait(3_700)
    assert bench.strategy().status == "stopped"


@pytest.mark.parametrize("cleared", [False, True])
def test_it_does_not_resume_after_an_emergency_stop(cleared: bool) -> None:
    bench = holding(max_daily_loss=1_000, **AUTO)
    bench.mid(49_000)
    bench.answer_all()
    bench.emergency()
    bench.answer_all()
    if cleared:
        bench.clear()
    bench.mid(50_000)
    bench.wait(3_700)
    assert bench.strategy().status == "stopped"
    assert not resumed(bench)


def test_a_drawdown_on_a_flat_position_needs_a_start() -> None:
    bench = holding(max_drawdown_percent=1, capital=100_000, breaker_action="flatten", **AUTO)
    bench.mid(49_000)
    flatten(bench)
    bench.wait(4_000)
    assert not resumed(bench)
    assert isinstance(bench.error(bench.resume()), CircuitBreakerError)
    bench.stop()
    assert bench.done(bench.start())


# Blindness


def test_an_unknown_volatility_keeps_the_quotes_away() -> None:
    bench = calm(seconds=5)
    assert bench.strategy().status == "active"
    assert not bench.quotes()
    assert side_reasons(bench.engine.state, bench.strategy()) == {"buy": "measure_unknown", "sell": "measure_unknown"}
    for _ in range(30):
        bench.wait(1)
        bench.answer_all()
    assert len(bench.quotes()) == 2
    assert side_reasons(bench.engine.state, bench.strategy()) == {"buy": "quoting", "sell": "quoting"}
    assert not bench.of(CircuitBreaker)


def test_quotes_are_pulled_when_a_breaker_goes_blind() -> None:
    bench = holding(capital=1_000)
    bench.mid(49_000)  # twice the capital is gone
    bench.stop()
    bench.answer_all()
    assert bench.done(bench.start())
    bench.answer_all()
    assert bench.quotes()
    bench.update(max_drawdown_percent=5)  # of an equity below zero
    bench.wait(2)
    bench.answer_all()
    assert not bench.quotes()
    assert side_reasons(bench.engine.state, bench.strategy())["buy"] == "measure_unknown"
    assert bench.strategy().status == "active"


# What happens to the position


HEDGING: dict[str, Any] = {
    "auto_hedge_enabled": True,
    "hedge_threshold": 3,
    "hedge_target": 1,
    "hedge_venue": "internal",
}


def test_hold_stops_the_hedge_and_keeps_the_position() -> None:
    bench = holding(max_daily_loss=1_000, hedge_algo="twap", **HEDGING)
    bench.hold(4_000, price=100_000)
    assert bench.of(HedgeTriggered)
    position = bench.strategy().position
    bench.mid(49_000)
    assert bench.of(CircuitBreaker)
    bench.answer_all()
    sent = list(bench.sent(Place))
    bench.wait(120)
    assert not sent and not bench.sent(Place)
    assert bench.strategy().plan is None
    assert bench.strategy().position == position


def test_hedge_goes_on_with_a_hedge_and_begins_one() -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="hedge", **HEDGING)
    bench.mid(49_000)
    bench.answer_all()
    assert not bench.of(HedgeTriggered)
    bench.update(hedge_threshold=Decimal("1.5"))
    for _ in range(4):
        bench.wait(6)
        bench.fill_children()
    assert bench.of(HedgeTriggered)
    assert bench.strategy().position == 1
    assert bench.strategy().status == "paused"
    assert not bench.quotes()


@pytest.mark.parametrize("algo", ["market", "twap"])
@pytest.mark.parametrize("restless", [Bench.pause, Bench.stop], ids=["pause", "stop"])
def test_an_operator_ends_the_hedge_that_a_breaker_lets_go_on(restless: Any, algo: str) -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="hedge", hedge_algo=algo, **HEDGING)
    bench.hold(4_000, price=100_000)
    bench.mid(49_000)
    bench.answer_all()
    bench.wait(6)
    assert bench.strategy().status == "paused" and bench.strategy().plan is not None
    command = restless(bench)
    assert bench.strategy().plan is None
    bench.answer_all()
    assert bench.done(command)
    bench.wait(120)
    assert not bench.sent(Place)
    assert bench.strategy().pause_reason == "operator"
    assert bench.of(LifecycleEvent)[-1].operator == "ann", "the stream tells who ended it"


def test_a_second_pause_changes_nothing() -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="hedge", **HEDGING)
    bench.mid(49_000)
    bench.pause()
    told = len(bench.of(LifecycleEvent))
    bench.answer_all()
    assert bench.done(bench.pause())
    assert len(bench.of(LifecycleEvent)) == told


def test_a_pause_leaves_alone_what_flattens_under_a_breaker() -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="hedge", **HEDGING)
    bench.mid(49_000)
    bench.answer_all()
    bench.stop(flatten=True)
    bench.pause()
    bench.wait(1)
    bench.fill_children()
    assert bench.strategy().position == 0
    assert bench.strategy().status == "stopped"


def test_an_exception_ends_the_hedge_that_a_breaker_lets_go_on() -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="hedge", hedge_algo="twap", **HEDGING)
    bench.hold(4_000, price=100_000)
    bench.mid(49_000)
    bench.answer_all()
    bench.strategy().curve = None  # type: ignore[assignment]
    bench.mid(49_100)
    assert bench.strategy().pause_reason == "error: AttributeError"
    assert bench.strategy().plan is None and not bench.strategy().hedges


def test_flatten_trades_the_position_away_and_stays_paused() -> None:
    bench = holding(max_daily_loss=1_000, breaker_action="flatten")
    bench.mid(49_000)
    assert not bench.sent(Place), "cancel first"
    flatten(bench)
    assert bench.strategy().status == "paused"


# The desk


def two(settings: dict[str, Any]) -> Bench:
    bench = holding(settings=settings)
    assert bench.done(bench.create("t", enabled=True))
    bench.answer_all()
    return bench


def test_the_desk_loss_pauses_everything_and_refuses_until_midnight() -> None:
    bench = two({"max_desk_daily_loss": Decimal(1_000), "start_ns": START_NS + 86_100 * SECOND})
    bench.hold(1_000, strategy_id="t", price=100_000)
    bench.answer_all()
    bench.mid(49_700)
    assert not bench.of(CircuitBreaker)
    bench.mid(49_600)
    (event,) = bench.of(CircuitBreaker)
    assert (event.breaker, event.strategy_id, event.measure) == ("desk_daily_loss", None, Decimal(1_200))
    bench.answer_all()
    assert all(strategy.status == "paused" for strategy in bench.engine.state.strategies.values())
    assert not bench.quotes("s") and not bench.quotes("t")
    assert isinstance(bench.error(bench.resume("t")), CircuitBreakerError)
    bench.wait(300 - 1)
    assert isinstance(bench.error(bench.resume("t")), CircuitBreakerError)
    bench.wait(2)
    assert bench.done(bench.resume("t"))


@pytest.mark.parametrize("action", ["hold", "hedge", "flatten"])
def test_the_desk_loss_does_with_each_position_what_any_breaker_would(action: str) -> None:
    bench = holding(
        4_000, settings={"max_desk_daily_loss": Decimal(1_000)}, breaker_action=action, hedge_algo="twap", **HEDGING
    )
    assert bench.strategy().plan is not None, "it hedges"
    bench.mid(49_000)
    assert [event.breaker for event in bench.of(CircuitBreaker)] == ["desk_daily_loss"]
    assert not bench.sent(Place), "cancel first"
    bench.answer_all()
    for _ in range(60):
        bench.wait(31)
        bench.fill_children()
    assert bench.strategy().status == "paused" and not bench.quotes()
    assert bench.strategy().position == {"hold": 4, "hedge": 1, "flatten": 0}[action]


def test_the_desk_loss_leaves_a_flatten_alone() -> None:
    bench = two({"max_desk_daily_loss": Decimal(1_000)})
    command = bench.stop(flatten=True)
    bench.mid(49_000)
    assert bench.strategy("t").status == "paused"
    bench.answer_all()
    bench.wait(1)
    bench.fill_children()
    assert bench.done(command) and bench.strategy().position == 0


def test_what_one_strategy_loses_another_gains() -> None:
    bench = two({"max_desk_daily_loss": Decimal(1_000)})
    bench.hold(-2_000, strategy_id="t", price=100_000)
    bench.answer_all()
    bench.mid(45_000)
    bench.mid(55_000)
    assert not bench.of(CircuitBreaker)
    assert bench.quotes("s") and bench.quotes("t")


def test_the_desk_loss_remembers_deleted_strategies() -> None:
    bench = two({"max_desk_daily_loss": Decimal(1_000)})
    bench.mid(49_600)  # 800 lost
    ask = next(bench.strategy().live_quotes("sell"))
    while bench.strategy().position_lots:
        bench.answer_all()
        ask = next(bench.strategy().live_quotes("sell"))
        bench.fill(ask.client_order_id, min(ask.remaining_lots, bench.strategy().position_lots), price=99_200)
    bench.stop()
    bench.answer_all()
    assert bench.done(bench.delete())
    bench.hold(1_000, strategy_id="t", price=99_200)
    bench.answer_all()
    bench.mid(49_450)
    assert not bench.of(CircuitBreaker)
    bench.mid(49_399)
    assert [event.breaker for event in bench.of(CircuitBreaker)] == ["desk_daily_loss"]
    assert bench.strategy("t").status == "paused"


def test_the_desk_loss_holds_back_what_would_resume_by_itself() -> None:
    bench = holding(
        settings={"max_desk_daily_loss": Decimal(1_000)}, max_hourly_loss=900, auto_resume_enabled=True,
        resume_delay_minutes=61,
    )  # fmt: skip
    bench.mid(49_400)
    assert [event.breaker for event in bench.of(CircuitBreaker)] == ["hourly_loss"]
    bench.answer_all()
    bench.wait(2 * 3_600)  # the hourly loss is over, the desk's day is not
    assert not resumed(bench)
    bench.mid(49_600)
    bench.wait(61)
    assert resumed(bench) == [None]


def test_an_error_needs_a_person() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True, max_daily_loss=1_000, **AUTO)
    for _ in range(3):
        bench.reject(bench.sent(Place)[0])
        bench.wait(5)
    assert bench.strategy().status == "paused"
    assert bench.of(ErrorOccurred)
    bench.answer_all()
    bench.wait(4_000)
    assert not resumed(bench)
    assert isinstance(bench.error(bench.start()), StrategyError)
    assert bench.done(bench.resume())

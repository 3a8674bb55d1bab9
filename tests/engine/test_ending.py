"""An engine that ends: what quoted is paused, nothing begins any more, and the next start finds the rest as it was."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.bench import SECOND
from tests.engine.remembered import RememberedBench
from zenotc.models.orders import Cancel, Place

BREAKS = {"max_daily_loss": 100, "auto_resume_enabled": True, "resume_delay_minutes": 1, "capital": 1_000_000}


def end(desk: RememberedBench) -> str:
    """Let the engine end, and return the id of the reply that says that it has."""
    desk.take(desk.engine.end("end", desk.now_ns))
    return "end"


def broken(**parameters: object) -> RememberedBench:
    """Return a desk on which `b` has been paused by its breaker, to resume in a minute, and `s` quotes."""
    desk = RememberedBench()
    desk.mid(50_000)
    desk.create("s", enabled=True, base_spread_bps=20)
    desk.create("b", enabled=True, **{**BREAKS, **parameters})
    desk.hold(1_000, strategy_id="b")
    desk.mid(49_000)
    assert (desk.strategy("b").status, desk.strategy("b").pause_reason) == ("paused", "circuit_breaker: daily_loss")
    desk.mid(50_000)
    desk.wait(1)
    desk.answer_all()
    assert desk.strategy("b").quiet and not desk.strategy("s").quiet
    return desk


def test_nothing_resumes_while_the_end_is_waited_for() -> None:
    desk = broken()
    due = desk.strategy("b").resume_at_ns
    ended = end(desk)
    assert len(desk.sent(Cancel)) == 2, "of what still quoted"
    desk.wait(150)
    assert not desk.done(ended) and not desk.sent(Place)
    desk.answer_all()
    assert desk.done(ended) and not desk.engine.state.orders

    after = desk.restarted(resume_after_restart=True).engine.state.strategies
    assert (after["b"].pause_reason, after["b"].resume_at_ns) == ("circuit_breaker: daily_loss", due)
    assert (after["s"].status, after["s"].pause_reason) == ("paused", "restart")


def test_what_a_breaker_lets_hedge_hedges_no_more_and_stays_as_it_is() -> None:
    hedging = {"auto_hedge_enabled": True, "hedge_threshold": 2, "hedge_target": Decimal("0.5"), "hedge_algo": "twap"}
    desk = broken(breaker_action="hedge", **hedging)
    strategy = desk.strategy("b")
    desk.update("b", hedge_threshold=Decimal("0.6"))
    strategy.resume_at_ns = desk.now_ns + 60 * SECOND
    desk.wait(10)
    assert strategy.plan is not None and desk.sent(Place)
    desk.answer_all()
    ended = end(desk)
    desk.answer_all()
    assert desk.done(ended) and strategy.plan is None
    desk.wait(120)
    assert not desk.sent(Place)
    assert (strategy.status, strategy.pause_reason) == ("paused", "circuit_breaker: daily_loss")


def test_a_flatten_goes_on_and_is_waited_for() -> None:
    desk = RememberedBench()
    desk.mid(50_000)
    desk.create("s", enabled=True)
    desk.hold(1_000)
    desk.stop(flatten=True)
    ended = end(desk)
    desk.requests = [request for request in desk.requests if not isinstance(request, Place)]
    desk.answer_all()
    assert not desk.done(ended)
    desk.wait(1)
    desk.fill_children()
    desk.answer_all()
    assert desk.done(ended) and desk.strategy().position == 0 and desk.strategy().status == "stopped"

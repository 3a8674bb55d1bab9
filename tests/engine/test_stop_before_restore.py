"""An emergency stop that comes before the strategies of an earlier engine are known stops them all the same."""

from __future__ import annotations

import pytest

from tests.engine.remembered import RememberedBench
from zenotc.models.orders import Place


def quoting() -> RememberedBench:
    """Return the bench of an engine that dies while `s` quotes and holds one lot."""
    bench = RememberedBench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.hold(1)
    bench.answer_all()
    bench.take(bench.engine.measure(bench.now_ns))
    bench.wait(20)
    return bench


@pytest.mark.parametrize("resumes", [False, True])
def test_it_is_stopped_and_nothing_of_it_comes_back(resumes: bool) -> None:
    bench = quoting().successor(resume_after_restart=resumes)
    stop = bench.emergency()
    bench.restore()
    bench.mid(50_000)
    bench.wait(1)
    bench.answer_all()
    assert bench.done(stop)
    assert (bench.strategy().status, bench.strategy().pause_reason) == ("stopped", "emergency_stop")
    assert bench.strategy().resume_at_ns is None
    assert bench.done(bench.clear())
    bench.wait(130)
    assert bench.strategy().status == "stopped" and not bench.sent(Place)
    assert bench.restarted(resume_after_restart=resumes).strategy().status == "stopped"


def test_it_flattens_where_it_was_asked_to() -> None:
    bench = quoting().successor()
    stop = bench.emergency(flatten=True)
    bench.restore()
    bench.answer_all()
    plan = bench.strategy().plan
    assert plan is not None and (plan.purpose, plan.side, plan.quantity_lots) == ("flatten", "sell", 1)
    assert bench.strategy().status == "stopped" and not bench.done(stop)

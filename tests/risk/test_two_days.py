"""Two recorded days of ETH: midnight UTC resets the daily loss at the right moment."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import pytest

from tests.risk.path_venue import SECOND, PathVenue
from tests.risk.recorded import GEMINI, at, gemini_steps
from tests.risk.rig import Rig
from tests.risk.second_method import Curve, Mids, curve
from zenotc.models.events import CircuitBreaker, ErrorOccurred, LifecycleEvent, PnlUpdate, StrategyEvent

MIDNIGHT = at("2021-07-02T00:00")
EVENING = (at("2021-07-01T23:50"), at("2021-07-02T00:05"))
TWO_DAYS = (at("2021-07-01T00:00"), at("2021-07-03T00:00"))


@cache
def mids_of(span: tuple[int, int]) -> Mids:
    half_tick = Fraction(GEMINI.tick_size) / 2
    return [(step.time_ns, half_tick * step.twice_mid_ticks) for step in gemini_steps(*span)]


def play(span: tuple[int, int], **parameters: Any) -> tuple[Rig, Curve]:
    """Play a span to one strategy, and return its curve by the second method."""
    rig = Rig(PathVenue(GEMINI, gemini_steps(*span), fills_at_price=True), start_ns=span[0])
    rig.run(span[0] + 10 * SECOND)
    rig.create(asset="ETH", base_spread_bps=4, quote_size=1, max_position=20, skew_factor=0.1, **parameters)
    assert rig.replies[rig.start()] is None
    rig.run(span[1] - 1)
    assert not rig.of(ErrorOccurred)
    return rig, Curve(curve(rig.fills, mids_of(span)))


def time_ns(event: StrategyEvent) -> int:
    return round(event.timestamp.timestamp() * 1e6) * 1_000


def check_days(rig: Rig, path: Curve) -> None:
    """Compare every daily PnL that was told with the total less the last mark before its midnight."""
    baselines = {record.day: Fraction(record.total_pnl) for record in rig.baselines}
    assert baselines["2021-07-02"] == path.until(MIDNIGHT - 1)
    updates = rig.of(PnlUpdate)
    assert sum(time_ns(event) < MIDNIGHT for event in updates) > 30
    assert sum(time_ns(event) >= MIDNIGHT for event in updates) > 30
    for event in updates:
        point = path.point(time_ns(event))
        day_began = time_ns(event) // (86_400 * SECOND) * 86_400 * SECOND
        assert Fraction(event.total_pnl) == point.total
        assert Fraction(event.daily_pnl) == point.total - path.until(day_began - 1)


def test_the_daily_pnl_begins_at_midnight() -> None:
    rig, path = play(EVENING)
    assert path.until(MIDNIGHT - 1) != 0
    check_days(rig, path)


def test_a_daily_loss_recovers_at_midnight_and_not_before() -> None:
    limit = 5
    rig, path = play(EVENING, max_daily_loss=limit, auto_resume_enabled=True, resume_delay_minutes=1)
    fired = [time_ns(event) for event in rig.of(CircuitBreaker)]
    assert fired[0] < MIDNIGHT - 120 * SECOND
    resumed = [time_ns(event) for event in rig.of(LifecycleEvent) if event.type == "resumed"]
    assert any(when >= MIDNIGHT for when in resumed)
    for number, fired_ns in enumerate(fired):
        over = [p for p in path.points if p.time_ns <= fired_ns and -path.daily(p) > limit]
        assert over and over[-1].time_ns >= fired_ns - SECOND
        checks = range(-(-(fired_ns + 60 * SECOND) // SECOND) * SECOND, EVENING[1], 60 * SECOND)
        daily = {when: path.until(when) - path.until(MIDNIGHT - 1 if when >= MIDNIGHT else 0) for when in checks}
        first = next((when for when, pnl in daily.items() if -pnl <= limit), None)
        assert resumed[number : number + 1] == ([] if first is None else [first])


@pytest.mark.nightly
@pytest.mark.timeout(1_800)
def test_two_whole_days() -> None:
    rig, path = play(TWO_DAYS)
    check_days(rig, path)
    assert Fraction(rig.strategy().ledger.total_pnl) == path.points[-1].total
    assert rig.strategy().ledger.residual == 0
    again, _ = play(TWO_DAYS)
    assert again.fills == rig.fills
    assert again.events == rig.events

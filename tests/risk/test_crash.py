"""A real crash: each breaker that should have fired did, at the right moment, and none without a cause."""

from __future__ import annotations

import json
import sys
from fractions import Fraction
from functools import cache

import pytest

from tests.risk.crash_report import DAY, Window, main, play, report, table
from tests.risk.path_venue import SECOND
from tests.risk.rig import Rig
from tests.risk.second_method import Curve, curve, first_over, sigmas
from zenotc.models.events import CircuitBreaker, ErrorOccurred, PnlUpdate, StrategyEvent
from zenotc.models.orders import Amend, Place

CRASH = Window("BTC", "12:24", "12:58")
CRASHES = [CRASH, pytest.param(Window("ETH", "12:24", "12:58"), marks=pytest.mark.nightly)]
WHOLE_DAY = [Window("BTC", "00:00", "23:59"), Window("ETH", "00:00", "23:59")]
START_SECONDS = 10
played = cache(play)


def asset_of(window: Window) -> str:
    return window.asset


def time_ns(event: StrategyEvent) -> int:
    return round(event.timestamp.timestamp() * 1000) * 1_000_000


def second(of_ns: int) -> int:
    """Return the number of the second that a moment belongs to: the one that it completes, at a whole one."""
    return -(-of_ns // SECOND)


def should_fire(window: Window, rig: Rig, breaker: str) -> int | None:
    """Return the second in which a breaker's measure first was beyond its limit, from the fills and the path alone."""
    mids = window.mids()
    path = Curve(curve(rig.fills, mids))
    config = rig.strategy().config
    limits = config.model_dump()
    started_ns = window.start_ns + START_SECONDS * SECOND
    since = [point for point in path.points if point.time_ns >= started_ns]
    if breaker == "daily_loss":
        when = first_over(((p.time_ns, -path.daily(p)) for p in since), limits["max_daily_loss"])
    elif breaker == "hourly_loss":
        when = first_over(((p.time_ns, -path.hourly(p)) for p in since), limits["max_hourly_loss"])
    elif breaker == "drawdown":
        capital = Fraction(config.max_position) * path.point(started_ns).mid
        when = first_over(path.drawdowns(capital), limits["max_drawdown_percent"])
    else:
        first_ns = window.start_ns + SECOND
        measured = sigmas(mids, first_ns, window.end_ns, 1_800)
        when = first_over((m for m in measured if m[0] >= started_ns), limits["volatility_threshold"])
    return None if when is None else second(when)


def check_breaker(window: Window, breaker: str, rig: Rig) -> None:
    events = rig.of(CircuitBreaker)
    expected = should_fire(window, rig, breaker)
    assert [(event.breaker, second(time_ns(event))) for event in events] == ([(breaker, expected)] if expected else [])
    if not events:
        return
    fired_ns = time_ns(events[0])
    assert events[0].measure > events[0].limit
    assert rig.strategy().status == "paused"
    after = [request for sent_ns, request in rig.sent if sent_ns > fired_ns and isinstance(request, Place | Amend)]
    assert not after
    late = [fill for fill in rig.fills if fill.time_ns > fired_ns + SECOND]
    assert not late, "what was quoted is gone when the cancels have arrived"


@pytest.mark.parametrize("breaker", ["daily_loss", "hourly_loss", "drawdown", "volatility"])
@pytest.mark.parametrize("window", CRASHES, ids=asset_of)
def test_each_breaker_fires_when_it_should(window: Window, breaker: str) -> None:
    rig = played(window, breaker)
    check_breaker(window, breaker, rig)
    assert rig.of(CircuitBreaker), "the crash was deep enough"


@pytest.mark.parametrize("window", CRASHES, ids=asset_of)
def test_without_breakers_none_fires_and_more_is_lost(window: Window) -> None:
    rig = played(window, "none")
    assert not rig.of(CircuitBreaker)
    lost = rig.strategy().ledger.total_pnl
    for breaker in ("daily_loss", "hourly_loss", "drawdown", "volatility"):
        assert lost < played(window, breaker).strategy().ledger.total_pnl


@pytest.mark.parametrize("window", CRASHES, ids=asset_of)
def test_the_ledger_agrees_with_fractions_throughout(window: Window) -> None:
    rig = played(window, "none")
    path = Curve(curve(rig.fills, window.mids()))
    ledger = rig.strategy().ledger
    assert Fraction(ledger.total_pnl) == path.points[-1].total
    assert ledger.residual == 0
    updates = rig.of(PnlUpdate)
    assert len(updates) > 100
    for event in updates:
        assert Fraction(event.total_pnl) == path.until(time_ns(event))
    assert not rig.of(ErrorOccurred)


def test_a_loss_of_more_than_an_hour_ago_is_not_in_the_hourly_loss() -> None:
    window = Window("BTC", "11:34", "12:51")
    rig = play(window, "hourly_loss", max_hourly_loss=4_500)
    check_breaker(window, "hourly_loss", rig)
    path = Curve(curve(rig.fills, window.mids()))
    fired_ns = time_ns(rig.of(CircuitBreaker)[0])
    in_all = first_over(((point.time_ns, -point.total) for point in path.points), 4_500)
    assert in_all is not None and in_all < fired_ns - 60 * SECOND


def test_a_breaker_that_flattens_leaves_nothing_to_lose() -> None:
    window = CRASH
    rig = played(window, "daily_loss", "flatten")
    fired_ns = time_ns(rig.of(CircuitBreaker)[0])
    assert rig.strategy().position == 0
    assert rig.strategy().status == "paused"
    path = Curve(curve(rig.fills, window.mids()))
    assert path.points[-1].total == path.until(fired_ns + 5 * SECOND)
    assert path.points[-1].position == 0


def test_the_report_in_text_and_in_json(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    window = ["--from", "11:45", "--to", "11:46"]
    monkeypatch.setattr(sys, "argv", ["crash_report", *window])
    main()
    text = capsys.readouterr().out
    assert text.startswith(f"BTC, {DAY} 11:45 to 11:46 UTC")
    monkeypatch.setattr(sys, "argv", ["crash_report", *window, "--json"])
    main()
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["breaker"] for row in rows[:2]] == ["none", "daily_loss"]
    assert all(row["fired"] is None for row in rows)
    assert len(text.splitlines()) == 2 + len(rows)


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("breaker", ["none", "daily_loss", "hourly_loss", "drawdown", "volatility"])
@pytest.mark.parametrize("window", WHOLE_DAY, ids=asset_of)
def test_each_breaker_over_the_whole_day(window: Window, breaker: str) -> None:
    rig = play(window, breaker)
    if breaker == "none":
        assert not rig.of(CircuitBreaker)
    else:
        check_breaker(window, breaker, rig)


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("asset", ["BTC", "ETH"])
def test_the_report_of_the_crash(asset: str) -> None:
    window = Window(asset)
    rows = report(window)
    print(table(window, rows))
    assert all((row.fired is None) is (row.breaker == "none") for row in rows)
    assert all(row.pnl > rows[0].pnl for row in rows[1:])

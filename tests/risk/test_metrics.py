"""Metrics against a second method: fractions over the journal's fills and the path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache, cached_property
from random import Random
from typing import Any

import pytest

from tests.engine.bench import Bench
from tests.risk.path_venue import SECOND, PathVenue
from tests.risk.random_path import HEDGE, QUOTING, random_steps
from tests.risk.recorded import at
from tests.risk.rig import Rig
from tests.risk.second_method import Curve, Mids, curve, sharpe, signed
from zenotc.engine.views import metrics_view, quote_stats_view
from zenotc.journal.records import FillRecord
from zenotc.models.events import ErrorOccurred, HedgeCompleted, HedgeFilled, HedgeTriggered
from zenotc.models.market import BUY, SELL
from zenotc.models.metrics import QuoteStats, StrategyMetrics

BEGIN = at("2024-08-08T23:40")
MIDNIGHT = at("2024-08-09T00:00")
SECONDS = 36 * 60
ELSEWHERE = BEGIN + SECOND // 2
"""The hedge venue moves between the seconds, so that its mid at a trigger is beyond doubt."""
STARTED = BEGIN + 10 * SECOND
END = BEGIN + SECONDS * SECOND - 1
CAPITAL = 20_000


@dataclass(frozen=True)
class Run:
    """One run, with the path that it was played on."""

    rig: Rig
    mids: Mids

    @property
    def metrics(self) -> StrategyMetrics:
        return metrics_view(self.rig.strategy())

    @property
    def stats(self) -> QuoteStats:
        return quote_stats_view(self.rig.strategy())

    @cached_property
    def curve(self) -> Curve:
        return Curve(curve(self.rig.fills, self.mids))

    @cached_property
    def purposes(self) -> dict[str, str]:
        return {order.client_order_id: order.purpose for order in self.rig.orders}

    @property
    def quote_fills(self) -> list[FillRecord]:
        return [fill for fill in self.rig.fills if self.purposes[fill.client_order_id] == "quote"]

    def mid_before(self, time_ns: int) -> Fraction:
        return self.curve.point(time_ns - 1).mid


@cache
def played(seed: int) -> Run:
    """Play 36 minutes over midnight to one strategy that hedges elsewhere."""
    steps = list(random_steps(seed, BEGIN, SECONDS))
    elsewhere = random_steps(seed + 1_000, ELSEWHERE, SECONDS)
    rig = Rig(PathVenue(QUOTING, steps), PathVenue(HEDGE, elsewhere), start_ns=BEGIN)
    rig.run(STARTED)
    values: dict[str, Any] = {
        "asset": "BTC", "base_spread_bps": 5, "quote_size": "0.1", "max_position": 2, "capital": CAPITAL,
        "quote_layers": 2,
    }  # fmt: skip
    hedge: dict[str, Any] = {
        "auto_hedge_enabled": True, "hedge_threshold": "0.4", "hedge_target": "0.1", "max_slippage_bps": 500,
    }  # fmt: skip
    rig.create(**values, **hedge)
    assert rig.replies[rig.start()] is None
    rig.run(END)
    half_tick = Fraction(QUOTING.tick_size) / 2
    return Run(rig, [(step.time_ns, half_tick * step.twice_mid_ticks) for step in steps])


SEEDS = [1, pytest.param(2, marks=pytest.mark.nightly)]


def average_cost(fills: Sequence[FillRecord]) -> tuple[Fraction, int, int]:
    """Return the gain that was realised before fees, the fills that reduced the position, and those that won."""
    position = average = gross = Fraction(0)
    reducing = winning = 0
    for fill in fills:
        quantity, price = signed(fill), Fraction(fill.price)
        if position * quantity >= 0:
            average = (average * position + price * quantity) / (position + quantity)
        else:
            closed = min(abs(quantity), abs(position)) * (1 if position > 0 else -1)
            gain = (price - average) * closed
            gross += gain
            reducing += 1
            winning += gain > Fraction(fill.fee) * abs(closed) / abs(quantity)
            if abs(quantity) > abs(position):
                average = price
        position += quantity
    return gross, reducing, winning


@pytest.mark.parametrize("seed", SEEDS)
def test_pnl(seed: int) -> None:
    run = played(seed)
    fills, metrics, path = run.rig.fills, run.metrics, run.curve
    assert len(fills) > 100
    assert sum(purpose == "hedge" for purpose in run.purposes.values()) > 10
    total = path.points[-1].total
    fees = sum(Fraction(fill.fee) for fill in fills)
    gross, reducing, winning = average_cost(fills)
    assert Fraction(metrics.total_pnl) == total
    assert Fraction(metrics.daily_pnl) == total - path.until(MIDNIGHT - 1)
    assert path.until(MIDNIGHT - 1) != 0
    assert Fraction(metrics.fees) == fees
    assert Fraction(metrics.total_volume) == sum(Fraction(fill.price) * Fraction(fill.quantity) for fill in fills)
    assert metrics.trade_count == len(fills)
    assert abs(Fraction(metrics.realized_pnl) - (gross - fees)) <= Fraction(1, 10**8)
    assert metrics.realized_pnl.as_tuple().exponent == -8
    assert metrics.unrealized_pnl == metrics.total_pnl - metrics.realized_pnl
    assert metrics.win_rate == pytest.approx(100 * winning / reducing)
    assert 0 < winning < reducing


@pytest.mark.parametrize("seed", SEEDS)
def test_the_attribution_closes_term_by_term(seed: int) -> None:
    run = played(seed)
    metrics, path = run.metrics, run.curve
    edges = {"quote": Fraction(0), "hedge": Fraction(0)}
    for fill in run.rig.fills:
        mid = run.mid_before(fill.time_ns)
        assert Fraction(fill.mid) == mid
        edges[run.purposes[fill.client_order_id]] += signed(fill) * (mid - Fraction(fill.price))
    moves = sum(
        before.position * (after.mid - before.mid) for before, after in zip(path.points, path.points[1:], strict=False)
    )
    assert Fraction(metrics.spread_capture) == edges["quote"]
    assert Fraction(metrics.hedge_cost) == edges["hedge"]
    assert Fraction(metrics.inventory_move) == moves
    terms = metrics.spread_capture + metrics.inventory_move + metrics.hedge_cost - metrics.fees
    assert metrics.total_pnl == terms
    assert not run.rig.of(ErrorOccurred)


@pytest.mark.parametrize("seed", SEEDS)
def test_sharpe_and_drawdown(seed: int) -> None:
    run = played(seed)
    path = run.curve
    expected = sharpe(path.until, STARTED, END)
    assert expected != 0
    assert run.metrics.sharpe_ratio == pytest.approx(expected, rel=1e-9)
    falls = [fall for _, fall in path.drawdowns(Fraction(CAPITAL))]
    assert run.metrics.max_drawdown == pytest.approx(float(max(falls)), rel=1e-12)
    assert max(falls) > 0


def test_sharpe_does_not_change_when_a_fill_is_split_in_ten() -> None:
    whole, split = split_fills(1), split_fills(10)
    assert split.trade_count == 10 * whole.trade_count
    assert split.sharpe_ratio == whole.sharpe_ratio != 0
    assert split.total_pnl == whole.total_pnl
    assert split.max_drawdown == whole.max_drawdown != 0


def split_fills(parts: int) -> StrategyMetrics:
    """Let the same quantities trade at the same prices and times, each in so many fills."""
    chance = Random(5)
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    for _ in range(40):
        bench.answer_all()
        side = chance.choice((BUY, SELL))
        order = next(bench.strategy().live_quotes(side))
        price = order.price_ticks
        for _ in range(parts):
            bench.fill(order.client_order_id, 100 // parts, price=price, fee=str(Decimal("0.05") / parts))
        bench.answer_all()
        bench.wait(60)
        bench.mid(50_000 + chance.randint(-100, 100))
    return metrics_view(bench.strategy())


def test_sharpe_is_zero_below_thirty_minutes_and_without_deviation() -> None:
    rig = Rig(PathVenue(QUOTING, random_steps(4, BEGIN, 29 * 60)), start_ns=BEGIN)
    rig.run(STARTED)
    rig.create(asset="BTC", base_spread_bps=5, quote_size="0.1", max_position=2)
    rig.start()
    rig.run(END)
    assert rig.fills
    assert metrics_view(rig.strategy()).sharpe_ratio == 0
    quiet = Rig(PathVenue(QUOTING, random_steps(4, BEGIN, 35 * 60, jump_ticks=0, reach_ticks=0)), start_ns=BEGIN)
    quiet.run(STARTED)
    quiet.create(asset="BTC", base_spread_bps=50, quote_size="0.1", max_position=2)
    quiet.start()
    quiet.run(END)
    assert metrics_view(quiet.strategy()).sharpe_ratio == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_quote_statistics(seed: int) -> None:
    run = played(seed)
    stats, rig = run.stats, run.rig
    quotes = [order for order in rig.orders if order.purpose == "quote"]
    accepted: dict[str, int] = {}
    for state in rig.order_states:
        if state.state == "resting":
            accepted.setdefault(state.client_order_id, state.at_ns)
    first: dict[str, int] = {}
    for fill in run.quote_fills:
        first.setdefault(fill.client_order_id, fill.time_ns)
    waits = [(when - accepted[name]) / 1e6 for name, when in first.items()]
    assert stats.quotes_sent == len(quotes)
    assert stats.quotes_filled == len(first)
    assert stats.fill_rate == pytest.approx(100 * len(first) / len(quotes))
    assert stats.avg_fill_time_ms == pytest.approx(sum(waits) / len(waits))


@pytest.mark.parametrize("seed", SEEDS)
def test_spread_captured_and_markouts(seed: int) -> None:
    run = played(seed)
    fills, stats = run.quote_fills, run.stats
    quantity = sum(Fraction(fill.quantity) for fill in fills)
    captured = Fraction(0)
    for fill in fills:
        mid = run.mid_before(fill.time_ns)
        captured += 2 * signed(fill) * (mid - Fraction(fill.price)) / mid * 10_000
    assert stats.avg_spread_captured_bps == pytest.approx(float(captured / quantity), rel=1e-9)
    for horizon in (1, 10, 60):
        known = [fill for fill in fills if fill.time_ns + horizon * SECOND < END // SECOND * SECOND]
        weighted = sum(
            signed(f) * (run.curve.point(f.time_ns + horizon * SECOND).mid - Fraction(f.price)) / Fraction(f.price)
            for f in known
        )
        mean = 10_000 * weighted / sum(Fraction(f.quantity) for f in known)
        assert stats.markout_bps[horizon] == pytest.approx(float(mean), rel=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_slippage_of_hedges(seed: int) -> None:
    """From the fills of each hedge and the executing book's mid at its trigger."""
    run = played(seed)
    half_tick = Fraction(HEDGE.tick_size) / 2
    elsewhere = [(s.time_ns, half_tick * s.twice_mid_ticks) for s in random_steps(seed + 1_000, ELSEWHERE, SECONDS)]
    book = Curve(curve([], elsewhere))
    began_ns = completed = 0
    hedged: list[HedgeFilled] = []
    for event in run.rig.events:
        if isinstance(event, HedgeTriggered):
            began_ns, hedged = round(event.timestamp.timestamp() * 1e6) * 1_000, []
        elif isinstance(event, HedgeFilled):
            hedged.append(event)
        elif isinstance(event, HedgeCompleted):
            mid = book.point(began_ns).mid
            sign = 1 if hedged[0].side == "buy" else -1
            cost = sum((sign * (Fraction(f.price) - mid) * Fraction(f.quantity) for f in hedged), Fraction(0))
            notional = sum((Fraction(f.price) * Fraction(f.quantity) for f in hedged), Fraction(0))
            assert event.slippage_bps == pytest.approx(float(cost / notional) * 1e4, rel=1e-9, abs=1e-9)
            assert event.filled_quantity == sum(f.quantity for f in hedged)
            completed += 1
    assert completed > 10


def test_time_quoting_counts_the_seconds_with_both_sides_at_their_target() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.answer_all()
    bench.wait(6)
    bench.fill(next(bench.strategy().live_quotes(BUY)).client_order_id)  # the next bid is not accepted for a second
    bench.wait(1)
    bench.answer_all()
    bench.wait(1)
    bench.mid(50_100)  # both are on their way
    bench.wait(1)
    bench.answer_all()
    bench.wait(1)
    stats = quote_stats_view(bench.strategy())
    assert stats.time_quoting_percent == pytest.approx(80)
    assert stats.buy_time_quoting_percent == pytest.approx(80)
    assert stats.sell_time_quoting_percent == pytest.approx(90)
    bench.pause()
    bench.wait(10)
    assert quote_stats_view(bench.strategy()).time_quoting_percent == pytest.approx(80), "of the active time"

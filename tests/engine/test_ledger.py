"""The ledger against exact fractions (section 8)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.bench import SECOND, START_NS, Bench
from zenotc.engine.actions import DayBegan
from zenotc.engine.ledger import Ledger
from zenotc.models.events import ErrorOccurred, PnlUpdate, PositionChanged
from zenotc.models.market import Side
from zenotc.models.orders import FillHistory, OrderFilled


class ExactLedger:
    """Average-cost accounting in fractions, as the section reads."""

    def __init__(self) -> None:
        self.position = self.cash = self.average = self.realized = self.fees = Fraction(0)
        self.wins = self.reducing = 0

    def fill(self, side: Side, price: Fraction, quantity: Fraction, fee: Fraction) -> None:
        signed = quantity if side == "buy" else -quantity
        self.cash -= signed * price + fee
        self.fees += fee
        held = self.position
        if held * signed < 0:
            closing = min(quantity, abs(held))
            gain = (price - self.average) * closing * (1 if held > 0 else -1)
            self.realized += gain
            self.reducing += 1
            self.wins += gain - fee * closing / quantity > 0
            if quantity > closing:
                self.average = price
        else:
            self.average = (self.average * abs(held) + price * quantity) / (abs(held) + quantity)
        self.position += signed
        if not self.position:
            self.average = Fraction(0)


prices = st.integers(1, 2_000_000).map(lambda ticks: Decimal("0.05") * ticks)
mids = st.integers(2, 4_000_000).map(lambda halves: Decimal("0.025") * halves)
quantities = st.integers(1, 100_000).map(lambda lots: Decimal("0.001") * lots)
fees = st.decimals(-100, 100, places=12)
fills = st.tuples(st.sampled_from(["buy", "sell"]), prices, quantities, fees, mids, st.sampled_from(["quote", "hedge"]))
steps = st.lists(fills | mids, min_size=1, max_size=60)


def check(stream: list[tuple[Side, Decimal, Decimal, Decimal, Decimal, Literal["quote", "hedge"]] | Decimal]) -> None:
    """Play a stream of fills and marks into both ledgers and compare after each step."""
    ledger, exact = Ledger(), ExactLedger()
    capture = hedging = inventory = Fraction(0)
    mid: Fraction | None = None
    for step in stream:
        new_mid = Fraction(step if isinstance(step, Decimal) else step[4])
        if mid is not None:
            inventory += exact.position * (new_mid - mid)
        mid = new_mid
        if isinstance(step, Decimal):
            ledger.mark(step)
        else:
            side, price, quantity, fee, at, purpose = step
            ledger.fill(side, price, quantity, fee, at, purpose)
            exact.fill(side, Fraction(price), Fraction(quantity), Fraction(fee))
            edge = (mid - Fraction(price)) * Fraction(quantity) * (1 if side == "buy" else -1)
            capture, hedging = (capture + edge, hedging) if purpose == "quote" else (capture, hedging + edge)
        assert Fraction(ledger.position) == exact.position
        assert Fraction(ledger.cash) == exact.cash
        assert Fraction(ledger.total_pnl) == exact.cash + exact.position * mid
        assert Fraction(ledger.spread_capture) == capture
        assert Fraction(ledger.hedge_cost) == hedging
        assert Fraction(ledger.inventory_move) == inventory
        assert ledger.residual == 0
        assert abs(Fraction(ledger.realized_pnl) - (exact.realized - exact.fees)) <= Fraction(1, 10**8)
        assert ledger.realized_pnl + ledger.unrealized_pnl == ledger.total_pnl
        if exact.position:
            assert ledger.average_price is not None
            assert abs(Fraction(ledger.average_price) - exact.average) <= Fraction(1, 10**8)
        else:
            assert ledger.average_price is None
    if exact.reducing:
        assert ledger.win_rate == pytest.approx(100 * exact.wins / exact.reducing)


@given(steps)
def test_the_ledger_is_exact(stream: list[object]) -> None:
    check(stream)  # type: ignore[arg-type]


D = Decimal


def test_through_zero_realises_one_part_and_opens_the_other() -> None:
    ledger = Ledger()
    ledger.fill("buy", D(100), D(2), D("0.5"), D(100), "quote")
    assert ledger.average_price == 100, "a fee is no part of the average"
    ledger.fill("sell", D(110), D(5), D("0.5"), D(105), "quote")
    assert (ledger.position, ledger.average_price) == (-3, 110)
    assert ledger.realized_pnl == 2 * 10 - 1
    assert ledger.unrealized_pnl == 3 * 5
    assert ledger.win_rate == 100
    ledger.fill("buy", D(110), D(3), D(0), D(105), "hedge")
    assert (ledger.position, ledger.average_price, ledger.unrealized_pnl) == (0, None, 0)
    assert ledger.hedge_cost == -15


def test_a_third_of_a_cost_does_not_get_lost() -> None:
    ledger = Ledger()
    ledger.fill("buy", D(10), D("0.001"), D(0), D(10), "quote")
    ledger.fill("buy", D(11), D("0.002"), D(0), D(10), "quote")
    for _ in range(3):
        ledger.fill("sell", D(12), D("0.001"), D(0), D(10), "quote")
    assert ledger.realized_pnl == ledger.total_pnl == D("0.004")


def test_the_day_begins_at_midnight_from_the_last_mark_before_it() -> None:
    bench = Bench(start_ns=START_NS - 60 * SECOND)
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.answer_all()
    bench.hold(1000)
    bench.mid(49_990)
    strategy = bench.strategy()
    before = strategy.daily_pnl
    assert before == strategy.ledger.total_pnl
    bench.wait(59)
    assert strategy.daily_pnl == before
    bench.wait(1)
    assert strategy.baseline == before and strategy.daily_pnl == 0
    bench.mid(49_980)
    assert strategy.daily_pnl == -10
    assert strategy.ledger.total_pnl == before - 10


def test_the_first_book_of_a_day_belongs_to_that_day() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.hold(1000)
    total = bench.strategy().ledger.total_pnl
    bench.now_ns += 86_400 * 10**9 + 1
    book = bench.books["sandbox"]
    book.clear()
    book.set_bid(2 * 49_000, 1)
    book.set_ask(2 * 49_001, 1)
    actions = bench.take(bench.engine.on_book(book, bench.now_ns))
    begun = [action for action in actions if isinstance(action, DayBegan)]
    of_strategy = bench.strategy().strategy_id
    assert [(b.strategy_id, b.day, b.total_pnl) for b in begun] == [
        (of_strategy, "2024-08-09", total),
        ("", "2024-08-09", total),
    ]
    assert bench.strategy().daily_pnl == D("-999.5")


def test_a_fill_counts_once_and_in_any_state_of_its_order() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.answer_all()
    order = next(bench.strategy().live_quotes("buy"))
    fill = bench.fill(order.client_order_id, 400)
    bench.pause()
    bench.answer_all()
    assert bench.strategy().status == "paused" and not bench.strategy().orders
    bench.report(OrderFilled(fill, 600))
    bench.report(FillHistory("sandbox", "f-x", (fill, fill)))
    assert bench.strategy().position == D("0.4")
    bench.fill(order.client_order_id, 100)
    assert bench.strategy().position == D("0.5")
    assert [event.new_position for event in bench.of(PositionChanged)] == [D("0.4"), D("0.5")]
    assert not bench.of(ErrorOccurred)


def test_pnl_is_told_when_it_changes_and_once_a_second() -> None:
    bench = Bench()
    bench.mid(50_000)
    bench.create(enabled=True)
    bench.hold(1000)
    for step in range(10):
        bench.mid(50_000 + step)
        bench.wait(0.1)
    bench.wait(3)
    updates = bench.of(PnlUpdate)
    assert 1 <= len(updates) <= 2
    assert updates[-1].total_pnl == bench.strategy().ledger.total_pnl


@pytest.mark.nightly
@given(st.lists(fills | mids, min_size=100, max_size=1_000))
def test_the_ledger_stays_exact(stream: list[object]) -> None:
    check(stream)  # type: ignore[arg-type]

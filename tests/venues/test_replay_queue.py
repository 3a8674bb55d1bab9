"""What the recorded flow does to our resting orders."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from zenotc.models.market import BUY, SELL, Book, Instrument, Side
from zenotc.venues.replay.queue import OrderQueue, RestingOrder
from zenotc.venues.replay.recording import Trade

NOW_MS = 1_000
NOW_NS = NOW_MS * 1_000_000
INSTRUMENT = Instrument("v", "BTC", "BTCUSDT", Decimal(1), Decimal(1))


def a_book(**levels: int) -> Book:
    """Return a book with bids at 99 and 98, asks at 101 and 102."""
    book = Book(INSTRUMENT, includes_own_orders=False)
    book.set_bid(99, 10)
    book.set_bid(98, 20)
    book.set_ask(101, 10)
    book.set_ask(102, 20)
    return book


def an_order(name: str, side: Side, price: int, lots: int) -> RestingOrder:
    return RestingOrder(name, name, side, price, lots, 0, True, instrument=INSTRUMENT)


class Bench:
    """A queue at a book, with trades that hit the bid unless they are told otherwise."""

    def __init__(self) -> None:
        self.book = a_book()
        self.queue = OrderQueue(self.book)
        self.book_ms = 0

    def rest(self, name: str, price: int, lots: int, side: Side = BUY) -> RestingOrder:
        order = an_order(name, side, price, lots)
        self.queue.add(order, NOW_NS)
        return order

    def trade(self, price: int, lots: int, taker: Side = SELL, at_ms: int = NOW_MS) -> list[tuple[str, int]]:
        executions = self.queue.execute(Trade(at_ms, price, lots, taker), self.book_ms)
        return [(order.client_order_id, filled) for order, filled in executions]

    def level(self, price: int, lots: int, at_ms: int = 0) -> None:
        self.book.set_bid(price, lots)
        self.book_ms = at_ms
        self.queue.cut_to_levels()


def test_an_order_waits_behind_everything_that_is_displayed_when_it_arrives() -> None:
    bench = Bench()
    order = bench.rest("a", 99, 5)
    assert order.ahead_lots == 10
    assert bench.trade(99, 10) == []
    assert order.ahead_lots == 0
    assert bench.trade(99, 3) == [("a", 3)]
    assert bench.trade(99, 3) == [("a", 2)]
    assert not bench.queue


def test_a_trade_fills_with_what_the_queue_ahead_leaves_of_it() -> None:
    bench = Bench()
    bench.rest("a", 99, 50)
    assert bench.trade(99, 14) == [("a", 4)]


def test_a_trade_through_the_price_fills_whatever_the_queue() -> None:
    bench = Bench()
    bench.rest("a", 99, 5)
    assert bench.trade(98, 3) == [("a", 3)]
    assert bench.trade(98, 3) == [("a", 2)]


def test_an_order_inside_the_spread_has_nobody_ahead() -> None:
    bench = Bench()
    assert bench.rest("a", 100, 5).ahead_lots == 0
    assert bench.trade(99, 2) == [("a", 2)]


def test_our_orders_share_a_trade_by_price_and_then_by_time() -> None:
    bench = Bench()
    bench.rest("late", 98, 5)
    bench.rest("first", 99, 5)
    bench.rest("second", 99, 5)
    bench.level(99, 0)
    assert bench.trade(98, 7) == [("first", 5), ("second", 2)]


def test_the_other_side_and_worse_prices_are_not_touched() -> None:
    bench = Bench()
    bench.rest("bid", 98, 5)
    bench.rest("ask", 102, 5, SELL)
    assert bench.trade(99, 100) == []
    assert bench.trade(101, 100, BUY) == []
    assert bench.trade(103, 4, BUY) == [("ask", 4)]


def test_a_level_that_shrinks_cuts_the_queue_and_one_that_grows_does_not_lengthen_it() -> None:
    bench = Bench()
    order = bench.rest("a", 99, 5)
    bench.level(99, 4)
    assert order.ahead_lots == 4
    bench.level(99, 40)
    assert order.ahead_lots == 4


def test_a_trade_printed_after_the_diff_that_contains_it_shortens_the_queue_once() -> None:
    bench = Bench()
    order = bench.rest("a", 99, 5)
    bench.level(99, 7, at_ms=NOW_MS + 10)
    assert bench.trade(99, 3, at_ms=NOW_MS + 5) == []
    assert order.ahead_lots == 7
    assert bench.trade(99, 3, at_ms=NOW_MS + 10) == []
    assert order.ahead_lots == 4


def test_a_trade_executed_before_the_order_arrived_is_not_its() -> None:
    bench = Bench()
    order = bench.rest("a", 99, 5)
    assert bench.trade(98, 5, at_ms=NOW_MS - 1) == []
    assert bench.trade(99, 5, at_ms=NOW_MS - 1) == []
    assert order.ahead_lots == 10


STEP = st.one_of(
    st.tuples(st.just("rest"), st.sampled_from([BUY, SELL]), st.integers(95, 105), st.integers(1, 10)),
    st.tuples(st.just("trade"), st.sampled_from([BUY, SELL]), st.integers(95, 105), st.integers(1, 30)),
    st.tuples(st.just("level"), st.sampled_from([BUY, SELL]), st.integers(95, 105), st.integers(0, 30)),
)


@given(st.lists(STEP, max_size=60), st.integers(-20, 20))
def test_never_more_than_was_traded_and_never_a_queue_longer_than_its_level(
    steps: list[tuple[str, Side, int, int]], lag_ms: int
) -> None:
    bench = Bench()
    ahead: dict[str, int] = {}
    for number, (what, side, price, lots) in enumerate(steps):
        at_ms = NOW_MS + number
        if what == "rest":
            bench.queue.add(an_order(str(number), side, price, lots), at_ms * 1_000_000)
        elif what == "trade":
            before = {order.client_order_id: order.remaining_lots for order in bench.queue}
            executions = bench.queue.execute(Trade(at_ms + lag_ms, price, lots, side), bench.book_ms)
            assert sum(filled for _, filled in executions) <= lots
            for order, filled in executions:
                assert 0 < filled <= before[order.client_order_id]
                assert order.side != side
                assert order.price_ticks <= price if side == BUY else order.price_ticks >= price
                # The queue ahead goes first, unless the trade went through the price.
                if order.price_ticks == price:
                    assert filled <= lots - ahead[order.client_order_id]
        else:
            bench.book.set_level(side, price, lots)
            bench.book_ms = at_ms
            bench.queue.cut_to_levels()
        ahead = {order.client_order_id: order.ahead_lots for order in bench.queue}
        for order in bench.queue:
            levels = bench.book.bids if order.side == BUY else bench.book.asks
            assert 0 <= order.ahead_lots <= levels.get(order.price_ticks, 0)
            assert order.remaining_lots > 0

"""The matching engine: its rules one by one, then against a naive second one on random streams."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenotc.models.market import BUY, SELL, Side
from zenotc.venues.sandbox.matching import LevelChange, MatchingEngine, Order


@dataclass
class NaiveOrder:
    """An order as the naive book keeps it; `arrived` is its place in time."""

    number: int
    account: str
    side: Side
    price: int
    total: int
    post_only: bool
    arrived: int
    filled: int = 0


class NaiveBook:
    """Price-time priority by searching one plain list; what happens is written down as tuples."""

    def __init__(self) -> None:
        self.orders: list[NaiveOrder] = []
        self.log: list[tuple[object, ...]] = []
        self.clock = 0

    def best_against(self, side: Side, price: int) -> NaiveOrder | None:
        candidates = [
            o for o in self.orders if o.side != side and (o.price <= price if side == BUY else o.price >= price)
        ]
        return min(candidates, key=lambda o: (o.price if side == BUY else -o.price, o.arrived), default=None)

    def execute(self, order: NaiveOrder, immediate: bool) -> None:
        self.clock += 1
        order.arrived = self.clock
        while order.filled < order.total:
            maker = self.best_against(order.side, order.price)
            if maker is None:
                break
            if maker.account == order.account:
                self.log.append(("cancelled", order.number, order.total - order.filled, "self_trade"))
                return
            lots = min(order.total - order.filled, maker.total - maker.filled)
            order.filled += lots
            maker.filled += lots
            self.log.append(("trade", maker.number, order.number, maker.price, lots))
            self.orders = [o for o in self.orders if o.filled < o.total]
        if order.filled < order.total:
            if immediate:
                self.log.append(("cancelled", order.number, order.total - order.filled, "ioc"))
            else:
                self.orders.append(order)

    def refuses(self, order: NaiveOrder, price: int, total: int) -> str | None:
        if price < 1:
            return "INVALID_PRICE"
        if total < 1:
            return "INVALID_QUANTITY"
        met = self.best_against(order.side, price) if order.post_only else None
        if met is None:
            return None
        return "SELF_TRADE" if met.account == order.account else "POST_ONLY_WOULD_CROSS"

    def place(self, order: NaiveOrder, immediate: bool) -> str | None:
        code = self.refuses(order, order.price, order.total)
        if code is None:
            self.execute(order, immediate)
        return code

    def find(self, number: int) -> NaiveOrder | None:
        return next((o for o in self.orders if o.number == number), None)

    def cancel(self, number: int, reason: str) -> str | None:
        order = self.find(number)
        if order is None:
            return "UNKNOWN_ORDER"
        self.orders.remove(order)
        self.log.append(("cancelled", number, order.total - order.filled, reason))
        return None

    def amend(self, number: int, price: int, total: int) -> str | None:
        order = self.find(number)
        if order is None:
            return "UNKNOWN_ORDER"
        if 0 <= total <= order.filled:
            return self.cancel(number, "amended_away")
        code = self.refuses(order, price, total)
        if code is not None:
            return code
        if price == order.price and total < order.total:
            order.total = total
            return None
        self.orders.remove(order)
        order.price, order.total = price, total
        self.execute(order, immediate=False)
        return None

    def depth(self, side: Side) -> list[tuple[int, int]]:
        prices = sorted({o.price for o in self.orders if o.side == side}, reverse=side == BUY)
        return [(p, sum(o.total - o.filled for o in self.orders if o.side == side and o.price == p)) for p in prices]


class Pair:
    """Both books, given the same operations and compared after each of them."""

    def __init__(self) -> None:
        self.engine = MatchingEngine()
        self.naive = NaiveBook()
        self.orders: list[Order] = []
        self.feed: dict[tuple[Side, int], int] = {}
        self.trades = 0

    def place(self, account: str, side: Side, price: int, lots: int, post_only: bool, immediate: bool) -> None:
        order = Order(account, side, price, lots, post_only)
        self.orders.append(order)
        naive = NaiveOrder(len(self.orders) - 1, account, side, price, lots, post_only, 0)
        self.compare(self.engine.place(order, immediate=immediate), self.naive.place(naive, immediate), order)

    def amend(self, number: int, price: int, total: int) -> None:
        order = self.orders[number]
        self.compare(self.engine.amend(order, price, total), self.naive.amend(number, price, total), order)

    def cancel(self, number: int) -> None:
        order = self.orders[number]
        self.compare(self.engine.cancel(order), self.naive.cancel(number, "requested"), order)

    def compare(self, code: str | None, naive_code: str | None, order: Order) -> None:
        assert code == naive_code
        numbers = {id(each): number for number, each in enumerate(self.orders)}
        log: list[tuple[object, ...]] = []
        for trade in self.engine.take_trades():
            log.append(
                ("trade", numbers[id(trade.maker)], numbers[id(trade.taker)], trade.price_ticks, trade.quantity_lots)
            )
            self.trades += 1
        if code is None and order.end_reason is not None:
            log.append(("cancelled", numbers[id(order)], order.remaining_lots, order.end_reason))
        assert log == self.naive.log
        self.naive.log.clear()
        resting = {
            number: (o.price_ticks, o.quantity_lots, o.filled_lots) for number, o in enumerate(self.orders) if o.resting
        }
        assert resting == {o.number: (o.price, o.total, o.filled) for o in self.naive.orders}
        for change in self.engine.take_changes():
            self.feed[change.side, change.price_ticks] = change.quantity_lots
        sides: tuple[Side, Side] = (BUY, SELL)
        for side in sides:
            depth = self.naive.depth(side)
            assert self.engine.depth(side) == depth
            assert {price: lots for (s, price), lots in self.feed.items() if s == side and lots} == dict(depth)
        bid, ask = self.engine.best_bid, self.engine.best_ask
        assert bid is None or ask is None or bid < ask


ACCOUNTS = st.sampled_from(["ann", "bob", "cay"])
PRICES = st.integers(0, 8)
LOTS = st.integers(0, 9)
OPERATIONS = st.one_of(
    st.tuples(st.just("place"), ACCOUNTS, st.sampled_from([BUY, SELL]), PRICES, LOTS, st.booleans(), st.booleans()),
    st.tuples(st.just("amend"), st.integers(0), PRICES, st.integers(-1, 12)),
    st.tuples(st.just("cancel"), st.integers(0)),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(OPERATIONS, max_size=60))
def test_agrees_with_the_naive_book(operations: list[tuple[object, ...]]) -> None:
    pair = Pair()
    for kind, *arguments in operations:
        if kind == "place":
            pair.place(*arguments)  # type: ignore[arg-type]
        elif pair.orders:
            number, *rest = arguments
            getattr(pair, str(kind))(int(str(number)) % len(pair.orders), *rest)


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_the_naive_book_on_long_streams(seed: int) -> None:
    rng = random.Random(seed)
    pair = Pair()
    for _ in range(1500):
        kind = rng.random()
        recent = max(0, len(pair.orders) - rng.randint(1, 60))
        if kind < 0.6 or not pair.orders:
            side: Side = rng.choice((BUY, SELL))
            price = rng.randint(90, 104) if side == BUY else rng.randint(97, 111)
            pair.place(rng.choice("abcdef"), side, price, rng.randint(1, 20), rng.random() < 0.4, rng.random() < 0.2)
        elif kind < 0.8:
            pair.amend(recent, rng.randint(88, 112), rng.randint(1, 25))
        else:
            pair.cancel(recent)
    assert pair.trades > 100


def book_of(*orders: Order) -> MatchingEngine:
    engine = MatchingEngine()
    for order in orders:
        assert engine.place(order) is None
    engine.take_trades()
    engine.take_changes()
    return engine


def test_price_comes_before_time_and_time_before_size() -> None:
    late_but_better, first, second = Order("a", SELL, 99, 1), Order("b", SELL, 100, 2), Order("c", SELL, 100, 9)
    engine = book_of(first, second, late_but_better)
    engine.place(Order("t", BUY, 100, 4))
    assert [(t.maker, t.price_ticks, t.quantity_lots) for t in engine.take_trades()] == [
        (late_but_better, 99, 1),
        (first, 100, 2),
        (second, 100, 1),
    ]
    assert engine.depth(SELL) == [(100, 8)]


def test_trades_tell_what_is_left_and_changes_name_each_level_once() -> None:
    engine = book_of(Order("a", SELL, 100, 2), Order("b", SELL, 100, 5))
    taker = Order("t", BUY, 100, 4)
    engine.place(taker)
    assert [(t.maker_remaining_lots, t.taker_remaining_lots) for t in engine.take_trades()] == [(0, 2), (3, 0)]
    assert engine.take_changes() == [LevelChange(SELL, 100, 3)]
    assert not taker.resting and taker.end_reason is None


def test_a_smaller_size_keeps_the_queue_place_and_anything_else_loses_it() -> None:
    first, second = Order("a", BUY, 100, 5), Order("b", BUY, 100, 5)
    engine = book_of(first, second)
    engine.amend(first, 100, 3)
    engine.place(Order("t", SELL, 100, 1))
    assert engine.take_trades()[0].maker is first
    engine.amend(first, 100, 4)
    engine.place(Order("t", SELL, 100, 1))
    assert engine.take_trades()[0].maker is second
    assert first.remaining_lots == 3


def test_an_amend_at_or_below_the_filled_part_cancels_the_rest() -> None:
    order = Order("a", BUY, 100, 5)
    engine = book_of(order)
    engine.place(Order("t", SELL, 100, 3))
    assert engine.amend(order, 101, 3) is None
    assert (order.resting, order.end_reason, order.remaining_lots) == (False, "amended_away", 2)
    assert engine.best_bid is None
    assert engine.amend(order, 101, 9) == "UNKNOWN_ORDER"


def test_a_post_only_amend_that_would_take_leaves_the_order_as_it_was() -> None:
    order = Order("a", BUY, 99, 5, post_only=True)
    engine = book_of(order, Order("b", SELL, 100, 5))
    assert engine.amend(order, 100, 7) == "POST_ONLY_WOULD_CROSS"
    assert (order.resting, order.price_ticks, order.quantity_lots) == (True, 99, 5)
    assert engine.take_changes() == []


def test_an_account_never_trades_with_itself() -> None:
    engine = book_of(Order("b", SELL, 99, 2), Order("a", SELL, 100, 5))
    taker = Order("a", BUY, 100, 4)
    assert engine.place(taker) is None
    assert (taker.filled_lots, taker.end_reason, taker.resting) == (2, "self_trade", False)
    assert engine.depth(SELL) == [(100, 5)] and engine.depth(BUY) == []
    assert engine.place(Order("a", BUY, 100, 1, post_only=True)) == "SELF_TRADE"

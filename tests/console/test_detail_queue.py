"""What may be ahead of our orders: a bound that is never too small."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from console.queue_ahead import QueueAhead
from tests.console.double import NOW
from zenotc.models.quotes import BookLevel, OrderBook, OwnOrder

PRICE = Decimal(100)


def _own(order_id: str, remaining: int, after: int = 0) -> OwnOrder:
    placed = NOW + timedelta(seconds=after)
    return OwnOrder(order_id=order_id, strategy_id="s", remaining=Decimal(remaining), state="resting", placed_at=placed)


def _book(others: int, *own: OwnOrder, price: Decimal = PRICE) -> OrderBook:
    mine = sum((order.remaining for order in own), Decimal(0))
    level = BookLevel(price=price, quantity=others + mine, own_quantity=mine, own_orders=list(own))
    return OrderBook(
        asset="BTC", venue="v", bids=[level], asks=[], mid=None, tick_size=Decimal(1), lot_size=Decimal(1), usable=True,
        reason=None, data_age_seconds=0, timestamp=NOW,
    )  # fmt: skip


def test_what_stood_there_is_ahead_and_what_comes_is_behind() -> None:
    queue = QueueAhead()
    bounds = []
    for others in (5, 9, 4, 7, 0, 3):
        queue.update(_book(others, _own("a", 2)))
        bounds.append(queue.of("BTC", "a"))
    assert bounds == [5, 5, 4, 4, 0, 0]


def test_own_orders_that_came_before_are_ahead() -> None:
    queue = QueueAhead()
    queue.update(_book(5, _own("a", 2)))
    queue.update(_book(6, _own("b", 1, after=1), _own("a", 2)))
    assert queue.of("BTC", "a") == 5 and queue.of("BTC", "b") == 8


def test_a_new_price_and_a_larger_size_go_to_the_end() -> None:
    queue = QueueAhead()
    queue.update(_book(1, _own("a", 2)))
    queue.update(_book(6, _own("a", 1)))
    assert queue.of("BTC", "a") == 1
    queue.update(_book(6, _own("a", 3)))
    assert queue.of("BTC", "a") == 6
    queue.update(_book(2, _own("a", 3), price=PRICE + 1))
    assert queue.of("BTC", "a") == 2


def test_what_lies_beyond_the_book_keeps_its_bound_and_what_has_gone_has_none() -> None:
    queue = QueueAhead()
    queue.update(_book(4, _own("a", 2)))
    queue.update(_book(1, price=PRICE + 5))
    assert queue.of("BTC", "a") == 4
    queue.update(_book(1))
    assert queue.of("BTC", "a") is None and queue.of("ETH", "a") is None


def test_the_bound_holds_in_any_queue_with_time_priority() -> None:
    chance = random.Random(7)
    for _ in range(50):
        queue = [chance.randint(1, 9) for _ in range(chance.randint(0, 6))]
        mine = len(queue)  # our place: everything before it is ahead
        ahead = queue[:]
        behind: list[int] = []
        bound = QueueAhead()
        for _ in range(40):
            bound.update(_book(sum(ahead) + sum(behind), _own("a", 3)))
            known = bound.of("BTC", "a")
            assert known is not None and known >= sum(ahead) and mine >= len(ahead)
            side = ahead if ahead and chance.random() < 0.5 else behind
            if chance.random() < 0.4:
                behind.append(chance.randint(1, 9))
            elif side:
                side.pop(chance.randrange(len(side)))

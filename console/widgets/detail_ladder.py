"""The book on a scale of prices: rows stand still while the mid moves in their middle third.

Each row is a price, or a step of prices where ticks are too fine; bids stand left of it and asks right, our orders with
their age and the most that may be ahead of them (see `console.queue_ahead`). Beyond the depth that the engine sends
nothing is known, which is marked: an empty row is an empty price.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from console.formatting import age, clean, clock_time, decimals_of, gauge, number, shortest
from console.ink import Ink, Line, Span, dimmed, line
from console.store import Store, Wire
from console.widgets.detail_page import DetailPage
from zenotc.models.quotes import BookLevel, OrderBook, OwnOrder
from zenotc.models.strategy import Strategy
from zenotc.models.wire_event import fields_of

__all__ = ["DepthLadder"]

_NICE = tuple(Decimal(digit).scaleb(power) for power in range(6) for digit in (1, 2, 5))
"""Steps in ticks."""

_FILLS = 5
_ROWS_WITH_FILLS = 20
"""From this height on the last fills are shown below the book."""

_AHEAD_WIDTH, _AGE_WIDTH = 11, 6
_OWN_WIDTH = 10 + _AHEAD_WIDTH + _AGE_WIDTH
_BAR_MIN = 3


@dataclass(slots=True)
class _Row:
    bid: Decimal = Decimal(0)
    ask: Decimal = Decimal(0)
    mine: list[OwnOrder] = field(default_factory=list)
    others: Decimal = Decimal(0)


class DepthLadder(DetailPage):
    """The tab: head, rows from the highest price down, and the last fills."""

    hint: ClassVar[str] = "{next} {previous} scroll  {follow} centre  {less} {more} step"

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self._zoom = 0
        self._step: Decimal | None = None
        self._middle: int | None = None
        self._following = True
        self._laid_for: object = None

    def show(self, store: Store, strategy_id: str | None) -> None:
        """Turn to a strategy of an engine, its mid in the middle."""
        if store is not self._store or strategy_id != self.strategy_id:
            self._store, self.strategy_id, self._zoom, self._laid_for = store, strategy_id, 0, None
            self._following = True

    def scroll_lines(self, by: int) -> None:
        """Leave the mid and scroll, down where positive."""
        if self._middle is not None:
            self._following = False
            self._middle -= by
            self.draw()

    def centre(self) -> None:
        """Go back to the mid and stay with it."""
        self._following, self._middle = True, None
        self.draw()

    def zoom(self, step: int) -> None:
        """Take larger (1) or smaller (-1) steps of prices."""
        self._zoom += step
        self._laid_for = None
        self.draw()

    @property
    def place(self) -> str:
        """Which steps are shown, and whether the rows follow the mid."""
        step = "" if self._step is None else f"step {shortest(self._step)}"
        return step if self._following else f"{step} · scrolled, G centres"

    def lines(self, width: int, height: int) -> list[Line]:
        """Return head, rows and fills."""
        strategy = self._store.strategy(self.strategy_id)
        if strategy is None:
            return [line(("Select a strategy.", "muted"))]
        book = self._store.books.get(strategy.asset)
        if book is None:
            return [line((f"Waiting for the book of {clean(strategy.asset, 20)} …", "faint"))]
        fills = _fills(strategy, self._store) if height >= _ROWS_WITH_FILLS else []
        rows = max(1, height - 2 - len(fills))
        written = [*self._book(book, rows, width, self._store.book_age_seconds(book, strategy)), *fills]
        if self._store.stale or not book.usable:
            written = [dimmed(drawn) for drawn in written]
        return written

    def _book(self, book: OrderBook, rows: int, width: int, old: float) -> list[Line]:
        step, middle = self._place(book, rows)
        levels = _stepped(book, step, self.strategy_id)
        top = middle + (rows - 1) // 2
        bounds = _known(book, step)
        mid = None if book.mid is None else int((book.mid / step).to_integral_value(ROUND_HALF_EVEN))
        shown = [levels.get(index) for index in range(top, top - rows, -1)]
        largest = max((max(row.bid, row.ask) for row in shown if row is not None), default=Decimal(0)) or Decimal(1)
        layout = _Layout.of(book, step, largest, width)
        return [
            _mid(book, old),
            layout.head(),
            *(
                layout.empty(index, bounds, middle=index == mid)
                if row is None
                else layout.row(index, row, book.asset, self._store, middle=index == mid)
                for index, row in zip(range(top, top - rows, -1), shown, strict=True)
            ),
        ]

    def _place(self, book: OrderBook, rows: int) -> tuple[Decimal, int]:
        """Return the step and the row in the middle; neither changes while there is no need to."""
        laid_for = (self.strategy_id, rows, self._zoom)
        if laid_for != self._laid_for or self._step is None:
            self._laid_for, self._middle = laid_for, None
            self._step = self._choose_step(book, rows)
        step = self._step
        if book.mid is not None:
            at = int((book.mid / step).to_integral_value(ROUND_FLOOR))
            if self._middle is None or (self._following and abs(at - self._middle) > max(1, rows // 6)):
                self._middle = at
        return step, self._middle or 0

    def _choose_step(self, book: OrderBook, rows: int) -> Decimal:
        """Return the smallest step with which a third of the rows of levels, and our own orders, can be seen."""
        reach = max(1, rows // 3)
        mid = book.mid
        if mid is None:
            return book.tick_size
        prices = [level.price for side in (book.bids, book.asks) for level in side[:reach]]
        prices += [
            level.price
            for level in (*book.bids, *book.asks)
            if any(order.strategy_id == self.strategy_id for order in level.own_orders)
        ]
        span = max((abs(price - mid) for price in prices), default=book.tick_size)
        half = max(1, rows // 2 - 1)
        fitting = (index for index, nice in enumerate(_NICE) if nice * book.tick_size * half >= span)
        chosen = next(fitting, len(_NICE) - 1)
        bounded = min(max(chosen + self._zoom, 0), len(_NICE) - 1)
        self._zoom = bounded - chosen
        self._laid_for = (self.strategy_id, rows, self._zoom)
        return _NICE[bounded] * book.tick_size


def _index(price: Decimal, step: Decimal, *, bid: bool) -> int:
    """Return the row of a price: of a step the bids stand at its lower end, the asks at its upper."""
    return int((price / step).to_integral_value(ROUND_FLOOR if bid else ROUND_CEILING))


def _stepped(book: OrderBook, step: Decimal, strategy_id: str | None) -> dict[int, _Row]:
    rows: dict[int, _Row] = defaultdict(_Row)
    for bid, side in ((True, book.bids), (False, book.asks)):
        for level in side:
            row = rows[_index(level.price, step, bid=bid)]
            if bid:
                row.bid += level.quantity
            else:
                row.ask += level.quantity
            _add_own(row, level, strategy_id)
    return dict(rows)


def _add_own(row: _Row, level: BookLevel, strategy_id: str | None) -> None:
    for order in level.own_orders:
        if order.strategy_id == strategy_id:
            row.mine.append(order)
        else:
            row.others += order.remaining


def _known(book: OrderBook, step: Decimal) -> tuple[int | None, int | None]:
    """Return the rows of the outermost bid and ask that the engine has sent."""
    low = _index(book.bids[-1].price, step, bid=True) if book.bids else None
    high = _index(book.asks[-1].price, step, bid=False) if book.asks else None
    return low, high


@dataclass(frozen=True, slots=True)
class _Layout:
    step: Decimal
    prices: int
    sizes: int
    price_width: int
    size_width: int
    bar: int
    largest: Decimal

    @classmethod
    def of(cls, book: OrderBook, step: Decimal, largest: Decimal, width: int) -> _Layout:
        prices, sizes = decimals_of(book.tick_size), decimals_of(book.lot_size)
        reference = book.asks[-1].price if book.asks else Decimal(1)
        price_width = len(number(reference, prices)) + 2
        size_width = max(8, len(number(largest, sizes)) + 1)
        bar = min(16, (width - price_width - 2 * size_width - _OWN_WIDTH) // 2)
        return cls(step, prices, sizes, price_width, size_width, bar if bar >= _BAR_MIN else 0, largest)

    def head(self) -> Line:
        bar = " " * self.bar
        text = (
            f"{bar}{'BID':>{self.size_width}}{'PRICE':>{self.price_width - 1}} "
            f"{'ASK':>{self.size_width - 1}} {bar}   OWN    {'AHEAD':>{_AHEAD_WIDTH}}{'AGE':>{_AGE_WIDTH}}"
        )
        return line((text, "faint"))

    def empty(self, index: int, bounds: tuple[int | None, int | None], *, middle: bool) -> Line:
        low, high = bounds
        price = f"{number(index * self.step, self.prices):>{self.price_width - 1}} "
        if middle:
            rule = "┄" * (self.bar + self.size_width)
            return line((rule, "rule"), (price, "muted"), (rule, "rule"))
        unknown = (low is not None and index < low) or (high is not None and index > high)
        mark = "·" if unknown else ""
        return line((f"{' ' * self.bar}{mark:>{self.size_width}}{price}{mark:>{self.size_width - 1}}", "faint"))

    def row(self, index: int, row: _Row, asset: str, store: Store, *, middle: bool) -> Line:
        price = f"{number(index * self.step, self.prices):>{self.price_width - 1}} "
        tone: Ink = "own" if row.mine else "gain" if row.bid and not row.ask else "loss" if not row.bid else "plain"
        fill = "┄" if middle else " "
        return line(
            (self._bar(row.bid).rjust(self.bar, fill), "rule"), self._size(row.bid, self.size_width, fill),
            (price, tone), self._size(row.ask, self.size_width - 1, fill),
            (f" {self._bar(row.ask)}".ljust(self.bar + 1, fill), "rule"),
            *self._own(row, asset, store),
        )  # fmt: skip

    def _size(self, size: Decimal, width: int, fill: str) -> Span:
        if not size:
            return fill * width, "rule"
        return f" {number(size, self.sizes)}".rjust(width, fill)[-width:], "plain"

    def _bar(self, size: Decimal) -> str:
        filled, _ = gauge(float(size / self.largest), self.bar)
        return "▆" * len(filled)

    def _own(self, row: _Row, asset: str, store: Store) -> list[Span]:
        if not row.mine:
            return [(f"   {number(row.others, self.sizes)} other own", "muted")] if row.others else []
        size = sum((order.remaining for order in row.mine), Decimal(0))
        bounds = [store.queue.of(asset, order.order_id) for order in row.mine]
        known = [bound for bound in bounds if bound is not None]
        ahead = f"≤{number(max(known), self.sizes)}" if known else "–"
        placed = min(order.placed_at for order in row.mine)
        now = store.status.trading_time if store.status else placed
        states = {order.state for order in row.mine} - {"resting"}
        count = f" ×{len(row.mine)}" if len(row.mine) > 1 else ""
        # Of an order that does not rest it is its state that matters: it takes the place of what is ahead of it.
        state = "unknown" if "unknown" in states else next(iter(sorted(states)), "")
        told: Span = (f" {state:<{_AHEAD_WIDTH - 1}}", "alarm" if state == "unknown" else "accent")
        return [
            (f" ◂ {number(size, self.sizes)}{count:<2}", "own"),
            told if state else (f"{ahead:>{_AHEAD_WIDTH}}", "plain"),
            (f"{age(max(0.0, (now - placed).total_seconds())):>{_AGE_WIDTH}}", "muted"),
        ]


def _mid(book: OrderBook, old: float) -> Line:
    """Write mid and spread of the book without our own orders."""
    if not book.usable or book.mid is None:
        return line((f"{clean(book.reason or 'no book', 40).replace('_', ' ')}, {age(old)}", "caution"))
    foreign = [
        next((level.price for level in side if level.quantity > level.own_quantity), None)
        for side in (book.bids, book.asks)
    ]
    bid, ask = foreign
    prices = decimals_of(book.tick_size)
    spread: list[Span] = []
    if bid is not None and ask is not None:
        spread = [("   spread ", "muted"), (number(ask - bid, prices), "plain"),
                  (f"  {number(10_000 * (ask - bid) / book.mid, 2)} bps", "muted")]  # fmt: skip
    decimals = max(prices, decimals_of(book.mid.normalize()))
    data: Span = (f"   data {age(old)}", "muted")
    return line(("mid ", "muted"), (number(book.mid, decimals), "strong"), *spread, data)


def _fills(strategy: Strategy, store: Store) -> list[Line]:
    """Return the last fills of the strategy: the engine does not tell of the trades of others."""
    fills = store.facts.fills(strategy.id, _FILLS)
    if not fills:
        return []
    return [line(("LAST OWN FILLS", "faint")), *(_fill(event, store) for event in fills)]


def _fill(event: Wire, store: Store) -> Line:
    event = fields_of(event)
    side = clean(event.get("side"), 4)
    asset = clean(event.get("asset"), 20)
    size, price = event.get("quantity"), event.get("price")
    words = (
        f"{number(size, store.position_decimals(asset)) if isinstance(size, (Decimal, int)) else '–':>12}"
        f" @ {number(price, store.price_decimals(asset)) if isinstance(price, (Decimal, int)) else '–'}"
    )
    hedge = "  hedge" if event.get("type") == "hedge_filled" else ""
    return line(
        (f"{clock_time(event.get('timestamp'))}  ", "faint"), (f"{side:<4}", "gain" if side == "buy" else "loss"),
        (words, "plain"), (hedge, "accent"),
    )  # fmt: skip

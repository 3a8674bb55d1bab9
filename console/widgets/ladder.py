"""The book around the touch, the mid in the middle line, our own orders marked.

Levels are listed outwards from the mid, which stands still. An own order that lies further out than the lines reach
takes the outermost line, behind a `┆`.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from console.formatting import age, clean, decimals_of, gauge, number
from console.ink import Ink, Line, Span, dimmed, line
from console.store import Store
from console.widgets.sheet import Sheet
from zenotc.models.quotes import BookLevel, OrderBook

__all__ = ["Ladder"]

_OWN_WIDTH = 11
_BAR_MIN = 3
_EX_OWN = " ex own"
_HEADED = 8
"""From this height on the columns have titles."""


@dataclass(frozen=True, slots=True)
class _Layout:
    price_decimals: int
    size_decimals: int
    price_width: int
    size_width: int
    bar_width: int
    largest: Decimal
    strategy_id: str | None


class Ladder(Sheet):
    """Bids on the left, asks on the right, prices in the middle."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.strategy_id: str | None = None
        self.store = store

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the head, the asks from the outermost in, the mid, the bids."""
        strategy = self.store.strategy(self.strategy_id)
        if strategy is None:
            return []
        book = self.store.books.get(strategy.asset)
        if book is None:
            return [line((f"Waiting for the book of {clean(strategy.asset, 20)} …", "faint"))]
        headed = height >= _HEADED
        depth = max(1, (height - 1 - headed) // 2)
        asks, bids = _choose(book.asks, depth), _choose(book.bids, depth)
        layout = _layout(book, asks + bids, width, self.strategy_id)
        drawn = [
            *[_head(layout)] * headed,
            *[Line()] * (depth - len(asks)),
            *(_level(level, layout, gap, bid=False) for level, gap in reversed(asks)),
            _mid(book, layout, width, self.store.book_age_seconds(book, strategy)),
            *(_level(level, layout, gap, bid=True) for level, gap in bids),
        ]
        if self.store.stale or not book.usable:
            drawn = [dimmed(row) for row in drawn]
        return drawn


_Chosen = tuple[BookLevel, bool]


def _choose(levels: list[BookLevel], depth: int) -> list[_Chosen]:
    """Return the nearest levels and the own ones further out, each with whether some before it are left out."""
    own = [index for index, level in enumerate(levels) if level.own_quantity][: max(0, depth - 1)]
    others = (index for index in range(len(levels)) if index not in own)
    chosen = sorted([*own, *islice(others, depth - len(own))])
    return [(levels[index], index > 0 and index - 1 not in chosen) for index in chosen]


def _layout(book: OrderBook, chosen: list[_Chosen], width: int, strategy_id: str | None) -> _Layout:
    price_decimals, size_decimals = decimals_of(book.tick_size), decimals_of(book.lot_size)
    prices = [len(number(level.price, price_decimals)) for level, _ in chosen]
    sizes = [len(number(level.quantity, size_decimals)) for level, _ in chosen]
    price_width, size_width = max(prices, default=8) + 5, max(sizes, default=6) + 1
    half = (width - price_width) // 2
    bar_width = min(24, half - size_width - _OWN_WIDTH - 1)
    return _Layout(
        price_decimals, size_decimals, price_width, size_width,
        bar_width=bar_width if bar_width >= _BAR_MIN else 0,
        largest=max((level.quantity for level, _ in chosen), default=Decimal(1)) or Decimal(1),
        strategy_id=strategy_id,
    )  # fmt: skip


def _head(layout: _Layout) -> Line:
    bar = " " * layout.bar_width
    text = (
        f"{'OWN':>{_OWN_WIDTH}} {bar}{'BID':>{layout.size_width}}{'PRICE  ':>{layout.price_width}}"
        f"{'ASK':>{layout.size_width - 1}} {bar} {'OWN':<{_OWN_WIDTH}}"
    )
    return line((text, "faint"))


def _level(level: BookLevel, layout: _Layout, gap: bool, *, bid: bool) -> Line:
    size = number(level.quantity or None, layout.size_decimals)  # the book has not heard of our order yet
    price = number(level.price, layout.price_decimals)
    own = _own(level, layout)
    filled, _ = gauge(float(level.quantity / layout.largest), layout.bar_width)
    tone: Ink = "gain" if bid else "loss"
    middle: Span = (f" {'┆' if gap else ' '}{price:>{layout.price_width - 4}}  ", tone if own is None else "own")
    blank = " " * (_OWN_WIDTH + 1 + layout.bar_width + layout.size_width)
    if bid:
        words = f"{own[0] + ' ▸' if own else '':>{_OWN_WIDTH}} "
        bar = ("▆" * len(filled)).rjust(layout.bar_width)
        left: list[Span] = [
            (words, own[1] if own else "plain"),
            (bar, "rule"),
            (size.rjust(layout.size_width), "plain"),
        ]
        return Line((*left, middle))
    words = f" {'◂ ' + own[0] if own else '':<{_OWN_WIDTH}}"
    bar = ("▆" * len(filled)).ljust(layout.bar_width)
    return Line(
        (
            (blank, "plain"), middle, (f"{size:>{layout.size_width - 1}} ", "plain"), (bar, "rule"),
            (words, own[1] if own else "plain"),
        )
    )  # fmt: skip


def _own(level: BookLevel, layout: _Layout) -> Span | None:
    """Return our size in a level: the selected strategy's in its own ink, the others' in a quieter one."""
    if not level.own_quantity:
        return None
    mine = sum((o.remaining for o in level.own_orders if o.strategy_id == layout.strategy_id), Decimal(0))
    if mine:
        return number(mine, layout.size_decimals), "own"
    return number(level.own_quantity, layout.size_decimals), "muted"


def _foreign_touch(levels: list[BookLevel]) -> Decimal | None:
    return next((level.price for level in levels if level.quantity > level.own_quantity), None)


def _mid(book: OrderBook, layout: _Layout, width: int, old: float) -> Line:
    """Write mid and spread, both of the book without our own orders: one of ours may stand between them."""
    ask, bid = _foreign_touch(book.asks), _foreign_touch(book.bids)
    if book.mid is None or ask is None or bid is None:
        words = f"{clean(book.reason or 'no book', 40).replace('_', ' ')}, {age(old)}"
        return line((words.center(width), "caution"))
    spread = ask - bid
    bps = 10_000 * spread / book.mid
    decimals = layout.price_decimals
    between = decimals_of(book.mid.normalize()) > decimals
    mid = f"{number(book.mid, decimals + 1)} " if between else f"{number(book.mid, decimals)}  "
    left = _OWN_WIDTH + 1 + layout.bar_width + layout.size_width
    inside = book.asks[0].price < ask or book.bids[0].price > bid
    room = layout.size_width + layout.bar_width + _OWN_WIDTH
    words = f"spread {number(spread, layout.price_decimals)}  {number(bps, 2)} bps"
    if inside and len(words) + len(_EX_OWN) <= room:
        words += _EX_OWN
    if not book.usable:
        words = f"{clean(book.reason or 'not usable', 40).replace('_', ' ')}, {age(old)}"
    rest = max(0, room - len(words))
    return line(
        ("─" * max(0, left - 1) + " ", "rule"), (f"{mid:>{layout.price_width}}", "strong"),
        (words + " ", "muted"), ("─" * rest, "rule"),
    )  # fmt: skip

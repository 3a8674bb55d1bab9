"""What a configuration would quote, as the engine has worked it out, beside what rests now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest
from typing import Literal

from console.draft import Draft
from console.formatting import clean, decimals_of, number, shortest
from console.ink import Ink, Line, Span, dimmed, line
from console.store import Store
from console.widgets.sheet import Sheet
from zenotc.models.quotes import Preview, Quote, Quotes

__all__ = ["FormPreview", "Previewed"]

_LOW = 11
"""Below this height bids and asks stand side by side."""

Fate = Literal["keep", "amend", "place", "cancel"]

_MARKS: dict[Fate, tuple[str, Ink]] = {
    "keep": ("=", "muted"), "amend": ("~", "accent"), "place": ("+", "gain"), "cancel": ("−", "loss"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Previewed:
    """The engine's answer, and the orders that it speaks of."""

    preview: Preview
    resting: Quotes | None = None


@dataclass(frozen=True, slots=True)
class _Row:
    side: str
    price: Decimal
    size: Decimal
    layer: int | None
    fate: Fate


class FormPreview(Sheet):
    """The ladder as it would be, what becomes of each order, and the worst that could come of it.

    Attributes
    ----------
    previewed
        The last answer, `None` before the first.
    problem
        Why there is no newer one, in words.
    current
        Whether the answer is of what is typed now.
    """

    def __init__(self, draft: Draft, store: Store) -> None:
        super().__init__()
        self._draft, self._store = draft, store
        self.previewed: Previewed | None = None
        self.problem = ""
        self.current = False

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return the state of the preview, then the preview, dimmed where it is of something else."""
        head = [self._state(), Line()] if height > 12 else [self._state()]
        if self.previewed is None:
            return head
        body = self._body(self.previewed, width, height - len(head))
        return [*head, *(body if self.current and not self._store.stale else map(dimmed, body))]

    def _state(self) -> Line:
        draft = self._draft
        if draft.refused:
            return line((f"{len(draft.refused)} refused: the preview waits", "alarm"))
        if draft.missing:
            return line((f"still empty: {', '.join(draft.missing)}", "caution"))
        if self.problem:
            return line((clean(self.problem), "caution"))
        if not self.current:
            return line(("asking the engine …", "muted"))
        return line(("by the engine, for the market as it is now", "faint"))

    def _body(self, previewed: Previewed, width: int, height: int) -> list[Line]:
        preview = previewed.preview
        prices = max((decimals_of(target.price) for target in preview.targets), default=2)
        sizes = max((decimals_of(target.quantity) for target in preview.targets), default=3)
        rows = _rows(previewed)
        worst = [_worst(side, position, self._draft, sizes, preview) for side, position in
                 (("long", preview.worst_case_long), ("short", preview.worst_case_short))]  # fmt: skip
        middle = _middle(preview, prices, width)
        if height < _LOW:
            return [middle, *_pairs(rows, prices, sizes)[: max(0, height - 4)], _summary(rows), *worst]
        asks = [_row(row, prices, sizes) for row in rows if row.side == "sell"]
        bids = [_row(row, prices, sizes) for row in rows if row.side == "buy"]
        ladder = [*asks, middle, *bids]
        cut = max(0, len(ladder) - max(0, height - 7))  # the inside is what matters
        above = min(max(0, len(asks) - (height - 7) // 2), cut)
        ladder = ladder[above : len(ladder) - (cut - above)]
        return [*ladder, Line(), _summary(rows), _reasons(preview), *worst]


_DONE: dict[Fate, str] = {"keep": "kept", "amend": "amended", "place": "placed", "cancel": "cancelled"}


def _rows(previewed: Previewed) -> list[_Row]:
    """Say of every target what it takes, and of every order that goes that it goes; the highest price first."""
    preview, orders = previewed.preview, _by_id(previewed.resting)
    placed = {(target.side, target.price, target.layer) for target in preview.placed}
    kept = [orders[order_id] for order_id in preview.kept if order_id in orders]
    rows = []
    for target in preview.targets:
        fate: Fate = "amend"
        if (target.side, target.price, target.layer) in placed:
            fate = "place"
        elif not preview.amended or any((q.side, q.price) == (target.side, target.price) for q in kept):
            fate = "keep"
        rows.append(_Row(target.side, target.price, target.quantity, target.layer, fate))
    gone = [orders[order_id] for order_id in preview.cancelled if order_id in orders]
    rows += [_Row(order.side, order.price, order.remaining, order.layer, "cancel") for order in gone]
    return sorted(rows, key=lambda row: -row.price)


def _by_id(quotes: Quotes | None) -> dict[str, Quote]:
    return {quote.order_id: quote for quote in quotes.quotes} if quotes else {}


def _row(row: _Row, prices: int, sizes: int) -> Line:
    mark, ink = _MARKS[row.fate]
    tone: Ink = "faint" if row.fate == "cancel" else "gain" if row.side == "buy" else "loss"
    layer = "–" if row.layer is None else str(row.layer)
    return line(
        (f"{mark} ", ink), (f"{row.side:<5}", tone), (f"{layer:>2} ", "muted"),
        (f"{number(row.price, prices):>13}", tone), (f"{number(row.size, sizes):>12}  ", "plain"),
        (row.fate, ink),
    )  # fmt: skip


def _pairs(rows: Sequence[_Row], prices: int, sizes: int) -> list[Line]:
    """Write bids and asks side by side, from the inside out."""
    bids = [row for row in rows if row.side == "buy"]
    asks = [row for row in reversed(rows) if row.side == "sell"]
    lines = []
    for bid, ask in zip_longest(bids, asks):
        left: list[Span] = [(" " * 27, "plain")]
        if bid is not None:
            mark, ink = _MARKS[bid.fate]
            left = [(f"{mark} ", ink), (f"{number(bid.size, sizes):>10} ", "plain"),
                    (f"{number(bid.price, prices):>14}", "gain")]  # fmt: skip
        right: list[Span] = []
        if ask is not None:
            mark, ink = _MARKS[ask.fate]
            right = [(f"   {number(ask.price, prices):<14}", "loss"), (f" {number(ask.size, sizes):<10}", "plain"),
                     (f" {mark}", ink)]  # fmt: skip
        lines.append(line(*left, *right))
    return lines


def _summary(rows: Sequence[_Row]) -> Line:
    """Count what becomes of the orders."""
    spans: list[Span] = []
    for fate, (mark, ink) in _MARKS.items():
        spans += [(f"{mark} {sum(row.fate == fate for row in rows)} ", ink), (f"{_DONE[fate]} ", "muted")]
    return Line(tuple(spans))


def _middle(preview: Preview, prices: int, width: int) -> Line:
    reference = preview.reference
    if reference is None:
        return line(("no usable book now: nothing would be quoted", "caution"))
    words = f" width {number(reference.spread_bps, 2)}  skew {number(reference.skew_bps, 2, signed=True)} bps "
    mid = f"{'':<10}{number(reference.mid, prices + 1):>14}"
    return line((mid, "strong"), (words, "muted"), ("─" * max(0, width - len(mid) - len(words)), "rule"))


def _reasons(preview: Preview) -> Line:
    """Write what each side would do, or why it would not quote."""
    spans: list[Span] = []
    for side, reason in preview.sides.items():
        ink: Ink = "gain" if reason == "quoting" else "muted" if reason in ("stopped", "paused") else "caution"
        spans += [(f"{side} ", "muted"), (f"{reason.replace('_', ' ')}  ", ink)]
    return Line(tuple(spans))


def _worst(side: str, position: Decimal, draft: Draft, sizes: int, preview: Preview) -> Line:
    """Write the position if everything on one side fills, its share of the limit, and what it is worth."""
    limit = draft.given().get("max_position")
    share = ""
    ink: Ink = "plain"
    if isinstance(limit, Decimal) and limit > 0:
        used = 100 * abs(position) / limit
        share = f"  {number(used)} % of {shortest(limit)}"
        ink = "alarm" if used > 100 else "caution" if used >= 80 else "plain"
    worth = "" if preview.reference is None else f"  {number(abs(position) * preview.reference.mid, 0)} USD"
    exposure = f"{number(position, sizes, signed=True)} {clean(draft.asset, 8)}"
    return line((f"worst {side:<6}", "muted"), (exposure, ink), (share, "muted"), (worth, "muted"))

"""What a strategy quotes: each order with its distance, its age and what is ahead of it, and what it was made from."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from console.formatting import age, arrow, decimals_of, number, shortest
from console.ink import Ink, Line, Span, line, signed_ink
from console.inspection import Topic
from console.store import Store
from console.widgets.detail_page import DetailPage, heading, row
from zenotc.models.quotes import Quote, QuoteReference, Quotes
from zenotc.models.strategy import Strategy

__all__ = ["QuotesPage"]

_WIDE = 74
"""From this width on there is room for what an order was placed with."""

_STATES: dict[str, Ink] = {"unknown": "alarm", "cancelling": "caution"}


class QuotesPage(DetailPage):
    """The live orders from the outermost ask down to the outermost bid, then the reference.

    Distances from the mid are positive on the own side: a negative one says that the order stands beyond the mid.
    """

    topics: ClassVar[frozenset[Topic]] = frozenset({"quotes"})

    def write(self, strategy: Strategy, width: int) -> list[Line]:
        """Return orders, sides and reference."""
        quotes = self._store.inspection.quotes
        if quotes is None:
            return [line(("Asking the engine …", "faint"))]
        asks = sorted((q for q in quotes.quotes if q.side == "sell"), key=lambda q: -q.price)
        bids = sorted((q for q in quotes.quotes if q.side == "buy"), key=lambda q: -q.price)
        return [
            line(("SIDE  L      PRICE  REMAINING    BPS     AHEAD   AGE", "faint")),
            *(_order(quote, quotes, strategy, self._store, width) for quote in asks),
            _side_reason("sell", quotes),
            _side_reason("buy", quotes),
            *(_order(quote, quotes, strategy, self._store, width) for quote in bids),
            Line(),
            *_reference(quotes, width, self._store),
        ]


def _order(quote: Quote, quotes: Quotes, strategy: Strategy, store: Store, width: int) -> Line:
    prices, sizes = decimals_of(quotes.instrument.tick_size), decimals_of(quotes.instrument.lot_size)
    mid = strategy.mid
    bps = None if not mid else 10_000 * (mid - quote.price if quote.side == "buy" else quote.price - mid) / mid
    ahead = store.queue.of(strategy.asset, quote.order_id)
    tone: Ink = "gain" if quote.side == "buy" else "loss"
    part = "" if quote.remaining == quote.quantity or width < _WIDE else f" of {number(quote.quantity, sizes)}"
    since = (store.status.trading_time - quote.placed_at).total_seconds() if store.status else None
    return line(
        (f"{quote.side:<5}", tone), (f"{'–' if quote.layer is None else quote.layer:>2} ", "muted"),
        (f"{number(quote.price, prices):>10} ", tone), (f"{number(quote.remaining, sizes):>10} ", "own"),
        (f"{number(bps, 2):>6} ", "alarm" if bps is not None and bps < 0 else "plain"),
        (f"{'–' if ahead is None else '≤' + number(ahead, sizes):>9} ", "plain"),
        (f"{age(None if since is None else max(since, 0.0)):>5}", "muted"),
        ("" if quote.state == "resting" else f" {quote.state}", _STATES.get(quote.state, "accent")), (part, "faint"),
    )  # fmt: skip


def _side_reason(side: str, quotes: Quotes) -> Line:
    reason = quotes.sides.get("buy" if side == "buy" else "sell", "–")
    ink: Ink = "faint" if reason == "quoting" else "caution"
    return line((f"──── {side}: {reason.replace('_', ' ')} ", ink))


def _reference(quotes: Quotes, width: int, store: Store) -> list[Line]:
    reference = quotes.reference
    if reference is None:
        return [heading("Reference"), line(("nothing is computed while it does not quote", "muted"))]
    return [heading("Reference", "what the targets were computed from"), *_numbers(reference, quotes, width, store)]


def _numbers(reference: QuoteReference, quotes: Quotes, width: int, store: Store) -> list[Line]:
    prices, sizes = decimals_of(quotes.instrument.tick_size), decimals_of(quotes.instrument.lot_size)
    since = (store.status.trading_time - reference.computed_at).total_seconds() if store.status else None
    skew = Decimal(str(reference.skew_bps))
    lean: Span = (f" {arrow(-skew)}" if skew else "", signed_ink(-skew))
    skewed = row("skew", number(skew, 2, signed=True), "bps", "positive lowers both prices", width=width)
    return [
        row("mid", number(reference.mid, prices + 1), "USD", "without our own orders", width=width),
        row("best bid", number(reference.best_bid, prices), "USD", width=width),
        row("best ask", number(reference.best_ask, prices), "USD", width=width),
        row("width", number(reference.spread_bps, 2), "bps", "bid to ask of layer 0", width=width),
        Line((*skewed.spans, lean)),
        row("volatility", number(reference.sigma, 4), "%", "over its window", width=width),
        row("position", number(reference.position, sizes, signed=True), "", width=width),
        row("computed", age(None if since is None else max(since, 0.0)), "ago", width=width),
        row(
            "tick, lot",
            f"{shortest(quotes.instrument.tick_size)} · {shortest(quotes.instrument.lot_size)}",
            width=width,
        ),
    ]

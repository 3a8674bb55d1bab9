"""One strategy at a glance: position against its limits, PnL, what each side does, limits, hedge."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from console.columns import status_span
from console.formatting import age, arrow, clean, gauge, number, shortest
from console.ink import Ink, Line, Span, dimmed, line, signed_ink
from console.store import Store
from console.widgets.sheet import Sheet
from zenotc.models.strategy import HedgeProgress, LimitUse, Strategy

__all__ = ["Overview"]

_LABEL_WIDTH = 10
_ONE_LINE = 74
"""From this width on the PnL takes one line."""


class Overview(Sheet):
    """The selected strategy in words and gauges."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.strategy_id: str | None = None
        self.store = store

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the lines from the most important one down."""
        strategy = self.store.strategy(self.strategy_id)
        if strategy is None:
            return [line(("Select a strategy.", "muted"))]
        decimals = self.store.position_decimals(strategy.asset)
        lines = [
            _labelled("Position", *_position(strategy, decimals, width - _LABEL_WIDTH)),
            *_pnl_lines(strategy, width),
            _labelled("Status", *_status(strategy, self.store)),
            _labelled("Sides", *_side(strategy, "buy"), ("   ", "plain"), *_side(strategy, "sell")),
            *_limits(strategy, width),
            _labelled("Quotes", *_quotes(strategy)),
            _labelled("Hedge", *_hedge(strategy, decimals, self.store)),
            *_warnings(strategy),
        ]
        return [dimmed(drawn) for drawn in lines] if self.store.stale else lines


def _labelled(label: str, *spans: Span) -> Line:
    return Line(((label.ljust(_LABEL_WIDTH), "faint"), *spans))


def _position(strategy: Strategy, decimals: int, width: int) -> list[Span]:
    """Draw the position on a scale from minus to plus `max_position`, the soft limit marked with `┊`."""
    position, limit = strategy.current_position, strategy.max_position
    words = f"  {number(position, decimals, signed=True)} {clean(strategy.asset, 8)} {arrow(position)}"
    low, high = f"-{shortest(limit)} ", f" +{shortest(limit)}"
    cells = (max(11, min(41, width - len(words) - len(low) - len(high))) - 1) // 2 * 2 + 1
    middle = cells // 2
    reach = round(float(min(abs(position) / limit, Decimal(1))) * middle)
    if position and not reach:
        reach = 1
    soft = strategy.soft_position_limit
    marks = {middle: "┼"}
    if soft is not None:
        at = round(float(soft / limit) * middle)
        marks |= {middle - at: "┊", middle + at: "┊"}
    ink: Ink = "caution" if soft is not None and abs(position) >= soft else signed_ink(position)
    spans: list[Span] = [(low, "faint")]
    for index in range(cells):
        offset = index - middle
        filled = 0 < offset * (1 if position > 0 else -1) <= reach
        char = "█" if filled else marks.get(index, "─")
        spans.append((char, ink if filled else "muted" if index in marks else "rule"))
    return [*_joined(spans), (high, "faint"), (words, signed_ink(position))]


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for text, ink in spans:
        if joined and joined[-1][1] == ink:
            joined[-1] = (joined[-1][0] + text, ink)
        else:
            joined.append((text, ink))
    return joined


def _pnl(strategy: Strategy) -> list[Span]:
    today, total = strategy.daily_pnl, strategy.total_pnl
    return [
        ("today ", "muted"), (number(today, 2, signed=True), signed_ink(today)),
        ("   total ", "muted"), (number(total, 2, signed=True), signed_ink(total)),
    ]  # fmt: skip


def _pnl_lines(strategy: Strategy, width: int) -> list[Line]:
    if width >= _ONE_LINE:
        return [_labelled("PnL", *_pnl(strategy), ("   ", "plain"), *_open_pnl(strategy))]
    return [_labelled("PnL", *_pnl(strategy)), _labelled("", *_open_pnl(strategy))]


def _open_pnl(strategy: Strategy) -> list[Span]:
    value = strategy.unrealized_pnl
    return [
        ("unrealised ", "muted"), (number(value, 2, signed=True), signed_ink(value)),
        ("   fees ", "muted"), (number(strategy.fees, 2), "plain"), (" USD", "muted"),
    ]  # fmt: skip


def _status(strategy: Strategy, store: Store) -> list[Span]:
    reason = strategy.pause_reason
    spans: list[Span] = [status_span(strategy, store)]
    if reason and strategy.status != "active":
        spans.append((f"  {clean(reason, 60)}".replace("_", " "), "muted"))
    if "replay_finished" in strategy.sides.values():
        spans.append(("   the recording has ended", "caution"))
    elif strategy.data_age_seconds is not None:
        unheard = (store.data_age_seconds or 0.0) if store.stale else 0.0
        seconds = strategy.data_age_seconds + unheard
        spans += [("   market data ", "muted"), (age(seconds), "caution" if seconds > 5 else "plain")]
    return spans


def _side(strategy: Strategy, side: str) -> list[Span]:
    reason = strategy.sides.get("buy" if side == "buy" else "sell")
    if reason is None:
        return [(f"{side} –", "faint")]
    ink: Ink = "gain" if reason == "quoting" else "muted" if reason in ("stopped", "paused") else "caution"
    mark = "●" if reason == "quoting" else "○"
    return [(f"{side} ", "muted"), (f"{mark} {reason.replace('_', ' ')}", ink)]


def _limits(strategy: Strategy, width: int) -> list[Line]:
    """Write how much of each breaker's limit is used, two on a line; the position has a gauge of its own."""
    gauges = [_limit(use, wide=width >= _ONE_LINE) for use in strategy.limits if use.name != "position"]
    if "no_loss_limit" in strategy.warnings:
        gauges.insert(0, [("! no loss limit", "caution")])
    if not gauges:
        gauges = [[("no breaker is on", "muted")]]
    pairs = [gauges[index : index + 2] for index in range(0, len(gauges), 2)]
    return [
        _labelled("" if number else "Limits", *pair[0], *((("  ", "plain"), *pair[1]) if len(pair) > 1 else ()))
        for number, pair in enumerate(pairs)
    ]


def _limit(use: LimitUse, *, wide: bool) -> list[Span]:
    name = clean(use.name, 20).replace("_", " ")
    limit: list[Span] = []
    if wide:
        unit = clean(use.unit, 6)
        limit = [(f" of {shortest(use.limit)} {unit}", "muted")]
    if use.used_percent is None:
        return [(f"{name} ", "muted"), ("unknown", "caution"), *limit]
    share = use.used_percent / 100
    ink: Ink = "alarm" if share >= 0.8 else "caution" if share >= 0.5 else "plain"
    filled, empty = gauge(share, 8 if wide else 5)
    return [(f"{name} ", "muted"), (filled, ink), (empty, "rule"), (f" {number(use.used_percent)} %", ink), *limit]


def _warnings(strategy: Strategy) -> list[Line]:
    others = [clean(warning, 60) for warning in strategy.warnings if warning != "no_loss_limit"]
    return [_labelled("Note", ("! " + ", ".join(others).replace("_", " "), "caution"))] if others else []


def _quotes(strategy: Strategy) -> list[Span]:
    spans: list[Span] = [(f"{strategy.open_orders}", "plain"), (" open", "muted")]
    if strategy.unknown_orders:
        spans += [(f"   {strategy.unknown_orders} unknown", "alarm")]
    spread = number(strategy.spread_bps, 1) if strategy.status == "active" else "–"
    return [
        *spans, ("   width ", "muted"), (spread, "plain"), (" bps", "muted"), ("   fills ", "muted"),
        (number(strategy.trade_count), "plain"),
    ]  # fmt: skip


def _hedge(strategy: Strategy, decimals: int, store: Store) -> list[Span]:
    hedge = strategy.hedge
    if hedge is None:
        if not strategy.auto_hedge_enabled or strategy.hedge_threshold is None:
            return [("off", "faint")]
        return [(f"beyond {shortest(strategy.hedge_threshold)} by {strategy.hedge_algo}", "muted")]
    purpose = "" if hedge.purpose == "hedge" else f"{hedge.purpose} "
    share = float(hedge.filled_quantity / hedge.quantity) if hedge.quantity else 1.0
    filled, empty = gauge(share, 8)
    done, whole = number(hedge.filled_quantity, decimals), number(hedge.quantity, decimals)
    return [
        (f"{purpose}{clean(hedge.algo, 12)} {hedge.side} ", "accent"), (f"{done} of {whole} ", "plain"),
        (filled, "accent"), (empty, "rule"), *_time_left(strategy, hedge, store),
    ]  # fmt: skip


def _time_left(strategy: Strategy, hedge: HedgeProgress, store: Store) -> list[Span]:
    """Write how long a scheduled hedge goes on, as it is configured now."""
    if hedge.algo == "market" or hedge.purpose == "flatten" or store.status is None:
        return []
    ends = hedge.started_at + timedelta(minutes=strategy.hedge_duration_minutes)
    seconds = max(0, int((ends - store.status.trading_time).total_seconds()))
    return [(f" {seconds // 60}:{seconds % 60:02} left", "muted")]

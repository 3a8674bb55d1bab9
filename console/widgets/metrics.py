"""How a strategy has done, each number with its unit and what it says."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from console.formatting import number
from console.ink import Line, line, signed_ink
from console.inspection import Topic
from console.widgets.detail_page import DetailPage, heading, row
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.strategy import Strategy

__all__ = ["Metrics"]


class Metrics(DetailPage):
    """PnL and where it came from, then what became of the quotes."""

    topics: ClassVar[frozenset[Topic]] = frozenset({"metrics"})

    def write(self, strategy: Strategy, width: int) -> list[Line]:
        """Return the numbers under their headings."""
        inspection = self._store.inspection
        if inspection.metrics is None or inspection.quote_stats is None:
            return [line(("Asking the engine …", "faint"))]
        return [
            *_pnl(inspection.metrics, width), Line(),
            *_performance(inspection.metrics, width), Line(),
            *_quotes(inspection.quote_stats, width),
        ]  # fmt: skip


def _usd(label: str, value: Decimal, width: int, note: str = "") -> Line:
    return row(label, number(value, 2, signed=True), "USD", note, signed_ink(value), width=width)


def _pnl(m: StrategyMetrics, width: int) -> list[Line]:
    residual = m.total_pnl - (m.spread_capture + m.inventory_move + m.hedge_cost - m.fees)
    closes = abs(residual) < Decimal("0.005")
    return [
        heading("PnL", "since it was created; the terms below add up to the total"),
        _usd("today", m.daily_pnl, width, "since 00:00 UTC"),
        _usd("total", m.total_pnl, width),
        _usd("  spread capture", m.spread_capture, width, "quotes against the mid"),
        _usd("  inventory move", m.inventory_move, width, "the mid against the position"),
        _usd("  hedges", m.hedge_cost, width, "against the mid"),
        _usd("  fees", -m.fees, width),
        row("  residual", number(residual, 2, signed=True), "USD", "closes" if closes else "does not close",
            "muted" if closes else "alarm", width=width),
        _usd("realised", m.realized_pnl, width, "net of fees"),
        _usd("unrealised", m.unrealized_pnl, width),
    ]  # fmt: skip


def _performance(m: StrategyMetrics, width: int) -> list[Line]:
    return [
        heading("Performance"),
        row("volume", number(m.total_volume, 0), "USD", "traded notional", width=width),
        row("fills", number(m.trade_count, 0), width=width),
        row("win rate", number(m.win_rate, 1), "%", "of fills that reduce", width=width),
        row("Sharpe ratio", number(m.sharpe_ratio, 2), "", "annualised, by the minute", width=width),
        row("largest drawdown", number(m.max_drawdown, 3), "%", "from a peak of equity", width=width),
    ]


def _quotes(q: QuoteStats, width: int) -> list[Line]:
    markouts = [
        row(f"markout {horizon} s", number(bps, 2, signed=True), "bps", "positive earned", signed_ink(bps or 0),
            width=width)
        for horizon, bps in sorted(q.markout_bps.items())
    ]  # fmt: skip
    return [
        heading("Quotes"),
        row("sent", number(q.quotes_sent, 0), width=width),
        row("filled", number(q.quotes_filled, 0), "", "with at least one fill", width=width),
        row("fill rate", number(q.fill_rate, 2), "%", width=width),
        row("time to fill", number(q.avg_fill_time_ms, 0), "ms", "mean, to the first", width=width),
        row("spread captured", number(q.avg_spread_captured_bps, 2, signed=True), "bps", "as base_spread_bps",
            width=width),
        *markouts,
        row("time quoting", number(q.time_quoting_percent, 1), "%", "both sides at target", width=width),
        row("  buy", number(q.buy_time_quoting_percent, 1), "%", width=width),
        row("  sell", number(q.sell_time_quoting_percent, 1), "%", width=width),
    ]  # fmt: skip

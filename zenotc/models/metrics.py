"""How a strategy has done."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from zenotc.models.wire import WireModel

__all__ = ["QuoteStats", "StrategyMetrics"]


class StrategyMetrics(WireModel):
    """Performance of a strategy (semantics, sections 8 and 11).

    PnL, fees, volume and the attribution terms are USD; `win_rate` and `max_drawdown` percent; `sharpe_ratio` is
    annualised from changes of equity between UTC minutes. A metric that is not computed yet is `None`.
    `total_pnl = spread_capture + inventory_move + hedge_cost - fees`.
    """

    strategy_id: str
    total_pnl: Decimal
    daily_pnl: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    total_volume: Decimal
    trade_count: int
    spread_capture: Decimal
    inventory_move: Decimal
    hedge_cost: Decimal
    win_rate: float | None = None
    sharpe_ratio: float | None = None
    max_drawdown: float | None = None


class QuoteStats(WireModel):
    """What became of the quotes: counts, `fill_rate` in percent, times in ms, spreads in bps.

    `avg_spread_captured_bps` is twice the distance from the mid at the fill, so that it compares with
    `base_spread_bps`. `markout_bps` says where the mid was 1, 10 and 60 s after the fills, positive where they earned;
    `time_quoting_percent` is the share of the active time with both sides at their targets. `None` where there is
    nothing to average yet.
    """

    strategy_id: str
    quotes_sent: int
    quotes_filled: int
    fill_rate: float
    avg_fill_time_ms: float | None = None
    avg_spread_captured_bps: float | None = None
    markout_bps: dict[int, float | None] = Field(default_factory=dict)
    time_quoting_percent: float | None = None
    buy_time_quoting_percent: float | None = None
    sell_time_quoting_percent: float | None = None

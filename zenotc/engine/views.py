"""The engine's state as clients see it."""

from __future__ import annotations

from decimal import Decimal

from zenotc.engine.breakers import blind
from zenotc.engine.market import Market
from zenotc.engine.markouts import HORIZONS_SECONDS
from zenotc.engine.quoting import QuoteInputs, Targets
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.exceptions import NotFoundError
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, SELL, Instrument, Side, sign
from zenotc.models.metrics import QuoteStats, StrategyMetrics
from zenotc.models.quotes import (
    BookLevel,
    OrderBook,
    OwnOrder,
    Quote,
    QuoteInstrument,
    QuoteReference,
    Quotes,
)
from zenotc.models.strategy import Activity, HedgeProgress, LimitUse, PositionDifference, SideReason, Strategy
from zenotc.models.wire import utc_from_ns

__all__ = [
    "metrics_view",
    "order_book_view",
    "quote_reference",
    "quote_stats_view",
    "quotes_view",
    "side_reasons",
    "strategy_view",
]

_SIDES: tuple[Side, Side] = (BUY, SELL)


def strategy_view(state: EngineState, strategy: StrategyState, now_ns: int) -> Strategy:
    """Return a strategy with its configuration."""
    ledger, market = strategy.ledger, strategy.market
    values = {name: getattr(strategy.config, name) for name in StrategyConfig.model_fields}
    values["enabled"] = strategy.status == "active"
    return Strategy.model_construct(
        **values,
        id=strategy.strategy_id,
        status=strategy.status,
        activity=_activity(strategy),
        pause_reason=strategy.pause_reason,
        current_position=ledger.position,
        average_price=ledger.average_price,
        mid=market.mid,
        daily_pnl=strategy.daily_pnl,
        total_pnl=ledger.total_pnl,
        realized_pnl=ledger.realized_pnl,
        unrealized_pnl=ledger.unrealized_pnl,
        fees=ledger.fees,
        spread_bps=strategy.targets.spread_bps if strategy.targets is not None else None,
        sides=side_reasons(state, strategy),
        open_orders=len(strategy.orders),
        unknown_orders=sum(order.state == "unknown" for order in strategy.orders.values()),
        trade_count=ledger.trade_count,
        limits=_limits(strategy),
        hedge=_hedge(strategy),
        unhedged_quantity=strategy.unhedged,
        unhedged_seconds=strategy.unhedged_seconds(now_ns),
        position_differences=[
            PositionDifference(
                venue=different.instrument.venue,
                asset=different.instrument.asset,
                venue_position=different.difference,
                engine_position=different.expected_position,
            )
            for different in strategy.differences
            if different.difference is not None
        ],
        warnings=_warnings(strategy.config),
        data_age_seconds=_age_seconds(market, now_ns),
        created_at=utc_from_ns(strategy.created_ns),
        updated_at=utc_from_ns(strategy.updated_ns),
    )


def _activity(strategy: StrategyState) -> Activity | None:
    if strategy.plan is not None and strategy.plan.purpose == "flatten":
        return "flattening"
    if strategy.status != "active" and strategy.orders:
        return "pausing" if strategy.status == "paused" else "stopping"
    return None


def _limits(strategy: StrategyState) -> list[LimitUse]:
    config = strategy.config
    uses = [_limit_use("position", config.asset, abs(strategy.position), config.max_position)]
    for breaker, limit in strategy.breakers:
        uses.append(_limit_use(breaker.name, breaker.unit, breaker.measure(strategy), limit))
    return uses


def _limit_use(name: str, unit: str, measure: Decimal | None, limit: Decimal) -> LimitUse:
    used = None if measure is None else max(100 * float(measure / limit), 0.0)
    if measure is not None and measure != measure.to_integral_value():
        measure = round(measure, 8)
    return LimitUse(name=name, unit=unit, measure=measure, limit=limit, used_percent=used)


def _hedge(strategy: StrategyState) -> HedgeProgress | None:
    plan = strategy.plan
    if plan is None:
        return None
    return HedgeProgress(
        purpose=plan.purpose,
        side=plan.side,
        quantity=strategy.market.instrument.quantity(plan.quantity_lots),
        filled_quantity=plan.filled,
        algo=plan.algo,
        started_at=utc_from_ns(plan.started_ns),
    )


def _warnings(config: StrategyConfig) -> list[str]:
    warnings = []
    if not config.circuit_breaker_enabled or config.max_daily_loss is None:
        warnings.append("no_loss_limit")
    return warnings


def _age_seconds(market: Market, now_ns: int) -> float | None:
    return None if market.heard_ns is None else max(now_ns - market.heard_ns, 0) / 1e9


def side_reasons(state: EngineState, strategy: StrategyState) -> dict[Side, SideReason]:
    """Return for each side `quoting`, or why it is not."""
    return {side: _side_reason(state, strategy, side) for side in _SIDES}


def _side_reason(state: EngineState, strategy: StrategyState, side: Side) -> SideReason:
    if state.emergency.active:
        return "emergency_stop"
    if strategy.status != "active":
        cause = (strategy.pause_reason or "").partition(":")[0]
        return "error" if cause == "error" else "throttled" if cause == "throttled" else strategy.status
    if not strategy.market.usable:
        return strategy.market.not_usable_reason()
    if state.journal_stalled:
        return "error"
    if blind(strategy):
        return "measure_unknown"
    if any(order.state != "unknown" for order in strategy.live_quotes(side)):
        return "quoting"
    if any(order.state == "unknown" for order in strategy.live_quotes(side)):
        return "outcome_unknown"
    if side in strategy.denied:
        return strategy.denied[side].side_reason
    return strategy.targets.side(side).reason if strategy.targets is not None else "stale_market_data"


def metrics_view(strategy: StrategyState) -> StrategyMetrics:
    """Return how a strategy has done."""
    ledger = strategy.ledger
    return StrategyMetrics(
        strategy_id=strategy.strategy_id,
        total_pnl=ledger.total_pnl,
        daily_pnl=strategy.daily_pnl,
        realized_pnl=ledger.realized_pnl,
        unrealized_pnl=ledger.unrealized_pnl,
        fees=ledger.fees,
        total_volume=ledger.volume,
        trade_count=ledger.trade_count,
        spread_capture=ledger.spread_capture,
        inventory_move=ledger.inventory_move,
        hedge_cost=ledger.hedge_cost,
        win_rate=ledger.win_rate,
        sharpe_ratio=strategy.curve.sharpe_ratio,
        max_drawdown=float(strategy.curve.max_drawdown),
    )


def quote_stats_view(strategy: StrategyState) -> QuoteStats:
    """Return what became of a strategy's quotes."""
    counters = strategy.counters
    return QuoteStats(
        strategy_id=strategy.strategy_id,
        quotes_sent=counters.sent,
        quotes_filled=counters.filled,
        fill_rate=counters.fill_rate,
        avg_fill_time_ms=counters.avg_fill_time_ms,
        avg_spread_captured_bps=counters.avg_spread_captured_bps,
        markout_bps={horizon: counters.markouts.mean_bps(horizon) for horizon in HORIZONS_SECONDS},
        time_quoting_percent=counters.time_quoting_percent(),
        buy_time_quoting_percent=counters.time_quoting_percent(BUY),
        sell_time_quoting_percent=counters.time_quoting_percent(SELL),
    )


def quotes_view(state: EngineState, strategy: StrategyState) -> Quotes:
    """Return what a strategy quotes, and what that was computed from."""
    instrument = strategy.market.instrument
    ordered = sorted(strategy.live_quotes(), key=lambda o: (o.side, -sign(o.side) * o.price_ticks))
    reference = None
    if strategy.inputs is not None and strategy.targets is not None:
        reference = quote_reference(instrument, strategy.inputs, strategy.targets, strategy.computed_ns)
    return Quotes(
        strategy_id=strategy.strategy_id,
        quotes=[_quote(instrument, order) for order in ordered],
        sides=side_reasons(state, strategy),
        reference=reference,
        instrument=QuoteInstrument(tick_size=instrument.tick_size, lot_size=instrument.lot_size),
    )


def _quote(instrument: Instrument, order: WorkingOrder) -> Quote:
    return Quote(
        order_id=order.client_order_id,
        side=order.side,
        price=instrument.price(order.price_ticks),
        quantity=instrument.quantity(order.quantity_lots),
        remaining=instrument.quantity(order.remaining_lots),
        layer=order.layer,
        state=order.state,
        placed_at=utc_from_ns(order.placed_ns),
    )


def quote_reference(instrument: Instrument, inputs: QuoteInputs, targets: Targets, computed_ns: int) -> QuoteReference:
    """Return what targets were computed from."""
    return QuoteReference(
        mid=instrument.tick_size * inputs.twice_mid_ticks / 2,
        best_bid=instrument.price(inputs.best_bid),
        best_ask=instrument.price(inputs.best_ask),
        sigma=inputs.sigma,
        skew_bps=targets.skew_bps,
        spread_bps=targets.spread_bps,
        position=instrument.quantity(inputs.position_lots),
        computed_at=utc_from_ns(computed_ns),
    )


def order_book_view(state: EngineState, asset: str, depth: int, now_ns: int) -> OrderBook:
    """Return the quoting venue's book with our own orders marked.

    Parameters
    ----------
    state
        The engine.
    asset
        The asset.
    depth
        Levels of each side.
    now_ns
        The time.

    Raises
    ------
    NotFoundError
        If the quoting venue does not trade the asset.
    """
    market = state.markets.get((state.settings.quoting_venue, asset))
    if market is None:
        raise NotFoundError(f"no market for {asset}")
    instrument = market.instrument
    return OrderBook(
        asset=asset,
        venue=instrument.venue,
        bids=_levels(market, BUY, depth),
        asks=_levels(market, SELL, depth),
        mid=market.mid,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        usable=market.usable,
        reason=None if market.usable else market.not_usable_reason(),
        data_age_seconds=_age_seconds(market, now_ns),
        timestamp=utc_from_ns(now_ns),
    )


def _levels(market: Market, side: Side, depth: int) -> list[BookLevel]:
    """Return the best levels; where the book cannot show our orders, they are added to it."""
    own: dict[int, list[WorkingOrder]] = {}
    for order in market.orders.values():
        if order.side == side and order.purpose == "quote" and order.remaining_lots:
            own.setdefault(order.price_ticks, []).append(order)
    shown: dict[int, int] = {}
    if market.book is not None:
        for price, lots in market.book.levels(side):
            if len(shown) >= depth:
                break
            shown[price] = lots
    worst = max(shown, key=lambda price: -sign(side) * price, default=None)
    for price, orders in own.items():
        includes = market.book is not None and market.book.includes_own_orders
        if worst is None or sign(side) * price >= sign(side) * worst:
            shown[price] = shown.get(price, 0) + (0 if includes else sum(o.remaining_lots for o in orders))
    best_first = sorted(shown, reverse=side == BUY)
    return [_level(market.instrument, price, shown[price], own.get(price, [])) for price in best_first[:depth]]


def _level(instrument: Instrument, price_ticks: int, lots: int, own: list[WorkingOrder]) -> BookLevel:
    return BookLevel(
        price=instrument.price(price_ticks),
        quantity=instrument.quantity(lots),
        own_quantity=instrument.quantity(sum(order.remaining_lots for order in own)) if own else Decimal(0),
        own_orders=[
            OwnOrder(
                order_id=order.client_order_id,
                strategy_id=order.strategy_id,
                remaining=instrument.quantity(order.remaining_lots),
                state=order.state,
                placed_at=utc_from_ns(order.placed_ns),
            )
            for order in own
        ],
    )

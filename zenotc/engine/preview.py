"""What a configuration would quote now, as a difference to what rests; nothing is done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zenotc.engine.breakers import blind, tripped
from zenotc.engine.desk_limits import Denial, DeskLimits
from zenotc.engine.quoter import quote_inputs, quotes_to_match
from zenotc.engine.quoting import QuoteParameters, Target, compute_targets
from zenotc.engine.reconcile import reconcile
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.views import quote_reference, side_reasons
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, SELL, Instrument, Side
from zenotc.models.quotes import Preview, TargetQuote

__all__ = ["preview_new_view", "preview_view"]

_SIDES: tuple[Side, Side] = (BUY, SELL)


def preview_view(state: EngineState, strategy: StrategyState, changes: Mapping[str, Any], now_ns: int) -> Preview:
    """Return what a strategy would quote with changed parameters.

    One that is not active is looked at as if it were. The desk's limits count, but for the message rate, which only
    delays; what is asked for counts as answered.

    Raises
    ------
    zenotc.exceptions.ValidationError
        If the changed configuration is refused.
    """
    config = strategy.config.updated(changes, lot_size=strategy.market.instrument.lot_size)
    return _preview(state, strategy, config, now_ns)


def preview_new_view(state: EngineState, config: StrategyConfig, now_ns: int) -> Preview:
    """Return what a strategy that there is not yet would quote, flat and active.

    Raises
    ------
    zenotc.exceptions.ValidationError
        If the quoting venue does not trade its asset.
    """
    market = state.quoting_market(config.asset)
    strategy = StrategyState("", config, market, None, created_ns=now_ns, updated_ns=now_ns, status="active")
    if market.mid is not None:
        strategy.start_curve(market.mid)
    return _preview(state, strategy, config, now_ns)


def _preview(state: EngineState, strategy: StrategyState, config: StrategyConfig, now_ns: int) -> Preview:
    market, changed = strategy.market, strategy.previewed(config)
    if strategy.status == "stopped" and market.mid is not None:
        changed.start_curve(market.mid)
    preview = Preview(
        strategy_id=strategy.strategy_id, targets=[], kept=[], amended=[], cancelled=[], placed=[],
        sides=side_reasons(state, changed),
        reference=None, worst_case_long=strategy.position, worst_case_short=strategy.position,
    )  # fmt: skip
    broken = tripped(changed) is not None
    if broken and strategy.status == "active":
        preview.sides = dict.fromkeys(_SIDES, "paused")
    if broken or not market.usable or state.journal_stalled or blind(changed):
        preview.cancelled = [order.client_order_id for order in strategy.live_quotes()]
        return preview
    inputs = quote_inputs(strategy, config)
    targets = compute_targets(QuoteParameters.of(config, market.instrument), inputs)
    preview.reference = quote_reference(market.instrument, inputs, targets, now_ns)
    limits = DeskLimits(state.settings)
    worst = {BUY: inputs.committed_buy_lots, SELL: inputs.committed_sell_lots}
    for side in _SIDES:
        wanted = targets.side(side)
        rest, denial = _preview_side(preview, limits, strategy, side, wanted.targets, config.refresh_tolerance_bps)
        if strategy.status == "active":
            preview.sides[side] = wanted.reason if rest or denial is None else denial.side_reason
        worst[side] += sum(target.quantity_lots for target in rest)
    preview.worst_case_long = strategy.position + market.instrument.quantity(worst[BUY])
    preview.worst_case_short = strategy.position - market.instrument.quantity(worst[SELL])
    return preview


def _preview_side(
    preview: Preview,
    limits: DeskLimits,
    strategy: StrategyState,
    side: Side,
    wanted: list[Target],
    tolerance_bps: float,
) -> tuple[list[Target], Denial | None]:
    """Sort the quotes of a side into a preview; returns what would rest, and why something would not."""
    instrument = strategy.market.instrument
    change = reconcile(wanted, quotes_to_match(strategy, side), tolerance_bps=tolerance_bps, top_up=True)
    preview.kept += [order.client_order_id for order in change.kept]
    preview.amended += [order.client_order_id for order in change.waiting]
    preview.cancelled += [order.client_order_id for order in change.cancelled]
    rest, denial = list(wanted), None
    added_lots = -sum(order.exposure_lots for order in change.cancelled)
    for order, target in change.amended:
        more_lots = target.quantity_lots - order.remaining_lots
        denied = _denied(limits, strategy, side, target, more_lots, added_lots)
        if denied is None:
            preview.amended.append(order.client_order_id)
            added_lots += more_lots
        elif target.price_ticks == order.price_ticks:
            preview.kept.append(order.client_order_id)
            rest[rest.index(target)] = Target(order.price_ticks, order.remaining_lots, target.layer)
        else:
            preview.cancelled.append(order.client_order_id)
            rest.remove(target)
            added_lots -= order.exposure_lots
        denial = denied or denial
    for target in change.placed:
        denied = _denied(limits, strategy, side, target, target.quantity_lots, added_lots)
        if denied is None:
            preview.placed.append(_target_quote(instrument, side, target))
            added_lots += target.quantity_lots
        else:
            rest.remove(target)
        denial = denied or denial
    preview.targets += [_target_quote(instrument, side, target) for target in rest]
    return rest, denial


def _denied(
    limits: DeskLimits, strategy: StrategyState, side: Side, target: Target, more_lots: int, added_lots: int
) -> Denial | None:
    """Return why a target could not be asked for, with what the others of its side add counted."""
    added_lots = added_lots + more_lots if more_lots > 0 else 0
    return limits.deny_quote(strategy, side, target.price_ticks, target.quantity_lots, added_lots, None)


def _target_quote(instrument: Instrument, side: Side, target: Target) -> TargetQuote:
    return TargetQuote(
        side=side,
        price=instrument.price(target.price_ticks),
        quantity=instrument.quantity(target.quantity_lots),
        layer=target.layer,
    )

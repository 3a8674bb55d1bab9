"""Keeps the resting quotes of a strategy where they should be (semantics, section 5)."""

from __future__ import annotations

from zenotc.engine.breakers import blind
from zenotc.engine.desk_limits import Denial, DeskLimits
from zenotc.engine.market import Market
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.own_touch import OwnTouch
from zenotc.engine.quoting import QuoteInputs, Target, compute_targets
from zenotc.engine.reconcile import SideChange, reconcile
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.configuration import StrategyConfig
from zenotc.models.market import BUY, SELL, Side, opposite, sign

__all__ = ["Quoter", "may_quote", "quote_inputs", "quotes_to_match"]

_NS = 1_000_000_000
_LEAVING = ("cancelling", "unknown")


def may_quote(state: EngineState, strategy: StrategyState) -> bool:
    """Return whether a strategy's status and market let it have quotes."""
    flattening = strategy.plan is not None and strategy.plan.purpose == "flatten"
    if strategy.status != "active" or not strategy.market.usable or flattening or state.emergency.active:
        return False
    if state.journal_stalled:
        return False
    return not blind(strategy)


def quotes_to_match(strategy: StrategyState, side: Side) -> list[WorkingOrder]:
    """Return the quotes that can be matched to targets: neither leaving nor unknown."""
    return [o for o in strategy.live_quotes(side) if o.state not in _LEAVING and o.cancel_reason is None]


def quote_inputs(strategy: StrategyState, config: StrategyConfig | None = None) -> QuoteInputs:
    """Return what the quotes of a strategy are computed from now; its market must be usable.

    `config` stands in for the strategy's own, for a preview.
    """
    config = config or strategy.config
    market = strategy.market
    assert market.best_bid is not None and market.best_ask is not None
    committed = {BUY: 0, SELL: 0}
    for order in strategy.orders.values():
        if order.purpose != "quote" or order.state in _LEAVING or order.cancel_reason is not None:
            committed[order.side] += strategy.lots_of(order, order.exposure_lots)
    if strategy.plan is not None:
        # What a hedge will still send needs its room now; what it has sent is counted above.
        due = strategy.plan.remaining_lots(strategy.position_lots)
        committed[strategy.plan.side] = max(committed[strategy.plan.side], due)
    own = _own_touch(market, strategy)
    return QuoteInputs(
        twice_mid_ticks=market.twice_mid_ticks,
        best_bid=market.best_bid,
        best_ask=market.best_ask,
        sigma=market.sigma(config.volatility_window_minutes),
        position_lots=strategy.position_lots,
        committed_buy_lots=committed[BUY],
        committed_sell_lots=committed[SELL],
        lowest_own_ask=own.lowest_ask,
        highest_own_bid=own.highest_bid,
    )


def _own_touch(market: Market, strategy: StrategyState) -> OwnTouch:
    """Return the own orders that this strategy must keep clear of: all but its quotes."""
    own = strategy.taking_touch
    lowest_ask, highest_bid = own.lowest_ask, own.highest_bid
    for other in market.strategies:
        if other is strategy:
            continue
        touch = other.touch if other.plan is None else other.touch.nearer(other.taking_touch)
        ask, bid = touch.lowest_ask, touch.highest_bid
        if ask is not None and (lowest_ask is None or ask < lowest_ask):
            lowest_ask = ask
        if bid is not None and (highest_bid is None or bid > highest_bid):
            highest_bid = bid
    return OwnTouch(lowest_ask, highest_bid)


def _nearest_ticks(strategy: StrategyState, side: Side) -> int | None:
    """Return the nearest price that a side may have without meeting the strategy's other one, wherever that may be.

    An amend that is under way may be refused, and then the order stays where it was. `None` where nothing stands there.
    """
    met = OwnTouch.of(order for order in strategy.live_quotes(opposite(side)) if order.state != "cancelling")
    if side == BUY:
        return None if met.lowest_ask is None else met.lowest_ask - 1
    return None if met.highest_bid is None else met.highest_bid + 1


class Quoter:
    """Computes targets and asks for what is missing."""

    def __init__(self, state: EngineState, entry: OrderEntry, limits: DeskLimits) -> None:
        self._state = state
        self._entry = entry
        self._limits = limits

    def requote(self, strategy: StrategyState, now_ns: int, reason: str, *, refresh: bool = False) -> None:
        """Bring the quotes to their targets, as far as the hard limit lets it be asked for now.

        Parameters
        ----------
        strategy
            Whose quotes.
        now_ns
            The time.
        reason
            What the events say: `started`, `refresh`, `filled`, `mid_moved`, ...
        refresh
            Whether this is the periodic one, which tops partly filled orders up.
        """
        if not may_quote(self._state, strategy):
            return
        inputs = quote_inputs(strategy)
        config = strategy.config
        strategy.inputs = inputs
        strategy.targets = targets = compute_targets(strategy.parameters, inputs)
        strategy.computed_ns = now_ns
        strategy.requote_distance = config.requote_threshold_bps * 1e-4 * inputs.twice_mid_ticks
        strategy.requote_wanted = False
        if refresh:
            strategy.refresh_at_ns = now_ns + round(config.quote_refresh_seconds * _NS)
        # The side that moves away from the other goes first, so that our own orders never meet.
        lowest_ask = min((target.price_ticks for target in targets.sell.targets), default=None)
        nearest_ask = _nearest_ticks(strategy, SELL)
        rising = lowest_ask is None or nearest_ask is None or lowest_ask >= nearest_ask
        for side in (SELL, BUY) if rising else (BUY, SELL):
            change = reconcile(
                targets.side(side).targets,
                quotes_to_match(strategy, side),
                tolerance_bps=config.refresh_tolerance_bps,
                top_up=refresh,
            )
            self._apply(strategy, side, change, now_ns, reason)

    def _apply(self, strategy: StrategyState, side: Side, change: SideChange, now_ns: int, reason: str) -> None:
        """Ask for a change, cut to what the hard limit allows with everything that is under way still counted."""
        denied = strategy.denied.pop(side, None)
        for order in change.cancelled:
            self._entry.cancel(order, now_ns, reason)
        spare = self._spare_lots(strategy, side)
        nearest = _nearest_ticks(strategy, side)
        for order, target in change.amended:
            lots = min(target.quantity_lots, order.remaining_lots + max(spare, 0))
            spare -= max(lots - order.remaining_lots, 0)
            strategy.requote_wanted |= lots < target.quantity_lots
            wanted = self._clear_target(strategy, side, target, lots, nearest)
            if wanted.price_ticks < 1 or (wanted.price_ticks == order.price_ticks and lots == order.remaining_lots):
                continue
            if self._allowed(strategy, side, wanted, max(lots - order.remaining_lots, 0), denied, now_ns):
                self._entry.amend(strategy, order, wanted, now_ns)
            elif wanted.price_ticks != order.price_ticks:
                # It may not go where it should be, and must not stay where it is.
                self._entry.cancel(order, now_ns, "risk_limit")
        for target in change.placed:
            lots = min(target.quantity_lots, spare)
            strategy.requote_wanted |= lots < target.quantity_lots
            if lots < max(strategy.parameters.min_size_lots, 1):
                continue
            wanted = self._clear_target(strategy, side, target, lots, nearest)
            if wanted.price_ticks >= 1 and self._allowed(strategy, side, wanted, lots, denied, now_ns):
                spare -= lots
                self._entry.place_quote(strategy, side, wanted, now_ns, reason)
        strategy.requote_wanted |= bool(change.waiting)

    def _clear_target(
        self, strategy: StrategyState, side: Side, target: Target, lots: int, nearest_ticks: int | None
    ) -> Target:
        """Return a target at this size, one tick away from what it would meet of the strategy's own other side.

        That is an order which cannot move yet, because its last request has not been answered.
        """
        price = target.price_ticks
        if nearest_ticks is not None:
            price = min(price, nearest_ticks) if side == BUY else max(price, nearest_ticks)
        strategy.requote_wanted |= price != target.price_ticks
        return Target(price, lots, target.layer)

    def _allowed(
        self, strategy: StrategyState, side: Side, wanted: Target, added_lots: int, denied: Denial | None, now_ns: int
    ) -> bool:
        """Return whether the desk's limits let a quote go; a denial is told once, until another takes its place."""
        denial = self._limits.deny_quote(strategy, side, wanted.price_ticks, wanted.quantity_lots, added_lots, now_ns)
        if denial is None:
            return True
        if (denied is None or denied.code != denial.code) and side not in strategy.denied:
            self._state.error(strategy, denial.code, denial.values, now_ns)
        strategy.denied[side] = denial
        return False

    def _spare_lots(self, strategy: StrategyState, side: Side) -> int:
        """Return how much more of a side may be asked for while everything that could still fill does."""
        hard = strategy.parameters.hard_lots
        toward = sign(side) * strategy.position_lots
        room = abs(toward) if toward < -hard else hard - toward
        return room - strategy.exposure_lots(side)

    def withdraw(self, strategy: StrategyState, now_ns: int, reason: str) -> None:
        """Cancel every quote of a strategy."""
        strategy.denied.clear()
        strategy.targets = strategy.inputs = None
        strategy.requote_wanted = False
        for order in list(strategy.live_quotes()):
            self._entry.cancel(order, now_ns, reason)

"""Carries out hedges and flattens (semantics, sections 7 and 10)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from zenotc.engine.depth import Child, allocate
from zenotc.engine.desk_limits import DeskLimits
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.market import Market
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.reduce_plan import ReducePlan
from zenotc.engine.rounding import ceil_steps
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.traded_volume import volume_schedule
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.events import HedgeCompleted, HedgeTriggered
from zenotc.models.market import opposite, sign
from zenotc.models.wire import utc_from_ns

__all__ = ["Reducer"]

_NS = 1_000_000_000


class Reducer:
    """Begins plans, sends their children when they are due, and ends them.

    A hedge of a position that is not known could open one: after a start hedges wait until every venue that the
    strategy trades on has been agreed with. Where a link is lost later, they go on with what is known. A flatten is
    asked for by a person and does not wait.
    """

    def __init__(self, state: EngineState, entry: OrderEntry, limits: DeskLimits) -> None:
        self._state = state
        self._entry = entry
        self._limits = limits

    def begin_hedge_if_due(self, strategy: StrategyState, now_ns: int) -> None:
        """Begin a hedge where the position is beyond the threshold and none is under way."""
        config = strategy.config
        threshold, target = config.hedge_threshold, config.hedge_target
        if not config.auto_hedge_enabled or threshold is None or target is None:
            return
        position = strategy.position
        if not strategy.hedges or strategy.plan is not None or abs(position) <= threshold:
            return
        if self._state.ending or not self._knows_position(strategy):
            return
        scheduled = config.hedge_algo != "market"
        slice_ns = round(config.hedge_slice_seconds * _NS)
        duration_ns = round(config.hedge_duration_minutes * 60 * _NS)
        plan = strategy.plan = self._plan(strategy, "hedge", config.hedge_algo, now_ns)
        plan.target_lots = self._target_lots(strategy, target)
        plan.quantity_lots = plan.remaining_lots(strategy.position_lots)
        if scheduled:
            plan.slices, plan.slice_ns = max(1, round(duration_ns / slice_ns)), slice_ns
            plan.ends_ns = now_ns + duration_ns
            if config.hedge_algo == "vwap":
                lot = strategy.market.instrument.lot_size
                tapes = [(m.volume, int(m.instrument.lot_size / lot)) for m in self._markets(strategy, plan)]
                plan.weights = volume_schedule(tapes, now_ns, slice_ns, plan.slices)
        self._state.emit(
            HedgeTriggered(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id,
                asset=config.asset,
                hedge_quantity=strategy.market.instrument.quantity(plan.quantity_lots),
                hedge_algo=config.hedge_algo,
                hedge_venue=config.hedge_venue,
                side=plan.side,
            )
        )
        self.advance(strategy, now_ns)

    def _knows_position(self, strategy: StrategyState) -> bool:
        markets = (strategy.market, strategy.hedge_market)
        return all(market is None or self._state.venues[market.instrument.venue].known for market in markets)

    def begin_flatten(self, strategy: StrategyState, now_ns: int, *, then_stop: bool = True) -> None:
        """Begin to trade the position to zero, once the quotes are gone."""
        plan = self._plan(strategy, "flatten", "market", now_ns)
        plan.then_stop = then_stop
        plan.ends_ns = now_ns + round(self._state.settings.flatten_deadline_seconds * _NS)
        plan.quantity_lots = abs(strategy.position_lots)
        strategy.plan = plan

    def _plan(self, strategy: StrategyState, purpose: str, algo: str, now_ns: int) -> ReducePlan:
        mids = {m.instrument.venue: m.mid for m in (strategy.market, strategy.hedge_market) if m is not None}
        return ReducePlan(
            purpose="hedge" if purpose == "hedge" else "flatten",
            algo=algo,
            direction=1 if strategy.position_lots >= 0 else -1,
            target_lots=0,
            quantity_lots=0,
            started_ns=now_ns,
            ends_ns=None,
            slices=1,
            slice_ns=0,
            trigger_mids={venue: mid for venue, mid in mids.items() if mid is not None},
            next_try_ns=now_ns,
        )

    def advance(self, strategy: StrategyState, now_ns: int) -> Trigger | None:
        """Send what is due, or end the plan; returns `FLATTENED` where a flatten has ended."""
        plan = strategy.plan
        if plan is None:
            return None
        # What an earlier plan has sent counts too.
        children = [order for order in strategy.orders.values() if order.purpose != "quote"]
        if plan.purpose == "flatten":
            if any(strategy.live_quotes()) and not _over(plan, now_ns):
                return None
            plan.direction = 1 if strategy.position_lots >= 0 else -1
        elif not self._follow(strategy, plan):
            return self._end(strategy, plan, now_ns)
        if _over(plan, now_ns) or (not children and self._done(strategy, plan)):
            return self._end(strategy, plan, now_ns)
        outstanding = sum(strategy.lots_of(order, order.exposure_lots) for order in children)
        due = plan.due_lots(strategy.position_lots, outstanding, now_ns)
        if due > 0 and not any(order.state == "unknown" for order in children):
            self._send_children(strategy, plan, due, now_ns)
        return None

    def _follow(self, strategy: StrategyState, plan: ReducePlan) -> bool:
        """Take an updated target into a hedge under way; returns whether it may go on at all.

        Its schedule and its trigger are those of when it began.
        """
        config = strategy.config
        if not strategy.hedges or not config.auto_hedge_enabled or config.hedge_target is None:
            return False
        plan.target_lots = self._target_lots(strategy, config.hedge_target)
        return True

    def _target_lots(self, strategy: StrategyState, target: Decimal) -> int:
        return ceil_steps(float(target / strategy.market.instrument.lot_size))

    def _done(self, strategy: StrategyState, plan: ReducePlan) -> bool:
        """Return whether what is left is less than any of the plan's markets can trade."""
        remaining = strategy.market.instrument.quantity(plan.remaining_lots(strategy.position_lots))
        return remaining < min(market.instrument.lot_size for market in self._markets(strategy, plan))

    def _send_children(self, strategy: StrategyState, plan: ReducePlan, due_lots: int, now_ns: int) -> None:
        """Send immediate-or-cancel orders for what is due, after the own quotes that they would meet have gone."""
        markets = self._markets(strategy, plan)
        quantity = strategy.market.instrument.quantity(due_lots)
        reach_bps = self._limits.reach_bps(strategy.config.max_slippage_bps)
        children = allocate(markets, plan.side, quantity, reach_bps)
        plan.limits = {child.market.instrument.venue: child.price_ticks for child in children}
        if not children:
            plan.child_sent(now_ns)
            plan.retry_later(now_ns)
            self._state.error(
                strategy,
                "NO_LIQUIDITY",
                f"purpose={plan.purpose}, side={plan.side}, quantity={quantity}, "
                f"within_bps={reach_bps}, {strategy.unhedged_values(now_ns)}",
                now_ns,
            )
            return
        met = [order for child in children for order in _own_quotes_met(child, plan)]
        for order in met:
            self._entry.cancel(order, now_ns, "self_trade")
        if met or self._short_of_room(strategy, plan, due_lots):
            return
        for child in children:
            for part in self._split(child):
                self._entry.place_child(strategy, plan, part, now_ns)
        plan.child_sent(now_ns)

    def _split(self, child: Child) -> Iterator[Child]:
        """Cut a child at the largest order: what reduces risk is never refused."""
        largest = self._limits.largest_lots(child.market, child.price_ticks) or child.lots
        for begin in range(0, child.lots, largest):
            yield Child(child.market, child.price_ticks, min(largest, child.lots - begin))

    def _short_of_room(self, strategy: StrategyState, plan: ReducePlan, due_lots: int) -> bool:
        """Return whether resting quotes must shrink first for the hard limit to hold with the child on top."""
        held = plan.direction * strategy.position_lots
        room = strategy.parameters.hard_lots + held if held <= strategy.parameters.hard_lots else held
        if strategy.exposure_lots(plan.side) + due_lots <= room:
            return False
        strategy.requote_wanted = True
        return True

    def _markets(self, strategy: StrategyState, plan: ReducePlan) -> list[Market]:
        external = strategy.hedge_market
        if plan.purpose == "flatten" or strategy.config.hedge_venue == "internal" or external is None:
            return [strategy.market]
        return [external] if strategy.config.hedge_venue == "external" else [strategy.market, external]

    def child_ended(self, strategy: StrategyState, child: WorkingOrder, now_ns: int) -> None:
        """Note that a child is over; what it left is told, and tried again."""
        plan = strategy.plan
        if plan is None:
            return
        plan.limits = {}
        if child.state == "filled" or not plan.remaining_lots(strategy.position_lots):
            return
        plan.retry_later(now_ns)
        if child.state == "cancelled" and child.remaining_lots:
            self._state.error(
                strategy,
                "CHILD_NOT_FILLED",
                f"order={child.client_order_id}, purpose={plan.purpose}, venue={child.venue}, "
                f"filled_lots={child.filled_lots}, remaining_lots={child.remaining_lots}, "
                f"{strategy.unhedged_values(now_ns)}",
                now_ns,
            )

    def _end(self, strategy: StrategyState, plan: ReducePlan, now_ns: int) -> Trigger | None:
        strategy.plan = None
        if plan.purpose == "flatten":
            strategy.remaining_position = strategy.position
            if strategy.position_lots:
                self._state.error(strategy, "FLATTEN_INCOMPLETE", f"remaining_position={strategy.position}", now_ns)
            return Trigger.FLATTENED if plan.then_stop else None
        self._state.emit(
            HedgeCompleted(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id,
                asset=strategy.config.asset,
                hedge_quantity=strategy.market.instrument.quantity(plan.quantity_lots),
                filled_quantity=plan.filled,
                average_price=plan.average_price,
                slippage_bps=plan.slippage_bps,
            )
        )
        return None


def _over(plan: ReducePlan, now_ns: int) -> bool:
    return plan.ends_ns is not None and now_ns >= plan.ends_ns


def _own_quotes_met(child: Child, plan: ReducePlan) -> list[WorkingOrder]:
    """Return our live orders, of any strategy, that a child would trade with."""
    limit = sign(plan.side) * child.price_ticks
    return [
        order
        for order in child.market.orders.values()
        if order.side == opposite(plan.side) and any(sign(plan.side) * price <= limit for price in order.prices_ticks)
    ]

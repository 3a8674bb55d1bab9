"""The one way by which orders leave the engine, so that a stop needs to be checked in one place."""

from __future__ import annotations

from zenotc.engine.actions import OrderChanged, Send, TellQuote
from zenotc.engine.depth import Child
from zenotc.engine.desk_limits import DeskLimits
from zenotc.engine.market import Market
from zenotc.engine.quoting import Target
from zenotc.engine.reduce_plan import ReducePlan
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import OrderSignal, Purpose, WorkingOrder
from zenotc.models.market import Side
from zenotc.models.orders import Amend, Cancel, Fill, Place, QueryOrder, Request

__all__ = ["OrderEntry"]


class OrderEntry:
    """Places, amends, cancels and queries orders, and writes down each one before it leaves.

    While the emergency stop is in force nothing is placed and nothing is amended, except by a flatten that the
    stop itself has asked for; while the engine ends, except by a flatten.
    """

    def __init__(self, state: EngineState, limits: DeskLimits) -> None:
        self._state = state
        self._limits = limits

    def _send(self, request: Request, now_ns: int, *, reduces_risk: bool) -> None:
        self._limits.sent(now_ns)
        self._state.actions.append(Send(request, reduces_risk))

    def _blocked(self, purpose: Purpose) -> bool:
        emergency = self._state.emergency
        if purpose == "flatten":
            return emergency.active and not emergency.flatten
        return emergency.active or self._state.ending

    def place_quote(self, strategy: StrategyState, side: Side, target: Target, now_ns: int, reason: str) -> None:
        """Send a new post-only quote."""
        if self._blocked("quote"):
            return
        order = self._create(strategy, strategy.market, "quote", side, target, now_ns)
        strategy.counters.sent += 1
        request = Place(
            order.venue, order.asset, order.client_order_id, side, target.price_ticks, target.quantity_lots,
            post_only=True,
        )  # fmt: skip
        self._send(request, now_ns, reduces_risk=False)
        self._tell_quote(strategy, order, target, now_ns, reason)

    def place_child(self, strategy: StrategyState, plan: ReducePlan, child: Child, now_ns: int) -> None:
        """Send an immediate-or-cancel order of a hedge or a flatten."""
        if self._blocked(plan.purpose):
            return
        target = Target(child.price_ticks, child.lots, 0)
        order = self._create(strategy, child.market, plan.purpose, plan.side, target, now_ns)
        order.layer = None
        request = Place(
            order.venue, order.asset, order.client_order_id, plan.side, child.price_ticks, child.lots,
            time_in_force="IOC",
        )  # fmt: skip
        self._send(request, now_ns, reduces_risk=False)

    def _create(
        self, strategy: StrategyState, market: Market, purpose: Purpose, side: Side, target: Target, now_ns: int
    ) -> WorkingOrder:
        state = self._state
        order = WorkingOrder(
            client_order_id=state.next_id(),
            strategy_id=strategy.strategy_id,
            venue=market.instrument.venue,
            asset=market.instrument.asset,
            side=side,
            purpose=purpose,
            layer=target.layer,
            price_ticks=target.price_ticks,
            quantity_lots=target.quantity_lots,
            placed_ns=now_ns,
            asked_ns=now_ns,
        )
        state.orders[order.client_order_id] = order
        market.orders[order.client_order_id] = order
        strategy.orders[order.client_order_id] = order
        self.record(order, now_ns, new=True)
        return order

    def amend(self, strategy: StrategyState, order: WorkingOrder, target: Target, now_ns: int) -> None:
        """Move a resting quote; `target` holds what should remain of it."""
        if self._blocked(order.purpose):
            return
        order.signal(OrderSignal.AMEND_SENT)
        order.queries_outdated = order.queries
        order.layer = target.layer
        order.pending_price_ticks = target.price_ticks
        order.pending_quantity_lots = order.filled_lots + target.quantity_lots
        order.asked_ns = now_ns
        self.record(order, now_ns)
        request = Amend(
            order.venue, order.asset, order.client_order_id, order.pending_price_ticks, order.pending_quantity_lots
        )
        self._send(request, now_ns, reduces_risk=False)
        self._tell_quote(strategy, order, target, now_ns, "amended")

    def cancel(self, order: WorkingOrder, now_ns: int, reason: str) -> None:
        """Cancel an order; one that is leaving already is not asked twice."""
        if order.cancel_reason is not None and order.state != "unknown":
            return
        order.cancel_reason = order.cancel_reason or reason
        order.signal(OrderSignal.CANCEL_SENT)
        order.queries_outdated = order.queries
        order.asked_ns = now_ns
        self.record(order, now_ns)
        self._send(Cancel(order.venue, order.asset, order.client_order_id), now_ns, reduces_risk=True)

    def leaves_by_cancel_all(self, order: WorkingOrder, now_ns: int, reason: str) -> None:
        """Note that a cancel of everything, which has been sent, takes this order with it."""
        order.cancel_reason = order.cancel_reason or reason
        order.signal(OrderSignal.CANCEL_SENT)
        order.queries_outdated = order.queries
        order.asked_ns = now_ns
        self.record(order, now_ns)

    def adjust(self, strategy: StrategyState, fill: Fill, now_ns: int) -> None:
        """Write down the order that an execution belongs to which an operator has accepted; nothing is sent."""
        order = WorkingOrder(
            client_order_id=fill.client_order_id,
            strategy_id=strategy.strategy_id,
            venue=fill.venue,
            asset=fill.asset,
            side=fill.side,
            purpose="adjustment",
            layer=None,
            price_ticks=fill.price_ticks,
            quantity_lots=fill.quantity_lots,
            placed_ns=now_ns,
            state="filled",
        )
        self._state.ended_orders[order.client_order_id] = order
        self.record(order, now_ns, new=True)

    def lost(self, order: WorkingOrder, now_ns: int, reason: str) -> None:
        """Note that nobody can say what an order is now; a comparison with its venue will."""
        if order.signal(OrderSignal.LOST):
            self.record(order, now_ns, reason=reason)
        order.cancel_reason = order.cancel_reason or reason
        order.asked_ns = None

    def query(self, order: WorkingOrder, now_ns: int, reason: str) -> None:
        """Ask the venue what became of an order whose outcome is unknown."""
        if order.signal(OrderSignal.LOST):
            self.record(order, now_ns, reason=reason)
        order.queried_ns = now_ns
        order.asked_ns = None
        request = QueryOrder(order.venue, order.asset, order.client_order_id, order.next_query())
        self._send(request, now_ns, reduces_risk=True)

    def record(self, order: WorkingOrder, now_ns: int, *, new: bool = False, reason: str | None = None) -> None:
        """Write down where an order stands."""
        self._state.strategies[order.strategy_id].orders_changed()
        instrument = self._state.markets[order.venue, order.asset].instrument
        self._state.actions.append(
            OrderChanged(
                order=order,
                state=order.state,
                price=instrument.price(order.price_ticks),
                quantity=instrument.quantity(order.quantity_lots),
                filled=instrument.quantity(order.filled_lots),
                time_ns=now_ns,
                reason=reason or order.cancel_reason,
                new=new,
            )
        )

    def _tell_quote(
        self, strategy: StrategyState, order: WorkingOrder, target: Target, now_ns: int, reason: str
    ) -> None:
        quote = order, strategy.market.instrument, target.price_ticks, target.quantity_lots, target.layer
        self._state.actions.append(TellQuote(*quote, reason, now_ns))

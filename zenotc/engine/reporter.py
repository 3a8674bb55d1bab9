"""What a venue's reports change: orders, fills, ledgers, and who must act on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from zenotc.engine.bookkeeper import Bookkeeper
from zenotc.engine.conductor import Conductor
from zenotc.engine.emergency_desk import EmergencyDesk
from zenotc.engine.guard import Guard
from zenotc.engine.lifecycle import Trigger
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.quoter import Quoter
from zenotc.engine.reconciler import Reconciler
from zenotc.engine.reducer import Reducer
from zenotc.engine.risk_watch import RiskWatch
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import OrderSignal, WorkingOrder
from zenotc.models.events import QuoteCancelled
from zenotc.models.orders import (
    AmendRejected,
    Balances,
    Cancel,
    CancelAfterSet,
    CancelledAll,
    CancelRejected,
    Fill,
    FillHistory,
    OpenOrder,
    OpenOrders,
    OrderAccepted,
    OrderAmended,
    OrderCancelled,
    OrderFilled,
    OrderNotFound,
    OrderRejected,
    OrderUnknown,
    Positions,
    QueryFills,
    Report,
)
from zenotc.models.wire import utc_from_ns

__all__ = ["Reporter"]

_NS = 1_000_000_000


class Reporter:
    """Takes reports; every kind has one method."""

    def __init__(
        self,
        state: EngineState,
        entry: OrderEntry,
        quoter: Quoter,
        reducer: Reducer,
        conductor: Conductor,
        emergency: EmergencyDesk,
        watch: RiskWatch,
        guarded: Guard,
        agreed: Callable[[str, int], None],
    ) -> None:
        self._state = state
        self._entry = entry
        self._quoter = quoter
        self._reducer = reducer
        self._conductor = conductor
        self._emergency = emergency
        self._watch = watch
        self._guarded = guarded
        self._bookkeeper = Bookkeeper(state)
        self.reconciler = Reconciler(
            state, entry, conductor, book=self.book_missed, end=self._not_listed, agreed=agreed
        )
        self._handlers: dict[type, Callable[[Any, int], None]] = {
            OrderAccepted: self._accepted,
            OrderRejected: self._rejected,
            OrderAmended: self._amended,
            AmendRejected: self._amend_rejected,
            OrderCancelled: self._cancelled,
            CancelRejected: self._cancel_rejected,
            OrderFilled: self._filled,
            OrderUnknown: self._unknown,
            OrderNotFound: self._not_found,
            CancelledAll: self._cancelled_all,
            CancelAfterSet: lambda _report, _now_ns: None,
            OpenOrders: self._open_orders,
            FillHistory: self._fill_history,
            Balances: self.reconciler.balances,
            Positions: self.reconciler.positions,
        }

    def take(self, report: Report, now_ns: int) -> None:
        """Let a report change what is known."""
        self._handlers[type(report)](report, now_ns)

    # Orders

    def _of_order(self, order: WorkingOrder, now_ns: int, act: Callable[[int], None]) -> None:
        """Handle what a report about many orders says of one: a fault in that pauses the strategy of that one."""
        self._guarded(self._state.strategies[order.strategy_id], now_ns, lambda _, now: act(now))

    def _live_order(self, client_order_id: str) -> WorkingOrder | None:
        return self._state.orders.get(client_order_id)

    def _accepted(self, report: OrderAccepted, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is None:
            # It was given up, or nobody here has sent it: what rests unknown must not.
            self._state.send(Cancel(report.venue, report.asset, report.client_order_id))
            return
        order.accepted = True
        order.accepted_ns = now_ns
        order.venue_order_id = report.venue_order_id
        order.signal(OrderSignal.ACCEPTED)
        self._answered(order, now_ns)

    def _amended(self, report: OrderAmended, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is None:
            return
        order.price_ticks, order.quantity_lots = report.price_ticks, report.quantity_lots
        order.pending_price_ticks = order.pending_quantity_lots = None
        order.signal(OrderSignal.AMEND_ANSWERED)
        self._answered(order, now_ns)

    def _amend_rejected(self, report: AmendRejected, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is None:
            return
        order.pending_price_ticks = order.pending_quantity_lots = None
        if report.code == "UNKNOWN_ORDER":
            self._ask(order, now_ns, report.code)
            return
        order.signal(OrderSignal.AMEND_ANSWERED)
        self._answered(order, now_ns, refused=True)
        self._count_rejection(order, report.code, report.message, now_ns)

    def _cancel_rejected(self, report: CancelRejected, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is not None:
            # In order of arrival its end would have been reported before: ask.
            self._ask(order, now_ns, report.code)

    def _unknown(self, report: OrderUnknown, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is not None:
            self._ask(order, now_ns, report.reason)

    def _ask(self, order: WorkingOrder, now_ns: int, reason: str) -> None:
        """Ask what became of an order; one that has just been asked for is asked for again when its time has come.

        A venue that refuses to cancel what it shows as open would be asked as fast as it answers otherwise.
        """
        wait_ns = self._state.settings.acknowledge_within_seconds * _NS
        if order.queried_ns is not None and now_ns - order.queried_ns < wait_ns:
            self._entry.lost(order, now_ns, reason)
        else:
            self._entry.query(order, now_ns, reason)

    def _answered(self, order: WorkingOrder, now_ns: int, *, refused: bool = False) -> None:
        """Write down that the venue has answered, and ask again for what still has to go."""
        if order.state != "cancelling":
            order.asked_ns = None
        self._show(order)
        self._entry.record(order, now_ns)
        if order.cancel_reason is not None and order.state != "cancelling":
            reason, order.cancel_reason = order.cancel_reason, None
            self._entry.cancel(order, now_ns, reason)
        self._continue(self._state.strategies[order.strategy_id], now_ns, refused=refused)

    def _rejected(self, report: OrderRejected, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is None:
            return
        self._retire(order, OrderSignal.REJECTED, now_ns, f"rejected: {report.code}")
        self._act_on_the_end(self._state.strategies[order.strategy_id], now_ns, refused=True)
        self._count_rejection(order, report.code, report.message, now_ns)

    def _cancelled(self, report: OrderCancelled, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is None:
            return
        reason = (order.cancel_reason if report.reason == "requested" else None) or report.reason
        if order.remaining_lots > report.remaining_lots:
            self._await_fills(order, report.remaining_lots, now_ns, reason)
        else:
            self._end(order, OrderSignal.CANCELLED, now_ns, reason)

    def _await_fills(self, order: WorkingOrder, cancelled_lots: int, now_ns: int, reason: str) -> None:
        """Keep an order that is over until the fills that it must have had are known: they count against the limit."""
        order.quantity_lots -= cancelled_lots
        order.pending_price_ticks = order.pending_quantity_lots = None
        order.cancel_reason = order.cancel_reason or reason
        self._show(order)
        if order.purpose == "quote" and cancelled_lots:
            self._quote_cancelled(order, cancelled_lots, now_ns, reason)
        self._entry.query(order, now_ns, "fills_missing")
        self._ask_for_fills(order)

    def _ask_for_fills(self, order: WorkingOrder) -> None:
        """Ask for what an order's venue has executed since the last execution up to which every one is known."""
        known_fill = self._state.venues[order.venue].known_fill
        self._state.send(QueryFills(order.venue, f"f-{order.client_order_id}", known_fill))

    def _not_found(self, report: OrderNotFound, now_ns: int) -> None:
        order = self._live_order(report.client_order_id)
        if order is not None:
            self._end(order, OrderSignal.CANCELLED, now_ns, "not_found")

    def _end(self, order: WorkingOrder, signal: OrderSignal, now_ns: int, reason: str | None) -> None:
        """Retire an order, and let its strategy act on that."""
        self._retire(order, signal, now_ns, reason)
        self._act_on_the_end(self._state.strategies[order.strategy_id], now_ns)

    def _retire(self, order: WorkingOrder, signal: OrderSignal, now_ns: int, reason: str | None) -> None:
        """Take an order that has ended out of the live ones, and tell of it."""
        remaining = order.remaining_lots
        order.signal(signal)
        order.asked_ns = None
        self._show(order)
        self._entry.record(order, now_ns, reason=reason)
        self._state.retire(order)
        if order.purpose != "quote":
            self._reducer.child_ended(self._state.strategies[order.strategy_id], order, now_ns)
        elif signal is not OrderSignal.FILLED:
            self._quote_cancelled(order, remaining, now_ns, reason or "cancelled")

    def _act_on_the_end(self, strategy: StrategyState, now_ns: int, *, refused: bool = False) -> None:
        """Let an order's strategy, and others that it stood in the way of, go on without it."""
        self._continue(strategy, now_ns, refused=refused)
        self._wake_plans(strategy, now_ns)

    def _continue(self, strategy: StrategyState, now_ns: int, *, refused: bool = False) -> None:
        """Let a strategy do what has waited for an answer of the venue.

        A refusal is no occasion to quote: the same would be asked for again, as fast as the venue refuses it.
        """
        if strategy.requote_wanted and not refused:
            self._quoter.requote(strategy, now_ns, "answered")
        if strategy.plan is not None:
            self._conductor.advance_plan(strategy, now_ns)

    def _wake_plans(self, ended_for: StrategyState, now_ns: int) -> None:
        """Let the other strategies' hedges go on that wait for an own quote to leave their way."""
        for strategy in ended_for.market.strategies:
            if strategy is not ended_for and strategy.plan is not None:
                self._guarded(strategy, now_ns, self._conductor.advance_plan)

    def _show(self, order: WorkingOrder) -> None:
        """Count of an order what the venue's book shows of it."""
        market = self._state.markets[order.venue, order.asset]
        if order.shown_lots:
            market.add_own_lots(order.side, order.shown_price_ticks, -order.shown_lots)
        resting = order.accepted and order.live and order.purpose == "quote"
        order.shown_price_ticks = order.price_ticks
        order.shown_lots = order.remaining_lots if resting else 0
        if order.shown_lots:
            market.add_own_lots(order.side, order.shown_price_ticks, order.shown_lots)

    def _count_rejection(self, order: WorkingOrder, code: str, message: str, now_ns: int) -> None:
        """Tell of a rejection; several in a short time pause the strategy.

        A post-only order that would have taken was refused as it asked to be: the market moved while it was under
        way. That is no fault and does not count.
        """
        if code == "POST_ONLY_WOULD_CROSS":
            return
        strategy = self._state.strategies[order.strategy_id]
        settings = self._state.settings
        self._state.error(strategy, code, f"order={order.client_order_id}, message={message}", now_ns)
        rejections = strategy.rejections
        rejections.append(now_ns)
        while rejections and rejections[0] < now_ns - settings.rejection_window_seconds * _NS:
            rejections.popleft()
        enough = len(rejections) >= settings.max_rejections
        if enough and strategy.config.pause_on_error and strategy.status == "active":
            rejections.clear()
            self._conductor.apply(strategy, Trigger.ERROR, now_ns, reason=f"error: {code}", operator=None)

    # Queries

    def _open_orders(self, report: OpenOrders, now_ns: int) -> None:
        if self._emergency.open_orders(report, now_ns) or self.reconciler.open_orders(report, now_ns):
            return
        for shown in report.orders:
            order = self._live_order(shown.client_order_id)
            if order is not None and order.state == "unknown" and order.is_answered_by(report.request_id):
                self._of_order(order, now_ns, partial(self._found, order, shown))

    def _found(self, order: WorkingOrder, shown: OpenOrder, now_ns: int) -> None:
        """Take an unknown order as the venue shows it; fills that are missing are asked for."""
        order.accepted = True
        order.accepted_ns = order.accepted_ns or now_ns
        order.venue_order_id = shown.venue_order_id
        order.price_ticks, order.quantity_lots = shown.price_ticks, shown.quantity_lots
        order.pending_price_ticks = order.pending_quantity_lots = None
        order.fills_told = False
        if shown.filled_lots > order.filled_lots:
            self._ask_for_fills(order)
        order.signal(OrderSignal.ACCEPTED)
        self._answered(order, now_ns)

    def _cancelled_all(self, report: CancelledAll, now_ns: int) -> None:
        self._emergency.cancelled_all(report, now_ns)
        self.reconciler.cancelled_all(report, now_ns)

    def _not_listed(self, order: WorkingOrder, now_ns: int) -> None:
        self._of_order(order, now_ns, partial(self._end, order, OrderSignal.CANCELLED, reason="not_listed"))

    def book_missed(self, fill: Fill, now_ns: int) -> None:
        """Book an execution of which the report may have been lost; nothing where it is known."""
        order = self._state.find_order(fill.client_order_id)
        if order is None or order.strategy_id not in self._state.strategies:
            self._unknown_fill(fill, now_ns)
        else:
            remaining_lots = order.exposure_lots - fill.quantity_lots
            self._of_order(order, now_ns, partial(self._book, order, fill, remaining_lots=remaining_lots))

    def _fill_history(self, report: FillHistory, now_ns: int) -> None:
        if self.reconciler.fill_history(report, now_ns):
            return
        for fill in report.fills:
            self.book_missed(fill, now_ns)
        asked = self._live_order(report.request_id.partition("-")[2])
        if asked is None or not asked.is_answered_by(report.request_id):
            return
        if asked.state == "unknown" and asked.remaining_lots == 0:
            # It has filled, unless an amend without an answer made it larger: then this answer goes on to show it.
            if asked.fills_told:
                self._of_order(asked, now_ns, partial(self._end, asked, OrderSignal.FILLED, reason=None))
            asked.fills_told = True

    # Fills

    def _filled(self, report: OrderFilled, now_ns: int) -> None:
        fill = report.fill
        order = self._state.find_order(fill.client_order_id)
        if order is None or order.strategy_id not in self._state.strategies:
            self._unknown_fill(fill, now_ns)
            return
        self._book(order, fill, now_ns, report.remaining_lots)

    def _unknown_fill(self, fill: Fill, now_ns: int) -> None:
        values = f"venue={fill.venue}, asset={fill.asset}, order={fill.client_order_id}, trade={fill.trade_id}"
        self._state.error(None, "UNKNOWN_FILL", values, now_ns)

    def _book(self, order: WorkingOrder, fill: Fill, now_ns: int, remaining_lots: int) -> None:
        """Book an execution once, in whatever state its order is; nothing remaining ends the order."""
        if fill.trade_id in order.trades:
            if order.live and order.exposure_lots == 0:
                self._end(order, OrderSignal.FILLED, now_ns, None)
            return
        order.trades.add(fill.trade_id)
        order.filled_lots += fill.quantity_lots
        self._show(order)
        strategy = self._state.strategies[order.strategy_id]
        self._bookkeeper.book(strategy, order, fill, now_ns)
        ended = order.live and (order.exposure_lots == 0 or (remaining_lots <= 0 and order.remaining_lots == 0))
        if ended:
            self._retire(order, OrderSignal.FILLED, now_ns, None)
        elif order.live and remaining_lots <= 0 and order.state != "unknown":
            self._await_fills(order, 0, now_ns, "filled")
        else:
            self._entry.record(order, now_ns)
        # Breakers come first: what they stop must not be sent.
        self._watch.filled(strategy, order, now_ns)
        if ended:
            self._act_on_the_end(strategy, now_ns)
        self._reducer.begin_hedge_if_due(strategy, now_ns)
        self._quoter.requote(strategy, now_ns, "filled")
        self._continue(strategy, now_ns)

    def _quote_cancelled(self, order: WorkingOrder, remaining_lots: int, now_ns: int, reason: str) -> None:
        instrument = self._state.markets[order.venue, order.asset].instrument
        self._state.emit(
            QuoteCancelled(
                timestamp=utc_from_ns(now_ns),
                strategy_id=order.strategy_id,
                asset=order.asset,
                order_id=order.client_order_id,
                side=order.side,
                price=instrument.price(order.price_ticks),
                quantity=instrument.quantity(remaining_lots),
                layer=order.layer or 0,
                reason=reason,
            )
        )

"""Books executions: ledger, counters, and the events that tell of them (semantics, sections 8, 11 and 12)."""

from __future__ import annotations

from decimal import Decimal

from zenotc.engine.actions import FillBooked
from zenotc.engine.rounding import EXACT
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.events import HedgeFilled, PositionChanged, QuoteFilled
from zenotc.models.market import sign
from zenotc.models.orders import Fill
from zenotc.models.wire import utc_from_ns

__all__ = ["Bookkeeper"]

_RESIDUAL_SHARE = Decimal("1e-9")


class Bookkeeper:
    """Moves a strategy's position and PnL by a fill, and tells of it."""

    def __init__(self, state: EngineState) -> None:
        self._state = state

    def book(self, strategy: StrategyState, order: WorkingOrder, fill: Fill, now_ns: int) -> None:
        """Book an execution that has not been booked before; the order's filled size includes it already."""
        instrument = self._state.markets[order.venue, order.asset].instrument
        price, quantity = instrument.price(fill.price_ticks), instrument.quantity(fill.quantity_lots)
        mid = strategy.market.mid if strategy.market.mid is not None else price
        old_position = strategy.position
        earns = order.purpose == "quote"
        strategy.ledger.fill(fill.side, price, quantity, fill.fee, mid, "quote" if earns else "hedge")
        self._state.hold(fill, price, quantity)
        strategy.position_lots += sign(fill.side) * strategy.lots_of(order, fill.quantity_lots)
        strategy.note_unhedged(now_ns)
        if earns:
            self._count_quote(strategy, order, fill, price, quantity, mid, now_ns)
        elif strategy.plan is not None:
            strategy.plan.book(fill.venue, price, quantity)
        self._state.actions.append(FillBooked(fill, strategy.strategy_id, price, quantity, mid))
        if order.purpose != "adjustment":
            self._tell_fill(strategy, order, fill, price, quantity, now_ns)
        self._tell_position(strategy, old_position, now_ns)
        self._check_closing(strategy, now_ns)

    def _count_quote(
        self,
        strategy: StrategyState,
        order: WorkingOrder,
        fill: Fill,
        price: Decimal,
        quantity: Decimal,
        mid: Decimal,
        now_ns: int,
    ) -> None:
        counters = strategy.counters
        counters.capture(fill.side, price, quantity, mid)
        if len(order.trades) == 1:
            counters.first_fill(order.accepted_ns or order.placed_ns, now_ns)
        strategy.market.markouts.add(counters.markouts, fill.side, float(price), float(quantity), now_ns)

    def _check_closing(self, strategy: StrategyState, now_ns: int) -> None:
        ledger = strategy.ledger
        residual = ledger.residual
        if residual and abs(residual) > EXACT.multiply(ledger.volume, _RESIDUAL_SHARE):
            self._state.error(strategy, "PNL_DOES_NOT_CLOSE", f"residual={residual}, turnover={ledger.volume}", now_ns)

    def _tell_fill(
        self, strategy: StrategyState, order: WorkingOrder, fill: Fill, price: Decimal, quantity: Decimal, now_ns: int
    ) -> None:
        instrument = self._state.markets[order.venue, order.asset].instrument
        common = {
            "timestamp": utc_from_ns(now_ns),
            "strategy_id": strategy.strategy_id,
            "asset": order.asset,
            "order_id": order.client_order_id,
            "trade_id": fill.trade_id,
            "side": fill.side,
            "quantity": quantity,
            "price": price,
            "fee": fill.fee,
            "venue": fill.venue,
            "remaining": instrument.quantity(order.remaining_lots),
        }
        if order.purpose == "quote":
            self._state.emit(QuoteFilled.model_validate(common))
        else:
            self._state.emit(HedgeFilled.model_validate({**common, "reason": order.purpose}))

    def _tell_position(self, strategy: StrategyState, old_position: Decimal, now_ns: int) -> None:
        self._state.emit(
            PositionChanged(
                timestamp=utc_from_ns(now_ns),
                strategy_id=strategy.strategy_id,
                asset=strategy.config.asset,
                old_position=old_position,
                new_position=strategy.position,
                average_price=strategy.ledger.average_price,
                unhedged_quantity=strategy.unhedged,
                unhedged_seconds=strategy.unhedged_seconds(now_ns),
            )
        )

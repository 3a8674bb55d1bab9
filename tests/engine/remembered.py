"""An engine's actions, kept as a journal keeps them, and the past that another engine is told of."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Self

from tests.engine.bench import HEDGE, QUOTING, Bench
from zenotc.engine.actions import (
    Action,
    DayBegan,
    EmergencyChanged,
    FillBooked,
    Measured,
    OrderChanged,
    Reconciled,
    StrategyChanged,
)
from zenotc.engine.past import Past, PastFill
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.market import Instrument
from zenotc.models.wire import decode, encode, utc_from_ns

HOUR_NS = 3_600 * 10**9


class Remembered:
    """What engines have done so far; values are taken down at once, for orders go on changing."""

    def __init__(self, instruments: dict[str, Instrument]) -> None:
        self._instruments = instruments
        self._strategies: dict[str, StrategyChanged] = {}
        self._measured: dict[str, list[Measured]] = {}
        self._fills: list[FillBooked] = []
        self._orders: dict[str, dict[str, object]] = {}
        self._days: list[DayBegan] = []
        self._emergency: EmergencyChanged | None = None
        self._known_fills: dict[str, str] = {}

    def take(self, action: Action) -> None:
        """Take an action down."""
        match action:
            case StrategyChanged():
                self._strategies[action.strategy_id] = action
            case Measured():
                self._measured.setdefault(action.strategy_id, []).append(action)
            case FillBooked():
                self._fills.append(action)
            case OrderChanged():
                self._take_order(action)
            case DayBegan():
                self._days.append(action)
            case EmergencyChanged():
                self._emergency = action
            case Reconciled(trade_id=str(trade_id)):
                self._known_fills[action.venue] = trade_id

    def _take_order(self, changed: OrderChanged) -> None:
        order, instrument = changed.order, self._instruments[changed.order.venue]
        ended = changed.state in ("filled", "cancelled", "rejected")
        self._orders[order.client_order_id] = {
            "client_order_id": order.client_order_id,
            "strategy_id": order.strategy_id,
            "venue": order.venue,
            "asset": order.asset,
            "side": order.side,
            "purpose": order.purpose,
            "layer": order.layer,
            "price_ticks": instrument.ticks(changed.price),
            "quantity_lots": instrument.lots(changed.quantity),
            "placed_ns": order.placed_ns,
            "state": changed.state if ended else "unknown",
            "accepted": order.accepted,
        }

    def past(self, now_ns: int) -> Past:
        """Return what an engine that starts now is told."""
        today = utc_from_ns(now_ns).date().isoformat()
        return Past(
            strategies=list(self._strategies.values()),
            measures={name: decode(encode(measured[-1].measures)) for name, measured in self._measured.items()},
            fills=[PastFill(fill, self._purpose(fill)) for fill in self._fills],
            orders=[WorkingOrder(**fields) for fields in self._orders.values()],  # type: ignore[arg-type]
            totals={name: self._totals(name, now_ns - HOUR_NS) for name in self._measured},
            baselines={day.strategy_id: day.total_pnl for day in self._days if day.day == today},
            emergency=self._emergency,
            known_fills=dict(self._known_fills),
        )

    def _purpose(self, booked: FillBooked) -> object:
        return self._orders[booked.fill.client_order_id]["purpose"]

    def _totals(self, name: str, since_ns: int) -> list[tuple[int, Decimal]]:
        totals = [(measured.time_ns, measured.total_pnl) for measured in self._measured[name]]
        before = [total for total in totals if total[0] <= since_ns]
        return before[-1:] + [total for total in totals if total[0] > since_ns]


class RememberedBench(Bench):
    """A bench on which another engine can be started from what the one before has written."""

    def __init__(self, remembered: Remembered | None = None, **settings: Any) -> None:
        self.remembered = remembered or Remembered({i.venue: i for i in (QUOTING, HEDGE)})
        super().__init__(**settings)

    def take(self, actions: Sequence[Action]) -> Sequence[Action]:
        for action in actions:
            self.remembered.take(action)
        return super().take(actions)

    def successor(self, **settings: Any) -> Self:
        """Return the bench of an engine that has yet to be told of the past."""
        bench = type(self)(self.remembered, start_ns=self.now_ns, **settings)
        bench.engine.state._id_prefix = "u"
        return bench

    def restore(self) -> None:
        """Tell the engine of the past."""
        self.take(self.engine.restore(self.remembered.past(self.now_ns), self.now_ns))

    def restarted(self, **settings: Any) -> Self:
        """Return the bench of an engine that has taken up the past."""
        bench = self.successor(**settings)
        bench.restore()
        return bench

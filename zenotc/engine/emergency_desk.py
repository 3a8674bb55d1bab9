"""Carries out the emergency stop: block, cancel everything, and prove that nothing rests (section 7)."""

from __future__ import annotations

from zenotc.engine.actions import EmergencyChanged
from zenotc.engine.conductor import Conductor
from zenotc.engine.lifecycle import TRANSITIONS, Trigger
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.state import EngineState
from zenotc.engine.strategy import StrategyState
from zenotc.exceptions import StrategyError
from zenotc.models.events import EmergencyStop, EmergencyStopCleared
from zenotc.models.orders import CancelAll, CancelledAll, OpenOrders, QueryOpenOrders
from zenotc.models.wire import utc_from_ns

__all__ = ["EmergencyDesk"]

_ASK_AGAIN_NS = 500_000_000


class EmergencyDesk:
    """Asks every venue to cancel everything, then for its open orders, until each has answered with none."""

    def __init__(self, state: EngineState, entry: OrderEntry, conductor: Conductor) -> None:
        self._state = state
        self._entry = entry
        self._conductor = conductor

    def stop(self, now_ns: int, operator: str, command_id: str, *, flatten: bool) -> None:
        """Come into force: from here on nothing is placed; the requests to cancel are the first that leave."""
        state = self._state
        emergency = state.emergency
        first = not emergency.active
        emergency.latch(now_ns, operator)
        emergency.flatten = emergency.flatten or flatten
        emergency.commands.append(command_id)
        for venue in sorted({venue for venue, _ in state.markets}):
            self._begin_at(venue, now_ns)
        if first:
            state.actions.append(EmergencyChanged(True, operator, "emergency_stop", now_ns))
            state.emit(EmergencyStop(timestamp=utc_from_ns(now_ns), reason="emergency_stop", operator=operator))
        for order in list(state.orders.values()):
            self._entry.leaves_by_cancel_all(order, now_ns, "emergency_stop")
        for strategy in state.strategies.values():
            self._stop(strategy, now_ns, operator, flatten=flatten)

    def stop_restored(self, now_ns: int) -> None:
        """Stop the strategies of an earlier engine where the stop is in force: it may have come before them."""
        emergency = self._state.emergency
        if emergency.active:
            for strategy in self._state.strategies.values():
                self._stop(strategy, now_ns, emergency.operator, flatten=emergency.flatten)

    def _stop(self, strategy: StrategyState, now_ns: int, operator: str | None, *, flatten: bool) -> None:
        flattening = strategy.plan is not None and strategy.plan.purpose == "flatten" and self._state.emergency.flatten
        moves = TRANSITIONS[Trigger.EMERGENCY, strategy.status].event is not None or strategy.plan is not None
        if moves and not flattening:
            self._conductor.apply(strategy, Trigger.EMERGENCY, now_ns, reason="emergency_stop", operator=operator)
        if flatten and (strategy.position_lots or strategy.orders):
            self._conductor.apply(strategy, Trigger.FLATTEN, now_ns, reason="emergency_stop", operator=operator)

    def enforce_at(self, venue: str, now_ns: int) -> None:
        """While the stop is in force, ask a venue again for its proof: its connection has been away."""
        if self._state.emergency.active:
            self._begin_at(venue, now_ns)

    def _begin_at(self, venue: str, now_ns: int) -> None:
        """Have a venue cancel everything, whatever it has been asked before."""
        self._state.emergency.waiting[venue] = set()
        self._cancel_all(venue, now_ns)

    def _cancel_all(self, venue: str, now_ns: int) -> None:
        self._state.send(CancelAll(venue, self._awaited(venue, now_ns)))

    def _awaited(self, venue: str, now_ns: int) -> str:
        """Return the id of another request of which the answer is awaited."""
        request_id = self._state.next_id()
        self._state.emergency.waiting[venue].add(request_id)
        self._state.emergency.asked_ns[venue] = now_ns
        return request_id

    def cancelled_all(self, report: CancelledAll, now_ns: int) -> None:
        """Ask the venue for proof."""
        if report.request_id in self._state.emergency.waiting.get(report.venue, ()):
            self._state.send(QueryOpenOrders(report.venue, self._awaited(report.venue, now_ns)))

    def open_orders(self, report: OpenOrders, now_ns: int) -> bool:
        """Take a venue's proof, unless something still rests; returns whether it was asked for here."""
        emergency = self._state.emergency
        if report.request_id not in emergency.waiting.get(report.venue, ()):
            return False
        flattening = {o.client_order_id for o in self._state.orders.values() if o.purpose == "flatten"}
        if any(order.client_order_id not in flattening for order in report.orders):
            return True  # `ask_again` cancels again: a venue that cannot is not asked as fast as it answers
        del emergency.waiting[report.venue], emergency.asked_ns[report.venue]
        for order in list(self._state.orders.values()):
            if order.venue == report.venue and order.client_order_id not in flattening:
                self._entry.query(order, now_ns, "not_listed")
        self.settle()
        return True

    def settle(self) -> None:
        """Answer the commands that wait, once every venue has proved it and every flatten has ended."""
        emergency = self._state.emergency
        if emergency.waiting or any(s.plan is not None for s in self._state.strategies.values()):
            return
        commands, emergency.commands = emergency.commands, []
        for command_id in commands:
            self._state.reply(command_id)

    def ask_again(self, now_ns: int) -> None:
        """Repeat what a venue has not answered, or has not carried out."""
        for venue, asked_ns in list(self._state.emergency.asked_ns.items()):
            if now_ns - asked_ns >= _ASK_AGAIN_NS:
                self._cancel_all(venue, now_ns)

    def clear(self, now_ns: int, operator: str) -> None:
        """Go out of force; every strategy stays stopped.

        Raises
        ------
        StrategyError
            If a venue has not yet proved that nothing rests there, or a flatten is under way.
        """
        emergency = self._state.emergency
        unproved = sorted(emergency.waiting)
        if unproved:
            raise StrategyError(
                f"not confirmed yet by {', '.join(unproved)}", code="not_confirmed", details={"venues": unproved}
            )
        if emergency.active and any(s.plan is not None for s in self._state.strategies.values()):
            raise StrategyError("a position is being flattened: wait until it is", code="flattening")
        if emergency.active:
            self._state.emergency.clear()
            self._state.actions.append(EmergencyChanged(False, operator, "cleared", now_ns))
            self._state.emit(EmergencyStopCleared(timestamp=utc_from_ns(now_ns), operator=operator))

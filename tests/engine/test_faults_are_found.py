"""The proof can fail: the machine finds each of these faults when it is put into the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.engine.scenarios import scenarios
from tests.engine.test_whatever_happens import SEEDS, AnyMarket, AnyRestart, AnyStop, WhateverHappens
from tests.engine.watched_desk import Scenario
from zenotc.engine import engine, equity_curve, quoter, risk_watch
from zenotc.engine.breakers import Reading, tripped
from zenotc.engine.desk_limits import DeskLimits
from zenotc.engine.emergency_desk import EmergencyDesk
from zenotc.engine.ledger import Ledger
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.recovery import Recovery
from zenotc.engine.reduce_plan import ReducePlan
from zenotc.engine.reporter import Reporter
from zenotc.engine.risk_watch import RiskWatch
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder
from zenotc.models.market import Side
from zenotc.models.orders import Cancel, CancelledAll, Request

pytestmark = pytest.mark.timeout(600)
Put = Callable[[pytest.MonkeyPatch], None]
Machine = type[AnyMarket]
FAULTS: dict[str, tuple[Put, Machine, tuple[str, ...]]] = {}


def fault(*often: str, machine: Machine = WhateverHappens) -> Callable[[Put], Put]:
    """Name a fault by its function; `often` is what is always on, or met, where it is looked for."""

    def named(put: Put) -> Put:
        FAULTS[put.__name__] = put, machine, often
        return put

    return named


@fault()
def a_fill_that_is_told_twice_counts_twice(patch: pytest.MonkeyPatch) -> None:
    book = Reporter._book

    def forgetful(self: Reporter, order: WorkingOrder, *rest: Any, **more: Any) -> None:
        order.trades.clear()
        book(self, order, *rest, **more)

    patch.setattr(Reporter, "_book", forgetful)


@fault("max_position", "unruly", machine=AnyMarket)
def an_unknown_order_is_taken_for_gone(patch: pytest.MonkeyPatch) -> None:
    exposure = WorkingOrder.exposure_lots.fget
    assert exposure is not None
    patch.setattr(WorkingOrder, "exposure_lots", property(lambda o: 0 if o.state == "unknown" else exposure(o)))


@fault()
def a_paused_strategy_quotes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quoter, "may_quote", lambda _, strategy: strategy.market.usable and strategy.status != "stopped")


@fault("max_daily_loss", "max_drawdown_percent", machine=AnyMarket)
def a_breaker_waits_for_twice_its_limit(patch: pytest.MonkeyPatch) -> None:
    def late(strategy: StrategyState) -> Any:
        reading = tripped(strategy)
        return reading if reading is not None and reading.measure > 2 * reading.limit else None

    patch.setattr(risk_watch, "tripped", late)


@fault()
def a_fee_counts_twice(patch: pytest.MonkeyPatch) -> None:
    fill = Ledger.fill

    def dear(self: Ledger, side: Any, price: Any, quantity: Any, fee: Decimal, *rest: Any) -> None:
        fill(self, side, price, quantity, fee, *rest)
        self.cash -= fee

    patch.setattr(Ledger, "fill", dear)


@fault()
def the_emergency_stop_blocks_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderEntry, "_blocked", lambda *_: False)
    patch.setattr(quoter, "may_quote", lambda _, strategy: strategy.market.usable)


@fault()
def a_stop_is_confirmed_before_the_venue_has_confirmed_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(StrategyState, "quiet", property(lambda strategy: strategy.plan is None))


@fault("max_daily_loss", "max_drawdown_percent", machine=AnyMarket)
def a_breaker_fires_before_its_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(risk_watch, "tripped", lambda strategy: next(_near_their_limits(strategy), None))


def _near_their_limits(strategy: StrategyState) -> Iterator[Reading]:
    for breaker, limit in strategy.breakers:
        measure = breaker.measure(strategy)
        if measure is not None and measure > limit * 9 / 10:
            yield Reading(breaker, measure, limit)


@fault("max_position", "hedge_threshold", "auto_hedge_enabled", machine=AnyMarket)
def only_the_confirmed_size_of_an_amend_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(WorkingOrder, "exposure_lots", WorkingOrder.remaining_lots)


@fault("hedge_threshold", "auto_hedge_enabled", machine=AnyMarket)
def a_hedge_forgets_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    due = ReducePlan.due_lots
    patch.setattr(ReducePlan, "due_lots", lambda plan, position, _, now_ns: due(plan, position, 0, now_ns))


@fault()
def an_hour_has_a_minute(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(equity_curve, "_HOUR_NS", 60 * 10**9)


@fault(machine=AnyRestart)
def what_was_missed_while_the_link_was_lost_stays_missed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Reporter, "book_missed", lambda *_: None)


@fault(machine=AnyRestart)
def a_restart_goes_on_quoting(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Recovery, "_pause", lambda *_: False)


@fault("hedge_threshold", "auto_hedge_enabled", "hedge_lots", machine=AnyMarket)
def a_hedge_counts_in_its_own_venues_lots(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(StrategyState, "lots_of", lambda _strategy, _order, lots: lots)


@fault("max_fills_per_side", machine=AnyMarket)
def many_fills_on_one_side_pause_nothing(patch: pytest.MonkeyPatch) -> None:
    def filled(watch: RiskWatch, strategy: StrategyState, _: WorkingOrder, now_ns: int) -> None:
        watch.check(strategy, now_ns)
        watch.check_desk(now_ns)

    patch.setattr(RiskWatch, "filled", filled)


@fault("max_gross_exposure_usd", machine=AnyMarket)
def gross_exposure_is_not_limited(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "max_gross_exposure_usd")


@fault("max_net_exposure_usd", machine=AnyMarket)
def net_exposure_is_not_limited(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "max_net_exposure_usd")


@fault("max_orders_per_second", machine=AnyMarket)
def messages_are_not_limited(patch: pytest.MonkeyPatch) -> None:
    _without(patch, "max_orders_per_second")


def _without(patch: pytest.MonkeyPatch, limit: str) -> None:
    """Let the engine know nothing of one of the desk's limits."""
    patch.setattr(engine, "DeskLimits", lambda settings: DeskLimits(settings.model_copy(update={limit: None})))


@fault("max_orders_per_second", machine=AnyStop)
def a_cancel_is_no_message(patch: pytest.MonkeyPatch) -> None:
    send, sent = OrderEntry._send, DeskLimits.sent

    def uncounted(entry: OrderEntry, request: Request, now_ns: int, *, reduces_risk: bool) -> None:
        with pytest.MonkeyPatch.context() as within:
            within.setattr(DeskLimits, "sent", lambda *_: None if isinstance(request, Cancel) else sent(*_))
            send(entry, request, now_ns, reduces_risk=reduces_risk)

    patch.setattr(OrderEntry, "_send", uncounted)


@fault("unruly", machine=AnyStop)
def an_emergency_stop_takes_the_venues_word(patch: pytest.MonkeyPatch) -> None:
    def trusting(desk: EmergencyDesk, report: CancelledAll, _: int) -> None:
        emergency = desk._state.emergency
        if report.request_id in emergency.waiting.get(report.venue, ()):
            del emergency.waiting[report.venue], emergency.asked_ns[report.venue]
            desk.settle()

    patch.setattr(EmergencyDesk, "cancelled_all", trusting)


@fault("max_hourly_loss", machine=AnyRestart)
def a_restart_forgets_the_last_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(equity_curve.EquityCurve, "recall_hour", lambda *_: None)


@fault("max_position", "unruly", machine=AnyMarket)
def a_strategy_forgets_its_unknown_orders(patch: pytest.MonkeyPatch) -> None:
    def known(strategy: StrategyState, side: Side) -> int:
        orders = [order for order in strategy.orders.values() if order.side == side and order.state != "unknown"]
        return sum(strategy.lots_of(order, order.exposure_lots) for order in orders)

    patch.setattr(StrategyState, "exposure_lots", known)


def machine_with(machine: Machine, often: tuple[str, ...]) -> Machine:
    """Return the machine, on desks that always have something on."""

    class Directed(machine):  # type: ignore[valid-type,misc]
        @initialize(scenario=scenarios(*often), seed=SEEDS, seconds=st.sampled_from([0, 0, 40]))
        def begin(self, scenario: Scenario, seed: int, seconds: int) -> None:
            super().begin(scenario, seed, seconds)

    return Directed


@pytest.mark.parametrize("name", FAULTS)
def test_the_machine_finds_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put, machine, often = FAULTS[name]
    put(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            machine_with(machine, often),
            settings=settings(
                max_examples=400,
                stateful_step_count=20,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )

"""The proof can fail: the machine finds each of these faults when it is put into the engine."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.engine.test_whatever_happens import WhateverHappens
from zenotc.engine import quoter, risk_watch
from zenotc.engine.breakers import tripped
from zenotc.engine.ledger import Ledger
from zenotc.engine.order_entry import OrderEntry
from zenotc.engine.reporter import Reporter
from zenotc.engine.strategy import StrategyState
from zenotc.engine.working_order import WorkingOrder

Put = Callable[[pytest.MonkeyPatch], None]
FAULTS: dict[str, Put] = {}

SELDOM_MET = ("an_unknown_order_is_taken_for_gone", "a_breaker_waits_for_twice_its_limit")


def fault(put: Put) -> Put:
    """Name a fault by its function."""
    FAULTS[put.__name__] = put
    return put


@fault
def a_fill_that_is_told_twice_counts_twice(patch: pytest.MonkeyPatch) -> None:
    book = Reporter._book

    def forgetful(self: Reporter, order: WorkingOrder, *rest: Any, **more: Any) -> None:
        order.trades.clear()
        book(self, order, *rest, **more)

    patch.setattr(Reporter, "_book", forgetful)


@fault
def an_unknown_order_is_taken_for_gone(patch: pytest.MonkeyPatch) -> None:
    exposure = WorkingOrder.exposure_lots.fget
    assert exposure is not None
    patch.setattr(WorkingOrder, "exposure_lots", property(lambda o: 0 if o.state == "unknown" else exposure(o)))


@fault
def a_paused_strategy_quotes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(quoter, "may_quote", lambda _, strategy: strategy.market.usable and strategy.status != "stopped")


@fault
def a_breaker_waits_for_twice_its_limit(patch: pytest.MonkeyPatch) -> None:
    def late(strategy: StrategyState) -> Any:
        reading = tripped(strategy)
        return reading if reading is not None and reading.measure > 2 * reading.limit else None

    patch.setattr(risk_watch, "tripped", late)


@fault
def a_fee_counts_twice(patch: pytest.MonkeyPatch) -> None:
    fill = Ledger.fill

    def dear(self: Ledger, side: Any, price: Any, quantity: Any, fee: Decimal, *rest: Any) -> None:
        fill(self, side, price, quantity, fee, *rest)
        self.cash -= fee

    patch.setattr(Ledger, "fill", dear)


@fault
def the_emergency_stop_blocks_nothing(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(OrderEntry, "_blocked", lambda *_: False)
    patch.setattr(quoter, "may_quote", lambda _, strategy: strategy.market.usable)


@fault
def a_stop_is_confirmed_before_the_venue_has_confirmed_it(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(StrategyState, "quiet", property(lambda strategy: strategy.plan is None))


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.nightly if name in SELDOM_MET else ()) for name in FAULTS]
)
def test_the_machine_finds_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    FAULTS[name](monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            WhateverHappens,
            settings=settings(
                max_examples=200,
                stateful_step_count=20,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.generate],
                report_multiple_bugs=False,
                suppress_health_check=list(HealthCheck),
            ),
        )

"""What another engine takes up of the one before, on cases that were found by chance."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from tests.engine.bench import QUOTING, config_of
from tests.engine.watched_desk import Scenario, WatchedDesk

LATE = 25 * 3_600


def desk_with_a_position() -> WatchedDesk:
    """Return a desk on which one quote has filled."""
    config = config_of(quote_size=Decimal(1), max_position=Decimal(10), base_spread_bps=2)
    desk = WatchedDesk(Scenario({"a": config}, {}, mid_ticks=120_000, unruly=False), Random(1))
    desk.wait(1)
    desk.venues[QUOTING.venue].trade(desk.now_ns)
    desk.wait(1)
    assert desk.watched["a"].known
    return desk


def test_a_day_that_began_while_no_engine_ran_begins_once() -> None:
    desk = desk_with_a_position()
    desk.restart(LATE)
    for venue in desk.venues.values():
        desk.regain_link(venue)
    desk.wait(3)
    desk.move(desk.venues[QUOTING.venue], 500)
    moved = desk.engine.state.strategies["a"].daily_pnl
    assert moved
    desk.restart()
    assert desk.engine.state.strategies["a"].daily_pnl == desk.engine.state.desk_daily_pnl == moved

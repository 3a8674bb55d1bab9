"""A bench whose engine ends and is followed by another one, which is told what the journal would tell it."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.engine.bench import HEDGE, QUOTING, SECOND, Bench
from tests.engine.remembered import Remembered
from zenotc.engine.actions import Action
from zenotc.engine.engine import Engine
from zenotc.models.orders import (
    Balances,
    CancelAll,
    CancelledAll,
    FillHistory,
    OpenOrders,
    Positions,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
)
from zenotc.models.settings import EngineSettings


class Restarts(Bench):
    """Remembers what its engines do; `restart` begins another one, whose venues are away until they are `compared`."""

    def __init__(self, **settings: Any) -> None:
        self._remembered = Remembered({QUOTING.venue: QUOTING, HEDGE.venue: HEDGE})
        super().__init__(**settings)

    def take(self, actions: Sequence[Action]) -> Sequence[Action]:
        for action in actions:
            self._remembered.take(action)
        return super().take(actions)

    def restart(self, *, after_seconds: float = 10, **settings: Any) -> None:
        self.take(self.engine.measure(self.now_ns))
        self.now_ns += round(after_seconds * SECOND)
        self.requests.clear()
        past = self._remembered.past(self.now_ns)
        self.engine = Engine(
            EngineSettings(**settings), (QUOTING, HEDGE), id_prefix=f"t{self.now_ns}", start_ns=self.now_ns
        )
        self.take(self.engine.restore(past, self.now_ns))
        for instrument in (QUOTING, HEDGE):
            self.take(self.engine.on_link(instrument.venue, False, self.now_ns))

    def compare(self, venue: str) -> None:
        """Let a venue's link stand, and let it hold what our fills make."""
        self.take(self.engine.on_link(venue, True, self.now_ns))
        while asked := [r for r in self.requests if r.venue == venue and not hasattr(r, "client_order_id")]:
            for request in asked:
                self.requests.remove(request)
                match request:
                    case CancelAll():
                        self.report(CancelledAll(venue, request.request_id))
                    case QueryOpenOrders():
                        self.report(OpenOrders(venue, request.request_id, ()))
                    case QueryFills():
                        self.report(FillHistory(venue, request.request_id, ()))
                    case QueryPositions():
                        held = self.engine.state.markets[venue, "BTC"].expected_position
                        self.report(Positions(venue, request.request_id, {"BTC": held}))
                    case QueryBalances():
                        self.report(Balances(venue, request.request_id, Decimal(10_000_000)))

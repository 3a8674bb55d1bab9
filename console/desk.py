"""Every engine that the console is open on, as one desk. Each has a store of its own: none waits for another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from console.common import Common
from console.store import Store, Wire
from zenotc.models.strategy import Strategy

__all__ = ["Desk", "Row"]


class Row(NamedTuple):
    """A strategy of an engine."""

    store: Store
    id: str

    @property
    def key(self) -> str:
        """What it is known by among those of all engines."""
        return self.store.key(self.id)

    @property
    def fields(self) -> Wire:
        """The strategy as it came over the wire."""
        return self.store.wire[self.id]

    @property
    def strategy(self) -> Strategy | None:
        """The strategy, `None` where it cannot be read."""
        return self.store.strategy(self.id)


class Desk:
    """The engines of a console, at least one.

    Parameters
    ----------
    stores
        What is known of each; where there are several, each has a name of its own.
    common
        What they have in common.

    Attributes
    ----------
    at_hand
        The engine that the hand is on: the selected strategy's.

    Raises
    ------
    ValueError
        If two engines have the same name.
    """

    def __init__(self, stores: Sequence[Store], common: Common) -> None:
        self.stores = tuple(stores)
        self._by_name = {store.engine: store for store in stores}
        if len(self._by_name) < len(self.stores):
            raise ValueError("two engines have the same name")
        self.clock, self.utc_now = common.clock, common.utc_now
        self.events, self.alerts, self.commands = common.events, common.alerts, common.commands
        self.at_hand = self.stores[0]
        self._rows: dict[str, Row] = {}
        self._rows_of: list[int] = []

    @property
    def several(self) -> bool:
        """Whether an engine's name has to be told."""
        return len(self.stores) > 1

    @property
    def rows(self) -> Mapping[str, Row]:
        """The strategies of all engines by key, engine by engine."""
        state = [store.arrivals for store in self.stores]
        if state != self._rows_of:
            self._rows_of = state
            self._rows = {store.key(id): Row(store, id) for store in self.stores for id in store.wire}
        return self._rows

    def turn_to(self, key: str | None) -> Row | None:
        """Take a strategy, and with it its engine, to hand; return it where there is one."""
        row = self.rows.get(key or "")
        if row is not None:
            self.at_hand = row.store
        return row

    def strategy(self, key: str | None) -> Strategy | None:
        """Return a strategy, `None` where there is none (any more)."""
        row = self.rows.get(key or "")
        return row.strategy if row else None

    def name(self, key: str | None) -> str:
        """Return a strategy's name, or its key where it is not known (any more)."""
        row = self.rows.get(key or "")
        return row.store.name(row.id) if row else self.at_hand.name(key)

    def name_in(self, event: Wire) -> str:
        """Return the name of the strategy that an event is about."""
        store = self._by_name.get(self.engine_in(event), self.at_hand)
        return store.name_in(event)

    def engine_in(self, event: Wire) -> str:
        """Return the name of the engine that an event is shown with, '' where there is one only."""
        return str(event.get("engine", "")) if self.several else ""

    # Of all engines together -----------------------------------------------------------------------------------------

    @property
    def live(self) -> bool:
        """Whether any of them trades with real money."""
        return any(store.status is not None and store.status.environment == "live" for store in self.stores)

    @property
    def known(self) -> bool:
        """Whether any of them has said how it stands."""
        return any(store.status is not None for store in self.stores)

    @property
    def unheard(self) -> list[Store]:
        """Those of which what is shown cannot be trusted to be how things are."""
        return [store for store in self.stores if store.stale]

    @property
    def problem(self) -> str:
        """Why a question was not answered, in words."""
        store = next((store for store in self.stores if store.problem), None)
        return "" if store is None else f"{store.engine}: {store.problem}" if store.engine else store.problem

    @property
    def daily_pnl(self) -> Decimal:
        """PnL of all engines since 00:00 UTC, USD."""
        return _sum(store.daily_pnl for store in self.stores)

    @property
    def total_pnl(self) -> Decimal:
        """PnL of all engines, USD."""
        return _sum(store.total_pnl for store in self.stores)

    @property
    def open_orders(self) -> int:
        """How many orders are open on all engines."""
        return sum(store.open_orders for store in self.stores)


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, Decimal(0))

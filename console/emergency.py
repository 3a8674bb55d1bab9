"""How the emergency stop stands on each engine, in words: what has confirmed it and what has not, until all has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from console.actions import action_by_id, key_of
from console.commands import Command
from console.desk import Desk
from console.formatting import age, clean, clock_time, duration, zone_name
from console.store import Store
from zenotc.models.status import EngineStatus

__all__ = ["Emergencies", "Standing"]


class Standing(NamedTuple):
    """Whether every venue of an engine has confirmed the stop, how that is known, and whether nobody answers."""

    confirmed: bool
    words: str
    blind: bool = False


class Emergencies:
    """The stops of a desk.

    Parameters
    ----------
    desk
        What is known of the engines.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._seen_in_force: dict[str, Command | None] = {}

    @property
    def standings(self) -> list[tuple[Store, Standing | None]]:
        """How the stop stands on each engine, `None` where it has none; nothing where none has."""
        found = [(store, self._standing(store)) for store in self._desk.stores]
        if not any(standing for _, standing in found):
            return []
        return [(store, standing or _not_asked(store)) for store, standing in found]

    def _standing(self, store: Store) -> Standing | None:
        command, status = store.commands.newest_of("emergency_stop"), store.status
        in_force = status if status is not None and status.emergency_stop.active else None
        confirmed = in_force is not None and not in_force.emergency_stop.unconfirmed_venues
        sight = f" · link lost, last heard {age(store.data_age_seconds)} ago" if store.stale else ""
        blind = store.stale and not confirmed
        if command is not None and command.outcome == "sent":
            missing = _in_force(in_force) if in_force else _unheard(status)
            took = duration(command.elapsed(store.clock()))
            return Standing(False, f"{missing} · sent {took} ago{sight}", blind)
        if in_force is not None:
            self._seen_in_force[store.engine] = command
            return Standing(confirmed, f"{_in_force(in_force)}{sight}", blind)
        if command is None or command is self._seen_in_force.get(store.engine) or not _may_stop(store):
            return None
        if command.outcome in ("refused", "unknown"):
            return Standing(False, f"NOT CONFIRMED, press ! ! again: {command.detail}{sight}", blind)
        return None


def _may_stop(store: Store) -> bool:
    return action_by_id("emergency_stop").permitted(store.permission)


def _not_asked(store: Store) -> Standing | None:
    """Say of an engine that this console may not stop that it was not, while others are."""
    command = store.commands.newest_of("emergency_stop")
    return None if command is None or _may_stop(store) else Standing(False, f"NOT STOPPED: {command.detail}")


def _in_force(status: EngineStatus) -> str:
    state = status.emergency_stop
    since = f" since {clock_time(state.since)} {zone_name(state.since)}" if state.since else ""
    by = f" by {clean(state.operator, 24)}" if state.operator else ""
    if not state.durable:
        by += " · ENDS WITH THE ENGINE'S PROCESS"
    if state.unconfirmed_venues:
        return f"{_unconfirmed(state.unconfirmed_venues, status)} · in force{since}{by}"
    return f"every venue confirmed · {key_of('clear_emergency_stop')} clears it · in force{since}{by}"


def _unheard(status: EngineStatus | None) -> str:
    """Say who has not confirmed a stop that the engine does not speak of yet: nobody."""
    if status is None or not status.venues:
        return "NOT CONFIRMED: waiting for the engine"
    return _unconfirmed([venue.name for venue in status.venues], status)


def _unconfirmed(venues: Sequence[str], status: EngineStatus) -> str:
    left = {venue.name: venue.open_orders + venue.unknown_orders for venue in status.venues}
    names = ", ".join(clean(name, 24) + (f" ({left[name]} orders)" if left.get(name) else "") for name in venues)
    return f"NOT CONFIRMED BY{f' {len(venues)}' if len(venues) > 1 else ''}: {names}"

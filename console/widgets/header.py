"""The first line: where one is, whether one sees, how the desk stands; the emergency stop takes it over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from console.actions import OLD_SECONDS, key_of
from console.commands import Command
from console.formatting import age, clean, clock_time, duration, in_zone, number, zone_name
from console.ink import Ink, Line, Span, signed_ink
from console.store import PATIENCE_SECONDS, Store
from console.widgets.sheet import Sheet
from zenotc.models.status import EngineStatus

__all__ = ["Header"]

Part = tuple[int, tuple[Span, ...]]
"""What the line can do without first has the highest number."""

_REPLAY_DIFFERS_BY_SECONDS = 60
_BLIND = "NO ANSWER: `zenotc emergency-stop` in another terminal stops it · "
"""First of all, and short: on a narrow terminal the rest of the line is cut."""

_ROOMY = 100
"""From this width on the gaps are wide and the labels whole, where all but the engine's address fits with them."""


class Header(Sheet):
    """Environment, link, PnL, orders and clock; or the emergency.

    Parameters
    ----------
    store
        What is known of the engine.
    armed
        Whether a first press of the emergency key waits for its second.
    utc_now
        The wall clock.
    """

    def __init__(self, store: Store, armed: Callable[[], bool], utc_now: Callable[[], datetime]) -> None:
        super().__init__()
        self._store, self._armed, self._utc_now = store, armed, utc_now
        self._seen_in_force: Command | None = None

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the one line, the most urgent thing first."""
        label = self._label()
        emergency = self._emergency()
        if self._armed():
            words = "  Press ! again within a second: EMERGENCY STOP, everything, everywhere"
            return [Line((label, (words, "bar-caution")), "bar-caution")]
        if emergency:
            return [Line((label, (f"  {emergency}", "bar-alarm")), "bar-alarm")]
        ground: Ink = "bar-live" if self._live else "bar-sandbox"
        may, alerts = self._may(), self._alerts()
        room = width - len(label[0]) - len(may[0]) - len(alerts[0])
        left, right = self._left(True), self._right(True)
        if width < _ROOMY or sum(map(_width, (*left[1:], *right))) > room:
            left, right = self._left(False), self._right(False)
        return [Line((label, may, alerts, *_spread(left, right, room)), ground)]

    @property
    def _live(self) -> bool:
        status = self._store.status
        return status is not None and status.environment == "live"

    def _label(self) -> Span:
        status = self._store.status
        if status is None:
            return " CONNECTING ", "bar-sandbox"
        return f" {status.environment.upper()} ", ("label-live" if self._live else "label-sandbox")

    def _may(self) -> Span:
        """Say what the console's key may do, where that is not everything."""
        if self._store.playback:
            return " PLAYBACK ", "bar-caution"
        if self._store.read_only:
            return " READ-ONLY ", "bar-caution"
        permission = self._store.permission
        return ("", "plain") if permission == "MARKET_MAKING" else (f" {permission} KEY ", "bar-caution")

    def _alerts(self) -> Span:
        """Say how many alerts nobody has acknowledged."""
        waiting = len(self._store.alerts.waiting)
        return (f" ! {waiting} {key_of('acknowledge')}✓ ", "bar-caution") if waiting else ("", "plain")

    def _emergency(self) -> str | None:
        store, now = self._store, self._store.clock()
        command = next((c for c in reversed(store.commands.commands) if c.action == "emergency_stop" and c.doing), None)
        status = store.status
        in_force = status if status is not None and status.emergency_stop.active else None
        proved = in_force is not None and not in_force.emergency_stop.unconfirmed_venues
        sight = f" · link lost, last heard {age(store.data_age_seconds)} ago" if store.stale else ""
        blind = _BLIND if store.stale and not proved else ""
        if command is not None and command.outcome == "sent":
            missing = _in_force(in_force) if in_force else _unheard(status)
            return f"{blind}EMERGENCY STOP {missing} · sent {duration(command.elapsed(now))} ago{sight}"
        if in_force is not None:
            self._seen_in_force = command
            return f"{blind}EMERGENCY STOP {_in_force(in_force)}{sight}"
        if command is not None and command is not self._seen_in_force and command.outcome in ("refused", "unknown"):
            return f"{blind}EMERGENCY STOP NOT CONFIRMED, press ! ! again: {command.detail}{sight}"
        return None

    def _left(self, roomy: bool) -> list[Part]:
        store, gap = self._store, "   " if roomy else "  "
        link_label: Span = (f"{gap}link " if roomy else gap, "muted")
        if store.link == "up" and not store.stale:
            trip = store.round_trip_seconds
            took = "" if trip is None else f" {number(trip * 1000, 1)} ms"
            link: tuple[Span, ...] = (link_label, ("●", "gain"), (took, "plain"))
            seconds = store.market_data_age_seconds
            old = seconds is not None and seconds > OLD_SECONDS
            data: tuple[Span, ...] = (
                (f"{gap}data ", "muted"), (f"{age(seconds)}{' old' * old}", "caution" if old else "plain"),
            )  # fmt: skip
        elif store.link == "connecting":
            link = (link_label, ("◌ connecting", "caution"))
            data = ((f"  {store.link_reason}", "muted"),) if store.waited_seconds > PATIENCE_SECONDS else ()
        else:
            link = (link_label, (_lost(store.playback, roomy), "alarm"))
            data = ((f"{gap}data ", "muted"), (f"{age(store.market_data_age_seconds)} old", "caution"))
        seq: Part = (6, ((f"{gap}seq ", "muted"), (number(store.last_seq), "plain"))) if store.last_seq else (6, ())
        return [(7, (("   engine ", "muted"), (clean(store.address, 60), "plain"))), (0, link), (1, data), seq]

    def _right(self, roomy: bool) -> list[Part]:
        status, utc_now = self._store.status, self._utc_now()
        gap = "   " if roomy else "  "
        who: Part = (5, ((f"{gap}{self._store.commands.operator}", "accent"),))
        clock: Part = (3, ((f"{gap}{clock_time(utc_now)} {zone_name(utc_now)} ", "plain"),))
        if status is None:
            return [who, clock]
        stale = self._store.stale
        today, total = self._store.daily_pnl, self._store.total_pnl
        parts: list[Part] = [
            (
                2,
                (
                    (f"{gap}PnL today " if roomy else f"{gap}today ", "muted"),
                    (number(today, 2, signed=True), "muted" if stale else signed_ink(today)),
                ),
            ),
            (4, ((f"{gap}total ", "muted"), (number(total, 2, signed=True), "muted" if stale else signed_ink(total)))),
            (2, ((f"{gap}{number(self._store.open_orders)}", "muted" if stale else "plain"), (" orders", "muted"))),
        ]
        if abs((utc_now - status.trading_time).total_seconds()) <= _REPLAY_DIFFERS_BY_SECONDS:
            return [*parts, who, clock]
        # The times of a recording are another day's: its clock stands where the wall's would.
        trading = in_zone(status.trading_time)
        day = "%Y-%m-%d %H:%M:%S" if roomy else "%H:%M:%S"
        kind = "replay" if status.feed.startswith("replay") else "trading"
        return [*parts, who, (3, ((f"{gap}{kind} ", "caution"), (f"{trading:{day}} {zone_name(trading)} ", "plain")))]


def _lost(playback: bool, roomy: bool) -> str:
    if playback:
        return "○ ENDED"
    return "○ LOST, reconnecting" if roomy else "○ LOST"


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


def _width(part: Part) -> int:
    return sum(len(text) for text, _ in part[1])


def _spread(left: list[Part], right: list[Part], width: int) -> list[Span]:
    """Return both groups pushed apart, with as many parts as fit, the most important ones first."""
    room, fitting = width, set[int]()
    for part in sorted((*left, *right), key=lambda part: part[0]):
        needed = _width(part)
        if needed <= room:
            room -= needed
            fitting.add(id(part))
    gap: Part = (0, ((" " * room, "plain"),))
    shown = [*(part for part in left if id(part) in fitting), gap, *(part for part in right if id(part) in fitting)]
    return [span for _, spans in shown for span in spans]

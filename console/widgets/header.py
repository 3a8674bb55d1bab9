"""The first line: where one is, whether one sees, how the desk stands; the emergency stop takes it over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from console.actions import OLD_SECONDS, key_of
from console.desk import Desk
from console.emergency import Emergencies
from console.formatting import age, clean, clock_time, in_zone, number, zone_name
from console.ink import Ink, Line, Span, signed_ink
from console.store import PATIENCE_SECONDS
from console.widgets.sheet import Sheet

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
    desk
        What is known of the engines.
    emergencies
        How the emergency stop stands on them.
    armed
        Whether a first press of the emergency key waits for its second.
    utc_now
        The wall clock.
    """

    def __init__(
        self, desk: Desk, emergencies: Emergencies, armed: Callable[[], bool], utc_now: Callable[[], datetime]
    ) -> None:
        super().__init__()
        self._desk, self._emergencies, self._armed, self._utc_now = desk, emergencies, armed, utc_now

    def lines(self, width: int, height: int) -> list[Line]:
        """Return the one line, the most urgent thing first."""
        label = self._label()
        emergency = self._emergency()
        if self._armed():
            words = "  Press ! again within a second: EMERGENCY STOP, everything, everywhere"
            return [Line((label, (words, "bar-caution")), "bar-caution")]
        if emergency:
            return [Line((label, (f"  {emergency}", "bar-alarm")), "bar-alarm")]
        ground: Ink = "bar-live" if self._desk.live else "bar-sandbox"
        may, alerts = self._may(), self._alerts()
        room = width - len(label[0]) - len(may[0]) - len(alerts[0])
        wide = width >= _ROOMY
        left, right = self._left(wide, roomy=True), self._right(roomy=True)
        if not wide or sum(map(_width, (*left[1:], *right))) > room:
            left, right = self._left(wide, roomy=False), self._right(roomy=False)
        return [Line((label, may, alerts, *_spread(left, right, room)), ground)]

    def _label(self) -> Span:
        """Say where one trades; of several engines, the most dangerous."""
        if self._desk.live:
            return " LIVE ", "label-live"
        return (" SANDBOX ", "label-sandbox") if self._desk.known else (" CONNECTING ", "bar-sandbox")

    def _may(self) -> Span:
        """Say what the console's key may do, where that is not everything; of several engines, each says it."""
        store = self._desk.at_hand
        if store.playback:
            return " PLAYBACK ", "bar-caution"
        if self._desk.several:
            return "", "plain"
        if store.read_only:
            return " READ-ONLY ", "bar-caution"
        permission = store.permission
        return ("", "plain") if permission == "MARKET_MAKING" else (f" {permission} KEY ", "bar-caution")

    def _alerts(self) -> Span:
        """Say how many alerts nobody has acknowledged."""
        waiting = len(self._desk.alerts.waiting)
        return (f" ! {waiting} {key_of('acknowledge')}✓ ", "bar-caution") if waiting else ("", "plain")

    def _emergency(self) -> str | None:
        """Say how the emergency stop stands; of several engines, which have confirmed: the rest is a line below."""
        found = [(store, standing) for store, standing in self._emergencies.standings if standing is not None]
        if not found:
            return None
        if not self._desk.several:
            standing = found[0][1]
            return f"{_BLIND if standing.blind else ''}EMERGENCY STOP {standing.words}"
        names = {sure: ", ".join(s.engine for s, how in found if how.confirmed is sure) for sure in (False, True)}
        parts = [f"NOT CONFIRMED: {names[False]}"] * bool(names[False])
        parts += [f"confirmed: {names[True]}"] * bool(names[True])
        parts += [] if names[False] else [f"{key_of('clear_emergency_stop')} clears it"]
        return f"EMERGENCY STOP  {clean(' · '.join(parts), 200)}"

    def _left(self, wide: bool, *, roomy: bool) -> list[Part]:
        store, gap = self._desk.at_hand, "   " if roomy else "  "
        if self._desk.several:
            heard = len(self._desk.stores) - len(self._desk.unheard)
            sure: Ink = "alarm" if self._desk.unheard else "gain"
            return [(0, ((f"{gap}engines ", "muted"), (f"{heard} of {len(self._desk.stores)} heard", sure)))]
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
            link = (link_label, (_lost(store.playback, wide), "alarm"))
            data = ((f"{gap}data ", "muted"), (f"{age(store.market_data_age_seconds)} old", "caution"))
        seq: Part = (6, ((f"{gap}seq ", "muted"), (number(store.last_seq), "plain"))) if store.last_seq else (6, ())
        return [(7, (("   engine ", "muted"), (clean(store.address, 60), "plain"))), (0, link), (1, data), seq]

    def _right(self, *, roomy: bool) -> list[Part]:
        status, utc_now = self._desk.at_hand.status, self._utc_now()
        gap = "   " if roomy else "  "
        who: Part = (5, ((f"{gap}{self._desk.commands.operator}", "accent"),))
        clock: Part = (3, ((f"{gap}{clock_time(utc_now)} {zone_name(utc_now)} ", "plain"),))
        if not self._desk.known:
            return [who, clock]
        stale = bool(self._desk.unheard)
        today, total = self._desk.daily_pnl, self._desk.total_pnl
        parts: list[Part] = [
            (
                2,
                (
                    (f"{gap}PnL today " if roomy else f"{gap}today ", "muted"),
                    (number(today, 2, signed=True), "muted" if stale else signed_ink(today)),
                ),
            ),
            (4, ((f"{gap}total ", "muted"), (number(total, 2, signed=True), "muted" if stale else signed_ink(total)))),
            (2, ((f"{gap}{number(self._desk.open_orders)}", "muted" if stale else "plain"), (" orders", "muted"))),
        ]
        if status is None or abs((utc_now - status.trading_time).total_seconds()) <= _REPLAY_DIFFERS_BY_SECONDS:
            return [*parts, who, clock]
        # The times of a recording are another day's: its clock stands where the wall's would.
        trading = in_zone(status.trading_time)
        day = "%Y-%m-%d %H:%M:%S" if roomy else "%H:%M:%S"
        kind = "replay" if status.feed.startswith("replay") else "trading"
        return [*parts, who, (3, ((f"{gap}{kind} ", "caution"), (f"{trading:{day}} {zone_name(trading)} ", "plain")))]


def _lost(playback: bool, wide: bool) -> str:
    if playback:
        return "○ ENDED"
    return "○ LOST, reconnecting" if wide else "○ LOST"


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

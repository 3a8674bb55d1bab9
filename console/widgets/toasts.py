"""Alerts over the corner of the panes, until they have passed or are acknowledged."""

from __future__ import annotations

from collections.abc import Callable

from console.actions import key_of, keyed
from console.alerts import Alert
from console.desk import Desk
from console.formatting import clean, clock_time, fit, number
from console.ink import Ink, Line, Span
from console.narrative import event_line
from console.severity import severity_of
from console.widgets.sheet import Sheet

__all__ = ["Toasts"]

SHOWN = 3
"""So many are shown where there is room for two lines of each, the newest; of more, the rest is counted."""

ROOMY = 30
"""On a screen of fewer lines one line is all that they take."""

_WIDTH = 64


class Toasts(Sheet):
    """The alerts of a desk, above the log: over neither its lines nor the banner nor the keys.

    Parameters
    ----------
    desk
        What is known of the engines.
    floor
        Returns the line of the screen that they end above.
    """

    def __init__(self, desk: Desk, floor: Callable[[], int]) -> None:
        super().__init__()
        self._desk, self._floor = desk, floor
        self._place: object = None
        self.display = False

    def draw(self) -> None:
        """Take as much of the screen as there are alerts."""
        screen, floor, alerts = self.app.size, self._floor(), self._desk.alerts.shown
        height = 2 * min(len(alerts), SHOWN) + (len(alerts) > SHOWN) if screen.height >= ROOMY else min(len(alerts), 1)
        width = min(_WIDTH, screen.width - 2)
        place = (width, height, screen, floor)
        if place != self._place:
            self._place = place
            self.display = height > 0
            self.styles.width, self.styles.height = width, height
            self.styles.offset = screen.width - width - 1, max(1, floor - height)
        super().draw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return two lines for each, what and where, and in words; or one line of the newest."""
        alerts = self._desk.alerts.shown
        if height == 1:
            return [self._head(alert, width, len(alerts) - 1) for alert in alerts[-1:]]
        lines = [line for alert in alerts[-SHOWN:] for line in (self._head(alert, width), self._words(alert, width))]
        if len(alerts) > SHOWN:
            keys = keyed("{acknowledge} acknowledges, {focus_events} is the log")
            lines.append(Line(((f" … and {len(alerts) - SHOWN} more: {keys}", "bar-sandbox"),), "bar-sandbox"))
        return lines

    def _head(self, alert: Alert, width: int, others: int = 0) -> Line:
        event = alert.event
        kind = clean(event.get("type"), 40)
        ground: Ink = "bar-alarm" if severity_of(event.get("type")) == "alarm" else "bar-caution"
        engine, name = clean(self._desk.engine_in(event), 40), self._desk.name_in(event)
        often = f"  ×{number(alert.count)}" if alert.count > 1 else ""
        more = f"  +{number(others)} more" if others else ""
        key = f"{key_of('acknowledge')} ✓ " if alert.rule.sticky else ""
        tail = f"{often}{more}  {clock_time(event.get('timestamp'))}  {key}"
        where = f" on {engine}" if engine else ""
        return Line(((fit(f" ! {kind}  {name}{where}", width - len(tail)) + tail, ground),), ground)

    def _words(self, alert: Alert, width: int) -> Line:
        words: tuple[Span, ...] = event_line(alert.event, self._desk, width).spans[3:]
        return Line(((" ", "bar-sandbox"), *((text, "bar-sandbox") for text, _ in words)), "bar-sandbox")

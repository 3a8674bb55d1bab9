"""Alerts over the corner of the screen, until they have passed or are acknowledged."""

from __future__ import annotations

from console.alerts import Alert
from console.formatting import clean, clock_time, fit
from console.ink import Ink, Line, Span
from console.narrative import event_line
from console.severity import severity_of
from console.store import Store
from console.widgets.sheet import Sheet

__all__ = ["Toasts"]

SHOWN = 3
"""So many are shown, the newest; of more, the rest is counted."""

_WIDTH = 64
_ABOVE = 3
"""Lines below them: the answer to the last key, and the keys."""


class Toasts(Sheet):
    """The alerts of a store.

    Parameters
    ----------
    store
        What is known of the engine.
    """

    def __init__(self, store: Store) -> None:
        super().__init__()
        self._store = store
        self._place: object = None
        self.display = False

    def draw(self) -> None:
        """Take as much of the screen as there are alerts."""
        screen, alerts = self.app.size, self._store.alerts.shown
        height = 2 * min(len(alerts), SHOWN) + (len(alerts) > SHOWN)
        width = min(_WIDTH, screen.width - 2)
        place = (width, height, screen)
        if place != self._place:
            self._place = place
            self.display = height > 0
            self.styles.width, self.styles.height = width, height
            self.styles.offset = screen.width - width - 1, max(1, screen.height - height - _ABOVE)
        super().draw()

    def lines(self, width: int, height: int) -> list[Line]:
        """Return two lines for each: what and where, and in words."""
        alerts = self._store.alerts.shown
        lines = [line for alert in alerts[-SHOWN:] for line in self._toast(alert, width)]
        if len(alerts) > SHOWN:
            more = f" … and {len(alerts) - SHOWN} more: a acknowledges, 3 is the log"
            lines.append(Line(((more, "bar-sandbox"),), "bar-sandbox"))
        return lines

    def _toast(self, alert: Alert, width: int) -> list[Line]:
        event, strategy_id = alert.event, alert.event.get("strategyId")
        kind = clean(event.get("type"), 40)
        ground: Ink = "bar-alarm" if severity_of(event.get("type")) == "alarm" else "bar-caution"
        name = self._store.name(strategy_id if isinstance(strategy_id, str) else None)
        often = f"  ×{alert.count:,}" if alert.count > 1 else ""
        key = "a ✓ " if alert.rule.sticky else ""
        tail = f"{often}  {clock_time(event.get('timestamp'))}  {key}"
        head = fit(f" ! {kind}  {name}", width - len(tail)) + tail
        words: tuple[Span, ...] = event_line(event, self._store, width).spans[3:]
        return [
            Line(((head, ground),), ground),
            Line(((" ", "bar-sandbox"), *((text, "bar-sandbox") for text, _ in words)), "bar-sandbox"),
        ]

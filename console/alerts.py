"""What somebody must hear of: rules turn events into toasts and the bell, until they are acknowledged.

The first rule that fits an event decides. What happens again before it was acknowledged is counted, not told again:
a storm of errors is one alert, and rings once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pydantic

from console.severity import EVENT_TYPES, SEVERITIES, Severity, severity_of

__all__ = ["DEFAULT_RULES", "Alert", "Alerts", "Rule"]

Wire = Mapping[str, Any]

TOAST_SECONDS = 8.0
"""For so long a toast that is not sticky is shown."""

UNSEEN_SECONDS = 0.5
"""What has come so lately cannot have been seen, and is not acknowledged."""

KEPT = 500
"""So many alerts wait at most; the oldest go first."""


class Rule(pydantic.BaseModel):
    """What an event does beside standing in the log.

    Parameters
    ----------
    event
        Its type; any where none is given.
    severity
        It must be at least so grave.
    toast
        Whether it is shown over the screen.
    bell
        Whether the terminal's bell rings.
    sticky
        Whether it is counted and stays until it is acknowledged.
    """

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid")

    event: str | None = None
    severity: Severity = "quiet"
    toast: bool = True
    bell: bool = False
    sticky: bool = False

    @pydantic.field_validator("event")
    @classmethod
    def _known(cls, event: str | None) -> str | None:
        if event is not None and event not in EVENT_TYPES:
            raise ValueError(f"{event} is none of {', '.join(sorted(EVENT_TYPES))}")
        return event

    def fits(self, kind: object) -> bool:
        """Return whether it decides about a type of event."""
        grave_enough = SEVERITIES.index(severity_of(kind)) >= SEVERITIES.index(self.severity)
        return grave_enough and self.event in (None, kind)


DEFAULT_RULES = (
    Rule(event="error", sticky=True),
    Rule(severity="alarm", bell=True, sticky=True),
    Rule(severity="notice"),
)


@dataclass(slots=True)
class Alert:
    """One thing that was not acknowledged yet: the newest event of it, since when and how often it has come."""

    event: Wire
    rule: Rule
    since: float
    at: float
    count: int = 0


class Alerts:
    """The alerts that wait, the newest last.

    Parameters
    ----------
    clock
        Monotonic seconds.
    rules
        The first that fits decides.
    """

    def __init__(self, clock: Callable[[], float], rules: Sequence[Rule] = DEFAULT_RULES) -> None:
        self._clock = clock
        self._alerts: dict[tuple[str, object, str], Alert] = {}
        self._rings = False
        self.use(rules)

    def use(self, rules: Sequence[Rule]) -> None:
        """Go by other rules from now on."""
        self._rules = {kind: next((rule for rule in rules if rule.fits(kind)), None) for kind in EVENT_TYPES}

    def extend(self, events: Iterable[Wire], is_news: Callable[[Wire], bool] = lambda _: True) -> None:
        """Take events; of those that a rule fits, what is no news is left out."""
        for event in events:
            kind = event.get("type")
            rule = self._rules.get(kind) if isinstance(kind, str) else None
            if rule is not None and (rule.toast or rule.bell or rule.sticky) and is_news(event):
                self._take(event, str(kind), rule)

    def _take(self, event: Wire, kind: str, rule: Rule) -> None:
        key = (kind, event.get("engine"), str(event.get("strategyId")))
        alert = self._alerts.pop(key, None)
        if alert is None or (not rule.sticky and self._clock() - alert.at > TOAST_SECONDS):
            self._rings = self._rings or rule.bell
            alert = Alert(event, rule, self._clock(), self._clock())
        alert.event, alert.count, alert.at = event, alert.count + 1, self._clock()
        self._alerts[key] = alert
        if len(self._alerts) > KEPT:
            del self._alerts[next(iter(self._alerts))]

    def rings(self) -> bool:
        """Return whether the bell has to ring, once."""
        rings, self._rings = self._rings, False
        return rings

    @property
    def waiting(self) -> list[Alert]:
        """Those that wait to be acknowledged, the oldest first."""
        return [alert for alert in self._alerts.values() if alert.rule.sticky]

    @property
    def shown(self) -> list[Alert]:
        """Those to be shown as toasts, the oldest first; what has passed by itself is dropped."""
        now = self._clock()
        passed = [k for k, alert in self._alerts.items() if not alert.rule.sticky and now - alert.at > TOAST_SECONDS]
        for key in passed:
            del self._alerts[key]
        return [alert for alert in self._alerts.values() if alert.rule.toast]

    def acknowledge(self) -> int:
        """Take all that can have been seen as seen; return how many."""
        now = self._clock()
        seen = [key for key, alert in self._alerts.items() if now - alert.since >= UNSEEN_SECONDS]
        for key in seen:
            del self._alerts[key]
        return len(seen)

"""How grave an event is: what a filter asks for and what an alert depends on."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["EVENT_TYPES", "SEVERITIES", "Severity", "severity_of"]

Severity = Literal["quiet", "info", "notice", "alarm"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least to the gravest: a maker's quotes and marks, what it does, what was done to it, what went wrong."""

_OF_TYPE: dict[str, Severity] = {
    **dict.fromkeys(("quote_sent", "quote_cancelled", "pnl_update"), "quiet"),
    **dict.fromkeys(("quote_filled", "position_changed", "started", "resumed"), "info"),
    **dict.fromkeys(("hedge_triggered", "hedge_filled", "hedge_completed"), "info"),
    **dict.fromkeys(("paused", "stopped", "config_changed", "emergency_stop_cleared"), "notice"),
    **dict.fromkeys(("circuit_breaker", "error", "emergency_stop"), "alarm"),
}
EVENT_TYPES = frozenset(_OF_TYPE)


def severity_of(kind: object) -> Severity:
    """Return the severity of a type of event; what is not known is information."""
    return _OF_TYPE.get(kind, "info") if isinstance(kind, str) else "info"

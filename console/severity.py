"""How grave an event is: what a filter asks for and what an alert depends on."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["SEVERITIES", "Severity", "severity_of"]

Severity = Literal["quiet", "info", "notice", "alarm"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""From the least to the gravest: a maker's quotes and marks, what it does, what was done to it, what went wrong."""

_OF_TYPE: dict[str, Severity] = {
    "quote_sent": "quiet",
    "quote_cancelled": "quiet",
    "pnl_update": "quiet",
    "paused": "notice",
    "stopped": "notice",
    "config_changed": "notice",
    "emergency_stop_cleared": "notice",
    "circuit_breaker": "alarm",
    "error": "alarm",
    "emergency_stop": "alarm",
}


def severity_of(kind: object) -> Severity:
    """Return the severity of a type of event; what is not known is information."""
    return _OF_TYPE.get(kind, "info") if isinstance(kind, str) else "info"

"""Which strategies need somebody, and why: the gravest reason of each, in a word or two."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from console.actions import OLD_SECONDS
from console.commands import CommandLog
from console.formatting import age

__all__ = ["attention", "pause_cause"]

UNCONFIRMED_AFTER_SECONDS = 3.0
"""A command whose answer takes longer is one that somebody should look at."""

_NONE = (0, "")
_NAMED = ("error", "throttled", "restart", "shutdown")
"""What pauses a strategy other than an operator and a breaker."""


def pause_cause(reason: object) -> str | None:
    """Return what paused a strategy by itself: `breaker`, or another cause by name; `None` where an operator did."""
    cause = str(reason or "").partition(":")[0]
    if cause in ("", "operator", "cancel_all_quotes"):
        return None
    return cause if cause in _NAMED else "breaker"


def attention(fields: Mapping[str, Any], commands: CommandLog) -> tuple[int, str]:
    """Return how urgently a strategy, as it came over the wire, needs somebody, 0 where it does not, and why."""
    command = commands.news(fields.get("id"))
    if command is not None and (
        command.outcome == "unknown"
        or (command.outcome == "sent" and command.elapsed(commands.clock()) > UNCONFIRMED_AFTER_SECONDS)
    ):
        return 7, "unconfirmed"
    if fields.get("positionDifferences"):
        return 6, "position differs"
    if unknown := _number(fields, "unknownOrders"):
        return 5, f"{unknown} unknown"
    if fields.get("status") == "paused" and (cause := pause_cause(fields.get("pauseReason"))):
        return (4 if cause == "error" else 3), cause
    if fields.get("status") == "active" and (seconds := _number(fields, "dataAgeSeconds")) > OLD_SECONDS:
        return 2, f"stale {age(float(seconds))}"
    if unhedged := _number(fields, "unhedgedSeconds"):
        return 1, f"unhedged {age(float(unhedged))}"
    return _NONE


def _number(fields: Mapping[str, Any], name: str) -> Decimal | int | float:
    value = fields.get(name)
    return value if isinstance(value, (Decimal, int, float)) else 0

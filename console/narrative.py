"""Events in words: only the lines that are looked at are ever written."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Protocol

from console.formatting import clean, clock_time, fit, number, written
from console.ink import Ink, Line, Span
from console.reasons import error_words, reason_words, trip_words
from console.store import Wire
from zenotc.models.wire_event import fields_of

__all__ = ["Names", "event_line"]

_ENGINE_WIDTH = 10
_TYPE_WIDTH = 17
_TONES: dict[str, Ink] = {
    "quote_sent": "faint",
    "quote_cancelled": "faint",
    "pnl_update": "faint",
    "quote_filled": "strong",
    "hedge_triggered": "accent",
    "hedge_filled": "accent",
    "hedge_completed": "accent",
    "position_changed": "plain",
    "circuit_breaker": "alarm",
    "error": "alarm",
    "emergency_stop": "alarm",
    "emergency_stop_cleared": "caution",
    "paused": "caution",
    "stopped": "caution",
}


class Names(Protocol):
    """Who knows what an event is about."""

    def name_in(self, event: Wire) -> str:
        """Return the name of the strategy."""

    def engine_in(self, event: Wire) -> str:
        """Return the name of the engine, '' where that goes without saying."""


def event_line(event: Wire, names: Names, width: int) -> Line:
    """Return an event as one line: time, whose it is, type, what happened."""
    event = fields_of(event)
    kind = clean(event.get("type"), 40)
    tone = _TONES.get(kind, "plain")
    quiet: Ink = "faint" if tone == "faint" else "muted"
    return Line(
        (
            (clock_time(event.get("timestamp"), milliseconds=True) + "  ", "faint"),
            (_whose(event, names, width) + "  ", quiet),
            (fit(kind, _TYPE_WIDTH) + "  ", tone),
            *_WORDS.get(kind, _other)(event, tone),
        )
    )


def _whose(event: Wire, names: Names, width: int) -> str:
    name, engine = fit(names.name_in(event), 18 if width >= 100 else 10), names.engine_in(event)
    return f"{fit(clean(engine, 40), _ENGINE_WIDTH)} {name}" if engine else name


def _value(event: Wire, name: str) -> str:
    value = event.get(name)
    if isinstance(value, (Decimal, int, float)) and not isinstance(value, bool):
        return number(value, None)
    return written(value)


def _signed(event: Wire, name: str) -> str:
    value = event.get(name)
    return number(value, None, signed=True) if isinstance(value, (Decimal, int)) and value else _value(event, name)


def _usd(event: Wire, name: str, *, signed: bool = False) -> str:
    value = event.get(name)
    return number(value, 2, signed=signed) if isinstance(value, (Decimal, int)) else _value(event, name)


def _side(event: Wire) -> Span:
    side = _value(event, "side")
    return f"{side:<4} ", ("gain" if side == "buy" else "loss" if side == "sell" else "plain")


def _quote(event: Wire, tone: Ink) -> tuple[Span, ...]:
    words = f"{_value(event, 'quantity')} @ {_value(event, 'price')}  layer {_value(event, 'layer')}"
    return (f"{_value(event, 'side'):<4} ", tone), (words, tone), (f"  {_value(event, 'reason')}", "faint")


def _fill(event: Wire, _: Ink) -> tuple[Span, ...]:
    remaining = event.get("remaining")
    rest = f"  {_value(event, 'remaining')} left" if remaining else ""
    return (
        _side(event),
        (f"{_value(event, 'quantity')} @ {_value(event, 'price')}", "plain"),
        (f"  fee {_usd(event, 'fee')}{rest}  {_value(event, 'venue')}", "faint"),
    )


def _position(event: Wire, _: Ink) -> tuple[Span, ...]:
    old, new = _signed(event, "oldPosition"), _signed(event, "newPosition")
    return (f"{old} → ", "muted"), (new, "plain"), (f"  average {_usd(event, 'averagePrice')}", "faint")


def _lifecycle(event: Wire, tone: Ink) -> tuple[Span, ...]:
    operator = event.get("operator")
    reason = "–" if event.get("reason") is None else reason_words(event["reason"])
    return (reason, tone), (f"  by {clean(operator, 40)}" if operator else "", "faint")


def _hedge_triggered(event: Wire, _: Ink) -> tuple[Span, ...]:
    how = f"  {_value(event, 'hedgeAlgo')} on {_value(event, 'hedgeVenue')}"
    return _side(event), (_value(event, "hedgeQuantity"), "plain"), (how, "muted")


def _hedge_completed(event: Wire, _: Ink) -> tuple[Span, ...]:
    words = f"{_value(event, 'filledQuantity')} of {_value(event, 'hedgeQuantity')} @ {_usd(event, 'averagePrice')}"
    return (words, "plain"), (f"  slippage {_value(event, 'slippageBps')} bps", "muted")


def _breaker(event: Wire, _: Ink) -> tuple[Span, ...]:
    resumes = event.get("resumesAt")
    words = trip_words(*(event.get(name) for name in ("breaker", "measure", "limit", "reason")))
    return (words, "caution"), (f"  resumes {clock_time(resumes)}" if resumes else "", "muted")


def _pnl(event: Wire, tone: Ink) -> tuple[Span, ...]:
    words = f"today {_usd(event, 'dailyPnl', signed=True)}  total {_usd(event, 'totalPnl', signed=True)}"
    return ((f"{words}  unrealised {_usd(event, 'unrealizedPnl', signed=True)}", tone),)


def _error(event: Wire, _: Ink) -> tuple[Span, ...]:
    return ((error_words(event.get("code"), event.get("reason")), "caution"),)


def _config(event: Wire, _: Ink) -> tuple[Span, ...]:
    changes = event.get("changes")
    if not isinstance(changes, dict):
        return ()
    parts = [
        f"{clean(name, 40)} {written(change.get('old'))} → {written(change.get('new'))}"
        for name, change in changes.items()
        if isinstance(change, dict)
    ]
    return ((", ".join(parts), "plain"),)


_ENVELOPE = frozenset({"type", "seq", "timestamp", "strategyId", "asset"})


def _other(event: Wire, _: Ink) -> tuple[Span, ...]:
    return ((" ".join(f"{clean(key, 40)}={_value(event, key)}" for key in event if key not in _ENVELOPE), "muted"),)


_WORDS: dict[str, Callable[[Wire, Ink], tuple[Span, ...]]] = {
    "quote_sent": _quote,
    "quote_cancelled": _quote,
    "quote_filled": _fill,
    "hedge_filled": _fill,
    "position_changed": _position,
    "started": _lifecycle,
    "stopped": _lifecycle,
    "paused": _lifecycle,
    "resumed": _lifecycle,
    "emergency_stop": _lifecycle,
    "emergency_stop_cleared": _lifecycle,
    "hedge_triggered": _hedge_triggered,
    "hedge_completed": _hedge_completed,
    "circuit_breaker": _breaker,
    "pnl_update": _pnl,
    "error": _error,
    "config_changed": _config,
}

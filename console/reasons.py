"""The reasons of the engine in words: what it writes for programs as `CODE: key=value`, rounded and said once."""

from __future__ import annotations

import re
from decimal import Decimal

from console.formatting import age, clean, decimals_of, number

__all__ = ["error_words", "reason_words", "trip_words"]

_PAIRS = re.compile(r"[a-z]\w*=[^,=]*(?:, [a-z]\w*=[^,=]*)*", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,40})?", re.ASCII)
_MEASURED = re.compile(r"\S+ \S+ of \S+ (\S{1,6})", re.ASCII)
_SECONDS = "_seconds"
_DECIMALS = 4


def error_words(code: object, reason: object) -> str:
    """Return what went wrong: the code's words, then what it came with."""
    name = clean(code or "error", 60)
    title, text = _plain(name.lower()), clean(reason or "–", 300).removeprefix(f"{name}: ")
    told = _told(text) if _PAIRS.fullmatch(text) else text
    return told if told.startswith(title) else f"{title}: {told}"


def reason_words(reason: object) -> str:
    """Return why something was done, as `circuit breaker: daily loss`."""
    head, colon, tail = clean(reason, 300).partition(": ")
    if not colon:
        return _plain(head) if re.fullmatch(r"\w+", head) else head
    return f"{_plain(head)}: {_told(tail) if _PAIRS.fullmatch(tail) else _plain(tail)}"


def trip_words(breaker: object, measure: object, limit: object, reason: object) -> str:
    """Return what a breaker has measured of its limit: its reason says the same and the unit."""
    name, text = clean(breaker, 40), clean(reason, 300)
    same = _MEASURED.fullmatch(text) if text.startswith(f"{name} ") else None
    rest = f" {same[1]}" if same else "" if text == name else f"  {reason_words(text)}"
    return f"{_plain(name)} {_rounded(measure)} of {_rounded(limit)}{rest}"


def _told(pairs: str) -> str:
    """Write `unhedged=4.800, unhedged_seconds=120.3` as `unhedged 4.8, for 2 min`."""
    words: list[str] = []
    names: set[str] = set()
    for pair in pairs.split(", "):
        key, _, value = pair.partition("=")
        name = _plain(key.removesuffix(_SECONDS))
        if key.endswith(_SECONDS) and _NUMBER.fullmatch(value):
            took = age(float(value))
            words.append(f"for {took}" if name in names else f"{name} {took}")
        else:
            words.append(f"{name} {_rounded(value)}")
        names.add(name)
    return ", ".join(words)


def _rounded(value: object) -> str:
    """Return a number with so many decimals as can matter, two where they were cut, and any other text as it is."""
    text = "–" if value is None else clean(value, 80)
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        return text
    exact = Decimal(text).normalize()
    decimals = decimals_of(exact)
    return number(exact, decimals if decimals <= _DECIMALS else 2 if abs(exact) >= 1 else _DECIMALS)


def _plain(words: str) -> str:
    return words.replace("_", " ")

"""Numbers, times and foreign text as they appear on the screen.

A number is right-aligned on its decimal point, signed where the sign matters, with thousands separators.
Text from outside is cleaned before it is measured or drawn: it can neither move the cursor nor colour anything.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from decimal import Decimal

from rich.cells import cell_len, set_cell_size

__all__ = [
    "Convention",
    "age",
    "arrow",
    "clean",
    "clock_time",
    "decimals_of",
    "duration",
    "fit",
    "gauge",
    "in_zone",
    "number",
    "on_point",
    "shortest",
    "time_of",
    "use",
    "written",
    "zone_name",
]

Number = Decimal | int | float


@dataclass(frozen=True, slots=True)
class Convention:
    """How this terminal's user writes numbers and times.

    Parameters
    ----------
    thousands, decimal
        What stands between groups of three digits, and before the decimals.
    zone
        In which times are written.
    """

    thousands: str = ","
    decimal: str = "."
    zone: tzinfo = UTC


_convention = Convention()


def use(convention: Convention) -> None:
    """Write as the user does, from now on: a process has one terminal and one user."""
    global _convention
    _convention = convention


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Me", "Zl", "Zp"})
_UNMEASURED = frozenset(
    map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0), *range(0x1F1E6, 0x1F200), *range(0x1F3FB, 0x1F400)))
) | {"\u115f", "\u1160", "\u3164", "\uffa0"}
"""What changes the width of its neighbour in one terminal and not in the next: variation selectors, the letters of
flags, skin tones, the blanks of Hangul."""

_BLOCKS = "▏▎▍▌▋▊▉█"


def clean(text: object, limit: int = 400) -> str:
    """Return foreign text as one printable line of at most `limit` characters.

    Control characters, escape sequences' introducers, direction marks and line breaks become `·`, and so does what
    terminals do not agree on the width of.
    """
    raw = str(text)[:limit]
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join("·" if char in _UNMEASURED or unicodedata.category(char) in _INVISIBLE else char for char in raw)


def fit(text: str, width: int) -> str:
    """Return text cut or padded on the right to `width` cells; a cut one ends in `…`."""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def decimals_of(value: Number) -> int:
    """Return how many decimals an exact number is written with."""
    exponent = value.as_tuple().exponent if isinstance(value, Decimal) else 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def number(value: Number | None, decimals: int | None = 0, *, signed: bool = False) -> str:
    """Return a number with thousands separators, `–` where there is none; zero carries no sign.

    Parameters
    ----------
    decimals
        So many are written; `None` writes those that the number has.
    """
    if value is None:
        return "–"
    if decimals is None:
        text = f"{value:+,}" if signed else f"{value:,}"
    else:
        text = f"{value:+,.{decimals}f}" if signed else f"{value:,.{decimals}f}"
    text = text.lstrip("+-") if not text.strip("+-0.,") else text
    if (_convention.thousands, _convention.decimal) == (",", "."):
        return text
    return text.translate({ord(","): _convention.thousands, ord("."): _convention.decimal})


def shortest(value: Number) -> str:
    """Return a number in full, without trailing zeros."""
    exact = Decimal(str(value)).normalize()
    return number(exact, decimals_of(exact))


def written(value: object) -> str:
    """Return a value of the wire as it is shown: numbers as the user writes them, `–` for none, and yes or no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (Decimal, int, float)):
        return shortest(value)
    return "–" if value is None else clean(value, 160)


def on_point(text: str, width: int, decimals: int) -> str:
    """Right-align a formatted number so that its decimal point stands `decimals` places from the right."""
    _, point, fraction = text.rpartition(_convention.decimal) if _convention.decimal in text else (text, "", "")
    missing = decimals - len(fraction) + (0 if point or not decimals else 1)
    return (text + " " * max(0, missing)).rjust(width)


def arrow(value: Number) -> str:
    """Return the sign of a number as an arrow, a space for zero."""
    return "▲" if value > 0 else "▼" if value < 0 else " "


def age(seconds: float | None) -> str:
    """Return an age so that it does not flicker while all is well: `<1 s`, `7 s`, `3 min`, `2 h`."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return "<1 s"
    if seconds < 120:
        return f"{int(seconds)} s"
    return f"{int(seconds // 60)} min" if seconds < 7_200 else f"{int(seconds // 3600)} h"


def duration(seconds: float) -> str:
    """Return how long something took: milliseconds below one second."""
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{number(seconds, 1)} s"


def time_of(value: object) -> datetime | None:
    """Return a time of the wire as an aware datetime, `None` where it is not one."""
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def clock_time(value: object, *, milliseconds: bool = False) -> str:
    """Return a time of the wire as `12:41:06` or `12:41:06.812`, in the user's zone."""
    time = time_of(value)
    if time is None:
        return "--:--:--.---" if milliseconds else "--:--:--"
    time = in_zone(time)
    return f"{time:%H:%M:%S}.{time.microsecond // 1000:03d}" if milliseconds else f"{time:%H:%M:%S}"


def in_zone(time: datetime) -> datetime:
    """Return a time in the user's zone."""
    return time.astimezone(_convention.zone)


def zone_name(value: object) -> str:
    """Return what the user's zone is called at a time, as `UTC` or `CEST`."""
    return (time_of(value) or datetime.now(UTC)).astimezone(_convention.zone).tzname() or "UTC"


def gauge(share: float, width: int) -> tuple[str, str]:
    """Return the filled and the empty part of a bar for a share from 0 to 1."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    filled = "█" * full + (_BLOCKS[rest - 1] if rest else "")
    return filled, "·" * (width - len(filled))

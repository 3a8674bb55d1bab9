"""Events as files: JSON, a line each and exact, and the text that the screen shows."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from console.event_ring import EventRing
from console.narrative import Names, event_line
from console.store import Wire
from zenotc.models.wire import encode
from zenotc.models.wire_event import fields_of

__all__ = ["ascii_json", "export"]

_CHUNK = 500
_LINE_WIDTH = 10_000
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def ascii_json(event: Wire) -> str:
    """Return an event as one line of JSON that no terminal takes for anything but text."""
    return _UNPRINTABLE.sub(_escaped, encode(fields_of(event)).decode())


def _escaped(found: re.Match[str]) -> str:
    units = found.group().encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))


async def export(
    ring: EventRing, names: Names, numbers: Sequence[int], directory: Path, now: datetime
) -> tuple[Path, Path, int]:
    """Write events by number into two new files that only the user can read; return the files and how many.

    Those that are dropped meanwhile are left out.

    Raises
    ------
    OSError
        If a file exists already or cannot be written.
    """
    stem = directory / f"zenotc-events-{now.astimezone(UTC):%Y%m%d-%H%M%S}"
    paths = stem.with_suffix(".jsonl"), stem.with_suffix(".txt")
    written = 0
    with ExitStack() as files:
        exact, text = [files.enter_context(await asyncio.to_thread(_create, path)) for path in paths]
        for start in range(0, len(numbers), _CHUNK):
            events = _kept(ring, numbers[start : start + _CHUNK])
            written += len(events)
            await asyncio.to_thread(_write, events, names, exact, text)
    return *paths, written


def _create(path: Path) -> TextIO:
    return open(path, "x", opener=lambda name, flags: os.open(name, flags, 0o600), encoding="utf-8")


def _kept(ring: EventRing, numbers: Sequence[int]) -> list[Wire]:
    return [ring[number] for number in numbers if number >= ring.first]


def _write(events: Sequence[Wire], names: Names, exact: TextIO, text: TextIO) -> None:
    for event in events:
        exact.write(ascii_json(event) + "\n")
        text.write(event_line(event, names, _LINE_WIDTH).text.rstrip() + "\n")

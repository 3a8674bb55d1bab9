"""Lines of text as the screen shows them: each piece with its ink, which says what it means and not its colour."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from rich.cells import cell_len

__all__ = ["INKS", "Ink", "Line", "Span", "cells", "dimmed", "folded", "line", "signed_ink"]

Ink = Literal[
    "plain", "strong", "muted", "faint", "accent", "gain", "loss", "own", "caution", "alarm", "key", "rule",
    "cursor", "ground", "stale", "selection", "selection-quiet",
    "bar-sandbox", "bar-live", "bar-alarm", "bar-caution", "label-sandbox", "label-live",
]  # fmt: skip
INKS: tuple[Ink, ...] = get_args(Ink)

Span = tuple[str, Ink]


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its pieces from the left, and the ground that it stands on over the widget's whole width."""

    spans: tuple[Span, ...] = ()
    ground: Ink = "ground"

    @property
    def text(self) -> str:
        """What is written."""
        return "".join(text for text, _ in self.spans)

    @property
    def width(self) -> int:
        """How many cells it takes."""
        return sum(cells(text) for text, _ in self.spans)


def cells(text: str) -> int:
    """Return how many cells a text takes."""
    return len(text) if text.isascii() else cell_len(text)


def line(*spans: Span, ground: Ink = "ground") -> Line:
    """Build a line from its pieces."""
    return Line(spans, ground)


def folded(drawn: Line, width: int) -> list[Line]:
    """Return a line as so many as it takes to fit a width, broken between its pieces, or where one is longer between
    words; a label's column stays empty.
    """
    if drawn.width <= width:
        return [drawn]
    label = drawn.spans[0][0] if len(drawn.spans) > 1 else ""
    indent = cell_len(label) if label.endswith(" ") else 0
    lines: list[list[Span]] = [[]]
    used = 0
    for text, ink in drawn.spans:
        whole = indent + cell_len(text.lstrip()) <= width
        for word in [text] if whole else re.findall(r" *[^ ]+| +", text):
            if used > indent and used + cell_len(word) > width:
                lines.append([(" " * indent, ink)])
                used, word = indent, word.lstrip()
            lines[-1].append((word, ink))
            used += cell_len(word)
    return [Line(tuple(spans), drawn.ground) for spans in lines]


def dimmed(drawn: Line) -> Line:
    """Return a line as it is shown where it may be out of date."""
    return Line(tuple((text, "stale") for text, _ in drawn.spans))


def signed_ink(value: Decimal | int | float) -> Ink:
    """Return the ink that goes with a number's sign."""
    return "gain" if value > 0 else "loss" if value < 0 else "muted"

"""Lines of text as the screen shows them: each piece with its ink, which says what it means and not its colour."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from rich.cells import cell_len

__all__ = ["INKS", "Ink", "Line", "Span", "dimmed", "line", "signed_ink"]

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
        return sum(cell_len(text) for text, _ in self.spans)


def line(*spans: Span, ground: Ink = "ground") -> Line:
    """Build a line from its pieces."""
    return Line(spans, ground)


def dimmed(drawn: Line) -> Line:
    """Return a line as it is shown where it may be out of date."""
    return Line(tuple((text, "stale") for text, _ in drawn.spans))


def signed_ink(value: Decimal | int | float) -> Ink:
    """Return the ink that goes with a number's sign."""
    return "gain" if value > 0 else "loss" if value < 0 else "muted"

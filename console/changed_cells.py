"""What is written to the terminal of a line that has changed: the cells that have, and nothing before them.

Textual writes a changed line from the left edge of the widget that it belongs to.
"""

from __future__ import annotations

from rich.console import Console, RenderableType
from rich.control import Control
from textual._compositor import ChopsUpdate

__all__ = ["ChangedCells", "changed_cells"]


class ChangedCells(ChopsUpdate):
    """An update of the screen that is cut on both sides."""

    def render_segments(self, console: Console) -> str:
        """Return it as the terminal takes it."""
        written: list[str] = []
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=True):
                start, stop = max(x, first), min(end, last)
                if strip is None or start >= stop:
                    continue
                if (start, stop) != (x, end):
                    strip = strip.crop(start - x, stop - x)
                written += [Control.move_to(start, y).segment.text, strip.render(console)]
        return "".join(written)


def changed_cells(update: RenderableType | None) -> RenderableType | None:
    """Return an update of the screen so that it writes no more than has changed."""
    return ChangedCells(update.chops, update.spans, update.chop_ends) if isinstance(update, ChopsUpdate) else update

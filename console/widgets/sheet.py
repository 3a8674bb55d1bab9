"""A widget that is made of lines, keeps them as they were drawn, and repaints the cells that changed.

What a widget wants to show is a list of `Line`: text with an ink for each piece and a ground for the whole.
`draw` compares it with what is on the screen and refreshes the difference alone, so that it may be called as often
as there is a reason to. Inks are names; the style sheet says what they look like. Text is never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.ink import INKS, Ink, Line

__all__ = ["Sheet"]


class Sheet(Widget):
    """Draws `lines()`; a subclass says what they are and calls `draw()` whenever they may have changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{ink}" for ink in INKS}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Ink, Style] = {}
        self._grounds: dict[Ink, Style] = {}

    def lines(self, width: int, height: int) -> Sequence[Line]:
        """Return what to show in an area of cells; what does not fit is cut off."""
        raise NotImplementedError

    def draw(self) -> None:
        """Show what has changed."""
        width, height = self.content_size
        if not self.is_attached or not width or not height:
            return
        before, after = self._drawn, list(self.lines(width, height))[:height]
        self._drawn = after
        for y in range(max(len(before), len(after))):
            old = before[y] if y < len(before) else None
            new = after[y] if y < len(after) else None
            if old == new:
                continue
            self._strips.pop(y, None)
            start, end = _difference(old, new, width)
            self.refresh(Region(start, y, end - start, 1))

    def render_line(self, y: int) -> Strip:
        """Return one line as the compositor wants it."""
        strip = self._strips.get(y)
        if strip is None:
            strip = self._strips[y] = self._strip(self._drawn[y] if y < len(self._drawn) else Line())
        return strip

    def _strip(self, line: Line) -> Strip:
        width = self.content_size.width
        ground = self._ground(line.ground)
        segments = [Segment(text, self._style(ink)) for text, ink in line.spans if text]
        strip = Strip(segments)
        if strip.cell_length > width > 0:  # a number that is cut short must not pass for a smaller one
            strip = Strip([*strip.crop(0, width - 1), Segment("…", self._style("muted"))])
        return strip.adjust_cell_length(width).apply_style(ground).simplify()

    def _ground(self, ink: Ink) -> Style:
        style = self._grounds.get(ink)
        if style is None:
            style = self._grounds[ink] = self.rich_style + self._style(ink)
        return style

    def _style(self, ink: Ink) -> Style:
        style = self._styles.get(ink)
        if style is None:
            style = self._styles[ink] = self.get_component_rich_style(f"ink--{ink}", partial=True)
        return style

    def on_resize(self) -> None:
        """Lay the lines out again for the new size; what was painted meanwhile, of the old lines, goes as well."""
        self._forget()
        self.draw()
        self.refresh()

    def on_mount(self) -> None:
        """Draw, and follow the theme."""
        self.app.theme_changed_signal.subscribe(self, lambda _: self._restyle())

    def notify_style_update(self) -> None:
        """Drop what was drawn in other styles."""
        super().notify_style_update()
        self._forget_styles()

    def _restyle(self) -> None:
        self._forget_styles()
        self.refresh()

    def _forget_styles(self) -> None:
        self._styles.clear()
        self._grounds.clear()
        self._strips.clear()

    def _forget(self) -> None:
        self._drawn = []
        self._strips.clear()


def _difference(old: Line | None, new: Line | None, width: int) -> tuple[int, int]:
    """Return the first and the last column (exclusive) in which two lines differ, or the whole width."""
    if old is None or new is None or old.ground != new.ground:
        return 0, width
    start = 0
    for (old_text, old_ink), (new_text, new_ink) in zip(old.spans, new.spans, strict=False):
        if old_ink != new_ink or old_text != new_text:
            break
        start += cell_len(new_text)
    until = width
    if old.width == new.width:
        until = new.width  # which may lie outside: a line is as long as its text
        for (old_text, old_ink), (new_text, new_ink) in zip(reversed(old.spans), reversed(new.spans), strict=False):
            if old_ink != new_ink or old_text != new_text:
                break
            until -= cell_len(new_text)
    start = min(start, width - 1)
    return start, max(min(until, width), start + 1)

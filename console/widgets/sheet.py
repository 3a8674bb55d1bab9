"""A widget that is made of lines, keeps them as they were drawn, and repaints the cells that changed.

What a widget wants to show is a list of `Line`: text with an ink for each piece and a ground for the whole.
`draw` compares it with what is on the screen and refreshes the difference alone, so that it may be called as often
as there is a reason to. Inks are names; the style sheet says what they look like. Text is never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.ink import INKS, Ink, Line

__all__ = ["Sheet"]


class _Frame(NamedTuple):
    """What stands around the lines and is the same for all of them: border, padding, the terminal's filters."""

    first: int
    height: int
    width: int
    left: Strip
    right: Strip
    edges: dict[int, Strip]
    filters: Sequence[LineFilter]
    background: Color


class Sheet(Widget):
    """Draws `lines()`; a subclass says what they are and calls `draw()` whenever they may have changed."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"ink--{ink}" for ink in INKS}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawn: list[Line] = []
        self._strips: dict[int, Strip] = {}
        self._frame: _Frame | None = None
        self._styles: dict[tuple[Ink, Ink], Style] = {}

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
            self._changed(y, old, new)

    def draw_line(self, y: int, line: Line) -> None:
        """Show another line in the place of one that is drawn."""
        old, self._drawn[y] = self._drawn[y], line
        self._changed(y, old, line)

    def _changed(self, y: int, old: Line | None, new: Line | None) -> None:
        if old != new:
            self._strips.pop(y + self.gutter.top, None)
            start, end = _difference(old, new, self.content_size.width)
            self.refresh(Region(start, y, end - start, 1))

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return lines as the compositor wants them, a changed one laid into the frame that is drawn only once."""
        frame = self._frame = self._frame or self._framing()
        strips: list[Strip] = []
        for y in crop.line_range:
            strip = self._strips.get(y) or frame.edges.get(y)
            if strip is None:
                inside = frame.first <= y < frame.first + frame.height
                kept = self._strips if inside else frame.edges
                strip = kept[y] = self._framed(y, frame) if inside else self._edge(y, frame.width)
            strips.append(strip)
        whole = crop.column_span == (0, frame.width)
        return strips if whole else [strip.crop(*crop.column_span) for strip in strips]

    def render_line(self, y: int) -> Strip:
        """Return one line without its sides."""
        return self._strip(self._drawn[y] if y < len(self._drawn) else Line())

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint regions; without any, the frame as well."""
        if not regions:
            self._frame = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _framing(self) -> _Frame:
        gutter, width = self.gutter, self.region.width
        strip = self._edge(gutter.top, width)
        return _Frame(
            gutter.top, self.content_size.height, width, strip.crop(0, gutter.left),
            strip.crop(width - gutter.right, width), {}, self.get_line_filters(), self.background_colors[1],
        )  # fmt: skip

    def _edge(self, y: int, width: int) -> Strip:
        (strip,) = super().render_lines(Region(0, y, width, 1))
        return strip

    def _framed(self, y: int, frame: _Frame) -> Strip:
        strip = Strip([*frame.left, *self.render_line(y - frame.first), *frame.right], frame.width)
        for line_filter in frame.filters:
            strip = strip.apply_filter(line_filter, frame.background)
        return strip

    def _strip(self, line: Line) -> Strip:
        width, used = self.content_size.width, line.width
        segments = [Segment(text, self._style(ink, line.ground)) for text, ink in line.spans if text]
        if used > width > 0:  # a number that is cut short must not pass for a smaller one
            cut = Strip(segments, used).crop(0, width - 1)
            return Strip([*cut, Segment("…", self._style("muted", line.ground))]).adjust_cell_length(width)
        if used < width:
            segments.append(Segment(" " * (width - used), self._style("ground", line.ground)))
        return Strip(segments, width).simplify()

    def _style(self, ink: Ink, ground: Ink) -> Style:
        style = self._styles.get((ink, ground))
        if style is None:
            inks = [self.get_component_rich_style(f"ink--{name}", partial=True) for name in (ground, ink)]
            style = self._styles[ink, ground] = Style.combine([self.rich_style, *inks])
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
        self._frame = None
        self._strips.clear()

    def _forget(self) -> None:
        self._drawn = []
        self._frame = None
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

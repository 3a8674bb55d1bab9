"""A widget that is made of lines, keeps them as they were drawn, and repaints the cells that changed.

What a widget wants to show is a list of `Line`: text with an ink for each piece and a ground for the whole.
`draw` compares it with what is on the screen and refreshes the difference alone, so that it may be called as often
as there is a reason to. Inks are names; the style sheet says what they look like. Text is never markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby, zip_longest
from operator import itemgetter
from typing import ClassVar, NamedTuple, Self

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from console.ink import INKS, Ink, Line, cells

__all__ = ["Sheet"]


class _Frame(NamedTuple):
    """What stands around the lines and is the same for all of them: border and padding."""

    first: int
    height: int
    width: int
    left: Sequence[Segment]
    right: Sequence[Segment]
    edges: dict[int, Strip]


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
        pairs = enumerate(zip_longest(before, after))
        self._repaint([(y, old, new) for y, (old, new) in pairs if old is not new and old != new], width)

    def draw_line(self, y: int, line: Line) -> None:
        """Show another line in the place of one that is drawn."""
        old, self._drawn[y] = self._drawn[y], line
        if old != line:
            self._repaint([(y, old, line)], self.content_size.width)

    def _repaint(self, changes: Sequence[tuple[int, Line | None, Line | None]], width: int) -> None:
        """Have lines painted where they have changed, all at once."""
        if not changes:
            return
        top, regions = self.gutter.top, []
        former = {id(old): self._strips.pop(y + top, None) for y, old, _ in changes}
        for y, old, new in changes:
            if (scrolled := former.get(id(new))) is not None:
                self._strips[y + top] = scrolled
            start, end = _difference(old, new, width)
            regions.append(Region(start, y, end - start, 1))
        self.refresh(*regions)

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
        return Strip(self._segments(self._drawn_at(y)), self.content_size.width)

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint regions; without any, the frame as well."""
        if not regions:
            self._frame = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def _framing(self) -> _Frame:
        gutter, width = self.gutter, self.region.width
        strip = self._edge(gutter.top, width)
        left, right = strip.crop(0, gutter.left), strip.crop(width - gutter.right, width)
        return _Frame(gutter.top, self.content_size.height, width, list(left), list(right), {})

    def _edge(self, y: int, width: int) -> Strip:
        (strip,) = super().render_lines(Region(0, y, width, 1))
        return strip

    def _framed(self, y: int, frame: _Frame) -> Strip:
        return Strip([*frame.left, *self._segments(self._drawn_at(y - frame.first)), *frame.right], frame.width)

    def _drawn_at(self, y: int) -> Line:
        return self._drawn[y] if y < len(self._drawn) else Line()

    def _segments(self, line: Line) -> Sequence[Segment]:
        width, used = self.content_size.width, line.width
        spans = groupby((span for span in line.spans if span[0]), key=itemgetter(1))
        segments = [Segment("".join(text for text, _ in same), self._style(ink, line.ground)) for ink, same in spans]
        if used > width > 0:  # a number that is cut short must not pass for a smaller one
            cut = Strip(segments, used).crop(0, width - 1)
            return list(Strip([*cut, Segment("…", self._style("muted", line.ground))]).adjust_cell_length(width))
        if used < width:
            segments.append(Segment(" " * (width - used), self._style("ground", line.ground)))
        return segments

    def _style(self, ink: Ink, ground: Ink) -> Style:
        """Return how an ink looks on a ground, in this terminal."""
        style = self._styles.get((ink, ground))
        if style is None:
            inks = [self.get_component_rich_style(f"ink--{name}", partial=True) for name in (ground, ink)]
            sample = [Segment(" ", Style.combine([self.rich_style, *inks]))]
            for line_filter in self.get_line_filters():
                sample = line_filter.apply(sample, self.background_colors[1])
            style = self._styles[ink, ground] = sample[0].style or Style()
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
        start += cells(new_text)
    until = width
    if old.width == new.width:
        until = new.width  # which may lie outside: a line is as long as its text
        for (old_text, old_ink), (new_text, new_ink) in zip(reversed(old.spans), reversed(new.spans), strict=False):
            if old_ink != new_ink or old_text != new_text:
                break
            until -= cells(new_text)
    start = min(start, width - 1)
    return start, max(min(until, width), start + 1)

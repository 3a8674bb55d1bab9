"""A pane whose title may hold text from outside."""

from __future__ import annotations

from typing import Self

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget

__all__ = ["Titled"]


class Titled(Widget):
    """Sets the title in the border, as plain text, and only where it has changed."""

    _titles: tuple[str, str] = ("", "")
    _entitling = False

    def entitle(self, title: str, note: str = "") -> None:
        """Write the title at the top and the note at the bottom of the border."""
        if (title, note) != self._titles:
            self._titles = (title, note)
            self._entitling = True
            self.border_title = Content(title)
            self.border_subtitle = Content(note) if note else None
            self._entitling = False

    def refresh(self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False) -> Self:
        """Repaint regions; without any all of it, but of a new title the border alone."""
        if self._entitling:
            (width, height), (left, top) = self.outer_size, self.content_offset
            regions = Region(-left, -top, width, 1), Region(-left, height - 1 - top, width, 1)
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

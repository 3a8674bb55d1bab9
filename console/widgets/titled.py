"""A pane whose title may hold text from outside."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

__all__ = ["Titled"]


class Titled(Widget):
    """Sets the title in the border, as plain text, and only where it has changed."""

    _titles: tuple[str, str] = ("", "")

    def entitle(self, title: str, note: str = "") -> None:
        """Write the title at the top and the note at the bottom of the border."""
        if (title, note) != self._titles:
            self._titles = (title, note)
            self.border_title = Content(title)
            self.border_subtitle = Content(note) if note else None

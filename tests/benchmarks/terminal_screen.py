"""What a terminal shows after what has been written to it: of its language as much as the console speaks."""

from __future__ import annotations

import codecs
import re

from rich.cells import cell_len

__all__ = ["TerminalScreen"]

_WRITTEN = re.compile(
    r"\x1b\[(?P<numbers>[0-9;?=<>]*)[ -/]*(?P<does>[@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
    r"|\x1b[@-OQ-Z^_=>78]|(?P<control>[\x00-\x1a\x1c-\x1f])|(?P<text>[^\x00-\x1f]+)"
)


class TerminalScreen:
    """Cells of text; it knows where text goes, not how it looks.

    Parameters
    ----------
    columns, rows
        Its size.
    """

    def __init__(self, columns: int, rows: int) -> None:
        self._cells = [[" "] * columns for _ in range(rows)]
        self._columns, self._row, self._column = columns, 0, 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._rest = ""

    @property
    def text(self) -> str:
        """Its lines."""
        return "\n".join("".join(row) for row in self._cells)

    def write(self, written: bytes) -> None:
        """Take what a program has written; an escape sequence that is cut off waits for its end."""
        text, at = self._rest + self._decode(written), 0
        while at < len(text) and (found := _WRITTEN.match(text, at)) is not None:
            at = found.end()
            if found["text"]:
                self._put(found["text"])
            elif found["does"] == "H":
                row, column = (int(number or 1) for number in f"{found['numbers'] or '1;1'};1".split(";")[:2])
                self._row, self._column = row - 1, column - 1
            elif found["control"] == "\r":
                self._column = 0
            elif found["control"] == "\n":
                self._row += 1
        self._rest = text[at:]

    def _put(self, text: str) -> None:
        row = self._cells[min(self._row, len(self._cells) - 1)]
        for char in text:
            width = cell_len(char)
            if self._column < self._columns:
                row[self._column : self._column + width] = [char, ""][:width]
            self._column += width

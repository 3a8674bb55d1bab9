"""Of a line that has changed the cells that have are written, and nothing beside them."""

from __future__ import annotations

from rich.console import Console
from rich.segment import Segment
from textual._compositor import ChopsUpdate
from textual.strip import Strip

from console.changed_cells import changed_cells


def _strip(text: str) -> Strip:
    return Strip([Segment(word) for word in text.split("|")])


def test_what_is_written_is_cut_on_both_sides() -> None:
    lines = [{0: _strip("abc|def"), 6: _strip("ghij")}, {0: _strip("klm|nop"), 6: None}, {0: _strip("漢|字qrst")}]
    update = changed_cells(ChopsUpdate(lines, [(0, 4, 8), (1, 0, 6), (2, 2, 5)], [[6, 10], [6, 10], [8]]))
    assert isinstance(update, ChopsUpdate)
    written = update.render_segments(Console())
    assert written == "\x1b[1;5Hef\x1b[1;7Hgh\x1b[2;1Hklmnop\x1b[3;3H字q"


def test_a_full_update_stays_as_it_is() -> None:
    assert changed_cells(None) is None

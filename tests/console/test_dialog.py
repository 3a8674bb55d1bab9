"""A box stands on the screen with its text or not at all, and is answered by who has read it."""

from __future__ import annotations

from typing import Any

import pytest
from textual.screen import Screen

from console.app import ConsoleApp
from console.screens.dialog import Page, Question
from tests.console.reading import read


@pytest.mark.parametrize(
    ("key", "title", "words"),
    [
        ("f", "Flatten", "sell 3.200 BTC"),
        ("F", "Flatten 3 strategies", "open orders are cancelled"),
        ("question_mark", "Keys", "Position ▲ ▼: has just moved"),
        ("v", "Columns", "✓ "),
    ],
)
async def test_no_frame_shows_a_box_without_its_text(
    desk: Any, until: Any, monkeypatch: pytest.MonkeyPatch, key: str, title: str, words: str
) -> None:
    frames: list[str] = []
    paint = ConsoleApp._display

    def photograph(app: ConsoleApp, screen: Screen[object], renderable: Any) -> None:
        paint(app, screen, renderable)
        frames.append("\n".join(strip.text for strip in screen._compositor.render_strips()))

    async with desk() as (_app, _, pilot):
        monkeypatch.setattr(ConsoleApp, "_display", photograph)
        await pilot.press(key)
        await until(pilot, lambda: any(words in frame for frame in frames))
        assert all(words in frame for frame in frames if f"╭─ {title}" in frame)


async def test_a_question_is_deaf_from_when_its_text_was_first_seen(desk: Any) -> None:
    async with desk() as (app, _, pilot):
        await pilot.press("f")
        await read(app, pilot)
        page = app.screen.query_one(Page)
        page.shown_at = None
        await pilot.press("escape")
        assert isinstance(app.screen, Question), "nobody has seen it yet"
        page.refresh()
        await read(app, pilot)
        await pilot.press("escape")
        assert not isinstance(app.screen, Question)

"""Every theme on the whole desk: it is drawn, and what colour tells is told without it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from console.preferences import Preferences
from console.screens.help import Help
from styles import DEFAULT_THEME, THEMES, VARIABLES, theme_for

NAMES = [theme.name for theme in THEMES]


def _colours(app: Any) -> set[str]:
    app.repaint()
    strips = app.screen._compositor.render_strips()
    styles = [segment.style for strip in strips for segment in strip if segment.style]
    return {color.name for style in styles for color in (style.color, style.bgcolor) if color}


@pytest.mark.parametrize("name", NAMES)
async def test_every_theme_draws_the_same_words(desk: Any, screen_text: Any, until: Any, name: str) -> None:
    async with desk(preferences=Preferences(theme=name)) as (app, _, pilot):
        await until(pilot, lambda: "12:21:07" in screen_text(app))
        text = screen_text(app)
        for words in ("▸ BTC Market Maker", "● active", "‖ paused", "■ stopped", "! breaker", "+812.44", "-502.00"):
            assert words in text
        used = _colours(app)
        if name == "mono":
            assert used == {"default"}
        elif name == "ansi":
            assert not [colour for colour in used if colour.startswith("#")]
        await pilot.press("f")
        await pilot.pause()
        assert "Cancel" in screen_text(app)


def test_every_theme_says_what_each_ink_looks_like() -> None:
    assert all(theme.variables.keys() >= VARIABLES.keys() for theme in THEMES)
    sheet = (Path(__file__).parents[2] / "styles" / "console.tcss").read_text()
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b\s*;", sheet), "no colour stands outside a theme"


@pytest.mark.parametrize(
    ("environment", "theme"),
    [
        ({"TERM": "xterm-256color"}, DEFAULT_THEME),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, DEFAULT_THEME),
        ({"TERM": "linux"}, "ansi"),
        ({"TERM": "xterm"}, "ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "mono"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, DEFAULT_THEME),
        ({"TERM": "dumb"}, "mono"),
        ({"TERM": "vt220"}, "mono"),
        ({}, "mono"),
    ],
)
def test_the_terminal_decides_where_nobody_else_has(environment: dict[str, str], theme: str) -> None:
    assert theme_for(environment) == theme


async def test_keys_of_the_users_own_are_bound_shown_and_explained(desk: Any, screen_text: Any, until: Any) -> None:
    keys = {"pause": ("s",), "start": ("S",), "help": ("f1",)}
    async with desk(preferences=Preferences(keys=keys)) as (app, engine, pilot):
        text = screen_text(app)
        assert "S start" in text and "s pause" in text and "F1 help" in text
        await pilot.press("p", "question_mark")
        assert engine.calls == [] and len(app.screen_stack) == 1
        await pilot.press("s")
        await until(pilot, lambda: engine.calls == [("pause", "s-btc")])
        await pilot.press("f1")
        await until(pilot, lambda: isinstance(app.screen, Help))

"""How the console looks: the style sheet and the themes. Colours live here and nowhere else."""

from __future__ import annotations

from pathlib import Path

from textual.theme import Theme

__all__ = ["DEFAULT_THEME", "STYLE_SHEET", "THEMES", "VARIABLES"]

STYLE_SHEET = Path(__file__).with_name("console.tcss")

VARIABLES = {
    "ink-strong": "#f2f6fa",
    "ink-muted": "#8895a5",
    "ink-faint": "#55616f",
    "ink-stale": "#6a7686",
    "gain": "#63c29a",
    "loss": "#ec7f78",
    "own": "#f0c674",
    "caution": "#e5b454",
    "alarm": "#ff5f56",
    "alarm-ground": "#a8231c",
    "sandbox": "#1f5c66",
    "live": "#8f2d1f",
    "live-ground": "#3f1512",
    "selection": "#21415a",
    "selection-quiet": "#1c2631",
    "line": "#2c3846",
}
"""What the style sheet uses beside Textual's own variables; a theme may override each."""

DEFAULT_THEME = "desk"

THEMES = (
    Theme(
        name="desk",
        primary="#5fb0e5",
        secondary="#3d5166",
        accent="#86c9dc",
        foreground="#cbd5df",
        background="#0e1217",
        surface="#0e1217",
        panel="#161d25",
        success=VARIABLES["gain"],
        warning=VARIABLES["caution"],
        error=VARIABLES["loss"],
        dark=True,
        variables=VARIABLES,
    ),
)

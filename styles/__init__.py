"""How the console looks: the style sheet and the themes. Colours live here and nowhere else."""

from __future__ import annotations

from pathlib import Path

from styles.themes import DEFAULT_THEME, THEMES, VARIABLES, theme_for

__all__ = ["DEFAULT_THEME", "STYLE_SHEET", "THEMES", "VARIABLES", "theme_for"]

STYLE_SHEET = Path(__file__).with_name("console.tcss")

"""The themes: what each ink and ground looks like, and which theme suits a terminal.

A theme gives every variable of `_INKS`; the style sheet says what carries which. `ansi` uses the sixteen colours as the
terminal has them, `mono` none at all: there the style sheet tells by bold, dim, reversed and underlined text.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.theme import Theme

__all__ = ["DEFAULT_THEME", "THEMES", "VARIABLES", "theme_for"]

DEFAULT_THEME = "desk"

_DESK = {
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
    "on-ground": "#f2f6fa",
    "on-caution": "#0e1217",
    "sandbox": "#1f5c66",
    "live": "#8f2d1f",
    "live-ground": "#3f1512",
    "live-label": "#ff5f56",
    "selection": "#21415a",
    "selection-quiet": "#1c2631",
    "line": "#2c3846",
}

VARIABLES = _DESK
"""What the style sheet uses beside Textual's own variables."""

_LIGHT = {
    "ink-strong": "#10161d",
    "ink-muted": "#5a6673",
    "ink-faint": "#8c97a3",
    "ink-stale": "#7b8794",
    "gain": "#157347",
    "loss": "#b42318",
    "own": "#8a5a00",
    "caution": "#8f5600",
    "alarm": "#b3130b",
    "alarm-ground": "#b3130b",
    "on-ground": "#ffffff",
    "on-caution": "#ffffff",
    "sandbox": "#1f6f7c",
    "live": "#c0482f",
    "live-ground": "#8f2d1f",
    "live-label": "#5c0f08",
    "selection": "#cfe3f5",
    "selection-quiet": "#e3e9ef",
    "line": "#c3ccd5",
}

_DEUTERANOPIA = {
    **_DESK,
    "gain": "#56b4e9",
    "loss": "#e69f00",
    "own": "#f0e442",
    "caution": "#f0e442",
    "alarm": "#ffb0d0",
    "alarm-ground": "#8a1c5a",
    "live": "#a3456f",
    "live-ground": "#4a1234",
    "live-label": "#ffb0d0",
    "sandbox": "#1d4f7a",
    "selection": "#2d3a4d",
}
"""Blue and orange in the place of green and red (Okabe and Ito, "Color universal design", 2008)."""

_ANSI = {
    "ink-strong": "ansi_default",
    "ink-muted": "ansi_white",
    "ink-faint": "ansi_bright_black",
    "ink-stale": "ansi_bright_black",
    "gain": "ansi_green",
    "loss": "ansi_red",
    "own": "ansi_yellow",
    "caution": "ansi_yellow",
    "alarm": "ansi_bright_red",
    "alarm-ground": "ansi_red",
    "on-ground": "ansi_bright_white",
    "on-caution": "ansi_black",
    "sandbox": "ansi_blue",
    "live": "ansi_red",
    "live-ground": "ansi_magenta",
    "live-label": "ansi_red",
    "selection": "ansi_default",
    "selection-quiet": "ansi_default",
    "line": "ansi_bright_black",
}

_MONO = dict.fromkeys(_DESK, "ansi_default")

_NATIVE = {
    "ansi-background": "ansi_default",
    "ansi-foreground": "ansi_default",
    "border-blurred": "ansi_default",
    "block-cursor-foreground": "ansi_default",
    "block-cursor-background": "ansi_default",
    "block-cursor-text-style": "reverse",
    "input-cursor-background": "ansi_default",
    "input-cursor-foreground": "ansi_default",
    "input-cursor-text-style": "reverse",
    "input-selection-background": "ansi_default",
    "input-selection-foreground": "ansi_default",
    "screen-selection-background": "ansi_default",
    "screen-selection-foreground": "ansi_default",
}
"""What Textual's own widgets need of a theme that leaves the colours to the terminal."""


def _native(name: str, inks: Mapping[str, str], accent: str) -> Theme:
    """Build a theme of the terminal's own colours."""
    return Theme(
        name=name,
        primary=accent,
        secondary=accent,
        accent=accent,
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        success=inks["gain"],
        warning=inks["caution"],
        error=inks["loss"],
        dark=True,
        ansi=True,
        variables={**_NATIVE, **inks},
    )


THEMES = (
    Theme(
        name=DEFAULT_THEME,
        primary="#5fb0e5",
        secondary="#3d5166",
        accent="#86c9dc",
        foreground="#cbd5df",
        background="#0e1217",
        surface="#0e1217",
        panel="#161d25",
        success=_DESK["gain"],
        warning=_DESK["caution"],
        error=_DESK["loss"],
        dark=True,
        variables=_DESK,
    ),
    Theme(
        name="light",
        primary="#1668a8",
        secondary="#7b8794",
        accent="#0f6d80",
        foreground="#26313c",
        background="#fbfcfd",
        surface="#fbfcfd",
        panel="#edf1f5",
        success=_LIGHT["gain"],
        warning=_LIGHT["caution"],
        error=_LIGHT["loss"],
        dark=False,
        variables=_LIGHT,
    ),
    Theme(
        name="deuteranopia",
        primary="#b4a5e0",
        secondary="#3d5166",
        accent="#cfc4f2",
        foreground="#cbd5df",
        background="#0e1217",
        surface="#0e1217",
        panel="#161d25",
        success=_DEUTERANOPIA["gain"],
        warning=_DEUTERANOPIA["caution"],
        error=_DEUTERANOPIA["loss"],
        dark=True,
        variables=_DEUTERANOPIA,
    ),
    _native("ansi", _ANSI, "ansi_cyan"),
    _native("mono", _MONO, "ansi_default"),
)


def theme_for(environment: Mapping[str, str]) -> str:
    """Return the name of the theme that suits a terminal, by its environment.

    `NO_COLOR` (https://no-color.org), a dumb terminal and a monochrome one get `mono`, one of sixteen colours `ansi`.
    """
    terminal = environment.get("TERM", "")
    if environment.get("NO_COLOR") or terminal in ("", "dumb") or terminal.startswith("vt"):
        return "mono"
    many = environment.get("COLORTERM") in ("truecolor", "24bit")
    if many or any(kind in terminal for kind in ("256color", "direct", "kitty", "ghostty", "alacritty")):
        return DEFAULT_THEME
    return "ansi"

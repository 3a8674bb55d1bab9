"""The clipboard of the terminal that the user sits at, however far away it is.

OSC 52 asks the terminal to take a text. Inside tmux and screen it is also wrapped in their passthrough, so that the
terminal outside hears it: tmux takes the first where `set-clipboard` is on, and lets the second through where
`allow-passthrough` is.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping

__all__ = ["LARGEST_BYTES", "copy_sequence"]

LARGEST_BYTES = 74_994
"""Terminals ignore a longer OSC 52 than 100,000 characters; base64 makes four of three."""

_ESCAPE = "\x1b"


def copy_sequence(text: str, environment: Mapping[str, str]) -> str:
    """Return what to write to the terminal so that its clipboard holds a text.

    Raises
    ------
    ValueError
        If the text is too long for that.
    """
    raw = text.encode("utf-8")
    if len(raw) > LARGEST_BYTES:
        raise ValueError(f"{len(raw):,} bytes are too many for the terminal: at most {LARGEST_BYTES:,}")
    plain = f"{_ESCAPE}]52;c;{base64.b64encode(raw).decode()}\a"
    if "TMUX" in environment:
        return f"{plain}{_ESCAPE}Ptmux;{plain.replace(_ESCAPE, _ESCAPE * 2)}{_ESCAPE}\\"
    if environment.get("TERM", "").startswith("screen"):
        return f"{_ESCAPE}P{plain}{_ESCAPE}\\"
    return plain

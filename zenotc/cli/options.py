"""The options that several commands share."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "EngineUrl",
    "Json",
    "Replay",
    "ReplayMore",
    "Seed",
    "Speed",
    "StateDir",
    "parse_speed",
    "recordings",
]


def parse_speed(text: str) -> float:
    """Return recorded seconds per second, infinity for `max`."""
    try:
        speed = math.inf if text == "max" else float(text)
    except ValueError:
        speed = math.nan
    if not speed > 0:
        raise typer.BadParameter(f"{text!r} is neither a number above 0 nor 'max'")
    return speed


def recordings(replay: list[Path] | None, more: list[Path] | None) -> tuple[Path, ...]:
    """Return the recordings in their order: those after the first of a `--replay` arrive as arguments."""
    if more and not replay:
        raise typer.BadParameter(f"unexpected argument {str(more[0])!r}; recordings follow --replay")
    return (*(replay or ()), *(more or ()))


StateDir = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        file_okay=False,
        envvar="ZENOTC_STATE_DIR",
        help="Where the engine keeps its journal, keys and address. Default: the platform's directory for state.",
    ),
]
EngineUrl = Annotated[
    str | None,
    typer.Option("--url", "--engine", help="The engine's address. Default: the one that runs in the state directory."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Replay = Annotated[
    list[Path] | None,
    typer.Option(
        "--replay",
        exists=True,
        dir_okay=False,
        help="Recording to trade on instead of the simulated exchange. Several, in order: --replay FILE FILE, "
        "or the option again.",
    ),
]
ReplayMore = Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False, hidden=True, metavar="FILE")]
Speed = Annotated[
    str, typer.Option("--speed", metavar="NUMBER|max", help="Simulated seconds per second, or as fast as it goes.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="Of the simulated exchange: the same seed, the same market.")]

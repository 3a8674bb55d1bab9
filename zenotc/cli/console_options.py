"""The options of `zenotc console`, and what they make of the user's preferences."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zenotc.cli.answers import user_name
from zenotc.exceptions import ValidationError

if TYPE_CHECKING:
    from console.access import Access
    from console.preferences import Preferences, Profile
    from zenotc import ZenOTCClient

__all__ = [
    "Config", "Demo", "Engines", "Liking", "Mouse", "Played", "ProfileNames", "ReadOnly", "Record", "SlowLink",
    "ThemeName", "accesses_of", "console_options", "mouse_of", "preferences_of",
]  # fmt: skip

ReadOnly = Annotated[bool, typer.Option("--read-only", help="Look only: no key changes anything.")]
Demo = Annotated[
    bool,
    typer.Option("--demo", help="A sandbox engine of its own with everything happening; it leaves nothing behind."),
]
ThemeName = Annotated[
    str | None,
    typer.Option("--theme", metavar="NAME", help="desk, light, deuteranopia, ansi (16 colours) or mono (none)."),
]
Config = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Preferences. Default: console.toml of the user.")
]
Engines = Annotated[
    list[str] | None,
    typer.Option(
        "--engine",
        "--url",
        metavar="[NAME=]URL|DIRECTORY",
        help="An engine's address or its state directory, and what to call it. Several: the option again.",
    ),
]
ProfileNames = Annotated[
    list[str] | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="An engine elsewhere: the table profile.NAME of the preferences. Several: the option again.",
    ),
]
Mouse = Annotated[
    bool | None, typer.Option("--mouse/--no-mouse", help="Hear the mouse. Default: yes, but not over SSH.")
]
Record = Annotated[
    Path | None, typer.Option("--record", metavar="FILE", help="Keep what the console sees; at most 256 MiB.")
]
Played = Annotated[
    Path | None,
    typer.Option("--playback", metavar="FILE", help="Show a recording again, at --speed; nothing can be commanded."),
]
SlowLink = Annotated[
    bool, typer.Option("--slow-link", help="The terminal is far away: draw less often, nothing that only moves.")
]

_NAMED = re.compile(r"(?:([\w .-]+)=)?(.*)", re.DOTALL)
"""A name may stand before an address."""


@dataclass(frozen=True, slots=True)
class Liking:
    """What was asked for on the command line."""

    config: Path | None = None
    theme: str | None = None
    mouse: bool | None = None
    slow_link: bool = False


def preferences_of(liking: Liking) -> Preferences:
    """Return the user's preferences with what the command line says in their place.

    Raises
    ------
    typer.BadParameter
        If the file cannot be read, or something in it cannot be meant.
    """
    from console.preferences import read_preferences
    from styles import THEMES, theme_for

    names = [theme.name for theme in THEMES]
    if liking.theme is not None and liking.theme not in names:
        raise typer.BadParameter(f"there is no theme {liking.theme!r}: {', '.join(names)}")
    try:
        found = read_preferences(liking.config)
    except ValidationError as error:
        raise typer.BadParameter(error.message) from None
    theme = liking.theme or found.theme or theme_for(os.environ)
    return found.model_copy(update={"theme": theme, "slow_link": liking.slow_link or found.slow_link})


def mouse_of(liking: Liking, preferences: Preferences) -> bool:
    """Return whether the mouse is heard: over SSH it would take the terminal's own selection away for little."""
    asked = liking.mouse if liking.mouse is not None else preferences.mouse
    return asked if asked is not None else not os.environ.get("SSH_CONNECTION")


def console_options(preferences: Preferences, *, read_only: bool) -> dict[str, Any]:
    """Return what the application is made with, and write numbers and times as the user does."""
    from zoneinfo import ZoneInfo

    from console import formatting
    from console.preferences import preferences_file

    numbers = preferences.numbers
    formatting.use(formatting.Convention(numbers.thousands, numbers.decimal, ZoneInfo(preferences.time_zone)))
    os.environ.pop("NO_COLOR", None)  # it has chosen the theme; what was asked for by name wins over it
    return {
        "operator": user_name(),
        "read_only": read_only,
        "view_file": preferences_file().with_name("view.json"),
        "preferences": preferences,
    }


def accesses_of(
    engines: Sequence[str], profiles: Sequence[str], preferences: Preferences, state_dir: Path | None
) -> list[Access]:
    """Return how the engines are reached that were asked for.

    Parameters
    ----------
    engines
        Addresses and state directories, named or not.
    profiles
        Names of profiles.
    state_dir
        Where the key for an address is, unless the environment has it.

    Raises
    ------
    typer.BadParameter
        If there is no such profile, a key is not where its profile says, or two engines are called the same.
    """
    found = [_access_to(engine, state_dir) for engine in engines]
    found += [_access_by(name, preferences) for name in profiles]
    names = [access.shown_name for access in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise typer.BadParameter(f"two engines are called {twice}: --engine NAME=URL gives one another name")
    return found


def _access_to(engine: str, state_dir: Path | None) -> Access:
    from console.access import Access
    from zenotc import ZenOTCClient

    name, place = _NAMED.fullmatch(engine).groups()  # type: ignore[union-attr] # it matches anything
    if "://" in place:
        client = ZenOTCClient(base_url=place, state_dir=state_dir, operator=user_name())
        return Access(client, name or "")
    return Access(ZenOTCClient(state_dir=place, operator=user_name()), name or Path(place).resolve().name)


def _access_by(name: str, preferences: Preferences) -> Access:
    from console.access import Access

    profile = preferences.profile.get(name)
    if profile is None:
        known: Iterable[str] = sorted(preferences.profile)
        raise typer.BadParameter(f"no profile {name}; there is {', '.join(known) or 'none'}")
    return Access(_client_of(profile), name, read_only=profile.read_only)


def _client_of(profile: Profile) -> ZenOTCClient:
    """Return a client of the engine of a profile.

    Raises
    ------
    typer.BadParameter
        If its key is not where the profile says.
    """
    from zenotc import ZenOTCClient

    try:
        found = profile.find_credentials()
    except ValidationError as error:
        raise typer.BadParameter(error.message) from None
    ca_file = profile.ca_file.expanduser() if profile.ca_file else None
    return ZenOTCClient(
        found.api_key, found.api_secret, profile.environment, profile.url, operator=user_name(), ca_file=ca_file
    )

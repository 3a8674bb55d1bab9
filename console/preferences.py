"""The user's preferences: a TOML file that says how the console looks, which keys it has, and where its engines are."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
import pydantic

from console.alerts import Rule
from console.keymap import KeyMap, KeyMapError
from styles import THEMES
from zenotc.exceptions import ValidationError
from zenotc.models.wire import decode

__all__ = ["Credentials", "Numbers", "Preferences", "Profile", "preferences_file", "read_preferences"]

Keys = Annotated[tuple[str, ...], pydantic.BeforeValidator(lambda keys: (keys,) if isinstance(keys, str) else keys)]


class _Table(pydantic.BaseModel):
    """A table of the file: what it does not know it refuses."""

    model_config = pydantic.ConfigDict(frozen=True, extra="forbid", strict=False)


class Numbers(_Table):
    """How a number is written.

    Attributes
    ----------
    thousands
        What stands between groups of three digits; "" for nothing.
    decimal
        What stands before the decimals.
    """

    thousands: Literal[",", ".", " ", "'", "_", ""] = ","
    decimal: Literal[".", ","] = "."

    @pydantic.model_validator(mode="after")
    def _distinct(self) -> Numbers:
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal must differ")
        return self


class Credentials(pydantic.BaseModel):
    """A key and its secret, which shows in no representation."""

    api_key: str
    api_secret: pydantic.SecretStr


class Profile(_Table):
    """An engine elsewhere, and who asks it.

    Attributes
    ----------
    url
        Its address, as "https://desk.example:8731".
    environment
        Where it trades.
    key_env, secret_env
        The variables of the environment that hold the key and its secret.
    credentials
        In their place, a JSON file of `apiKey` and `apiSecret` that its owner alone may read.
    ca_file
        PEM file of the authorities that vouch for the engine's certificate.
    read_only
        Whether the console only looks.
    """

    url: str = pydantic.Field(pattern="^https?://.")
    environment: Literal["sandbox", "live"] = "sandbox"
    key_env: str = "ZENOTC_API_KEY"
    secret_env: str = "ZENOTC_API_SECRET"
    credentials: Path | None = None
    ca_file: Path | None = None
    read_only: bool = False

    def find_credentials(self) -> Credentials:
        """Return the key and its secret.

        Raises
        ------
        ValidationError
            If they are not where the profile says, or anybody but their owner could read the file.
        """
        if self.credentials is None:
            found = {"apiKey": os.environ.get(self.key_env), "apiSecret": os.environ.get(self.secret_env)}
            if not all(found.values()):
                raise ValidationError(f"no key for {self.url}: set {self.key_env} and {self.secret_env}")
        else:
            found = _private_json(self.credentials.expanduser())
        try:
            return Credentials(api_key=found["apiKey"], api_secret=found["apiSecret"])
        except (KeyError, pydantic.ValidationError):
            raise ValidationError(f"{self.credentials} has no apiKey and apiSecret") from None


def _private_json(path: Path) -> Any:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ValidationError(f"{path} can be read by others than its owner: chmod 600 it")
        found = decode(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ValidationError(f"{path} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise ValidationError(f"{path} has no apiKey and apiSecret")
    return found


class Preferences(_Table):
    """What the user prefers.

    Attributes
    ----------
    theme
        A theme's name; `None` is what suits the terminal.
    mouse
        Whether the mouse is heard; `None` is yes, but not over SSH, where it would keep the terminal's own selection.
    slow_link
        Whether the terminal is far away: see `--slow-link`.
    time_zone
        In which times are written, as "Europe/Zurich". Days and their PnL are cut in UTC everywhere.
    numbers
        How numbers are written.
    keys
        Action ids, and the keys that stand for them.
    profile
        Engines elsewhere by name.
    alert
        Rules for toasts and the bell, before the usual ones.
    """

    theme: str | None = None
    mouse: bool | None = None
    slow_link: bool = False
    time_zone: str = "UTC"
    numbers: Numbers = Numbers()
    keys: dict[str, Keys] = {}
    profile: dict[str, Profile] = {}
    alert: tuple[Rule, ...] = ()

    @pydantic.field_validator("theme")
    @classmethod
    def _known_theme(cls, theme: str | None) -> str | None:
        names = [known.name for known in THEMES]
        if theme is not None and theme not in names:
            raise ValueError(f"must be one of {', '.join(names)}")
        return theme

    @pydantic.field_validator("time_zone")
    @classmethod
    def _known_zone(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"there is no time zone {zone!r}") from None
        return zone

    @property
    def keymap(self) -> KeyMap:
        """The keys of every action."""
        return KeyMap(self.keys)


def preferences_file() -> Path:
    """Return where the preferences are when no file is named."""
    return Path(os.environ.get("ZENOTC_CONFIG_DIR") or platformdirs.user_config_dir("zenotc")) / "console.toml"


def read_preferences(path: Path | None = None) -> Preferences:
    """Return the preferences in a file; without a name, those of the user's own file, which need not be there.

    Raises
    ------
    ValidationError
        If it cannot be read, or something in it cannot be meant; the message names the file, the line and the field.
    """
    file = path or preferences_file()
    try:
        text = file.read_text("utf-8")
        given = tomllib.loads(text)
    except FileNotFoundError:
        if path is None:
            return Preferences()
        raise ValidationError(f"{file} does not exist") from None
    except (OSError, ValueError) as error:
        raise ValidationError(f"{file} cannot be read: {error}") from error
    try:
        preferences = Preferences.model_validate(given)
        _ = preferences.keymap
    except pydantic.ValidationError as error:
        problems = [
            (tuple(map(_counted, item["loc"])), item["msg"].removeprefix("Value error, ")) for item in error.errors()
        ]
    except KeyMapError as error:
        problems = [(("keys", error.action_id), error.reason)]
    else:
        return preferences
    raise ValidationError("; ".join(_complaint(file, text, where, reason) for where, reason in problems))


def _counted(part: str | int) -> str:
    """Return a part of a place in the file: the first of several tables of a name is number 1."""
    return str(part + 1) if isinstance(part, int) else part


def _complaint(file: Path, text: str, where: tuple[str, ...], reason: str) -> str:
    line = _line_of(text, where)
    place = f"{file}, line {line}" if line else str(file)
    return f"{place}: {'.'.join(where)}: {reason}"


def _line_of(text: str, where: tuple[str, ...]) -> int | None:
    """Return the line of a field, or of the innermost table around it that has one."""
    table: tuple[str, ...] = ()
    here: tuple[str, ...]
    best: tuple[int, int] | None = None
    seen = Counter[str]()
    for number, line in enumerate(text.splitlines(), 1):
        if repeated := re.match(r"\s*\[\[\s*(\w+)\s*\]\]", line):
            seen[repeated[1]] += 1
            table = here = (repeated[1], str(seen[repeated[1]]))
        elif header := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]", line):
            table = here = tuple(part.strip().strip("\"'") for part in header[1].split("."))
        elif entry := re.match(r"\s*([\w\"'.-]+)\s*=", line):
            here = (*table, *(part.strip("\"'") for part in entry[1].split(".")))
        else:
            continue
        if where[: len(here)] == here and (best is None or len(here) > best[0]):
            best = (len(here), number)
    return best[1] if best else None

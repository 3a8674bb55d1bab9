"""The engine's settings from a TOML file: limits over the whole desk, deadlines, staleness."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pydantic

from zenotc.exceptions import ValidationError
from zenotc.models.settings import EngineSettings

__all__ = ["read_settings"]

_VENUES = frozenset({"quoting_venue", "hedge_venue"})


def read_settings(path: Path | None, *, quoting_venue: str, hedge_venue: str | None) -> EngineSettings:
    """Return the settings in a file, the defaults where there is none.

    Parameters
    ----------
    path
        A TOML file of the settings' names and values; its numbers are exact.
    quoting_venue, hedge_venue
        The venues of this engine, which a file cannot choose.

    Raises
    ------
    ValidationError
        If the file cannot be read, is not TOML, or a setting is unknown or out of range.
    """
    given: dict[str, Any] = {}
    if path is not None:
        try:
            given = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
        except (OSError, ValueError) as error:
            raise ValidationError(f"{path} cannot be read: {error}") from error
    refused = [{"field": name, "reason": "is not for a file to set"} for name in sorted(_VENUES & given.keys())]
    if refused:
        raise ValidationError.of_fields(refused)
    try:
        return EngineSettings(**given, quoting_venue=quoting_venue, hedge_venue=hedge_venue)
    except pydantic.ValidationError as error:
        fields = [{"field": ".".join(map(str, item["loc"])), "reason": item["msg"]} for item in error.errors()]
        raise ValidationError.of_fields(fields) from error

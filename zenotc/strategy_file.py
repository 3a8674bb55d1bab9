"""Strategies that an engine begins with, from a TOML file of `[[strategy]]` tables."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path

from zenotc.exceptions import ValidationError
from zenotc.models.configuration import StrategyConfig

__all__ = ["DEMO", "LIVELY_DEMO", "REPLAY_DEMO", "read_strategies"]

DEMO = Path(__file__).with_name("demo.toml")
"""The three strategies of the sandbox."""

LIVELY_DEMO = Path(__file__).with_name("demo_lively.toml")
"""Strategies of the sandbox that make everything happen."""

REPLAY_DEMO = Path(__file__).with_name("demo_replay.toml")
"""The strategies of a recording: real books are a hundred times tighter than the sandbox's."""


def read_strategies(path: Path) -> list[StrategyConfig]:
    """Return the configurations in a file, in its order; its numbers are exact.

    Raises
    ------
    ValidationError
        If the file cannot be read, is not TOML, holds something else than `[[strategy]]` tables, or a
        configuration is refused.
    """
    try:
        body = tomllib.loads(path.read_text("utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise ValidationError(f"{path} cannot be read: {error}") from error
    tables = body.pop("strategy", [])
    if body or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValidationError(f"{path} may hold [[strategy]] tables and nothing else")
    configurations = []
    for number, table in enumerate(tables, start=1):
        try:
            configurations.append(StrategyConfig.build(table))
        except ValidationError as error:
            raise ValidationError(f"{path}, strategy {number}: {error}", details=error.details) from error
    return configurations

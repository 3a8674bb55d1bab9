"""Configurations in TOML: the templates that come with the console, the user's own, what is exported and imported.

The form is that of `zenotc serve --strategies`: one `[[strategy]]` table each, so that what is exported here can be
traded there.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import platformdirs

from console.parameters import PARAMETERS, text_of

__all__ = ["Template", "TemplateError", "export", "file_for", "path_of", "read", "templates", "templates_directory"]

_SHIPPED = Path(__file__).with_name("templates.toml")


class TemplateError(Exception):
    """A file cannot be read or written, and why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Template:
    """A configuration that a form can begin from.

    Parameters
    ----------
    title
        What it is called.
    origin
        Where it comes from: `console`, or the name of the user's file.
    values
        The parameters that it gives.
    """

    title: str
    origin: str
    values: Mapping[str, Any]


def templates_directory() -> Path:
    """Return where the user's own templates are."""
    return Path(os.environ.get("ZENOTC_CONFIG_DIR") or platformdirs.user_config_dir("zenotc")) / "templates"


def templates() -> tuple[list[Template], list[str]]:
    """Return the templates, the console's first, and a sentence for each of the user's files that is none."""
    found = read(_SHIPPED, origin="console")
    problems: list[str] = []
    for file in sorted(templates_directory().glob("*.toml")):
        try:
            found += read(file)
        except TemplateError as error:
            problems.append(str(error))
    return found, problems


def read(file: Path, *, origin: str = "") -> list[Template]:
    """Return the configurations in a file, numbers exact; what they mean is for the form to check.

    Raises
    ------
    TemplateError
        If it cannot be read or holds something else than `[[strategy]]` tables.
    """
    try:
        body = tomllib.loads(file.read_text("utf-8"), parse_float=Decimal)
    except (OSError, ValueError) as error:
        raise TemplateError(f"{file.name} cannot be read: {error}") from error
    tables = body.pop("strategy", None)
    if body or not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise TemplateError(f"{file.name} may hold [[strategy]] tables and nothing else")
    for table in tables:
        unknown = sorted(table.keys() - PARAMETERS.keys())
        if unknown:
            raise TemplateError(f"{file.name}: unknown parameter {', '.join(unknown)}")
    return [Template(str(table.get("name", file.stem)), origin or file.name, table) for table in tables]


def file_for(name: str) -> Path:
    """Return where a strategy's configuration is exported to unless another file is named."""
    stem = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "strategy"
    return templates_directory() / f"{stem}.toml"


def path_of(text: str) -> Path:
    """Return a file as it was typed: `~` is home, and what is not a path is in the user's directory of templates."""
    path = Path(text).expanduser()
    return path if path.is_absolute() or len(path.parts) > 1 else templates_directory() / path


def export(file: Path, values: Mapping[str, Any]) -> None:
    """Write a configuration; a file that is there already is left alone.

    Raises
    ------
    TemplateError
        If it cannot be written, or is there already.
    """
    text = "[[strategy]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in values.items())
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as target:
            target.write(text)
    except FileExistsError:
        raise TemplateError(f"{file} is there already: name another") from None
    except OSError as error:
        raise TemplateError(f"{file} cannot be written: {error.strerror}") from error


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (Decimal, int, float)):
        return text_of(value)
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")

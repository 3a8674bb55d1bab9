"""How a command speaks to the engine, prints, and ends."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TypeVar

import typer

from zenotc.exceptions import ConnectionFailedError, ZenOTCError

if TYPE_CHECKING:
    from zenotc import ZenOTCClient

__all__ = ["REFUSED", "UNREACHABLE", "ask", "clean", "fail", "print_json", "print_table", "user_name"]

REFUSED = 1
UNREACHABLE = 2

T = TypeVar("T")


def ask(question: Callable[[ZenOTCClient], Awaitable[T]], url: str | None, state_dir: Path | None) -> T:
    """Put a question to the engine and return the answer; an error ends the process with its exit code.

    Parameters
    ----------
    question
        What to call on the client.
    url
        The engine's address; default the one in the state directory.
    state_dir
        Where the engine left its address and a key; default as `StateDirectory.open` says.
    """
    from zenotc import ZenOTCClient

    async def answer() -> T:
        async with ZenOTCClient(base_url=url, state_dir=state_dir, operator=user_name()) as client:
            return await question(client)

    try:
        return asyncio.run(answer())
    except ConnectionFailedError as error:
        fail(f"the engine cannot be reached, nothing was done: {error}", UNREACHABLE)
    except ZenOTCError as error:
        fail(str(error), UNREACHABLE if error.code == "no_credentials" else REFUSED)


def user_name() -> str:
    """Return who sits at the terminal, for the journal; a user without a name can stop the desk as well."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def fail(message: str, code: int) -> NoReturn:
    """End the process with a message on the standard error stream."""
    lines = [clean(line) for line in f"zenotc: {message}".splitlines()]
    typer.echo("\n".join(lines), err=True)
    raise typer.Exit(code)


def print_json(value: object) -> None:
    """Print a value as one line of JSON."""
    from zenotc.models.wire import encode

    typer.echo(encode(value))


def print_table(header: tuple[str, ...], rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> None:
    """Print rows in columns; those of `right` are aligned to the right."""
    lines = [header, *(tuple(map(clean, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        cells = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        typer.echo("  ".join(cells).rstrip())


def clean(text: str) -> str:
    """Return the text without what a terminal would obey."""
    return "".join(character if character.isprintable() else "·" for character in text)

"""`zenotc journal`: whether it is as it was written, what is in it, and a copy of it."""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from zenotc.cli.answers import REFUSED, ask, fail, print_json
from zenotc.cli.options import EngineUrl, Json, StateDir
from zenotc.exceptions import ZenOTCError

if TYPE_CHECKING:
    import sqlite3

    from zenotc import ZenOTCClient

__all__ = ["app"]

app = typer.Typer(
    help="Verify, export or back up the journal.\n\n"
    "Exit codes: 0 done, 1 refused, or not as it was written, 2 bad usage or the engine cannot be reached.",
    no_args_is_help=True,
)


class ExportFormat(StrEnum):
    """What a journal is exported as."""

    JSONL = "jsonl"


JournalFile = Annotated[
    Path | None,
    typer.Option("--journal", dir_okay=False, help="The file, a backup for one. Default: the state directory's."),
]


@app.command()
def verify(
    journal: JournalFile = None,
    noted: Annotated[
        str,
        typer.Option(metavar="HASH", help="The hash that an earlier run printed: it must still be in the chain."),
    ] = "",
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Compare every row with the hash chain that was written with it.

    A change, a row that is missing, added or moved is found, and the first one named. Whoever can write the file can
    also write another chain: note the hash that is printed, elsewhere, and give it to a later run.
    """
    from zenotc.journal.verify import verify

    with _alone_with(journal, state_dir) as connection:
        found = verify(connection, noted=noted, on_progress=_show_progress)
    if json:
        print_json({"commits": found.commits, "rows": found.rows, "hash": found.head})
    else:
        typer.echo(f"intact: {found.rows:,} rows in {found.commits:,} commits\nhash {found.head}")


@app.command()
def export(
    format: Annotated[ExportFormat, typer.Option(help="One JSON object per line.")] = ExportFormat.JSONL,
    output: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A new file, mode 0600. Default: standard output.")
    ] = None,
    journal: JournalFile = None,
    state_dir: StateDir = None,
) -> None:
    """Print everything that was written: table by table, in the order of writing, with exact decimals as strings."""
    from zenotc.journal.export import lines

    with _alone_with(journal, state_dir) as connection, _writing_to(output) as file:
        file.writelines(lines(connection))


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", dir_okay=False, help="A new file, mode 0600.")],
    url: EngineUrl = None,
    state_dir: StateDir = None,
) -> None:
    """Copy the journal as it is now, whether or not its engine runs; an engine goes on trading meanwhile."""
    with _writing_to(file) as target:
        if url is not None or not _copy_unused(target, state_dir):
            ask(lambda client: _fetch(client, target), url, state_dir)
    typer.echo(f"backed up to {file}: {file.stat().st_size:,} bytes")


def _copy_unused(target: BinaryIO, state_dir: Path | None) -> bool:
    """Copy the journal where no engine uses it; false where one does."""
    from zenotc.journal.copy import copy
    from zenotc.journal.database import JournalError, alone_with

    try:
        with alone_with(_path(None, state_dir), time.time_ns()) as connection, copy(connection) as source:
            shutil.copyfileobj(source, target)
    except JournalError as error:
        if error.code != "journal_locked":
            fail(str(error), REFUSED)
        return False
    return True


async def _fetch(client: ZenOTCClient, target: BinaryIO) -> None:
    async for part in client.journal.copy():
        target.write(part)


def _path(journal: Path | None, state_dir: Path | None) -> Path:
    from zenotc.runtime.state_directory import StateDirectory

    return journal or StateDirectory(StateDirectory.locate(state_dir)).journal


@contextlib.contextmanager
def _alone_with(journal: Path | None, state_dir: Path | None) -> Iterator[sqlite3.Connection]:
    """Open a journal that no engine uses; any fault ends the process."""
    from zenotc.journal.database import alone_with

    path = _path(journal, state_dir)
    try:
        with alone_with(path, time.time_ns()) as connection:
            yield connection
    except ZenOTCError as error:
        message = str(error)
        if error.code == "journal_locked":
            message += "\nback it up with `zenotc journal backup FILE`, and give the copy: --journal FILE"
        fail(message, REFUSED)


@contextlib.contextmanager
def _writing_to(path: Path | None) -> Iterator[BinaryIO]:
    """Yield a new file that is there whole or not at all, or standard output; a fault of it ends the process."""
    from zenotc.runtime.files import created_durably

    try:
        if path is None:
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
        else:
            with created_durably(path) as file:
                yield file
    except OSError as error:
        fail(f"{path or 'standard output'} cannot be written: {error.strerror}", REFUSED)


def _show_progress(done: int, of: int) -> None:
    if sys.stderr.isatty():
        typer.echo(f"\r{done:,} of {of:,} commits", nl=done == of, err=True)

"""`zenotc keys`: who may do what. A running engine sees every change at once."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zenotc.cli.answers import REFUSED, fail, print_json, print_table
from zenotc.cli.options import Json, StateDir
from zenotc.exceptions import ZenOTCError

if TYPE_CHECKING:
    from pathlib import Path

    from zenotc.runtime.keys import KeyFile

__all__ = ["app"]

app = typer.Typer(help="Create, list and revoke API keys.", no_args_is_help=True)


class KeyScope(StrEnum):
    """What a key may do."""

    READ = "READ"
    MARKET_MAKING = "MARKET_MAKING"
    STOP = "STOP"


def _keys(state_dir: Path | None) -> KeyFile:
    from zenotc.runtime.state_directory import StateDirectory

    return StateDirectory.open(state_dir).keys()


@app.command()
def create(
    name: Annotated[str, typer.Option(help="Whose key it is; the journal names it.")],
    scope: Annotated[
        KeyScope,
        typer.Option(help="READ looks, STOP also pauses, stops and cancels, MARKET_MAKING may do everything."),
    ] = KeyScope.MARKET_MAKING,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Create a key and print its secret, this once."""
    try:
        key = _keys(state_dir).create(name, scope.value)
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    secret = key.secret.decode()
    if json:
        print_json({"apiKey": key.key, "apiSecret": secret, "name": key.name, "scope": key.scope})
    else:
        typer.echo(f"ZENOTC_API_KEY={key.key}\nZENOTC_API_SECRET={secret}")


@app.command("list")
def list_(state_dir: StateDir = None, json: Json = False) -> None:
    """List the keys, without their secrets."""
    try:
        keys = _keys(state_dir).list()
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    if json:
        print_json(
            [{"apiKey": key.key, "name": key.name, "scope": key.scope, "createdAt": key.created_at} for key in keys]
        )
    else:
        rows: list[tuple[str, ...]] = [(key.key, key.name, key.scope, _created(key.created_at)) for key in keys]
        print_table(("KEY", "NAME", "SCOPE", "CREATED (UTC)"), rows)


def _created(at: datetime | None) -> str:
    return "-" if at is None else at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@app.command()
def revoke(key: Annotated[str, typer.Argument(help="The key or its name.")], state_dir: StateDir = None) -> None:
    """Revoke a key: it signs nothing more, and its streams end within a second or so."""
    try:
        revoked = _keys(state_dir).revoke(key)
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    typer.echo(f"revoked {revoked.key} ({revoked.name}, {revoked.scope})")

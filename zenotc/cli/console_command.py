"""`zenotc console`: the desk on a terminal, with an engine of its own where none runs."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import platformdirs
import typer

from zenotc.cli.answers import REFUSED, fail, user_name
from zenotc.cli.options import EngineUrl, Replay, ReplayMore, Seed, Speed, StateDir, parse_speed, recordings
from zenotc.exceptions import ConnectionFailedError, ZenOTCError

if TYPE_CHECKING:
    from console.app import ConsoleApp
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import ChildEngine
    from zenotc.runtime.state_directory import StateDirectory

__all__ = ["console"]

_HOST = "127.0.0.1"

ReadOnly = Annotated[bool, typer.Option("--read-only", help="Look only: no key changes anything.")]


def console(
    more: ReplayMore = None,
    url: EngineUrl = None,
    state_dir: StateDir = None,
    replay: Replay = None,
    speed: Speed = "1",
    seed: Seed = 1,
    read_only: ReadOnly = False,
) -> None:
    """Open the console on the engine that runs in the state directory, or on a sandbox engine of its own.

    The console's own engine keeps its state in the same directory, so that `ZenOTCClient()` finds it, and is stopped
    when the console leaves. With --replay it always starts its own.

    Exit codes: 0 left, 1 the engine could not start or left orders open, 2 bad usage.
    """
    parse_speed(speed)
    _preferences()
    files = recordings(replay, more)
    options = ["--seed", str(seed), "--speed", speed]
    for file in files:
        options += ["--replay", str(file.resolve())]
    try:
        code = asyncio.run(_console(url, state_dir, options, own_engine=bool(files), read_only=read_only))
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    raise typer.Exit(code)


def _preferences() -> dict[str, Any]:
    """Return what the user has written into `console.toml`, and where the console remembers the rest."""
    from console.alerts import RulesError, load_rules

    directory = platformdirs.user_config_path("zenotc")
    try:
        rules = load_rules(directory / "console.toml")
    except RulesError as error:
        raise typer.BadParameter(str(error)) from None
    return {"alert_rules": rules, "view_file": directory / "view.json"}


async def _console(
    url: str | None, state_dir: Path | None, options: Sequence[str], *, own_engine: bool, read_only: bool
) -> int:
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import find_engine
    from zenotc.runtime.state_directory import StateDirectory

    if url is not None and own_engine:
        raise typer.BadParameter("--url opens the console on an engine that runs, --replay starts another")
    home = StateDirectory.locate(state_dir)
    if url is None:
        url = await find_engine(home)
        if url is not None and own_engine:
            raise ConnectionFailedError(f"an engine runs in {home} already: end it, or give another --state-dir")
    if url is not None:
        client = ZenOTCClient(base_url=url, state_dir=state_dir, operator=user_name())
        return await _show(client, read_only=read_only)
    return await _show_own_engine(StateDirectory.open(home), options, read_only=read_only)


async def _show(client: ZenOTCClient, *, read_only: bool) -> int:
    from console.app import ConsoleApp

    async with client:
        app = ConsoleApp(client, operator=user_name(), read_only=read_only, **_preferences())
        return await app.run_async() or 0


async def _show_own_engine(state: StateDirectory, options: Sequence[str], *, read_only: bool) -> int:
    """Start an engine and the console side by side: the screen is there before the engine is."""
    from console.app import ConsoleApp
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import ChildEngine

    with socket.create_server((_HOST, 0)) as free:
        port = free.getsockname()[1]
    api_key, api_secret = state.provide_credentials("sandbox")
    engine = ChildEngine(state.path, port, options)
    await engine.start()
    watch: asyncio.Task[None] | None = None
    try:
        url = f"http://{_HOST}:{port}"
        async with ZenOTCClient(api_key, api_secret, "sandbox", url, operator=user_name()) as client:
            app = ConsoleApp(client, operator=user_name(), read_only=read_only, **_preferences())
            watch = asyncio.create_task(_leave_if_it_fails(engine, app))
            code = await app.run_async() or 0
    finally:
        was_ready = watch is not None and watch.done()
        if watch is not None and not was_ready:
            watch.cancel()
        exit_code = await engine.stop()
    if was_ready:
        watch.result()
        if exit_code != 0:
            raise ZenOTCError(f"the engine ended with exit code {exit_code}: orders may be left open")
    return code


async def _leave_if_it_fails(engine: ChildEngine, app: ConsoleApp) -> None:
    try:
        await engine.ready()
    except ConnectionFailedError:
        app.exit(REFUSED)
        raise

"""`zenotc console`: the desk on a terminal, with an engine of its own where none runs."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import typer

from zenotc.cli.answers import REFUSED, fail, user_name
from zenotc.cli.console_options import (
    Config,
    Demo,
    Engines,
    Liking,
    Mouse,
    Played,
    ProfileNames,
    ReadOnly,
    Record,
    SlowLink,
    ThemeName,
    accesses_of,
    console_options,
    mouse_of,
    preferences_of,
)
from zenotc.cli.options import Replay, ReplayMore, Seed, Speed, StateDir, parse_speed, recordings
from zenotc.exceptions import ConnectionFailedError, ZenOTCError

if TYPE_CHECKING:
    from console.access import Access
    from console.app import ConsoleApp
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import ChildEngine
    from zenotc.runtime.state_directory import StateDirectory

__all__ = ["console"]

_HOST = "127.0.0.1"

Show: TypeAlias = "Callable[..., Coroutine[Any, Any, int]]"
"""Shows the desk of engines until it is left."""


def console(
    more: ReplayMore = None,
    engine: Engines = None,
    profile: ProfileNames = None,
    state_dir: StateDir = None,
    replay: Replay = None,
    speed: Speed = "1",
    seed: Seed = 1,
    demo: Demo = False,
    playback: Played = None,
    record: Record = None,
    read_only: ReadOnly = False,
    config: Config = None,
    theme: ThemeName = None,
    mouse: Mouse = None,
    slow_link: SlowLink = False,
) -> None:
    """Open the console on the engine that runs in the state directory, or on a sandbox engine of its own.

    The console's own engine keeps its state in the same directory, so that `ZenOTCClient()` finds it, and is stopped
    when the console leaves. With --replay it always starts its own, with --demo as well, in a directory that goes with
    it. --engine and --profile open it on an engine elsewhere, or on several: in one table, with one emergency stop over
    all of them. --playback opens it on none: it shows a recording.

    Exit codes: 0 left, 1 the engine could not start or left orders open, 2 bad usage.
    """
    pace = parse_speed(speed)
    files = recordings(replay, more)
    elsewhere = "--engine" if engine else "--profile"
    places = {elsewhere: engine or profile, "--replay": files, "--demo": demo, "--playback": playback}
    if len(chosen := [name for name, value in places.items() if value]) > 1:
        raise typer.BadParameter(f"{chosen[0]} and {chosen[1]} are of different engines")
    liking = Liking(config, theme, mouse, slow_link)
    preferences = preferences_of(liking)
    options = ["--seed", str(seed), "--speed", speed]
    for file in files:
        options += ["--replay", str(file.resolve())]
    desk = console_options(preferences, read_only=read_only)
    show = partial(_show, mouse=mouse_of(liking, preferences), options=desk, record=record)
    try:
        if engine or profile:
            accesses = accesses_of(engine or [], profile or [], preferences, state_dir)
            code = asyncio.run(_show_engines(accesses, show))
        elif playback is not None:
            code = asyncio.run(_play(playback, pace, show))
        elif demo:
            code = _show_demo(options, show)
        else:
            code = asyncio.run(_console(state_dir, options, show, own_engine=bool(files)))
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    raise typer.Exit(code)


def _show_demo(options: Sequence[str], show: Show) -> int:
    """Show an engine that leaves nothing behind."""
    from zenotc.runtime.state_directory import StateDirectory
    from zenotc.strategy_file import LIVELY_DEMO

    with tempfile.TemporaryDirectory(prefix="zenotc-demo-") as directory:
        state = StateDirectory.open(Path(directory))
        return asyncio.run(_show_own_engine(state, [*options, "--strategies", str(LIVELY_DEMO)], show))


async def _console(state_dir: Path | None, options: Sequence[str], show: Show, *, own_engine: bool) -> int:
    from console.access import Access
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import find_engine
    from zenotc.runtime.state_directory import StateDirectory

    home = StateDirectory.locate(state_dir)
    url = await find_engine(home)
    if url is not None and own_engine:
        raise ConnectionFailedError(f"an engine runs in {home} already: end it, or give another --state-dir")
    if url is not None:
        client = ZenOTCClient(base_url=url, state_dir=state_dir, operator=user_name())
        return await _show_engines([Access(client)], show)
    return await _show_own_engine(StateDirectory.open(home), options, show)


async def _show_engines(accesses: Sequence[Access], show: Show) -> int:
    async with AsyncExitStack() as clients:
        for access in accesses:
            await clients.enter_async_context(access.client)
        return await show(accesses)


async def _show(
    accesses: Sequence[Access],
    watch: Callable[[ConsoleApp], object] = lambda _: None,
    *,
    mouse: bool,
    options: Mapping[str, Any],
    record: Path | None,
    playback: bool = False,
) -> int:
    """Show the desk until it is left; `watch` is told of the application before it runs."""
    from console.app import ConsoleApp
    from console.recording import Recorder, Recording

    names = [access.shown_name for access in accesses] if len(accesses) > 1 else [""]
    recorder = Recorder(record, names) if record is not None else None
    try:
        if recorder is not None:
            kept = [cast("ZenOTCClient", Recording(a.client, recorder, at)) for at, a in enumerate(accesses)]
            accesses = [replace(access, client=client) for access, client in zip(accesses, kept, strict=True)]
        app = ConsoleApp(*accesses, playback=playback, **options)
        watch(app)
        return await app.run_async(mouse=mouse) or 0
    finally:
        if recorder is not None:
            recorder.close()


async def _play(file: Path, speed: float, show: Show) -> int:
    from console.access import Access
    from console.recording import Playback

    async with Playback(file, speed) as recording:
        played = [Access(cast("ZenOTCClient", engine), engine.name) for engine in recording.engines]
        return await show(played, playback=True)


async def _show_own_engine(state: StateDirectory, options: Sequence[str], show: Show) -> int:
    """Start an engine and the console side by side: the screen is there before the engine is."""
    from console.access import Access
    from zenotc import ZenOTCClient
    from zenotc.cli.child_engine import ChildEngine

    with socket.create_server((_HOST, 0)) as free:
        port = free.getsockname()[1]
    api_key, api_secret = state.provide_credentials("sandbox")
    engine = ChildEngine(state.path, port, options)
    await engine.start()
    watch: list[asyncio.Task[None]] = []
    try:
        url = f"http://{_HOST}:{port}"
        async with ZenOTCClient(api_key, api_secret, "sandbox", url, operator=user_name()) as client:
            code = await show(
                [Access(client)], lambda app: watch.append(asyncio.create_task(_leave_if_it_fails(engine, app)))
            )
    finally:
        was_ready = bool(watch) and watch[0].done()
        if watch and not was_ready:
            watch[0].cancel()
        exit_code = await engine.stop()
    if was_ready:
        watch[0].result()
        if exit_code != 0:
            raise ZenOTCError(f"the engine ended with exit code {exit_code}: orders may be left open")
    return code


async def _leave_if_it_fails(engine: ChildEngine, app: ConsoleApp) -> None:
    try:
        await engine.ready()
    except ConnectionFailedError:
        app.exit(REFUSED)
        raise

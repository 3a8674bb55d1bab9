"""`zenotc emergency-stop`: everything stops, and the venues say so. With an engine, and without."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from zenotc.cli.answers import REFUSED, ask, clean, print_json, user_name
from zenotc.cli.options import EngineUrl, Json, StateDir
from zenotc.exceptions import ZenOTCError

if TYPE_CHECKING:
    from zenotc import ZenOTCClient
    from zenotc.cli.last_resort import LastResort
    from zenotc.models.strategy import EmergencyStopResult, StopConfirmation
    from zenotc.runtime.state_directory import StateDirectory

__all__ = ["emergency_stop"]

ACKNOWLEDGED_WITHIN = 1.0
"""Seconds that the engine may be silent before it counts as hung."""

_LATCH_SECONDS = 1.0
_POLL_SECONDS = 0.1


def emergency_stop(
    flatten: Annotated[bool, typer.Option("--flatten", help="Also trade every position to zero.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="End the stop in force; strategies stay stopped.")] = False,
    url: EngineUrl = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Block every order, cancel everything at every venue, stop every strategy.

    The stop's file is written first. An engine of this machine that does not acknowledge within a second is killed, and
    everything is cancelled at its venues from here. No question is asked.

    It stays in force across restarts until it is cleared, which is recorded with the user's name.

    Exit codes: 0 every venue has confirmed that nothing is open, 1 not confirmed (or refused), 2 the engine at --url
    cannot be reached and nothing was stopped.
    """
    if clear:
        if flatten:
            raise typer.BadParameter("--clear ends a stop, --flatten begins one")
        _clear(url, state_dir, json=json)
        return
    from zenotc.runtime.state_directory import StateDirectory

    state = StateDirectory(StateDirectory.locate(state_dir))
    if url is not None and url.rstrip("/") != state.profile().get("url"):
        _report(ask(lambda client: client.mm_strategy.emergency_stop_all(flatten), url, state_dir), json=json)
        return
    started = time.monotonic()
    durable = _latch(state)
    result, reason = asyncio.run(_ask_engine(state, flatten=flatten))
    if result is not None:
        _report(result, json=json)
        return
    if reason:
        typer.echo(clean(f"the engine did not acknowledge within {ACKNOWLEDGED_WITHIN:g} s: {reason}"), err=True)
    _stop_without_engine(state, durable=durable, flatten=flatten, json=json, started=started)


def _clear(url: str | None, state_dir: Path | None, *, json: bool) -> None:
    state = ask(lambda client: client.mm_strategy.clear_emergency_stop(operator=user_name()), url, state_dir)
    if json:
        print_json(state)
    else:
        typer.echo("the emergency stop is in force" if state.active else "no emergency stop is in force")
    if not state.durable:
        typer.echo("NOT DURABLE: its file cannot be removed, a restart brings the stop back", err=True)


# The engine --------------------------------------------------------------------------------------------------------


def _latch(state: StateDirectory) -> bool:
    """Write the stop's file, from which the engine stops by itself; returns whether it is on disk in time."""
    written = threading.Event()

    def write() -> None:
        with contextlib.suppress(OSError):
            state.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not state.emergency.closed:
                state.emergency.latch(datetime.now(UTC), user_name(), "zenotc emergency-stop")
            written.set()

    threading.Thread(target=write, daemon=True).start()  # a disk that stands still must not hold the stop up
    return written.wait(_LATCH_SECONDS)


async def _ask_engine(state: StateDirectory, *, flatten: bool) -> tuple[EmergencyStopResult | None, str]:
    """Have the engine stop everything; returns what it came to, or why there is no answer ('' where none runs)."""
    from zenotc import ZenOTCClient

    profile = state.profile()
    if "url" not in profile:
        return None, ""
    try:
        async with ZenOTCClient(
            base_url=str(profile["url"]),
            environment=str(profile.get("environment")),
            state_dir=state.path,
            operator=user_name(),
        ) as client:
            _ = client.http  # imports what it needs, before the second begins
            stopping = asyncio.create_task(client.mm_strategy.emergency_stop_all(flatten))
            silent = asyncio.create_task(_until_silent(client))
            await asyncio.wait({stopping, silent}, return_when=asyncio.FIRST_COMPLETED)
            silent.cancel()
            if stopping.done():
                return stopping.result(), ""
            stopping.cancel()
            return None, "no answer"
    except ZenOTCError as error:
        return None, str(error)


async def _until_silent(client: ZenOTCClient) -> None:
    """Return as soon as the engine has not said for a second that the stop is in force."""
    heard = time.monotonic()
    while (left := heard + ACKNOWLEDGED_WITHIN - time.monotonic()) > 0:
        with contextlib.suppress(ZenOTCError, TimeoutError):
            async with asyncio.timeout(left):
                if (await client.mm_strategy.status()).emergency_stop.active:
                    heard = time.monotonic()
        await asyncio.sleep(_POLL_SECONDS)


def _report(result: EmergencyStopResult, *, json: bool) -> None:
    """Print what the engine has answered, and end the process where it is not what was asked for."""
    if json:
        print_json(result)
    else:
        _print(result)
    if not result.durable:
        typer.echo("NOT DURABLE: its file cannot be written, the stop will not survive a restart", err=True)
    if not result.confirmed:
        raise typer.Exit(REFUSED)


def _print(result: EmergencyStopResult) -> None:
    for strategy in result.strategies:
        typer.echo(_line(strategy))
    for venue, confirmed in result.venues.items():
        typer.echo(f"{'confirmed    ' if confirmed else 'NOT CONFIRMED'}  venue {clean(venue)}")
    if result.confirmed:
        typer.echo(f"stopped: no open orders, confirmed after {result.elapsed_ms:.0f} ms")
    else:
        typer.echo(f"NOT CONFIRMED after {result.elapsed_ms:.0f} ms; the engine goes on trying", err=True)


def _line(strategy: StopConfirmation) -> str:
    state = "confirmed    " if strategy.confirmed else "NOT CONFIRMED"
    line = f"{state}  {clean(strategy.name)} ({clean(strategy.strategy_id)})  position {strategy.remaining_position:f}"
    if strategy.unconfirmed_orders:
        line += f"  fate unknown: {clean(', '.join(strategy.unconfirmed_orders))}"
    return line


# Without it --------------------------------------------------------------------------------------------------------


def _stop_without_engine(
    state: StateDirectory, *, durable: bool, flatten: bool, json: bool, started: float
) -> NoReturn:
    """Kill the engine, cancel at the venues, say what is known, and end the process."""
    from zenotc.cli.last_resort import stop_without_engine

    known = asyncio.run(stop_without_engine(state))
    elapsed_ms = (time.monotonic() - started) * 1e3
    if json:
        _print_known_json(known, elapsed_ms, durable=durable)
    else:
        _print_known(known, elapsed_ms)
    if not durable:
        typer.echo("NOT DURABLE: the stop's file cannot be written, an engine that is started will trade", err=True)
    if flatten:
        typer.echo("NOT FLATTENED: without an engine the positions stay as they are", err=True)
    raise typer.Exit(0 if known.confirmed and durable and not flatten else REFUSED)


def _print_known(known: LastResort, elapsed_ms: float) -> None:
    typer.echo(f"{'confirmed    ' if known.stopped else 'NOT CONFIRMED'}  {clean(known.engine)}")
    for venue, cancelled in known.cancelled.items():
        typer.echo(f"confirmed      venue {clean(venue)}: nothing is open, {cancelled} cancelled")
    for venue, reason in known.unconfirmed.items():
        typer.echo(f"NOT CONFIRMED  venue {clean(venue)}: {clean(reason)}")
    if known.confirmed:
        where = "" if known.cancelled else "; no venue is known outside an engine's process"
        typer.echo(f"stopped: no open orders, confirmed after {elapsed_ms:.0f} ms{where}")
    else:
        typer.echo(f"NOT CONFIRMED after {elapsed_ms:.0f} ms: orders may be open, cancel them at the venue", err=True)


def _print_known_json(known: LastResort, elapsed_ms: float, *, durable: bool) -> None:
    print_json(
        {
            "confirmed": known.confirmed,
            "elapsedMs": round(elapsed_ms, 3),
            "engine": known.engine,
            "engineStopped": known.stopped,
            "venues": dict.fromkeys(known.cancelled, True) | dict.fromkeys(known.unconfirmed, False),
            "cancelled": known.cancelled,
            "reasons": known.unconfirmed,
            "durable": durable,
        }
    )

"""`zenotc emergency-stop`: everything stops, and the venues say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zenotc.cli.answers import REFUSED, ask, clean, print_json, user_name
from zenotc.cli.options import EngineUrl, Json, StateDir

if TYPE_CHECKING:
    from zenotc.models.strategy import EmergencyStopResult, StopConfirmation

__all__ = ["emergency_stop"]


def emergency_stop(
    flatten: Annotated[bool, typer.Option("--flatten", help="Also trade every position to zero.")] = False,
    clear: Annotated[bool, typer.Option("--clear", help="End the stop in force; strategies stay stopped.")] = False,
    url: EngineUrl = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Block every order, cancel everything at every venue, stop every strategy.

    It stays in force across restarts until it is cleared, which is recorded with the user's name. No question is asked.

    Exit codes: 0 every venue has confirmed that nothing is open, 1 not confirmed (or refused), 2 the engine cannot be
    reached and nothing was stopped.
    """
    if clear:
        if flatten:
            raise typer.BadParameter("--clear ends a stop, --flatten begins one")
        state = ask(lambda client: client.mm_strategy.clear_emergency_stop(operator=user_name()), url, state_dir)
        if json:
            print_json(state)
        else:
            typer.echo("the emergency stop is in force" if state.active else "no emergency stop is in force")
        if not state.durable:
            typer.echo("NOT DURABLE: its file cannot be removed, a restart brings the stop back", err=True)
        return
    result = ask(lambda client: client.mm_strategy.emergency_stop_all(flatten_positions=flatten), url, state_dir)
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

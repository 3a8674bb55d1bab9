"""`zenotc strategies`: what the engine trades."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from zenotc.cli.answers import ask, clean, print_json, print_table
from zenotc.cli.options import EngineUrl, Json, StateDir

if TYPE_CHECKING:
    from zenotc.models.strategy import Strategy

__all__ = ["app"]

app = typer.Typer(help="List the strategies, or show one.")

_RIGHT = frozenset({4, 5, 6, 7})


@app.callback(invoke_without_command=True)
def list_(context: typer.Context, url: EngineUrl = None, state_dir: StateDir = None, json: Json = False) -> None:
    """List the strategies, or show one."""
    if context.invoked_subcommand is not None:
        return
    strategies = ask(lambda client: client.mm_strategy.list(), url, state_dir)
    if json:
        print_json(strategies)
        return
    header = ("ID", "NAME", "ASSET", "STATUS", "POSITION", "PNL TODAY", "PNL TOTAL", "ORDERS")
    print_table(header, [_row(strategy) for strategy in strategies], _RIGHT)


@app.command()
def show(
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="The strategy's id.")],
    url: EngineUrl = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Show everything about a strategy: its state and each parameter."""
    strategy = ask(lambda client: client.mm_strategy.get(strategy_id), url, state_dir)
    if json:
        print_json(strategy)
        return
    fields = strategy.model_dump()
    width = max(map(len, fields))
    for name, value in fields.items():
        typer.echo(f"{name.ljust(width)}  {'–' if value is None else clean(str(value))}")


def _row(strategy: Strategy) -> tuple[str, ...]:
    return (
        strategy.id,
        strategy.name,
        strategy.asset,
        strategy.activity or strategy.status,
        f"{strategy.current_position:+,f}" if strategy.current_position else "0",
        _usd(strategy.daily_pnl),
        _usd(strategy.total_pnl),
        str(strategy.open_orders),
    )


def _usd(amount: Decimal) -> str:
    return f"{amount:+,.2f}"

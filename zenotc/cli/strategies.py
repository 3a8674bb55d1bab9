"""`zenotc strategies`: what the engine trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from zenotc.cli.answers import ask, clean, print_json, print_table
from zenotc.cli.options import EngineUrl, Json, StateDir

if TYPE_CHECKING:
    from zenotc import ZenOTCClient
    from zenotc.models.metrics import QuoteStats, StrategyMetrics
    from zenotc.models.strategy import LimitUse, Strategy

__all__ = ["app"]

app = typer.Typer(help="List the strategies, show one, accept a position.")


class PositionSource(StrEnum):
    """Whose number is right."""

    ENGINE = "engine"
    VENUE = "venue"


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
    context: typer.Context,
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="The strategy's id.")],
    url: EngineUrl = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Show a strategy: what it does, its limits and their use, its metrics, and each parameter."""
    before = context.parent.params if context.parent is not None else {}
    url, state_dir = url or before.get("url"), state_dir or before.get("state_dir")
    json = json or bool(before.get("json"))
    seen = ask(lambda client: _look(client, strategy_id), url, state_dir)
    if json:
        print_json({"strategy": seen.strategy, "metrics": seen.metrics, "quoteStats": seen.quote_stats})
        return
    for title, rows in _sections(seen):
        typer.echo(title)
        width = max((len(name) for name, _ in rows), default=0)
        for name, value in rows:
            typer.echo(f"  {name.ljust(width)}  {clean(value)}")


@app.command()
def accept(
    context: typer.Context,
    strategy_id: Annotated[str, typer.Argument(metavar="ID", help="The strategy's id.")],
    source: Annotated[
        PositionSource,
        typer.Option(help="engine: what is more at the venue is not ours; venue: it is, and is booked at the mid."),
    ],
    url: EngineUrl = None,
    state_dir: StateDir = None,
    json: Json = False,
) -> None:
    """Decide which position is right where the venue holds another one than our fills make."""
    before = context.parent.params if context.parent is not None else {}
    url, state_dir = url or before.get("url"), state_dir or before.get("state_dir")
    result = ask(lambda client: client.mm_strategy.accept_position(strategy_id, source=source.value), url, state_dir)
    if json or bool(before.get("json")):
        print_json(result)
    else:
        strategy = result.strategy
        typer.echo(f"{clean(strategy.name)} holds {strategy.current_position:f} {clean(strategy.asset)}")


@dataclass(frozen=True, slots=True)
class _Seen:
    strategy: Strategy
    metrics: StrategyMetrics
    quote_stats: QuoteStats


async def _look(client: ZenOTCClient, strategy_id: str) -> _Seen:
    return _Seen(
        await client.mm_strategy.get(strategy_id),
        await client.mm_strategy.get_metrics(strategy_id),
        await client.mm_strategy.get_quote_stats(strategy_id),
    )


def _sections(seen: _Seen) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return titled lists of names and values."""
    from zenotc.models.configuration import StrategyConfig

    strategy = seen.strategy
    status = strategy.status + (f" ({strategy.pause_reason})" if strategy.pause_reason else "")
    now = [("status", status)]
    now += [(f"{side} side", reason) for side, reason in strategy.sides.items()]
    now += [("hedge", _hedge(strategy)), ("unhedged", f"{strategy.unhedged_quantity:f} {strategy.asset}")]
    now += [
        ("difference", f"{d.venue} holds {d.venue_position:f} {d.asset}, our fills make {d.engine_position:f}")
        for d in strategy.position_differences
    ]
    now += [("warning", warning) for warning in strategy.warnings]
    configuration = strategy.model_dump(include=set(StrategyConfig.model_fields))
    metrics = seen.metrics.model_dump(exclude={"strategy_id"})
    quotes = seen.quote_stats.model_dump(exclude={"strategy_id"})
    return [
        (f"{strategy.name} ({strategy.id})", now),
        ("Limits", [(use.name, _limit(use)) for use in strategy.limits]),
        ("Metrics", [(name, _value(value)) for name, value in metrics.items()]),
        ("Quotes", [(name, _value(value)) for name, value in quotes.items()]),
        ("Configuration", [(name, _value(value)) for name, value in configuration.items()]),
    ]


def _hedge(strategy: Strategy) -> str:
    hedge = strategy.hedge
    if hedge is None:
        return "none under way"
    return f"{hedge.purpose} {hedge.algo} {hedge.side} {hedge.filled_quantity:f} of {hedge.quantity:f} {strategy.asset}"


def _limit(use: LimitUse) -> str:
    if use.measure is None or use.used_percent is None:
        return f"unknown of {use.limit:f} {use.unit}"
    return f"{use.measure:.2f} of {use.limit:f} {use.unit} ({use.used_percent:.0f} %)"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_value(item)}" for key, item in value.items())
    if isinstance(value, float):
        return f"{value:g}"
    return "–" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


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

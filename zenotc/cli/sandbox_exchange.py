"""`zenotc sandbox-exchange`: the simulated exchange as a process of its own."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Annotated

import typer

from zenotc.cli.answers import REFUSED, fail
from zenotc.cli.options import Seed, StateDir
from zenotc.exceptions import ZenOTCError

__all__ = ["sandbox_exchange"]


def sandbox_exchange(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")] = 0,
    state_dir: StateDir = None,
    seed: Seed = 1,
    order_latency_ms: Annotated[
        float, typer.Option(min=0, max=60_000, help="From the exchange's door to its book, and back again.")
    ] = 5.0,
) -> None:
    """Run the simulated exchange until it is told to end (SIGINT, SIGTERM).

    While it runs, the state directory holds `venues.json`: where its venues are, and the keys of their accounts. The
    accounts, with their cash, positions and fills, are in `exchange.db` and outlive it; open orders do not.

    Exit codes: 0 ended, 1 it could not start or could not keep the accounts, 2 bad usage.
    """
    from zenotc.sandbox_exchange import ExchangeOptions, serve_exchange

    options = ExchangeOptions(
        host=host, port=port, state_dir=state_dir, seed=seed, order_latency_ns=round(order_latency_ms * 1e6)
    )
    try:
        code = asyncio.run(serve_exchange(options))
    except (ZenOTCError, OSError, sqlite3.Error) as error:
        fail(str(error), REFUSED)
    raise typer.Exit(code)

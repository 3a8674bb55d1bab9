"""`zenotc serve`: the engine."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from zenotc.cli.answers import REFUSED, fail
from zenotc.cli.options import Replay, ReplayMore, Seed, Speed, StateDir, parse_speed, recordings
from zenotc.exceptions import ZenOTCError

__all__ = ["serve"]


class KnownEnvironment(StrEnum):
    """Where an engine can trade."""

    SANDBOX = "sandbox"


class KnownLogLevel(StrEnum):
    """The least that is logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class KnownLogFormat(StrEnum):
    """How the standard error stream is written."""

    AUTO = "auto"
    LOGFMT = "logfmt"
    JSON = "json"


def serve(
    more: ReplayMore = None,
    environment: Annotated[KnownEnvironment, typer.Option(help="Where it trades.")] = KnownEnvironment.SANDBOX,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on; 0 picks a free one.")] = 8731,
    tls_cert: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM file of the certificate, with its chain.")
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="PEM file of the certificate's private key.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", help="Listen beyond this machine without a certificate.")
    ] = False,
    state_dir: StateDir = None,
    seed: Seed = 1,
    replay: Replay = None,
    speed: Speed = "1",
    loop: Annotated[bool, typer.Option("--loop", help="Begin the recordings again when they end.")] = False,
    exchange: Annotated[
        bool, typer.Option("--exchange", help="Trade at the exchange that `zenotc sandbox-exchange` runs.")
    ] = False,
    strategies: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            help="TOML file of the strategies to begin with, [[strategy]] each; names that were there before are not.",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="TOML file of the engine's settings: desk-wide limits, deadlines."
        ),
    ] = None,
    empty: Annotated[bool, typer.Option("--empty", help="Begin without the demo strategies.")] = False,
    end_with_stdin: Annotated[
        bool, typer.Option("--end-with-stdin", help="End, too, when standard input closes: the parent has died.")
    ] = False,
    order_latency_ms: Annotated[
        float, typer.Option(min=0, max=60_000, help="From the engine to the exchange, and back again.")
    ] = 5.0,
    log_level: Annotated[KnownLogLevel, typer.Option(help="The least that is logged.")] = KnownLogLevel.INFO,
    log_format: Annotated[
        KnownLogFormat, typer.Option(help="Of the standard error stream: auto is logfmt on a terminal, else json.")
    ] = KnownLogFormat.AUTO,
) -> None:
    """Run the engine until it is told to end (SIGINT, SIGTERM); it then cancels its orders and says what it left.

    When it is ready, the state directory holds `engine.json` and `credentials`, and `ZenOTCClient()` finds it.

    Exit codes: 0 ended with no order left open, 1 it could not start or could not confirm that, 2 bad usage.
    """
    from zenotc.gateway.server import Certificate
    from zenotc.serve import ServeOptions
    from zenotc.serve import serve as run

    if (tls_cert is None) != (tls_key is None):
        raise typer.BadParameter("--tls-cert and --tls-key belong together")
    options = ServeOptions(
        environment=environment.value,
        host=host,
        port=port,
        certificate=Certificate(tls_cert, tls_key) if tls_cert and tls_key else None,
        insecure=insecure,
        state_dir=state_dir,
        seed=seed,
        replay=recordings(replay, more),
        speed=parse_speed(speed),
        exchange=exchange,
        loop=loop,
        strategies=strategies,
        settings=settings,
        empty=empty,
        end_with_stdin=end_with_stdin,
        order_latency_ns=round(order_latency_ms * 1e6),
        log_level=log_level.value,
        log_format=log_format.value,
    )
    try:
        code = asyncio.run(run(options))
    except (ZenOTCError, OSError) as error:
        fail(str(error), REFUSED)
    raise typer.Exit(code)

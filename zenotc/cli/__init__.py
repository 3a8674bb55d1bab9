"""The `zenotc` command. Each subcommand imports what it needs when it runs, so that `--help` answers at once."""

from __future__ import annotations

import typer

from zenotc.cli import emergency_stop, journal, keys, strategies
from zenotc.cli.console_command import console
from zenotc.cli.sandbox_exchange import sandbox_exchange
from zenotc.cli.serve_command import serve

__all__ = ["main"]

app = typer.Typer(
    name="zenotc",
    help="A market-making strategy engine, its console and its switches.\n\n"
    "Exit codes: 0 done and confirmed, 1 refused or not confirmed, 2 bad usage or the engine cannot be reached.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("serve")(serve)
app.command("sandbox-exchange")(sandbox_exchange)
app.command("console")(console)
app.command("emergency-stop")(emergency_stop.emergency_stop)
app.add_typer(strategies.app, name="strategies")
app.add_typer(keys.app, name="keys")
app.add_typer(journal.app, name="journal")


def main() -> None:
    """Run the command line."""
    app()

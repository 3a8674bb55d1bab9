"""What the runbook names is there: its commands, its options, its metrics."""

from __future__ import annotations

import re
from pathlib import Path

from prometheus_client import generate_latest
from typer.testing import CliRunner

from tests.gateway.desk_double import DeskDouble
from zenotc.cli import app
from zenotc.gateway.metrics import create_registry
from zenotc.models.settings import EngineSettings

README = (Path(__file__).parents[2] / "README.md").read_text()
SERVICE = README.partition("## Run it as a service\n")[2].partition("\n## State directory")[0]


def test_its_commands_and_their_options_are_known() -> None:
    named = set(re.findall(r"`zenotc ([a-z]+(?:[ -][a-z]+)*)(?: [A-Z]+)?((?: --[a-z-]+(?: [a-zA-Z]+)?)*)`", SERVICE))
    named |= set(re.findall(r"^zenotc ([a-z ]+?)()(?: --journal \S+)?$", SERVICE, flags=re.MULTILINE))
    assert {command for command, _ in named} >= {"emergency-stop", "journal backup", "journal verify", "keys revoke"}
    runner = CliRunner()
    for command, options in named:
        shown = runner.invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
        assert shown.exit_code == 0, command
        for option in re.findall(r"--[a-z-]+", options):
            assert option in shown.output, f"{command} {option}"


def test_its_metrics_and_settings_are_known() -> None:
    known = generate_latest(create_registry(DeskDouble(), lambda: 0)).decode()
    names = set(re.findall(r"`(zenotc_[a-z_]+)`", SERVICE))
    assert len(names) >= 4
    assert {name for name in names if f"# TYPE {name} " not in known} == set()
    assert set(re.findall(r"`?(dead_man_seconds|cancel_on_silence_seconds)\b", SERVICE)) <= set(
        EngineSettings.model_fields
    )

"""The unit and the image fit the package that they run."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "zenotc" / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def unit() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(DEPLOY / "zenotc.service")
    return parser


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (DEPLOY / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]
    return [(name, rest) for name, rest in pairs]


def accepts(arguments: list[str]) -> bool:
    """Whether the command line knows these options: with --help it prints that instead of running."""
    run = subprocess.run([sys.executable, "-m", "zenotc", *arguments, "--help"], capture_output=True, timeout=60)
    return run.returncode == 0


def test_the_unit_restarts_what_hangs_and_lets_it_cancel() -> None:
    service = unit()["Service"]
    assert service["Type"] == "notify" and service["NotifyAccess"] == "main"
    assert float(service["WatchdogSec"]) >= 5
    assert service["Restart"] == "on-failure" and service["KillSignal"] == "SIGTERM"
    assert float(service["TimeoutStopSec"]) >= 30
    assert service["StateDirectory"] == "zenotc" and service["StateDirectoryMode"] == "0700"
    assert service["Environment"] == "ZENOTC_STATE_DIR=%S/zenotc"
    program, *arguments = shlex.split(service["ExecStart"])
    assert Path(program).name in PROJECT["project"]["scripts"]
    assert accepts(arguments)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Of a copy that runs a program which is here, as a user that is here."""
    text = (DEPLOY / "zenotc.service").read_text()
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", text, flags=re.MULTILINE)
    (tmp_path / "zenotc.service").write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "zenotc.service")]
    verified = subprocess.run(command, capture_output=True, text=True, timeout=60)
    complaints = [line for line in verified.stderr.splitlines() if "zenotc.service" in line]
    assert complaints == []


def test_the_image_fits_the_project() -> None:
    found = instructions()
    base = {rest.split()[0] for name, rest in found if name == "FROM"}
    (version,) = {re.fullmatch(r"python:(\d+)\.(\d+)-slim", image) for image in base}
    assert version is not None
    lowest = re.fullmatch(r">=3\.(\d+)", PROJECT["project"]["requires-python"])
    assert lowest is not None and version[1] == "3" and int(version[2]) >= int(lowest[1])
    copied = {word for name, rest in found if name == "COPY" and "--from" not in rest for word in rest.split()[:-1]}
    assert copied == {"pyproject.toml", "README.md", "LICENSE"} | set(
        PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    )
    assert all((ROOT / name).exists() for name in copied)
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    assert {line[1:] for line in ignored if line.startswith("!")} == copied
    values = dict(found)
    (entry,) = json.loads(values["ENTRYPOINT"])
    assert entry in PROJECT["project"]["scripts"]
    assert accepts(json.loads(values["CMD"]))
    assert values["USER"] == "zenotc" and values["STOPSIGNAL"] == "SIGTERM"
    assert values["VOLUME"] in values["ENV"]
    program = json.loads(values["HEALTHCHECK"].partition("CMD")[2])
    assert "/livez" in program[-1]
    compile(program[-1], "healthcheck", "exec")


def test_they_are_in_the_package() -> None:
    assert "zenotc" in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert {path.name for path in DEPLOY.iterdir()} == {"zenotc.service", "Dockerfile", "Dockerfile.dockerignore"}

"""The user's file: what it may say, and that what it may not say is answered with the line and the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from console.actions import action_by_id
from console.keymap import KeyMap, key_name, shown
from console.preferences import Profile, preferences_file, read_preferences
from zenotc.exceptions import ValidationError

WHOLE = """
theme = "light"
mouse = false
time_zone = "Europe/Zurich"

[numbers]
thousands = "'"

[keys]
start = "S"
pause = ["Z", "f5"]
help = "h"
previous_tab = ["left"]

[profile.desk]
url = "https://desk.example:8731"
environment = "live"
credentials = "desk.json"
"""


def _read(tmp_path: Path, text: str) -> Any:
    file = tmp_path / "console.toml"
    file.write_text(text)
    return read_preferences(file)


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    preferences = _read(tmp_path, WHOLE)
    assert (preferences.theme, preferences.mouse, preferences.numbers.thousands) == ("light", False, "'")
    keys = preferences.keymap
    assert keys.keys(action_by_id("pause")) == ("Z", "f5") and keys.shown(action_by_id("pause")) == "Z F5"
    assert keys.keys(action_by_id("stop")) == ("x",) and keys.shown(action_by_id("help")) == "h"
    assert preferences.profile["desk"].environment == "live"


def test_without_a_file_everything_is_as_usual(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENOTC_CONFIG_DIR", str(tmp_path))
    assert read_preferences().keymap.keys(action_by_id("start")) == ("s",)
    assert preferences_file() == tmp_path / "console.toml"
    with pytest.raises(ValidationError, match="does not exist"):
        read_preferences(tmp_path / "no.toml")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('theme = "pink"', r"line 1: theme: must be one of desk, light"),
        ("\n\nmouse = 7", r"line 3: mouse: "),
        ('\ncolour = "red"', r"line 2: colour: Extra inputs"),
        ('time_zone = "Mars/Olympus"', r"line 1: time_zone: there is no time zone"),
        ('[numbers]\nthousands = "."', r"line 1: numbers: thousands and decimal must differ"),
        ('[keys]\nstart = "s"\ndance = "d"', r"line 3: keys.dance: there is no action"),
        ('[keys]\nstart = "p"', r"line 2: keys.start: the key p stands for pause as well"),
        ('[keys]\nstart = "S"\npause = ["Z", "S"]', r"line 3: keys.pause: the key S stands for start as well"),
        ('[keys]\nemergency_stop = []', r"line 2: keys.emergency_stop: the emergency stop stays on !"),
        ('[keys]\nemergency_stop = "E"', r"line 2: keys.emergency_stop: the emergency stop stays on !"),
        ('[keys]\nquit = "!"', r"line 2: keys.quit: ! belongs to the emergency stop"),
        ('[keys]\nquit = "exclamation_mark"', r"! belongs to the emergency stop"),
        ('[keys]\nquit = "hyper+q"', r"line 2: keys.quit: there is no key 'hyper\+q'"),
        ('[profile.a]\nurl = "desk:8731"', r"line 2: profile.a.url: "),
        ("[profile.a]", r"line 1: profile.a.url: Field required"),
        ("theme = \n", r"cannot be read: .*line 1"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_answered_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        _read(tmp_path, text)


@pytest.mark.parametrize(
    ("written", "name", "seen"),
    [("?", "question_mark", "?"), ("ctrl+p", "ctrl+p", "^P"), ("/", "slash", "/"), ("-", "minus", "-"),
     ("f5", "f5", "F5"), ("space", "space", "Space"), ("G", "G", "G"), ("+", "plus", "+"), (":", "colon", ":"),
     ("no_key", None, None), ("", None, None)],
)  # fmt: skip
def test_a_key_is_written_as_a_character_or_by_its_name(written: str, name: str | None, seen: str | None) -> None:
    assert key_name(written) == name
    assert name is None or shown(name) == seen


def test_two_actions_can_change_keys() -> None:
    keys = KeyMap({"start": ("p",), "pause": ("s",)})
    bound = {binding.key: binding.action for binding in keys.bindings()}
    assert bound["p"] == "do('start')" and bound["s"] == "do('pause')" and "exclamation_mark" not in bound


def test_a_profile_finds_its_key_where_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DESK_KEY", raising=False)
    by_environment = Profile(url="https://a", key_env="DESK_KEY", secret_env="DESK_SECRET")
    with pytest.raises(ValidationError, match="set DESK_KEY and DESK_SECRET"):
        by_environment.find_credentials()
    monkeypatch.setenv("DESK_KEY", "k")
    monkeypatch.setenv("DESK_SECRET", "s3cret")
    found = by_environment.find_credentials()
    assert found.api_secret.get_secret_value() == "s3cret" and "s3cret" not in repr(found)
    file = tmp_path / "desk.json"
    file.write_text(json.dumps({"apiKey": "f", "apiSecret": "t"}))
    file.chmod(0o644)
    by_file = Profile(url="https://a", credentials=file)
    with pytest.raises(ValidationError, match="chmod 600"):
        by_file.find_credentials()
    file.chmod(0o600)
    assert by_file.find_credentials().api_key == "f"
    file.write_text("{}")
    with pytest.raises(ValidationError, match="has no apiKey"):
        by_file.find_credentials()

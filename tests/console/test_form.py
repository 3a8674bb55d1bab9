"""Creating and editing: what is checked while it is typed, what is previewed, what is sent, and what is kept."""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from console.draft import Draft
from console.parameters import PARAMETERS
from console.screens.form import Form
from console.templates import read, templates
from tests.console.detail_double import DetailEngine
from tests.console.double import strategy
from zenotc.exceptions import ConnectionFailedError, ValidationError
from zenotc.models.configuration import StrategyConfig
from zenotc.models.strategy import Strategy

GIVEN = {"name": "M", "asset": "BTC", "base_spread_bps": "10", "quote_size": "0.5", "max_position": "4"}


async def _go_to(app: Any, pilot: Any, name: str) -> None:
    app.screen._fields.go_to(name)
    await pilot.press("ctrl+u")


async def _type(app: Any, pilot: Any, **texts: str) -> None:
    for name, text in texts.items():
        await _go_to(app, pilot, name)
        await pilot.press(*("full_stop" if character == "." else character for character in text))


def test_every_parameter_has_a_meaning_and_a_group() -> None:
    assert list(PARAMETERS) == list(StrategyConfig.model_fields)
    assert all(parameter.meaning and parameter.group for parameter in PARAMETERS.values())
    assert PARAMETERS["soft_position_limit"].unit_in("BTC") == "BTC" and PARAMETERS["max_daily_loss"].unit == "USD"
    assert PARAMETERS["spread_model"].choices == ("fixed", "volatility", "inventory")


def test_a_draft_is_checked_by_the_model_and_sends_only_what_was_changed() -> None:
    draft = Draft()
    assert draft.missing == list(GIVEN) and not draft.refused and not draft.valid
    for name, text in GIVEN.items():
        draft.type(name, text)
    assert draft.valid and draft.to_send()["quote_size"] == Decimal("0.5")
    assert (draft.default("min_spread_bps"), draft.default("skew_step")) == (5, Decimal("0.5"))
    draft.type("min_spread_bps", "11")
    assert draft.refused == {"min_spread_bps": "must not be above base_spread_bps"}
    for text in ("nan", "1,5", "-1", "one"):
        draft.type("min_spread_bps", text)
        assert "min_spread_bps" in draft.refused, text

    wire = strategy("s", "M", "BTC", soft_position_limit=Decimal(7))
    edit = Draft(Strategy.from_wire(wire))
    assert edit.valid and not edit.changed and edit.texts["min_spread_bps"] == ""
    edit.type("base_spread_bps", "12.5")
    edit.type("soft_position_limit", "")
    edit.type("quote_layers", "2")
    edit.type("quote_layers", "")
    assert edit.to_send() == {"base_spread_bps": Decimal("12.5"), "soft_position_limit": None}


def test_a_refusal_of_the_engine_stands_until_the_parameter_is_typed_again() -> None:
    draft = Draft()
    draft.fill({**GIVEN, "asset": "DOGE"})
    draft.refuse([{"field": "asset", "reason": "unknown asset"}])
    assert draft.refused == {"asset": "unknown asset"}
    draft.type("name", "N")
    assert "asset" in draft.refused
    draft.type("asset", "BTC")
    assert draft.valid


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 50)])
async def test_a_strategy_is_created(desk: Any, screen_text: Any, until: Any, size: Any) -> None:
    async with desk(size=size, engine=DetailEngine()) as (app, engine, pilot):
        await pilot.press("n")
        await pilot.pause()
        await until(pilot, lambda: isinstance(app.screen, Form) and "required" in screen_text(app))
        await pilot.press("enter", "enter", "ctrl+s")
        assert "Still empty: name" in screen_text(app) and engine.calls == []
        await _type(app, pilot, **GIVEN)
        await until(pilot, lambda: "+ 2 placed" in screen_text(app))
        await until(pilot, lambda: "61,830.00" in screen_text(app))
        assert "worst long  +3.700 BTC" in screen_text(app) and "92 % of 4" in screen_text(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, Form))
        ((name, parameters),) = engine.calls
        assert name == "create" and parameters == {**GIVEN, **{
            key: Decimal(GIVEN[key]) for key in ("base_spread_bps", "quote_size", "max_position")
        }}  # fmt: skip
        await until(pilot, lambda: app._table.selected_id == "s-new")
        assert app.store.commands.last.outcome == "confirmed"


async def test_a_strategy_is_changed_and_its_last_configuration_comes_back(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await pilot.press("e")
        await until(pilot, lambda: "= 1 kept" in screen_text(app))
        await pilot.press("ctrl+s")
        assert "Nothing was changed" in screen_text(app)
        await _type(app, pilot, base_spread_bps="4")
        app.screen._fields.go_to("circuit_breaker_enabled")
        await pilot.press("n", "ctrl+s")
        await until(pilot, lambda: not isinstance(app.screen, Form))
        assert engine.calls == [("update", {"base_spread_bps": 4, "circuit_breaker_enabled": False})]
        engine.publish(
            {"type": "config_changed", "seq": 9, "timestamp": "2026-03-02T12:40:07Z", "strategyId": "s-btc",
             "changes": {"base_spread_bps": {"old": 10, "new": 4}}, "operator": "jo"}
        )  # fmt: skip
        await pilot.press("e")
        await pilot.pause()
        await pilot.press("ctrl+z")
        assert app.screen._draft.to_send() == {"base_spread_bps": 10}
        assert "The last configuration is back: base_spread_bps" in screen_text(app)


async def test_what_is_refused_is_marked_where_it_stands_and_not_sent(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await pilot.press("e")
        await pilot.pause()
        await _type(app, pilot, min_spread_bps="40")
        row = next(line for line in screen_text(app).splitlines() if "✗ min_spread_bps" in line)
        assert "must not be above base_spread_bps" in row and "1 refused: the preview waits" in screen_text(app)
        await pilot.press("ctrl+s")
        assert engine.calls == [] and isinstance(app.screen, Form)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ValidationError.of_fields([{"field": "max_position", "reason": "is beyond the account"}]), "✗ max_position"),
        (ConnectionFailedError("connection refused"), "Refused: connection refused"),
    ],
)
async def test_the_form_stays_when_the_engine_refuses(
    desk: Any, screen_text: Any, until: Any, error: Exception, words: str
) -> None:
    engine = DetailEngine()
    engine.answers["update"] = error
    async with desk(size=(120, 40), engine=engine) as (app, _, pilot):
        await pilot.press("e")
        await pilot.pause()
        await _type(app, pilot, max_position="20")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: words in screen_text(app))
        assert isinstance(app.screen, Form) and app.screen._draft.texts["max_position"] == "20"
        assert app.store.commands.last.outcome == "refused"


async def test_leaving_asks_only_where_something_was_typed(desk: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await pilot.press("e", "escape")
        await pilot.pause()
        assert len(app.screen_stack) == 1
        await pilot.press("e")
        await pilot.pause()
        await _type(app, pilot, quote_size="1")
        await pilot.press("escape")
        await pilot.pause(0.4)
        assert len(app.screen_stack) == 3
        await pilot.press("enter")
        await pilot.pause(0.1)
        assert isinstance(app.screen, Form)
        await pilot.press("escape")
        await pilot.pause(0.4)
        await pilot.press("right", "enter")
        await until(pilot, lambda: len(app.screen_stack) == 1)
        assert engine.calls == []


async def test_nothing_is_sent_blind_and_the_emergency_stop_works_from_the_form(
    desk: Any, screen_text: Any, until: Any
) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await pilot.press("e")
        await pilot.pause()
        await _type(app, pilot, quote_size="1")
        engine.lose()
        await pilot.press("ctrl+s")
        assert "not heard: nothing that adds risk is sent blind" in screen_text(app) and engine.calls == []
        engine.return_()
        await pilot.press("exclamation_mark")
        await pilot.pause(0.1)
        await pilot.press("exclamation_mark")
        await until(pilot, lambda: ("emergency_stop", None) in engine.calls)
        assert len(app.screen_stack) == 1


async def test_what_is_sent_is_asked_of_the_market_when_it_is_sent(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        await engine.change("s-eth", dataAgeSeconds=12.0)
        await pilot.press("j", "space", "k", "e")
        await until(pilot, lambda: isinstance(app.screen, Form))
        await _type(app, pilot, quote_size="1")
        await engine.change("s-btc", dataAgeSeconds=23.0)
        await pilot.press("ctrl+s")
        assert "The market data of BTC is 23 s old: nothing that adds risk is sent." in screen_text(app)
        assert engine.calls == []
        await engine.change("s-btc", dataAgeSeconds=0.1)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: [name for name, _ in engine.calls] == ["update"])


async def test_nothing_is_created_enabled_on_a_market_that_is_old(desk: Any, screen_text: Any, until: Any) -> None:
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, engine, pilot):
        for strategy_id in ("s-btc", "s-tight"):
            await engine.change(strategy_id, dataAgeSeconds=23.0)
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, Form))
        await _type(app, pilot, **GIVEN)
        await _go_to(app, pilot, "enabled")
        await pilot.press("right")
        assert app.screen._draft.given()["enabled"]
        await pilot.press("ctrl+s")
        assert "The market data of BTC is 23 s old: nothing that adds risk is sent." in screen_text(app)
        assert engine.calls == []
        await _go_to(app, pilot, "enabled")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: [name for name, _ in engine.calls] == ["create"])


async def test_templates_are_taken_exported_and_imported(
    desk: Any, screen_text: Any, until: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENOTC_CONFIG_DIR", str(tmp_path))
    async with desk(size=(120, 40), engine=DetailEngine()) as (app, _, pilot):
        await pilot.press("n")
        await pilot.pause()
        await pilot.press("ctrl+t")
        await pilot.pause()
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Taken from the template Volatility spread" in screen_text(app))
        await _type(app, pilot, name="Mine", asset="BTC", quote_size="1", max_position="4")
        assert app.screen._draft.valid and app.screen._draft.texts["quote_layers"] == "3"
        await pilot.press("ctrl+e")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "Written to" in screen_text(app))
        (file,) = (tmp_path / "templates").iterdir()
        (table,) = tomllib.loads(file.read_text(), parse_float=Decimal)["strategy"]
        assert StrategyConfig.build(table) == StrategyConfig.build(app.screen._draft.given())
        await pilot.press("ctrl+e", "enter")
        await until(pilot, lambda: "is there already" in screen_text(app))
        await _go_to(app, pilot, "quote_layers")
        await pilot.press("ctrl+o")
        await pilot.pause()
        await pilot.press(*"mine", "full_stop", *"toml", "enter")
        await until(pilot, lambda: app.screen._draft.texts["quote_layers"] == "3")


def test_the_templates_of_the_console_are_sound_and_a_bad_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENOTC_CONFIG_DIR", str(tmp_path))
    (tmp_path / "templates").mkdir()
    bad = tmp_path / "templates" / "bad.toml"
    for text, words in (("x =", "cannot be read"), ("a = 1", "nothing else"), ("[[strategy]]\nx = 1", "unknown")):
        bad.write_text(text)
        found, (problem,) = templates()
        assert len(found) == 3 and words in problem and problem.startswith("bad.toml")
    for template in found:
        needed = {"asset": "BTC", "quote_size": Decimal(1), "max_position": Decimal(5)}
        assert StrategyConfig.build({**template.values, **needed}).max_daily_loss
    assert [template.title for template in read(Path(__file__).parents[2] / "zenotc" / "demo.toml")]


async def test_text_from_outside_in_a_form_is_only_text(desk: Any, screen_text: Any) -> None:
    evil = "[/x]\x1b[2J\r\n[bold]漢字"
    engine = DetailEngine([strategy("s-evil", evil, "BTC")])
    async with desk(size=(120, 40), engine=engine) as (app, _, pilot):
        await pilot.press("e")
        await pilot.pause()
        assert "[/x]·[2J" in screen_text(app) and "\x1b" not in screen_text(app)

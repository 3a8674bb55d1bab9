"""Sentences that name a key name the one that the user has put in its place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from console.actions import ACTIONS, Situation, action_by_id, key_of, keyed, name_keys
from console.preferences import Preferences
from tests.console.double import Engine

OTHERS = {
    "resume": "f2", "clear_emergency_stop": "Z", "acknowledge": "f3", "focus_table": "f4", "focus_detail": "f5",
    "focus_events": "f6", "focus_commands": "f7", "follow": "f8", "back": "f9", "previous_tab": "f10",
    "next_tab": "f11", "sort": "f12", "detail": "D", "filter": "ctrl+f",
}  # fmt: skip


@pytest.fixture(autouse=True)
def usual_names() -> Iterator[None]:
    yield
    name_keys({})


def test_a_key_is_named_by_the_registry_unless_the_user_has_mapped_it() -> None:
    assert [key_of(action.id) for action in ACTIONS] == [action.shown.split()[0] for action in ACTIONS]
    name_keys(Preferences(keys={"follow": ("f8", "N"), "sort": ()}).keymap.names)
    assert (key_of("follow"), key_of("sort"), key_of("resume")) == ("F8", ":sort", "r")
    assert keyed("{follow} follows, {resume} resumes") == "F8 follows, r resumes"


def test_a_reason_names_the_mapped_key() -> None:
    name_keys(Preferences(keys={"clear_emergency_stop": ("Z",)}).keymap.names)
    assert action_by_id("flatten_all").refusal(Situation(emergency=True)) == (
        "The emergency stop is in force: Z clears it."
    )


async def test_every_part_of_the_screen_names_the_mapped_keys(desk: Any, screen_text: Any, until: Any) -> None:
    preferences = Preferences(keys={action_id: (name,) for action_id, name in OTHERS.items()})
    async with desk(engine=Engine(), preferences=preferences) as (app, engine, pilot):
        text = screen_text(app)
        assert all(title in text for title in ("F4 Strategies", "F5 BTC Market Maker", "F6 Events", "F10 F11 tabs"))
        await pilot.press("O")
        assert "It is not sorted: F12 sorts by a column" in screen_text(app)
        await pilot.press("j", "s")
        assert "ETH wide is paused: F2 resumes it." in screen_text(app)
        await pilot.press("f7")
        await until(pilot, lambda: "F7 Commands" in screen_text(app))
        await pilot.press("f4", "ctrl+f")
        assert "Enter keeps · F9 ends" in screen_text(app)
        await pilot.press(*"nobody", "enter")
        assert "No strategy matches “nobody”. F9 ends the filter." in screen_text(app)
        await pilot.press("f9", "f6", "question_mark")
        words = ("stands still; F8", "again; D opens one.", "F9 ends the filter that")
        await until(pilot, lambda: all(part in screen_text(app) for part in words))
        await pilot.press("escape")
        engine.publish({"type": "error", "seq": 9, "timestamp": "2026-03-02T12:41:07.020Z", "strategyId": "s-btc"})
        await until(pilot, lambda: " ! 1 F3✓ " in screen_text(app) and "F3 ✓" in screen_text(app))

"""The help begins with where the hand is, and names every key of the registry once."""

from __future__ import annotations

from typing import Any

import pytest

from console.actions import ACTIONS, Situation, Targets, action_by_id
from console.contexts import CONTEXTS
from console.keymap import KeyMap, shown
from console.screens.dialog import Page
from console.screens.form import Form
from console.screens.help import Help
from console.widgets.detail import Detail


@pytest.mark.parametrize("context", CONTEXTS.values(), ids=CONTEXTS)
def test_it_explains_the_place_first_and_then_every_other_key(context: Any) -> None:
    page = Help(Targets([Situation()], [Situation()]), context, KeyMap())
    written = [line.text.rstrip() for line in page._write(200)]
    assert written[0] == context.title
    own = [KeyMap().shown(action_by_id(action_id)) for action_id in context.actions]
    begins = 1 + len(context.words) + len(context.keys)
    assert [line.split("  ")[1] for line in written[begins : begins + len(own)]] == own
    assert all(sum(line.startswith(f"  {KeyMap().shown(action)}  ") for line in written) >= 1 for action in ACTIONS)
    assert not any("{" in line for line in written)


def test_a_key_that_cannot_be_used_says_what_it_does_and_then_why_not() -> None:
    page = Help(Targets([Situation()], [Situation()]), CONTEXTS["table"], KeyMap())
    written = [line.text.strip() for line in page._write(200)]
    assert "p       Cancel its quotes and keep the position. Not now: No strategy is selected." in written


def test_every_tab_and_every_key_of_the_form_is_explained() -> None:
    assert set(Detail.TABS) <= CONTEXTS.keys()
    keys = {key for keys, _ in CONTEXTS["form"].keys for key in keys.split()}
    assert {shown(binding.key) for binding in Form.BINDINGS} <= keys  # type: ignore[union-attr]


async def test_it_opens_on_where_the_hand_is(desk: Any, until: Any) -> None:
    places = (
        ("question_mark", "Strategies"), ("2 question_mark", "Detail: Overview"), ("l f1", "Detail: Ladder"),
        ("3 question_mark", "Events"), ("5 question_mark", "Commands"), ("1 slash f1", "The filter"),
        ("escape colon f1", "The command line"), ("escape n f1", "The form"),
    )  # fmt: skip
    async with desk() as (app, engine, pilot):
        for keys, place in places:
            await pilot.press(*keys.split())
            assert isinstance(app.screen, Help), keys
            page = app.screen.query_one(Page)
            await until(pilot, lambda page=page, place=place: [line.text for line in page._drawn[:1]] == [place])
            await pilot.press("escape")
        assert isinstance(app.screen, Form) and engine.calls == []

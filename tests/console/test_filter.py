"""The language of the filters: what it lets through, and what it says where it makes no sense."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.columns import language
from console.desk import Row
from console.event_facets import event_language
from console.filters import FilterError, LiveFilter
from console.store import Store
from tests.console.double import demo_strategies, fill


def _store() -> Store:
    store = Store(lambda: 0.0)
    store.strategies_changed({wire["id"]: wire for wire in demo_strategies()}, (), complete=True)
    return store


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", "s-btc s-eth s-sol s-tight"),
        ("BTC", "s-btc s-tight"),
        ("btc -tight", "s-btc"),
        ("-btc", "s-eth s-sol"),
        ("status:paused", "s-eth s-tight"),
        ("-status:paused", "s-btc s-sol"),
        ("status:active,stopped", "s-btc s-sol"),
        ("pnl:<0", "s-eth s-tight"),
        ("status:paused pnl:<=-502", "s-tight"),
        ("pnl:0", "s-sol"),
        ("position:>=0.4", "s-btc s-tight"),
        ("-position:>0", "s-eth s-sol"),
        ("asset:=btc", "s-btc s-tight"),
        ('name:"btc market"', "s-btc"),
        ('"market maker"', "s-btc"),
        ("attention:breaker", "s-tight"),
        ("today:>800", "s-btc"),
        ("loss:>=100", "s-tight"),
        ("bps:>1", "s-btc"),
    ],
)
def test_what_a_filter_lets_through(text: str, shown: str) -> None:
    store = _store()
    passes = language().compile(text)
    assert [key for key in store.wire if passes(Row(store, key))] == shown.split()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pnl:<", "pnl:< what? A value is missing."),
        ("pnl:much", "pnl is a number; “much” is none."),
        ("pnl:nan", "pnl is a number; “nan” is none."),
        ("colour:red", "“colour” is none of name, asset, status"),
        ("-", "“-” what? A word is missing."),
        ("status:<3", "status is text: it is neither above nor below anything."),
        ('name:"btc', 'A " is not closed.'),
    ],
)
def test_what_makes_no_sense_says_why_and_leaves_the_last_filter_in_force(text: str, reason: str) -> None:
    store = _store()
    with pytest.raises(FilterError):
        language().compile(text)
    live = LiveFilter(language(), "btc")
    live.set("tight")
    assert live.set(text)
    assert live.problem.startswith(reason) and live.text == "btc" and not live.passes(Row(store, "s-eth"))
    assert live.set("eth") and live.problem == "" and live.passes(Row(store, "s-eth"))


@pytest.mark.parametrize(
    ("text", "passes"),
    [
        ("type:quote_filled,error", True),
        ("-severity:quiet", True),
        ("severity:>=notice", False),
        ("strategy:market", True),
        ("side:=sell price:>60000 quantity:<1", True),
        ("seq:7", True),
        ("quote_sent", False),
        ("61842.10", True),
    ],
)
def test_events_are_asked_for_by_type_strategy_severity_field_and_text(text: str, passes: bool) -> None:
    assert event_language(_store()).compile(text)(fill(7)) is passes


def test_a_severity_that_there_is_not_is_refused() -> None:
    with pytest.raises(FilterError, match="severity is one of quiet, info, notice, alarm"):
        event_language(_store()).compile("severity:grave")


@given(st.text(max_size=40), st.dictionaries(st.sampled_from(["name", "dailyPnl", "status", "id"]), st.text()))
def test_any_text_is_a_filter_or_is_refused_with_a_reason(text: str, fields: dict[str, Any]) -> None:
    try:
        passes = language().compile(text)
    except FilterError as error:
        assert str(error).isprintable()
    else:
        store = Store(lambda: 0.0, wire={"s": {"totalPnl": Decimal(0), **fields}})
        assert passes(Row(store, "s")) in (True, False)

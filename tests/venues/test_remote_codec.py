"""Whatever venue and client say to each other arrives as it was said, and nothing else is understood."""

from __future__ import annotations

import types
from dataclasses import is_dataclass
from decimal import Decimal
from typing import Any, Literal, get_args, get_origin, get_type_hints

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zenotc.models.orders import Report, Request
from zenotc.venues.remote.codec import decode, encode
from zenotc.venues.remote.frames import Ask, Frame, Update

FEW = settings(max_examples=20, deadline=None)
_WHOLE = st.integers(-(2**63), 2**63 - 1)


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return values with this annotation."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return st.sampled_from(arguments)
    if get_origin(hint) is tuple and arguments[-1] is Ellipsis:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(values, arguments))
    if isinstance(hint, types.UnionType):
        return st.one_of(*map(values, arguments))
    if is_dataclass(hint):
        return st.builds(hint, **{name: values(part) for name, part in get_type_hints(hint).items()})
    return {
        int: _WHOLE,
        str: st.text(),
        bool: st.booleans(),
        Decimal: st.decimals(allow_nan=False, allow_infinity=False),
        types.NoneType: st.none(),
    }[hint]


def same(one: Any, other: Any) -> bool:
    """Return whether two frames are equal to the last digit of their decimals."""
    return bool(one == other) and repr(one) == repr(other)


@pytest.mark.parametrize("kind", get_args(Request))
@FEW
@given(data=st.data())
def test_every_request_arrives_as_it_left(kind: type, data: st.DataObject) -> None:
    ask = Ask(data.draw(values(kind)))
    number, arrived = decode(encode(7, ask))
    assert number == 7 and same(arrived, ask)


@pytest.mark.parametrize("kind", get_args(Report))
@FEW
@given(data=st.data())
def test_every_report_arrives_as_it_left(kind: type, data: st.DataObject) -> None:
    update = Update(reports=(data.draw(values(kind)),))
    assert same(decode(encode(1, update)), (1, update))


@pytest.mark.parametrize(
    "kind", [kind for kind in get_args(Frame) if kind not in (Update, Ask)], ids=lambda kind: kind.__name__
)
@FEW
@given(data=st.data())
def test_every_frame_arrives_as_it_left(kind: type, data: st.DataObject) -> None:
    frame = data.draw(values(kind))
    assert same(decode(encode(1, frame).encode()), (1, frame))


@given(st.text() | st.binary())
def test_noise_is_refused(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="not a frame"):
        decode(text)


def _replaced(value: Any, path: list[int], wrong: Any) -> Any:
    """Return nested arrays with one place changed."""
    if not isinstance(value, list) or not value:
        return wrong
    place = path.pop() % len(value) if path else 0
    return [*value[:place], _replaced(value[place], path, wrong), *value[place + 1 :]]


@FEW
@given(
    frame=values(Frame),
    path=st.lists(st.integers(0, 20), max_size=6),
    wrong=st.sampled_from([None, 1.5, [], {}, "NaN", -1, True, ["Fill"], "x", 2**70]),
)
def test_what_is_spoilt_is_refused_or_another_frame(frame: Any, path: list[int], wrong: Any) -> None:
    spoilt = orjson.dumps(orjson.loads(encode(1, frame)), default=str)
    try:
        text = orjson.dumps(_replaced(orjson.loads(spoilt), path, wrong))
    except TypeError:  # beyond 64 bits
        return
    try:
        number, other = decode(text)
    except ValueError:
        return
    assert same(decode(encode(number, other)), (number, other))


@pytest.mark.parametrize(
    "text",
    [
        '[1,["Ask",["QueryBalances","v"]]]',
        '[1,["Ask",["QueryBalances","v","r","more"]]]',
        '[1,["Ask",["OrderAccepted","v","a","c","x"]]]',
        '[1,["Ask",["Place","v","BTC","c","long",1,2,"GTC",false]]]',
        '[1,["Ask",["Place","v","BTC","c","buy",1.0,2,"GTC",false]]]',
        '[1,["Ask",["Place","v","BTC","c","buy",true,2,"GTC",false]]]',
        '[1,["Update",[],[["Balances","v","r","NaN"]],[],false]]',
        '[1,["Update",[],[["Balances","v","r",1.5]],[],false]]',
        '["1",["Subscribe",[]]]',
        '[1,["Quit"]]',
    ],
)
def test_what_there_are_no_words_for_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a frame"):
        decode(text)

"""A frame of events is taken apart without being read, and nothing is lost by that."""

from __future__ import annotations

from decimal import Decimal

import pytest

from zenotc.models.wire import decode, encode
from zenotc.models.wire_event import WireEvent, fields_of
from zenotc.sdk.frames import read_message

BODY = (
    b'{"type":"quote_sent","seq":7,"timestamp":"2026-01-02T03:04:05.000Z","strategyId":"s-1","price":60000.10,'
    b'"size":12345678901234567890,"nested":{"prevSeq":[1.50,"},{"]},"prevSeq":5}'
)


def test_events_are_exact_when_they_are_read() -> None:
    message = read_message(b'{"channel":"events","id":"s3","events":[%b , %b]}' % (BODY, BODY.replace(b":7,", b":8,")))
    first, second = message["events"]
    assert (message["channel"], message["id"], first.head.prev_seq) == ("events", "s3", 5)
    expected = decode(BODY)
    del expected["prevSeq"]
    assert dict(first) == fields_of(first) == dict(first.items()) == expected and first == expected
    assert first["price"].as_tuple() == Decimal("60000.10").as_tuple() and second["seq"] == second.get("seq") == 8
    assert first.get("absent", 1) == 1 and "absent" not in first and len(first) == len(list(first.values()))


def test_a_desk_wide_event_has_no_strategy() -> None:
    message = read_message(b'{"channel":"events","events":[{"seq":1,"prevSeq":0,"type":"error","strategyId":null}]}')
    (event,) = message["events"]
    assert event.get("strategyId") is None and event["strategyId"] is None and event["type"] == "error"


def test_other_messages_are_read_at_once() -> None:
    sent = {"channel": "strategies", "id": "s1", "changes": [{"id": "s-1", "mid": Decimal("1.50")}]}
    assert read_message(encode(sent)) == sent


@pytest.mark.parametrize(
    "text",
    [b"", b"[]", b'{"id":"s1"}', b'{"channel":"events","events":[{"seq":1}]}', b'{"channel":"x","a":' + b"[" * 99_999],
)
def test_what_is_no_message_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_message(text)


def test_an_event_that_is_known_reads_as_it_was() -> None:
    fields = {"type": "error", "seq": 4, "reason": "a « b", "price": Decimal("1.10")}
    assert WireEvent.of(fields) == fields

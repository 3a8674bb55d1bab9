"""The messages of the stream: what they say is read at once, events stay as they came until somebody looks at them."""

from __future__ import annotations

from sys import intern
from typing import Any

import msgspec

from zenotc.models.wire import decode
from zenotc.models.wire_event import WireEvent

__all__ = ["read_message"]


class _Head(msgspec.Struct, rename="camel"):
    seq: int
    prev_seq: int
    type: str = ""
    strategy_id: str | None = None


class _Heads(msgspec.Struct):
    events: list[_Head]


class _Message(msgspec.Struct):
    channel: str
    id: str = ""
    events: list[msgspec.Raw] = []


_heads = msgspec.json.Decoder(_Heads)
_message = msgspec.json.Decoder(_Message)


def read_message(text: bytes) -> dict[str, Any]:
    """Return a message by wire names; of `events` each with the number of the one that was sent before it.

    Raises
    ------
    ValueError
        If the text is no message of the stream.
    """
    try:
        message = _message.decode(text)
        heads = _heads.decode(text).events if message.events else []
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not heads:
        fields: dict[str, Any] = decode(text)
        return fields
    events = map(_event, heads, message.events)
    return {"channel": message.channel, "id": message.id, "events": list(events)}


def _event(head: _Head, body: msgspec.Raw) -> tuple[int, WireEvent]:
    strategy_id = head.strategy_id and intern(head.strategy_id)
    return head.prev_seq, WireEvent(intern(head.type), head.seq, strategy_id, bytes(body))

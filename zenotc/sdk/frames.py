"""The messages of the stream: what they say is read at once, events stay as they came until somebody looks at them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from zenotc.models.wire_event import EventHead, WireEvent

__all__ = ["read_message"]


class _Message(msgspec.Struct):
    """What every message has, and events without a look at them."""

    channel: str
    id: str = ""
    events: list[msgspec.Raw] = []


class _Heads(msgspec.Struct):
    """Of events their heads."""

    events: list[EventHead]


_message = msgspec.json.Decoder(_Message)
_heads = msgspec.json.Decoder(_Heads)
_fields = msgspec.json.Decoder(dict[str, Any], float_hook=Decimal)


def read_message(text: bytes) -> dict[str, Any]:
    """Return a message by wire names, every fractional number exact; its events as they came.

    Raises
    ------
    ValueError
        If the text is no message of the stream.
    """
    try:
        message = _message.decode(text)
        if not message.events:
            return _fields.decode(text)
        bodies = map(bytes, message.events)
        events = list(map(WireEvent, _heads.decode(text).events, bodies))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return {"channel": message.channel, "id": message.id, "events": events}

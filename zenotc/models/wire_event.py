"""An event as it came over the wire, read when somebody looks at it: of thousands a second few are."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Self

import msgspec

from zenotc.models.wire import decode, encode

__all__ = ["EventHead", "WireEvent", "fields_of", "of_engine"]


class EventHead(msgspec.Struct, rename="camel", gc=False):
    """What is known of an event without reading it; `prev_seq` is the number of the one that was sent before it."""

    seq: int
    prev_seq: int
    type: Any = None
    strategy_id: Any = None
    operator: Any = None


_HEAD = {"seq": "seq", "type": "type", "strategyId": "strategy_id", "operator": "operator"}


class WireEvent(Mapping[str, Any]):
    """The fields of an event by wire name, exact; `get` what its head knows and it is not even read.

    It keeps the text, not what was read of it, which would take five times the memory: who looks at many fields asks
    `fields_of` for all of them at once.

    Parameters
    ----------
    head
        Its head.
    body
        Its JSON.

    Attributes
    ----------
    engine
        The name of the engine that it comes from, where somebody who follows several has said so.
    """

    __slots__ = ("_body", "engine", "head")

    def __init__(self, head: EventHead, body: bytes) -> None:
        self.head, self._body = head, body
        self.engine: str | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return an event whose fields are known."""
        body = encode({"prevSeq": 0, **fields})
        return cls(msgspec.json.decode(body, type=EventHead), body)

    def read(self) -> dict[str, Any]:
        """Return all fields."""
        fields: dict[str, Any] = decode(self._body)
        fields.pop("prevSeq", None)  # the stream's, not the event's
        if self.engine is not None:
            fields["engine"] = self.engine
        return fields

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or the default where it is absent or null."""
        known = _HEAD.get(name)
        if known is not None:
            value = getattr(self.head, known)
        else:
            value = self.engine if name == "engine" else self.read().get(name)
        return default if value is None else value

    def __getitem__(self, name: str) -> Any:
        return self.head.seq if name == "seq" else self.read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.read())

    def __len__(self) -> int:
        return len(self.read())

    def items(self) -> ItemsView[str, Any]:
        """Return names and values."""
        return self.read().items()

    def values(self) -> ValuesView[Any]:
        """Return the values."""
        return self.read().values()


def fields_of(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields of an event at once, whether it has been read or not."""
    return event.read() if isinstance(event, WireEvent) else dict(event)


def of_engine(event: Mapping[str, Any], engine: str) -> Mapping[str, Any]:
    """Return an event as one of a named engine's."""
    if not isinstance(event, WireEvent):
        return {**event, "engine": engine}
    event.engine = engine
    return event

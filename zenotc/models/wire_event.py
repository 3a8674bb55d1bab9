"""An event as it came over the wire, read when somebody looks at it: of thousands a second few are."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping, ValuesView
from typing import Any, Self

from zenotc.models.wire import decode, encode

__all__ = ["WireEvent", "fields_of"]


class WireEvent(Mapping[str, Any]):
    """The fields of an event by wire name, exact; to ask for its `type`, `seq` or `strategyId` costs nothing.

    It keeps the text, not what was read of it, which would take five times the memory: who looks at many fields asks
    `fields_of` for all of them at once.

    Parameters
    ----------
    type, seq, strategy_id
        As the text has them, `None` where it has none.
    body
        The event's JSON.
    """

    __slots__ = ("_body", "seq", "strategy_id", "type")

    def __init__(self, type: Any, seq: int, strategy_id: Any, body: bytes) -> None:
        self.type, self.seq, self.strategy_id, self._body = type, seq, strategy_id, body

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> Self:
        """Return an event whose fields are known."""
        return cls(fields.get("type"), fields["seq"], fields.get("strategyId"), encode(fields))

    def read(self) -> dict[str, Any]:
        """Return all fields."""
        fields: dict[str, Any] = decode(self._body)
        fields.pop("prevSeq", None)  # the stream's, not the event's
        return fields

    def get(self, name: str, default: Any = None) -> Any:
        """Return a field, or the default where there is none."""
        match name:
            case "type":
                value = self.type
            case "seq":
                value = self.seq
            case "strategyId":
                value = self.strategy_id
            case _:
                return self.read().get(name, default)
        return default if value is None else value

    def __getitem__(self, name: str) -> Any:
        return self.seq if name == "seq" else self.type if name == "type" else self.read()[name]

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

"""JSON as it goes over the wire: camelCase names, exact numbers, UTC times with milliseconds."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn, Self

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

__all__ = ["WireModel", "decode", "encode", "format_time", "utc_from_ns"]

_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS


class WireModel(BaseModel):
    """A model that is snake_case in Python and camelCase on the wire; unknown names are ignored.

    A client of an older version must go on reading what a newer engine sends.
    """

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    def to_wire(self) -> dict[str, Any]:
        """Return the model as a mapping with wire names, numbers still exact."""
        return self.model_dump(by_alias=True)

    @classmethod
    def from_wire(cls, body: Any) -> Self:
        """Build the model from a decoded answer."""
        return cls.model_validate(body)


@lru_cache(maxsize=256)  # what is decided together has one time
def utc_from_ns(time_ns: int) -> datetime:
    """Return the UTC time of nanoseconds since the Unix epoch, cut to the millisecond."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1_000_000 * 1000)


@lru_cache(maxsize=256)
def format_time(time: datetime) -> str:
    """Return an aware time as ISO 8601 UTC with milliseconds and `Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _default(value: object) -> object:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise TypeError(f"{value} is not a JSON number")
        return orjson.Fragment(format(value, "f") if value else "0")
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, BaseModel):
        return value.model_dump(by_alias=True)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def encode(value: object) -> bytes:
    """Serialise a model, or JSON values with models, decimals and times in them.

    Raises
    ------
    TypeError
        If a value has no JSON form or a decimal is not finite.
    """
    return orjson.dumps(value, default=_default, option=_OPTIONS)


_WHOLE_DIGITS = 19
"""So many characters of a whole number always fit into the 64 bits that `encode` can write."""


def _whole(text: str) -> int | Decimal:
    return int(text) if len(text) <= _WHOLE_DIGITS else Decimal(text)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def decode(text: bytes | str) -> Any:
    """Parse JSON with every fractional number, and every one beyond 64 bits, as an exact `Decimal`.

    Raises
    ------
    ValueError
        If the text is not JSON, or holds NaN or an infinity.
    """
    try:
        return json.loads(text, parse_int=_whole, parse_float=Decimal, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None

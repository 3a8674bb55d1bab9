"""Frames as JSON: a record is an array of its class's name and its fields in order, a decimal a string.

What is read is checked against the annotations of the records, so that whoever sends can only say what there are
words for; a class that a new request or report adds is known from its annotations too.
"""

from __future__ import annotations

import types
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import orjson

from zenotc.venues.remote.frames import Frame

__all__ = ["decode", "encode"]

_Reader = Callable[[Any], Any]


def encode(number: int, frame: Frame) -> str:
    """Return a frame as text, with its number on its connection.

    Raises
    ------
    TypeError
        If a number in it needs more than 64 bits.
    """
    return orjson.dumps((number, frame), default=_plain, option=orjson.OPT_PASSTHROUGH_DATACLASS).decode()


def decode(text: str | bytes) -> tuple[int, Frame]:
    """Return the number and the frame that `encode` was given.

    Raises
    ------
    ValueError
        If the text is anything else.
    """
    try:
        number, frame = orjson.loads(text)
        return _exactly(int)(number), _FRAME(frame)
    except (KeyError, TypeError, IndexError, InvalidOperation, ValueError) as error:
        raise ValueError(f"not a frame: {error or type(error).__name__}") from error


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _plain(value: Any) -> Any:
    """Return what JSON has for a value that it does not know."""
    if isinstance(value, Decimal):
        return str(value)
    kind = type(value)
    if is_dataclass(kind):
        return (kind.__name__, *(getattr(value, name) for name in _names(kind)))
    raise TypeError(f"{kind.__name__} has no place in a frame")


def _reader(hint: Any) -> _Reader:
    """Return what reads a value with this annotation, and refuses others."""
    arguments = get_args(hint)
    if get_origin(hint) is Literal:
        return {word: word for word in arguments}.__getitem__
    if get_origin(hint) is tuple:
        if arguments[-1] is Ellipsis:
            each = _reader(arguments[0])
            return lambda values: tuple([each(value) for value in _list(values)])
        parts = [_reader(argument) for argument in arguments]
        return lambda values: tuple([read(value) for read, value in zip(parts, _list(values), strict=True)])
    if get_origin(hint) in (Union, types.UnionType):
        if types.NoneType in arguments:
            (argument,) = set(arguments) - {types.NoneType}
            present = _reader(argument)
            return lambda value: None if value is None else present(value)
        return _record(*arguments)
    if is_dataclass(hint):
        return _record(hint)
    return _decimal if hint is Decimal else _exactly(hint)


def _record(*kinds: Any) -> _Reader:
    """Return what reads a record of one of these classes."""
    readers = {kind.__name__: (kind, [_reader(hint) for hint in get_type_hints(kind).values()]) for kind in kinds}

    def read(value: Any) -> Any:
        kind, parts = readers[_list(value)[0]]
        return kind(*[part(field) for part, field in zip(parts, value[1:], strict=True)])

    return read


def _exactly(kind: type) -> _Reader:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"{kind.__name__} expected")
        return value

    return read


def _list(value: Any) -> list[Any]:
    if type(value) is not list:
        raise TypeError("array expected")
    return value


def _decimal(value: Any) -> Decimal:
    number = Decimal(_exactly(str)(value))
    if not number.is_finite():
        raise TypeError("number expected")
    return number


_FRAME = _reader(Frame)

"""What the gateway answers: the envelope, and every error in it."""

from __future__ import annotations

import asyncio
import math
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, BinaryIO, Generic, TypeVar

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from zenotc.exceptions import RateLimitError, ValidationError, ZenOTCError
from zenotc.models.wire import WireModel, encode

__all__ = [
    "Answer",
    "ErrorAnswer",
    "EventsAnswer",
    "ListAnswer",
    "WireResponse",
    "answer",
    "answer_events",
    "answer_file",
    "answer_list",
    "answer_page",
    "error_answer",
    "install_error_answers",
    "parameters_error",
    "unexpected_error",
]

_PART = 256 * 1024
"""Bytes of a file that are sent at once."""

_ITEMS_AT_ONCE = 100
"""Of a long list; a few milliseconds."""

T = TypeVar("T")


class Answer(WireModel, Generic[T]):
    """One result."""

    data: T
    timestamp: datetime


class ListAnswer(Answer[list[T]], Generic[T]):
    """One page of a list; `page` counts from 1."""

    total: int
    page: int
    limit: int
    has_more: bool


class EventsAnswer(Answer[list[dict[str, Any]]]):
    """Events after a number; `has_more` says that there are some after the last of them."""

    limit: int
    has_more: bool


class ErrorAnswer(WireModel):
    """What went wrong: `error` for a program, `message` for a person."""

    status_code: int
    error: str
    message: str
    details: dict[str, Any]


class WireResponse(Response):
    """JSON with exact numbers."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Serialise the content; bytes are JSON already."""
        return content if isinstance(content, bytes) else encode(content)


def answer(data: object, status: int = 200, timestamp: datetime | None = None) -> WireResponse:
    """Return a result in the envelope; `timestamp` is by default now."""
    return WireResponse({"data": data, "timestamp": timestamp or datetime.now(UTC)}, status)


def answer_page(items: Sequence[object], page: int, limit: int) -> WireResponse:
    """Return one page of a list in the envelope."""
    start = (page - 1) * limit
    return WireResponse(
        {
            "data": items[start : start + limit],
            "timestamp": datetime.now(UTC),
            "total": len(items),
            "page": page,
            "limit": limit,
            "hasMore": start + limit < len(items),
        }
    )


async def answer_list(items: Sequence[object]) -> WireResponse:
    """Return a long list in the envelope; whatever else waits is done between its parts."""
    parts = []
    for begin in range(0, len(items), _ITEMS_AT_ONCE):
        parts.append(encode(items[begin : begin + _ITEMS_AT_ONCE])[1:-1])
        await asyncio.sleep(0)
    return answer(orjson.Fragment(b"[" + b",".join(parts) + b"]"))


def answer_events(bodies: Sequence[bytes], limit: int) -> WireResponse:
    """Return at most `limit` journalled events in the envelope, in the bytes that the journal keeps."""
    return WireResponse(
        {
            "data": [orjson.Fragment(body) for body in bodies[:limit]],
            "timestamp": datetime.now(UTC),
            "limit": limit,
            "hasMore": len(bodies) > limit,
        }
    )


def answer_file(file: BinaryIO, media_type: str) -> StreamingResponse:
    """Return a file as it is, part by part, and close it."""

    def parts() -> Iterator[bytes]:
        with file:
            while part := file.read(_PART):
                yield part

    size = os.fstat(file.fileno()).st_size
    return StreamingResponse(parts(), media_type=media_type, headers={"Content-Length": str(size)})


def error_answer(error: ZenOTCError) -> WireResponse:
    """Return an error in the envelope, with the headers of a refused rate."""
    body = ErrorAnswer(status_code=error.status_code, error=error.code, message=error.message, details=error.details)
    headers = {}
    if isinstance(error, RateLimitError):
        headers = {
            "Retry-After": str(math.ceil(error.retry_after)),
            "X-RateLimit-Limit": str(error.details.get("limit", "")),
            "X-RateLimit-Remaining": str(error.details.get("remaining", 0)),
            "X-RateLimit-Reset": str(error.details.get("reset", "")),
        }
    return WireResponse(body, error.status_code, headers)


def unexpected_error() -> ZenOTCError:
    """Return what a client is told of an unexpected error: nothing of its inside."""
    return ZenOTCError("something unexpected happened in the gateway", code="internal_error")


def parameters_error(error: RequestValidationError) -> ValidationError:
    """Return what is wrong with a request's parameters as an error of ours."""
    return ValidationError.of_fields(
        [{"field": str(item["loc"][-1]), "reason": str(item["msg"])} for item in error.errors()]
    )


def install_error_answers(app: FastAPI) -> None:
    """Let every error of an application leave in the envelope, an unexpected one without its inside."""
    app.add_exception_handler(ZenOTCError, _answer_known)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(RequestValidationError, _answer_parameters)
    app.add_exception_handler(Exception, _answer_unexpected)


def _answer_known(_: Request, error: Exception) -> Response:
    assert isinstance(error, ZenOTCError)
    return error_answer(error)


def _answer_http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    known = ZenOTCError(str(error.detail), code=phrase.lower().replace(" ", "_"), status_code=error.status_code)
    response = error_answer(known)
    response.headers.update(error.headers or {})
    return response


def _answer_parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return error_answer(parameters_error(error))


def _answer_unexpected(_: Request, __: Exception) -> Response:
    # The server logs the exception itself, which is raised again after this answer.
    return error_answer(unexpected_error())

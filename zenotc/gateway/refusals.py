"""What is kept of requests that were refused before they became commands."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator

import structlog
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from zenotc.exceptions import RateLimitError, ZenOTCError
from zenotc.gateway.answers import parameters_error
from zenotc.gateway.authentication import Caller
from zenotc.gateway.desk import Desk
from zenotc.gateway.limits import RateLimiter
from zenotc.models.commands import Command, RefusedRequest

__all__ = ["Refusals"]

_MAX_BODY = 4_096
"""Bytes of a refused body that are kept."""

_LOGGED_A_SECOND = 0.2
_LOGGED_AT_ONCE = 30
_log = structlog.get_logger()


class Refusals:
    """Writes refused commands down: those of a known key into the journal, all others into the log.

    Parameters
    ----------
    desk
        Has the journal.
    limiter
        Bounds what a key can have written: a command that is not limited draws a token only when it is refused here.
    """

    def __init__(self, desk: Desk, limiter: RateLimiter) -> None:
        self._desk = desk
        self._limiter = limiter
        self._logged = RateLimiter(_LOGGED_A_SECOND, _LOGGED_AT_ONCE)

    @contextlib.contextmanager
    def noted(self, request: Request, caller: Caller, command: type[Command], *, limited: bool) -> Iterator[None]:
        """Write down that the command is refused here; what the desk refuses it writes down itself.

        Parameters
        ----------
        request, caller
            The request, with its body in its state, and who signed it.
        command
            What the request asks for.
        limited
            Whether the request has drawn a token already.
        """
        try:
            yield
        except (ZenOTCError, RequestValidationError) as error:
            refusal = parameters_error(error) if isinstance(error, RequestValidationError) else error
            if not request.state.given:
                self._note(_refused(request, caller, command), caller, refusal, limited=limited)
            raise refusal from None

    def _note(self, refused: RefusedRequest, caller: Caller, refusal: ZenOTCError, *, limited: bool) -> None:
        try:
            if not limited:
                self._limiter.admit(caller.key.key)
        except RateLimitError:
            self._log(refusal, operator=caller.operator, path=refused.path)
        else:
            self._desk.note_refusal(refused, refusal)

    def log(self, request: Request, refusal: ZenOTCError) -> None:
        """Log a request that is not written down, unless there are too many."""
        peer = request.client.host if request.client else None
        self._log(refusal, peer=peer, path=f"{request.method} {request.url.path}")

    def _log(self, refusal: ZenOTCError, **fields: str | None) -> None:
        with contextlib.suppress(RateLimitError):
            self._logged.admit("")
            _log.warning("refused", code=refusal.code, **fields)


def _refused(request: Request, caller: Caller, command: type[Command]) -> RefusedRequest:
    body: bytes = request.state.body
    return RefusedRequest(
        # An id of its own: the request's belongs to what it may have been carried out as before.
        command_id=f"refused_{secrets.token_hex(8)}",
        operator=caller.operator,
        client=caller.client,
        name=command.__name__,
        strategy_id=request.path_params.get("strategy_id"),
        path=f"{request.method} {request.url.path}",
        body=body[:_MAX_BODY].decode("utf-8", "replace"),
        fingerprint=caller.fingerprint,
    )

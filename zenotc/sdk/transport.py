"""Requests over HTTP: signed, with timeouts, and repeated only where nothing can happen twice."""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx

from zenotc.exceptions import ConnectionFailedError, OutcomeUnknownError, RateLimitError, ZenOTCError, error_from_wire
from zenotc.models.wire import decode, encode
from zenotc.sdk.signing import Signer

__all__ = ["HttpTransport", "is_loopback"]

_MAX_ATTEMPTS = 4
_FIRST_BACKOFF_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 5.0
_NOT_CARRIED_OUT = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request, whatever the number of its tries."""

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: bytes = b""
    idempotency_key: str = ""
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    """Why a try has failed, whether another may follow, and whether this one may have been carried out."""

    error: ZenOTCError = field(kw_only=False)
    repeatable: bool
    uncertain: bool = False

    @property
    def wait_seconds(self) -> float:
        """How long the engine asks to be left alone."""
        return self.error.retry_after if isinstance(self.error, RateLimitError) else 0.0

    @property
    def server_time(self) -> int | None:
        """The engine's Unix time in milliseconds, where the try failed for ours."""
        time = self.error.details.get("serverTime")
        return time if self.error.code == "timestamp_out_of_window" and isinstance(time, int) else None


class HttpTransport:
    """Sends requests to the engine.

    What was not sent, or was refused without being carried out, is tried again, with a growing and random pause.
    A change of state that was sent and not answered is tried again under the same idempotency key, which the
    engine answers with the first outcome.

    Parameters
    ----------
    base_url
        Of the engine.
    signer
        Signs each try anew.
    timeout_seconds
        For an answer to a question; commands bring their own.
    connect_timeout_seconds
        For a connection.
    tls
        What verifies the certificate of an https URL.
    transport
        In place of the network, as `httpx.ASGITransport(app)`.
    """

    def __init__(
        self,
        base_url: str,
        signer: Signer,
        *,
        timeout_seconds: float,
        connect_timeout_seconds: float,
        tls: ssl.SSLContext | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base_url = base_url
        self._signer = signer
        self._timeout_seconds = timeout_seconds
        self._connect_timeout_seconds = connect_timeout_seconds
        self._tls = tls
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """Ask, and return the whole answer decoded.

        Raises
        ------
        ZenOTCError
            As the engine answers; `ConnectionFailedError` if it does not.
        """
        return await self._send("GET", path, query=query)

    async def ask(self, path: str, body: Mapping[str, Any]) -> Any:
        """Ask with a body (POST that changes nothing), and return the `data` of the answer."""
        return (await self._send("POST", path, body=encode(body)))["data"]

    async def change(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, *, timeout_seconds: float | None = None
    ) -> Any:
        """Change state once, and return the `data` of the answer.

        Parameters
        ----------
        timeout_seconds
            For the answer; longer than the engine may take.

        Raises
        ------
        ZenOTCError
            As the engine answers; `ConnectionFailedError` if nothing was done; `OutcomeUnknownError` if it was
            sent and stays without an answer.
        """
        content = b"" if body is None else encode(body)
        key = uuid.uuid4().hex
        answer = await self._send(method, path, body=content, idempotency_key=key, timeout_seconds=timeout_seconds)
        return answer["data"]

    async def download(self, path: str, *, timeout_seconds: float) -> AsyncIterator[bytes]:
        """Ask once, and yield what is answered part by part.

        Parameters
        ----------
        timeout_seconds
            For each part.

        Raises
        ------
        ZenOTCError
            As the engine answers; `ConnectionFailedError` if it does not, or not to the end.
        """
        request = self._request(_Asked("GET", path, timeout_seconds=timeout_seconds))
        try:
            response = await self._opened().send(request, stream=True)
            async with contextlib.aclosing(response):
                if not response.is_success:
                    await response.aread()
                    raise _error_of(response)
                async for part in response.aiter_bytes():
                    yield part
        except httpx.RequestError as error:
            raise ConnectionFailedError(
                f"the engine at {self._base_url} did not answer to the end: {type(error).__name__}", code="no_answer"
            ) from error

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: bytes = b"",
        idempotency_key: str = "",
        timeout_seconds: float | None = None,
    ) -> Any:
        given = {name: value for name, value in (query or {}).items() if value is not None}
        asked = _Asked(method, path, given, body, idempotency_key, timeout_seconds)
        uncertain = False
        clock_corrected = False
        attempt = 1
        while True:
            result = await self._try(asked)
            if not isinstance(result, _Failure):
                return result
            if result.server_time is not None and not clock_corrected:
                self._signer.learn_time(result.server_time)
                clock_corrected = True
                continue
            if not result.repeatable and not (uncertain and result.error.status_code == 401):
                raise result.error  # but a 401 says nothing of the try before
            uncertain |= result.uncertain
            if not result.repeatable or attempt == _MAX_ATTEMPTS or result.wait_seconds > _LONGEST_WAIT_SECONDS:
                break
            backoff = _FIRST_BACKOFF_SECONDS * 2 ** (attempt - 1) * random.uniform(0.5, 1)
            await asyncio.sleep(result.wait_seconds + backoff)
            attempt += 1
        if uncertain:
            raise OutcomeUnknownError(
                f"{method} {path} was sent and not answered: it may have been carried out",
                details={"idempotencyKey": idempotency_key},
            ) from result.error
        raise result.error

    async def _try(self, asked: _Asked) -> Any:
        """Send a request once, and return the decoded answer, or the `_Failure`."""
        changes_state = bool(asked.idempotency_key)
        try:
            response = await self._opened().send(self._request(asked))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            reason = f"the engine at {self._base_url} cannot be reached: {error}"
            return _Failure(ConnectionFailedError(reason), repeatable=True)
        except httpx.RequestError as error:
            reason = f"the engine at {self._base_url} did not answer: {type(error).__name__}"
            return _Failure(ConnectionFailedError(reason, code="no_answer"), repeatable=True, uncertain=changes_state)
        if response.is_success:
            return _decoded(response, changes_state=changes_state)
        return _Failure(_error_of(response), repeatable=response.status_code in _NOT_CARRIED_OUT)

    def _request(self, asked: _Asked) -> httpx.Request:
        timeout = httpx.Timeout(asked.timeout_seconds or self._timeout_seconds, connect=self._connect_timeout_seconds)
        headers = {"Content-Type": "application/json"} if asked.body else {}
        request = self._opened().build_request(
            asked.method,
            self._base_url + asked.path,
            params=asked.query or None,
            content=asked.body,
            headers=headers,
            timeout=timeout,
        )
        target = request.url.raw_path.decode("ascii")
        request.headers.update(self._signer.headers(asked.method, target, asked.body, asked.idempotency_key))
        return request

    def _opened(self) -> httpx.AsyncClient:
        """Return the connections of the running loop; those of a loop that is gone are of no use."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            trust_env = not is_loopback(self._base_url)
            verify = self._tls or False  # without https there is nothing to verify, and loading it all takes long
            self._client = httpx.AsyncClient(transport=self._transport, trust_env=trust_env, verify=verify)
            self._loop = loop
        return self._client


def is_loopback(url: str) -> bool:
    """Tell whether a URL stays on this machine, where no proxy is asked."""
    return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")


def _decoded(response: httpx.Response, *, changes_state: bool) -> Any:
    try:
        answer = decode(response.content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "data" not in answer:
        error = OutcomeUnknownError if changes_state else ConnectionFailedError
        raise error(f"{response.url} answered something that is not from an engine", code="bad_answer")
    return answer


def _error_of(response: httpx.Response) -> ZenOTCError:
    try:
        body = decode(response.content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {"error": "bad_answer", "message": f"HTTP {response.status_code} without a reason"}
    return error_from_wire(response.status_code, body)

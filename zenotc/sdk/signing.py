"""Signs requests with a key, and keeps the secret to itself."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from urllib.parse import quote

from pydantic import SecretStr

from zenotc.models.signature import sign_request

__all__ = ["Signer"]


class Signer:
    """Signs requests, by the engine's clock where that one is known to differ from ours.

    Parameters
    ----------
    api_key
        Sent with every request.
    api_secret
        Never sent, never shown.
    operator
        Who asks, in words, for the engine's journal; empty is nobody in particular.
    client
        The user and host that the request comes from, for the journal too; nobody proves it.
    clock_ms
        Unix time in milliseconds.
    """

    def __init__(
        self,
        api_key: str,
        api_secret: SecretStr,
        operator: str = "",
        client: str = "",
        clock_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self.api_key = api_key
        self._secret = api_secret
        self._stated = {"X-Operator": operator, "X-Client": client}
        self._clock_ms = clock_ms
        self._offset_ms = 0

    def __repr__(self) -> str:
        return f"Signer(api_key={self.api_key!r})"

    def learn_time(self, server_time_ms: int) -> None:
        """Sign by the engine's clock from now on; its Unix time in milliseconds."""
        self._offset_ms = server_time_ms - self._clock_ms()

    def headers(self, method: str, target: str, body: bytes = b"", idempotency_key: str = "") -> dict[str, str]:
        """Return the headers of one request; each call draws a new nonce.

        Parameters
        ----------
        method
            In capitals.
        target
            Raw path with its raw query.
        body
            The bytes that are sent.
        idempotency_key
            Given with everything that changes state.
        """
        timestamp = str(self._clock_ms() + self._offset_ms)
        nonce = secrets.token_hex(16)
        headers = {
            "X-API-Key": self.api_key,
            "X-API-Timestamp": timestamp,
            "X-API-Nonce": nonce,
            "X-API-Signature": sign_request(
                self._secret.get_secret_value().encode(),
                timestamp=timestamp,
                nonce=nonce,
                idempotency_key=idempotency_key,
                method=method,
                target=target,
                body=body,
            ),
        }
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        for name, text in self._stated.items():
            if text:
                headers[name] = quote(text, safe=" @")  # a header is ASCII
        return headers

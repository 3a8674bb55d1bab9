"""The engine's journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zenotc.sdk.client import ZenOTCClient

__all__ = ["JournalClient"]

_COPY_SECONDS = 660.0  # the engine takes 10 minutes at most to make its copy


class JournalClient:
    """Reaches the journal of a running engine; `client.journal`."""

    def __init__(self, client: ZenOTCClient) -> None:
        self._client = client

    def copy(self) -> AsyncIterator[bytes]:
        """Yield a copy of the journal's file as it is now, part by part; the engine goes on meanwhile.

        Raises
        ------
        AuthenticationError
            If the key may not do everything.
        ConnectionFailedError
            If the engine cannot be reached, or the connection broke before the end.
        """
        return self._client.http.download("/api/sdk/journal", timeout_seconds=_COPY_SECONDS)

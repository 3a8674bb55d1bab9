"""The gateway's HTTP server, inside a loop that is running already."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

__all__ = ["GatewayServer"]

_STARTUP_SECONDS = 10
_SHUTDOWN_SECONDS = 2
_KEEP_ALIVE_SECONDS = 30  # longer than clients keep theirs, so that none sends into a connection that is closing
_MAX_MESSAGE = 64 * 1024  # of a stream client; its subscriptions are short


class _Server(uvicorn.Server):
    """Leaves the signals to the process that it runs in."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class GatewayServer:
    """Serves an application with uvicorn.

    Parameters
    ----------
    app
        The ASGI application.
    host
        Address to bind.
    port
        0 picks a free one.
    """

    def __init__(self, app: Any, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = app
        self._host = host
        self._port = port
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is reached; the port is known once it has started."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self) -> None:
        """Bind and begin to serve.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=128)
        self._port = listener.getsockname()[1]
        self._server = _Server(
            uvicorn.Config(
                self._app,
                log_config=None,
                access_log=False,
                lifespan="off",
                proxy_headers=False,
                server_header=False,
                ws_max_size=_MAX_MESSAGE,
                ws_per_message_deflate=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
            )
        )
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        async with asyncio.timeout(_STARTUP_SECONDS):
            while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.005)
        if self._task.done():
            listener.close()
            await self._task
            raise OSError(f"the server on {self.url} did not start")

    async def stop(self) -> None:
        """Stop serving: answers under way get two seconds, then their connections are dropped."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        done, _ = await asyncio.wait((self._task,), timeout=2 * _SHUTDOWN_SECONDS)
        if not done:
            self._server.force_exit = True
            self._task.cancel()
            await asyncio.wait((self._task,), timeout=_SHUTDOWN_SECONDS)
        self._server = self._task = None

"""One connection between a venue and its client, in either's hands."""

from __future__ import annotations

import asyncio
import contextlib

from websockets.asyncio.connection import Connection
from websockets.exceptions import ConnectionClosed

from zenotc.venues.remote.codec import decode, encode
from zenotc.venues.remote.frames import Frame

__all__ = ["Link", "LinkLostError"]

_MOST_WAITING = 10_000
"""Frames that may wait for the other side to read them."""


_LAST_WORDS_SECONDS = 0.5


class LinkLostError(Exception):
    """The connection cannot be used any more.

    Parameters
    ----------
    reason
        Why, in words.
    code
        What the other side closed it with, `None` where it did not.
    """

    def __init__(self, reason: str, code: int | None = None) -> None:
        super().__init__(reason)
        self.code = code


class Link:
    """Sends and receives frames, which are numbered in each direction.

    A frame that comes twice is taken once; one that is missing ends the connection, because nobody can say what it was.

    Parameters
    ----------
    socket
        The connection.
    silence_seconds
        A connection on which nothing comes for so long is lost; `None` where the other side has nothing to say.
    """

    def __init__(self, socket: Connection, silence_seconds: float | None = None) -> None:
        self._socket = socket
        self._silence_seconds = silence_seconds
        self._sent = 0
        self._heard = 0
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._writer = asyncio.create_task(self._write())

    def send(self, frame: Frame) -> None:
        """Send a frame as soon as the connection takes it; who does not read what he is sent is cut off."""
        self._outbox.put_nowait(encode(self._sent + 1, frame))
        self._sent += 1
        if self._outbox.qsize() > _MOST_WAITING:
            self.abort()

    async def receive(self) -> Frame:
        """Return the next frame.

        Raises
        ------
        LinkLostError
            If there will be none.
        """
        while True:
            number, frame = await self._next()
            if number == self._heard + 1:
                self._heard = number
                return frame
            if number > self._heard:
                raise LinkLostError(f"frames {self._heard + 1} to {number - 1} are missing")

    def abort(self) -> None:
        """Drop the connection at once."""
        self._writer.cancel()
        self._socket.transport.abort()

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """Close the connection and tell the other side why, after what waits to be sent, if it is taken soon."""
        self._writer.cancel()
        with contextlib.suppress(ConnectionClosed, TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                while not self._outbox.empty():
                    await self._socket.send(self._outbox.get_nowait())
        await self._socket.close(code, reason)

    async def _next(self) -> tuple[int, Frame]:
        try:
            async with asyncio.timeout(self._silence_seconds):
                return decode(await self._socket.recv(decode=False))
        except TimeoutError:
            raise LinkLostError(f"silent for {self._silence_seconds:g} s") from None
        except ConnectionClosed as error:
            received = error.rcvd
            raise LinkLostError(str(error), received.code if received is not None else None) from error
        except ValueError as error:
            raise LinkLostError(str(error)) from error

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # the receiving side sees it too, and says why
            while True:
                await self._socket.send(await self._outbox.get())

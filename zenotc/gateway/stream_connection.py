"""A stream's connection, beneath the messages."""

from __future__ import annotations

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

__all__ = ["StreamConnection"]


class StreamConnection(WebSocketsSansIOProtocol):
    """Tells when anything comes from its client: one that only listens is heard by its pings, and by its answers.

    `on_heard` of the connection's state is called, once the client has been let in and put it there.
    """

    def data_received(self, data: bytes) -> None:
        """Take what has arrived."""
        super().data_received(data)
        on_heard = self.scope["state"].get("on_heard") if self.handshake_complete else None
        if on_heard is not None:
            on_heard()

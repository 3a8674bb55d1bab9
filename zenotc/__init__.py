"""A market-making strategy engine and its client.

from zenotc import ZenOTCClient
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zenotc.sdk.client import ZenOTCClient

__version__ = "0.1.0"
__all__ = ["ZenOTCClient", "__version__"]


def __getattr__(name: str) -> object:
    """Import the client when it is first asked for: the engine's own process never needs it."""
    if name == "ZenOTCClient":
        from zenotc.sdk.client import ZenOTCClient

        return ZenOTCClient
    raise AttributeError(f"module 'zenotc' has no attribute {name!r}")

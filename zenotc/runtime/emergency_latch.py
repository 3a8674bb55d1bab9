"""The emergency stop as a file of its own: it works when the journal does not, and outlives the process."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from zenotc.models.wire import decode, encode
from zenotc.runtime.files import remove_durably, write_durably

__all__ = ["EmergencyLatch", "Latched"]


@dataclass(frozen=True, slots=True)
class Latched:
    """An emergency stop in force: since when (UTC), by whom and why."""

    since: datetime
    operator: str
    reason: str


class EmergencyLatch:
    """A latch that is closed for as long as its file exists, whatever is in it.

    Parameters
    ----------
    path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.fspath(path)

    def latch(self, since: datetime, operator: str, reason: str) -> None:
        """Put the stop in force; it is on disk when this returns.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        write_durably(self._path, encode({"since": since, "operator": operator, "reason": reason}))

    @property
    def closed(self) -> bool:
        """Whether the stop is in force; cheap enough to ask before every order."""
        return os.path.exists(self._file)

    def latched(self) -> Latched | None:
        """Return the stop in force; a file that cannot be read is one, by an unknown operator."""
        try:
            body = decode(self._path.read_bytes())
            return Latched(datetime.fromisoformat(body["since"]), str(body["operator"]), str(body["reason"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            return Latched(datetime.fromtimestamp(0, UTC), "unknown", f"{self._path.name} cannot be read: {error}")

    def clear(self) -> None:
        """End the stop; it stays ended when this returns.

        Raises
        ------
        OSError
            If the file cannot be removed.
        """
        remove_durably(self._path)

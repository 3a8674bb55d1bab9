"""Where an engine keeps its journal, its keys, its emergency latch, and what clients find it by."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Self

import platformdirs

from zenotc.exceptions import ZenOTCError
from zenotc.journal.database import lock_file
from zenotc.models.status import Environment
from zenotc.models.wire import decode, encode
from zenotc.runtime.emergency_latch import EmergencyLatch
from zenotc.runtime.files import keep_private, remove_durably, write_durably
from zenotc.runtime.keys import KeyFile
from zenotc.runtime.venues_file import VenuesFile

__all__ = ["StateDirectory"]

LOCAL_KEY = "local"
"""Name of the key that programs of the same user find in `credentials`."""


class StateDirectory:
    """The directory of one engine.

    Parameters
    ----------
    path
        It exists already; use `open`.

    Attributes
    ----------
    emergency
        The emergency latch.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.emergency = EmergencyLatch(path / "emergency-stop.json")

    @staticmethod
    def locate(path: Path | None = None) -> Path:
        """Return where the directory is, or would be: see `open`."""
        return path or Path(os.environ.get("ZENOTC_STATE_DIR") or platformdirs.user_state_dir("zenotc"))

    @classmethod
    def open(cls, path: Path | None = None) -> Self:
        """Find the directory and create it, mode 0700, where there is none; one that is open to others is closed.

        Parameters
        ----------
        path
            Default `ZENOTC_STATE_DIR`, else the platform's directory for the user's state.

        Raises
        ------
        ZenOTCError
            If it cannot be created, or is open to others and not ours to close.
        """
        path = cls.locate(path)
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ZenOTCError(f"the state directory {path} cannot be created: {error.strerror}") from error
        keep_private(path)
        return cls(path.resolve())

    @property
    def journal(self) -> Path:
        """The journal's file."""
        return self.path / "journal.db"

    @property
    def replay_journal(self) -> Path:
        """The file of the newest replay's journal."""
        return self.path / "replay.db"

    @property
    def venues(self) -> VenuesFile:
        """Where the venues in other processes are."""
        return VenuesFile(self.path / "venues.json")

    @property
    def journal_lock(self) -> Path:
        """The file that the engine of this directory holds a lock on."""
        return lock_file(self.journal)

    @property
    def log(self) -> Path:
        """The engine's log."""
        return self.path / "engine.log"

    def keys(self) -> KeyFile:
        """Return the keys that this engine accepts."""
        return KeyFile(self.path / "keys.json")

    def publish(self, *, url: str, environment: Environment, epoch: str) -> None:
        """Tell local clients how to reach the engine of this process; call it when it is ready.

        Parameters
        ----------
        url
            Where the gateway listens, as `http://127.0.0.1:8731`.
        environment
            `sandbox` or `live`.
        epoch
            The journal's.

        Raises
        ------
        OSError
            If the files cannot be written.
        """
        self.provide_credentials(environment)
        profile = {"url": url, "pid": os.getpid(), "environment": environment, "epoch": epoch}
        write_durably(self.path / "engine.json", encode(profile))

    def profile(self) -> dict[str, Any]:
        """Return what `publish` said in whatever process, empty where there is nothing to be read."""
        return _read(self.path / "engine.json")

    def withdraw(self) -> None:
        """Take back what `publish` said, unless another engine has said something else since."""
        if self.profile().get("pid") == os.getpid():
            remove_durably(self.path / "engine.json")

    def provide_credentials(self, environment: Environment) -> tuple[str, str]:
        """Leave a key with all rights for the user's own programs, and return it with its secret.

        The one from an earlier start stays in use.

        Raises
        ------
        OSError
            If the files cannot be written.
        """
        path = self.path / "credentials"
        keys = self.keys()
        present = _read(path)
        api_key, secret = str(present.get("apiKey", "")), str(present.get("apiSecret", ""))
        if not keys.verify(api_key, secret):
            for key in keys.list():
                if key.name == LOCAL_KEY:
                    keys.revoke(key.key)
            created = keys.create(LOCAL_KEY, "MARKET_MAKING")
            api_key, secret = created.key, created.secret.decode()
        write_durably(path, encode({"apiKey": api_key, "apiSecret": secret, "environment": environment}))
        return api_key, secret


def _read(path: Path) -> dict[str, Any]:
    """Return the object in a file, empty where there is none."""
    try:
        body = decode(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return body if isinstance(body, dict) else {}

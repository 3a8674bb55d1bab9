"""Small files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zenotc.exceptions import ZenOTCError

__all__ = ["created_durably", "keep_private", "remove_durably", "write_durably"]

_logger = logging.getLogger(__name__)


def write_durably(path: Path, body: bytes) -> None:
    """Replace a file, mode 0600: after a crash it holds the old content or the new, and the new once this returns."""
    with _draft_of(path) as (draft, file):
        file.write(body)
        _sync(file)
        draft.replace(path)
    _sync_directory(path.parent)


@contextlib.contextmanager
def created_durably(path: Path) -> Iterator[BinaryIO]:
    """Yield a file to write to, mode 0600, that gets its name when all is written and on disk.

    Raises
    ------
    FileExistsError
        If there is a file of that name, at the beginning or at the end; it stays as it is.
    OSError
        If it cannot be written.
    """
    if path.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    with _draft_of(path) as (draft, file):
        yield file
        _sync(file)
        os.link(draft, path)
    _sync_directory(path.parent)


@contextlib.contextmanager
def _draft_of(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    """Yield a new file, mode 0600, beside a path, and its name, which is gone at the end."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            yield draft, file
    finally:
        draft.unlink(missing_ok=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def remove_durably(path: Path) -> None:
    """Remove a file where there is one; it stays away after a crash once this returns."""
    path.unlink(missing_ok=True)
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def keep_private(path: Path) -> None:
    """Take from everybody but its owner what they may do with a file or a directory, and say so.

    Raises
    ------
    ZenOTCError
        If it is not ours alone to take: it belongs to somebody else, or is meant to be shared.
    """
    state = path.stat()
    mode = stat.S_IMODE(state.st_mode)
    if not mode & 0o077:
        return
    shared = stat.S_ISDIR(state.st_mode) and mode & stat.S_ISVTX
    if state.st_uid != os.geteuid() or shared:
        raise ZenOTCError(
            f"{path} is open to others (mode {mode:03o}) and not ours to close: give another", code="open"
        )
    path.chmod(mode & 0o700)
    _logger.warning(
        "%s was open to others (mode %03o) and is closed now: replace the keys if somebody may have read them",
        path,
        mode,
    )

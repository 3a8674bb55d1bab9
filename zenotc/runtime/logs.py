"""The engine's log: a file that rotates and the standard error stream, neither of which can hold the engine up."""

from __future__ import annotations

import contextlib
import logging
import logging.handlers
import os
import queue
import re
import sys
import threading
from collections.abc import Iterator, MutableMapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Literal

import structlog
from structlog.stdlib import ProcessorFormatter
from structlog.typing import Processor

__all__ = ["LogFormat", "LogLevel", "redacted", "writing_logs"]

LogFormat = Literal["auto", "logfmt", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]

FILE_BYTES = 10_000_000
"""Size at which the file is rotated."""

OLD_FILES = 5
"""So many rotated files are kept."""

_WAITING = 10_000
_CLOSE_SECONDS = 1.0
_HIDDEN = "[redacted]"
_SECRET_NAME = re.compile(r"secret|password|passphrase|token|authorization|signature|private_?key", re.IGNORECASE)
_SECRET_IN_TEXT = re.compile(
    rf"""((?:{_SECRET_NAME.pattern})["']?\s*[=:]\s*(?:bearer\s+)?["']?)[^\s"',;&}}]+""", re.IGNORECASE
)


@contextlib.contextmanager
def writing_logs(file: Path, *, level: LogLevel = "info", format: LogFormat = "auto") -> Iterator[None]:
    """Write what is logged, by structlog or by libraries, to a file as JSON and to the standard error stream.

    Libraries are heard from `warning` on. At the end, what waits is written.

    Parameters
    ----------
    file
        Mode 0600; rotated at `FILE_BYTES`, with `OLD_FILES` old ones beside it.
    level
        The least that is written of our own.
    format
        Of the standard error stream; `auto` is `logfmt` on a terminal and `json` elsewhere.
    """
    if format == "auto":
        format = "logfmt" if sys.stderr.isatty() else "json"
    as_json: Processor = structlog.processors.JSONRenderer()
    handlers = [
        _InBackground(_RotatingFile(file), as_json),
        _InBackground(_StandardError(), as_json if format == "json" else _logfmt),
    ]
    _configure(level)
    root = logging.getLogger()
    for handler in handlers:
        root.addHandler(handler)
    try:
        yield
    finally:
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()


def redacted(_logger: Any, _method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return a log entry without its secrets: fields of such a name, and `secret=...` within any text."""
    return {name: _HIDDEN if _SECRET_NAME.search(name) else _without_secrets(value) for name, value in entry.items()}


def _without_secrets(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_IN_TEXT.sub(rf"\1{_HIDDEN}", value)
    if isinstance(value, dict):
        return redacted(None, "", {str(name): item for name, item in value.items()})
    if isinstance(value, list | tuple):
        return [_without_secrets(item) for item in value]
    return value


_ENTRY: list[Processor] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,  # never the values of local variables
]


def _configure(level: LogLevel) -> None:
    least = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger().setLevel(max(least, logging.WARNING))
    logging.getLogger("zenotc").setLevel(least)
    structlog.configure(
        processors=[*_ENTRY, redacted, ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )


_as_logfmt = structlog.processors.LogfmtRenderer(
    key_order=["timestamp", "level", "event"], drop_missing=True, bool_as_flag=False
)


def _logfmt(logger: Any, method: str, entry: MutableMapping[str, Any]) -> str:
    """Return an entry as one line of `name=value`, and its traceback below."""
    traceback = entry.pop("exception", None)
    line = _as_logfmt(logger, method, entry)
    return f"{line}\n{traceback}" if traceback else line


class _InBackground(logging.Handler):
    """Hands records to another handler in a thread of its own; what does not fit in between is dropped.

    Parameters
    ----------
    target
        Writes, and may take long.
    renderer
        Makes the text of an entry.
    """

    def __init__(self, target: logging.Handler, renderer: Processor) -> None:
        super().__init__()
        target.setFormatter(
            ProcessorFormatter(
                foreign_pre_chain=[*_ENTRY, redacted], processors=[ProcessorFormatter.remove_processors_meta, renderer]
            )
        )
        self._target = target
        self._waiting: queue.Queue[logging.LogRecord | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(record)

    def close(self) -> None:
        """Write what waits, unless that takes too long."""
        with contextlib.suppress(queue.Full):
            self._waiting.put(None, timeout=_CLOSE_SECONDS)
        self._thread.join(_CLOSE_SECONDS)
        super().close()

    def _write(self) -> None:
        while (record := self._waiting.get()) is not None:
            # Not `handle`: its lock would be held by a write that never returns, and is taken at the process's end.
            self._target.emit(record)
        self._target.close()


class _StandardError(logging.Handler):
    """Writes to the descriptor itself: a stream's lock would be waited for at the process's end."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; a reader that has gone misses it."""
        with contextlib.suppress(OSError):
            os.write(2, f"{self.format(record)}\n".encode("utf-8", "backslashreplace"))


class _RotatingFile(logging.handlers.RotatingFileHandler):
    """A file for its owner's eyes; a disk that is full loses the log and nothing else."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=FILE_BYTES, backupCount=OLD_FILES, encoding="utf-8", delay=True)

    def _open(self) -> TextIOWrapper:
        return open(
            self.baseFilename,
            "a",
            encoding="utf-8",
            opener=lambda path, flags: os.open(path, flags | os.O_CLOEXEC, 0o600),
        )

    def handleError(self, record: logging.LogRecord) -> None:
        """Let the record go: the standard error stream has it too."""

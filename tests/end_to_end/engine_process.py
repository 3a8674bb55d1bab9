"""An engine as a process of its own, for tests that meet it as its users do."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def engine(state_dir: Path, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Run `zenotc serve` until the block ends; it is ready within the block."""
    command = [sys.executable, "-m", "zenotc", "serve", "--port", "0", "--state-dir", state_dir, *arguments]
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        try:
            deadline = time.monotonic() + 30
            while not (state_dir / "engine.json").exists():
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            finally:
                process.kill()


def profile(state_dir: Path) -> dict[str, object]:
    """Return what the engine tells its clients."""
    body = json.loads((state_dir / "engine.json").read_text())
    assert isinstance(body, dict)
    return body

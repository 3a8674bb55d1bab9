"""The engine has no clock, no chance and no waiting: the same inputs give the same actions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import zenotc.engine

SOURCES = sorted(Path(zenotc.engine.__file__).parent.rglob("*.py"))
FORBIDDEN_MODULES = {
    "asyncio", "concurrent", "multiprocessing", "os", "queue", "random", "sched", "secrets", "select", "signal",
    "socket", "sqlite3", "subprocess", "sys", "threading", "time", "uuid", "httpx", "websockets", "numpy",
}  # fmt: skip
FORBIDDEN_CALLS = {"now", "utcnow", "today", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "sleep", "uuid4"}
FORBIDDEN_NAMES = {"open", "input", "print", "hash", "__import__", "eval", "exec"}


def impurities(source: str) -> list[str]:
    """Return what a module takes from outside its inputs."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.partition(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.ImportFrom):
            if (node.module or "").partition(".")[0] in FORBIDDEN_MODULES:
                found.append(node.module or "")
        elif isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute) and function.attr in FORBIDDEN_CALLS:
                found.append(ast.unparse(function))
            elif isinstance(function, ast.Name) and function.id in FORBIDDEN_NAMES:
                found.append(function.id)
        elif isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith):
            found.append("async")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_module_of_the_engine_looks_outside(path: Path) -> None:
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time", "from random import random", "from datetime import datetime\ndatetime.now()", "import asyncio",
        "datetime.datetime.utcnow()", "async def f(): ...", "import uuid", "import os.path", "open('x')",
    ],
)  # fmt: skip
def test_the_scan_sees_what_it_looks_for(source: str) -> None:
    assert impurities(source)

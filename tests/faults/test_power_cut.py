"""A cut loses nothing that was acknowledged, and the harness would see it if it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.faults.power_cut import NAME, Sync, Write, power_cut, record


def test_nothing_acknowledged_is_lost() -> None:
    outcome = power_cut(60, seed=7)
    assert outcome.tried == 60
    assert outcome.failures == []


def test_a_trace_has_what_can_go_wrong(tmp_path: Path) -> None:
    happenings = record(tmp_path, seed=2)
    synced = [happening.name for happening in happenings if isinstance(happening, Sync)]
    assert synced.count(f"{NAME}-wal") > 50
    assert synced.count(NAME) > 5, "the log never went into the database"
    assert sum(isinstance(happening, Write) and happening.name == NAME for happening in happenings) > 50


@pytest.mark.parametrize("fault", [{"synchronous": "OFF"}, {"synchronous": "NORMAL"}, {"too_early": True}], ids=str)
def test_a_journal_with_this_fault_is_caught(fault: dict[str, Any]) -> None:
    outcome = power_cut(20, seed=7, **fault)
    assert any("acknowledged batches are lost" in failure for failure in outcome.failures)

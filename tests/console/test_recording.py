"""What the console saw, kept and seen again: the same desk, and nothing that can be commanded."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pytest

from console.recording import Playback, Recorder, Recording, read_recording
from tests.console.double import NOW, Engine, fill
from zenotc.exceptions import ValidationError


async def _record(desk: Any, until: Any, file: Path, screen_text: Any) -> str:
    recorder = Recorder(file)
    engine = Engine()
    async with desk(engine=Recording(engine, recorder)) as (app, _, pilot):
        engine.publish(fill(1, price="61842.1"), fill(2))
        await engine.change("s-eth", currentPosition=-7)
        await until(pilot, lambda: app.store.books and "-7" in screen_text(app))
        seen: str = screen_text(app)
    recorder.close()
    return seen


async def test_a_recording_shows_the_same_desk_again(desk: Any, until: Any, tmp_path: Path, screen_text: Any) -> None:
    file = tmp_path / "seen.rec"
    await _record(desk, until, file, screen_text)
    kinds = {kind for _, kind, _, _ in read_recording(file)}
    assert {"link", "status", "strategies", "events", "book"} <= kinds
    async with Playback(file, 5.0) as played, desk(engine=played.engines[0], playback=True) as (app, _, pilot):
        await until(pilot, lambda: app.store.wire and app.store.wire["s-eth"]["currentPosition"] == -7)
        await until(pilot, lambda: "quote_filled" in screen_text(app) and app.store.books)
        text = screen_text(app)
        assert " PLAYBACK " in text.splitlines()[0] and "BTC Market Maker" in text and "quote_filled" in text
        await pilot.press("p")
        assert "read-only" in screen_text(app)
        await pilot.press("exclamation_mark", "exclamation_mark")
        assert "read-only" in screen_text(app) and not app.store.commands.commands
        await until(pilot, lambda: app.store.link == "lost")
        assert "the recording has ended" in app.store.link_reason


async def test_a_recording_is_bounded_and_overwrites_nothing(tmp_path: Path) -> None:
    file = tmp_path / "seen.rec"
    recorder = Recorder(file, largest_bytes=2_000)
    for number in range(200_000):
        recorder.write("events", [{"seq": number, "at": NOW, "words": f"{number * 7919:x}"}])
    recorder.close()
    assert file.stat().st_size < 100_000
    assert 0 < sum(1 for _ in read_recording(file)) < 200_000
    with pytest.raises(FileExistsError):
        Recorder(file)


async def test_a_recording_that_was_cut_off_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    file = tmp_path / "seen.rec"
    recorder = Recorder(file)
    for number in range(5_000):
        recorder.write("events", [{"seq": number, "words": f"{number * 7919:x}"}])
    recorder.close()
    file.write_bytes(file.read_bytes()[:-500])
    assert 1_000 < sum(1 for _ in read_recording(file)) < 5_000


@pytest.mark.parametrize(
    "content",
    [b"", b"not gzip", gzip.compress(b'[0, "else", null]\n'), gzip.compress(b"{")],
    ids=["empty", "other", "unknown", "broken"],
)
def test_another_file_is_no_recording(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "other"
    file.write_bytes(content)
    with pytest.raises(ValidationError, match="is no recording"):
        Playback(file)

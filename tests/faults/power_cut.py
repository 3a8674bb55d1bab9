"""The power fails: what was synced is on the disk, of the rest any part, and nothing acknowledged may be missing.

A journal's writes and syncs are recorded while it works. A cut takes a moment of the record and builds the files that
a disk may hold then: everything up to a file's last sync; of what was written to it later, for every sector of 512
bytes by itself, any of the states that it went through; any of its lengths; and a name only where the directory was
synced since, or by luck.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from tests.faults.row import Outcome, Row
from tests.faults.sqlite_files import connector
from zenotc.exceptions import ZenOTCError
from zenotc.journal import Journal
from zenotc.journal.database import alone_with
from zenotc.journal.records import CommandRecord, FillRecord, OrderRecord, Record
from zenotc.journal.verify import verify
from zenotc.models.events import ErrorOccurred
from zenotc.models.wire import utc_from_ns

__all__ = ["ROWS", "power_cut"]

SECTOR = 512
CUTS_OF_A_TRACE = 200
BATCHES = 240
T0 = 1_723_161_254_000_000_000
NAME = "journal.db"


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes that went to a file; `data` is `None` where the file was cut at `offset` instead."""

    name: str
    offset: int
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Sync:
    """A file was synced."""

    name: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A name came into the directory, or left it."""

    name: str
    created: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """So many batches had been reported as written."""

    batches: int


Happening = Write | Sync | Entry | Acknowledged


class Trace:
    """Records what happens to the files, in order."""

    def __init__(self) -> None:
        self.happenings: list[Happening] = []
        self._names: set[str] = set()

    def opening(self, name: str) -> None:
        if name not in self._names:
            self._names.add(name)
            self.happenings.append(Entry(name, created=True))

    def writing(self, name: str, offset: int, data: bytes) -> None:
        self.happenings.append(Write(name, offset, data))

    def truncating(self, name: str, size: int) -> None:
        self.happenings.append(Write(name, size, None))

    def syncing(self, name: str) -> None:
        self.happenings.append(Sync(name))

    def deleting(self, name: str) -> None:
        self._names.discard(name)
        self.happenings.append(Entry(name, created=False))


@dataclass(slots=True)
class Inode:
    """A file on the disk: what is safe, and what was written since."""

    safe: bytearray = field(default_factory=bytearray)
    since: list[Write] = field(default_factory=list)

    def sync(self) -> None:
        for write in self.since:
            _apply(self.safe, write)
        self.since.clear()

    def after_cut(self, chance: random.Random) -> bytes:
        """Return what a cut may leave."""
        image, now = bytearray(self.safe), bytearray(self.safe)
        states: dict[int, list[bytes]] = {}
        lengths = [len(now)]
        for write in self.since:
            _apply(now, write)
            lengths.append(len(now))
            if write.data is not None:
                for sector in range(write.offset // SECTOR, -(-(write.offset + len(write.data)) // SECTOR)):
                    states.setdefault(sector, []).append(bytes(now[sector * SECTOR : (sector + 1) * SECTOR]))
        luck = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
        for sector, versions in states.items():
            if chance.random() < luck:
                _apply(image, Write("", sector * SECTOR, chance.choice(versions)))
        length = lengths[-1] if chance.random() < 0.5 else chance.choice(lengths)
        del image[length:]
        return bytes(image.ljust(length, b"\0"))


def _apply(content: bytearray, write: Write) -> None:
    if write.data is None:
        del content[write.offset :]
        content.extend(bytes(write.offset - len(content)))
    else:
        content.extend(bytes(max(write.offset - len(content), 0)))
        content[write.offset : write.offset + len(write.data)] = write.data


class Disk:
    """A directory as it would be after a cut at the moment that it has come to."""

    def __init__(self) -> None:
        self.acknowledged = 0
        self._now: dict[str, Inode] = {}
        self._safe: dict[str, Inode] = {}

    def happen(self, happening: Happening) -> None:
        match happening:
            case Write(name):
                self._now[name].since.append(happening)
            case Sync(name):
                self._now[name].sync()
                # SQLite syncs the directory with the first sync of a log that it has created.
                if name != NAME and self._safe.get(name) is not self._now[name]:
                    self._safe = dict(self._now)
            case Entry(name, created=True):
                self._now[name] = Inode()
            case Entry(name):
                del self._now[name]
            case Acknowledged(batches):
                self.acknowledged = batches

    def after_cut(self, chance: random.Random) -> Iterator[tuple[str, bytes]]:
        """Yield the files that a cut may leave."""
        for name in sorted(self._now.keys() | self._safe.keys()):
            inode = chance.choice((self._now.get(name), self._safe.get(name)))
            if inode is not None:
                yield name, inode.after_cut(chance)


def batch(number: int, chance: random.Random) -> list[Record | ErrorOccurred]:
    """Return what is written at once: a command, its order, its fill and an event."""
    one = Decimal(1)
    reason = "x" * chance.choice((10, 200, 9_000))
    return [
        CommandRecord(f"c{number}", T0, "trader", "Pause", None, b"{}"),
        OrderRecord(f"o{number}", "s", "v", "BTC", "buy", one, one, "quote", 0, T0),
        FillRecord("v", "BTC", f"t{number}", f"o{number}", "s", "buy", one, one, one, True, T0, one),
        ErrorOccurred(timestamp=utc_from_ns(T0), code="x", reason=reason),
    ]


def record(folder: Path, seed: int, synchronous: str = "FULL", *, too_early: bool = False) -> list[Happening]:
    """Let a journal work through two lives, and return what happened to its files.

    Parameters
    ----------
    folder
        Where the journal is.
    seed
        Of what is written.
    synchronous
        How SQLite syncs.
    too_early
        Whether to acknowledge before the commit, which is a fault.
    """
    chance = random.Random(seed)
    trace = Trace()
    pages = chance.choice((20, 100, 1_000))
    connect = connector(trace, synchronous=synchronous, checkpoint_pages=pages)
    number = 0
    for life in (1, 2):
        with Journal.open(folder / NAME, now_ns=T0, connect=connect) as journal:
            while number < life * BATCHES // 2:
                for _ in range(chance.choice((1, 1, 1, 3, 10))):
                    number += 1
                    journal.append(batch(number, chance))
                if not too_early:
                    journal.flush(10)
                trace.happenings.append(Acknowledged(number))
    return trace.happenings


def check(folder: Path, acknowledged: int) -> str | None:
    """Open what a cut has left as an engine would, and return what does not hold."""
    path = folder / NAME
    try:
        with Journal.open(path, now_ns=T0) as journal:
            commands = [record.command_id for record in journal.records(CommandRecord)]
            fills = [record.trade_id for record in journal.records(FillRecord)]
            events = journal.last_seq
            journal.append(batch(10**6, random.Random(0)))
        with alone_with(path, T0) as connection:
            verify(connection)
    except ZenOTCError as error:
        return f"{error.code}: {error}"
    count = len(commands)
    if count < acknowledged:
        return f"{acknowledged - count} acknowledged batches are lost"
    numbers = range(1, count + 1)
    if commands != [f"c{n}" for n in numbers] or fills != [f"t{n}" for n in numbers] or events != count:
        return "a batch is there in part"
    return None


def power_cut(count: int, seed: int, *, synchronous: str = "FULL", too_early: bool = False) -> Outcome:
    """Cut the power at so many moments, some 200 to a trace."""
    outcome = Outcome()
    while outcome.tried < count:
        trace_seed = seed * 1_000 + outcome.tried // CUTS_OF_A_TRACE
        with tempfile.TemporaryDirectory() as folder:
            happenings = record(Path(folder), trace_seed, synchronous, too_early=too_early)
        chance = random.Random(trace_seed)
        cuts = sorted(chance.choices(range(len(happenings) + 1), k=min(CUTS_OF_A_TRACE, count - outcome.tried)))
        disk, position = Disk(), 0
        for cut in cuts:
            for happening in happenings[position:cut]:
                disk.happen(happening)
            position = cut
            with tempfile.TemporaryDirectory(dir=_quick_folder()) as folder:
                for name, content in disk.after_cut(chance):
                    (Path(folder) / name).write_bytes(content)
                failure = check(Path(folder), disk.acknowledged)
            outcome.tried += 1
            if failure is not None:
                outcome.failures.append(f"trace {trace_seed}, cut at {cut} of {len(happenings)}: {failure}")
    return outcome


def _quick_folder() -> str | None:
    """Return a folder in memory where there is one: what is checked there has no power to lose."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


ROWS = (Row("power-cut", "no acknowledged fill or command lost, the journal opens and is intact", 2_000, power_cut),)

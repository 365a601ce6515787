"""Simulated power cuts: a desk's day is written once through a recording disk, then cut at any write.

The day runs on the real store (SQLCipher); every statement with its parameters is recorded and run again by plain
SQLite (apsw), whose disk can be replaced from Python. That is fair: SQLCipher encrypts a page on its way to the disk
and changes neither which pages are written, nor where, nor in which order, nor when the disk is told to sync, and
these decide what a power cut can do. The schema, the triggers, the statements and the pragmas are the store's own.

A disk keeps what it was told to sync. Of what it was not, each sector of 512 bytes may be there or not, in any mixture.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias

import apsw
import sqlalchemy as sa

from tests.helpers.desk import Desk

SECTOR = 512
Parameters: TypeAlias = "tuple[object, ...]"


# -- recording what the store does ----------------------------------------------------------------------------------


@dataclass
class Day:
    """A day's statements, transaction by transaction, and the schema and pragmas that they ran on."""

    schema: list[str]
    pragmas: list[str]
    transactions: list[list[tuple[str, list[Parameters]]]] = field(default_factory=list)


@contextmanager
def recorded(desk: Desk) -> Iterator[Day]:
    """Record every transaction that is committed on the desk's replica within the block."""
    engine = desk.replica._writer_engine
    day = Day(_schema(desk), _pragmas(engine))
    running: list[tuple[str, list[Parameters]]] = []

    def statement(_c: object, _cursor: object, text: str, given: object, _context: object, many: bool) -> None:
        sets = list(given) if many else [given]  # type: ignore[call-overload]
        running.append((text, [tuple(one or ()) for one in sets]))

    def committed(_connection: object) -> None:
        day.transactions.append([*running])
        running.clear()

    def rolled_back(_connection: object) -> None:
        running.clear()

    listeners = (("before_cursor_execute", statement), ("commit", committed), ("rollback", rolled_back))
    for name, listener in listeners:
        sa.event.listen(engine, name, listener)
    yield day
    for name, listener in listeners:
        sa.event.remove(engine, name, listener)


def _schema(desk: Desk) -> list[str]:
    """The statements that make the empty tables again."""
    with desk.replica.reader() as connection:
        shadows = connection.exec_driver_sql("SELECT name FROM pragma_table_list WHERE type = 'shadow'").scalars().all()
        made = connection.exec_driver_sql(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' "
            "ORDER BY type = 'trigger', rowid"
        )
        return [text for name, text in made if name not in shadows]


def _pragmas(engine: sa.Engine) -> list[str]:
    """How durable the store's own connection is."""
    with engine.connect() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in _DECISIVE}
    return [f"PRAGMA {name} = {value}" for name, value in found.items()]


_DECISIVE = ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers")


# -- a disk that remembers ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """One thing done to the disk; `acknowledged` transactions had been committed when it was asked for."""

    verb: Literal["write", "truncate", "sync", "delete"]
    file: str
    offset: int
    data: bytes
    acknowledged: int


class Recorder(apsw.VFS):
    """A disk that does what it is told and writes down what it was told."""

    def __init__(self, name: str) -> None:
        self.acts: list[Act] = []
        self.acknowledged = 0
        self.name = name
        super().__init__(name, "")

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> apsw.VFSFile:
        return _RecordedFile(self, name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        self.note("delete", filename)

    def note(
        self, verb: Literal["write", "truncate", "sync", "delete"], file: str, offset: int = 0, data: bytes = b""
    ) -> None:
        self.acts.append(Act(verb, Path(file).name, offset, data, self.acknowledged))


class _RecordedFile(apsw.VFSFile):
    def __init__(self, disk: Recorder, name: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        super().__init__("", name, flags)
        self._disk = disk
        self._name = name.filename() if isinstance(name, apsw.URIFilename) else str(name)

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        self._disk.note("write", self._name, offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._disk.note("truncate", self._name, size)

    def xSync(self, flags: int) -> None:
        self._disk.note("sync", self._name)


# -- running the day through it -------------------------------------------------------------------------------------


@dataclass
class Film:
    """A day on a recording disk: the disk before it, everything done to it, and the state after each transaction."""

    start: dict[str, bytes]
    acts: list[Act]
    states: list[str]


def filmed(day: Day, folder: Path, *, synchronous: str | None = None, checkpoint_every: int = 15) -> Film:
    """Run a day's transactions; `synchronous` overrides the store's own setting, for a control that must fail."""
    folder.mkdir(parents=True)
    path = folder / "replica.db"
    _made(day, path)
    start = {path.name: path.read_bytes()}
    disk = Recorder(f"power-cut-{folder}")
    connection = apsw.Connection(str(path), vfs=disk.name)
    try:
        # The log's index lies in memory then; Python disks have no shared one. What reaches the disk is the same.
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        for pragma in day.pragmas:
            connection.execute(pragma).fetchall()
        if synchronous:
            connection.execute(f"PRAGMA synchronous = {synchronous}")
        _door(connection)
        states = [fingerprint(connection)]
        for number, transaction in enumerate(day.transactions, 1):
            for text, sets in transaction:
                connection.executemany(text, sets)
            connection.execute("COMMIT")
            disk.acknowledged = number
            states.append(fingerprint(connection))
            if number % checkpoint_every == 0:
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        acts = disk.acts.copy()
    finally:
        connection.close()
        disk.unregister()
    return Film(start, acts, states)


def _made(day: Day, path: Path) -> None:
    connection = apsw.Connection(str(path))
    _door(connection)
    with connection:
        for text in day.schema:
            connection.execute(text)
    connection.execute("PRAGMA journal_mode = WAL").fetchall()
    connection.close()


def _door(connection: apsw.Connection) -> None:
    # Open: what the store once allowed is not judged again.
    connection.create_scalar_function("driveflow_door", lambda: 2, 0)


def fingerprint(connection: apsw.Connection) -> str:
    """Every row of every table, in short; two states are equal when nothing at all differs."""
    names = connection.execute("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'").fetchall()
    digest = sha256()
    for (name,) in sorted(names):
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            digest.update(repr((name, row)).encode())
    return digest.hexdigest()


# -- cutting --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cut:
    """What a power cut left: the transactions that had been acknowledged, and the one whose state was found.

    `survived` is None when the state is that of no transaction: half of one, or a broken file (`damage` says which).
    """

    acknowledged: int
    survived: int | None
    damage: str

    @property
    def lost(self) -> bool:
        """Whether an acknowledged transaction is gone."""
        return self.survived is not None and self.survived < self.acknowledged

    @property
    def torn(self) -> bool:
        """Whether the file is broken or holds half a transaction."""
        return self.survived is None


def cut(film: Film, folder: Path, seed: int, position: int | None = None) -> Cut:
    """Cut the power at a random act (or after `position` of them), start again from what the disk kept, and look."""
    chance = random.Random(seed)
    position = position or chance.randrange(1, len(film.acts) + 1)
    for name, content in left_on_disk(film, position, chance).items():
        (folder / name).write_bytes(content)
    acknowledged = film.acts[position - 1].acknowledged
    path = folder / "replica.db"
    connection = apsw.Connection(str(path))
    try:
        _door(connection)
        problems = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
        if problems != ["ok"]:
            return Cut(acknowledged, None, f"broken: {problems}")
        found = fingerprint(connection)
    except apsw.Error as problem:
        return Cut(acknowledged, None, f"broken: {problem}")
    finally:
        connection.close()
        for left in folder.iterdir():
            left.unlink()
    if found not in film.states:
        return Cut(acknowledged, None, "half a transaction")
    return Cut(acknowledged, film.states.index(found), "")


def left_on_disk(film: Film, position: int, chance: random.Random) -> dict[str, bytes]:
    """The files as they may be found when the power is cut after the first `position` acts."""
    files = {name: bytearray(content) for name, content in film.start.items()}
    survival = chance.choice((0.0, 0.1, 0.5, 0.9, 1.0))
    acts = film.acts[:position]
    synced = {act.file: number for number, act in enumerate(acts) if act.verb == "sync"}
    for number, act in enumerate(acts):
        certain = number < synced.get(act.file, -1)
        _do(files, act, lambda certain=certain: certain or chance.random() < survival)  # type: ignore[misc]
    return {name: bytes(content) for name, content in files.items()}


def _do(files: dict[str, bytearray], act: Act, happens: Callable[[], bool]) -> None:
    if act.verb == "delete":
        # SQLite deletes a log only when it needs it no more; the name may be there or not.
        if happens():
            files.pop(act.file, None)
    elif act.verb == "truncate":
        if happens():
            content = files.setdefault(act.file, bytearray())
            del content[act.offset :]
            content.extend(bytes(act.offset - len(content)))
    elif act.verb == "write":
        _write(files.setdefault(act.file, bytearray()), act, happens)


def _write(content: bytearray, act: Act, happens: Callable[[], bool]) -> None:
    """Write by the disk's own sectors, each of which may be missing."""
    end = act.offset + len(act.data)
    position = act.offset
    while position < end:
        stop = min(end, (position // SECTOR + 1) * SECTOR)
        if happens():
            if len(content) < stop:
                content.extend(bytes(stop - len(content)))
            content[position:stop] = act.data[position - act.offset : stop - act.offset]
        position = stop

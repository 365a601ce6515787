"""Copies of a replica: encrypted ones to come back to, plain ones for other tools.

A copy is made beside its target and gets its name only when it is complete, checked and on the disk.
"""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.failures import plain_errors
from driveflow_desktop.store.files import PARTIAL, put_in_place, remove_database, sync_file
from driveflow_desktop.store.replica import Replica, connect

log = logging.getLogger(__name__)

_STEP_PAGES: Final = 2_000


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a copy holds: rows by table, and how many references were broken (in the original as well)."""

    rows: Mapping[str, int]
    broken_references: int


def copy_replica(replica: Replica, target: Path) -> CopyReport:
    """Copy the replica's state of this moment to `target`, encrypted with its key, while it goes on being written.

    The copy is checked (structure, references, every row counted) and on the disk before it gets its name, replacing
    a file of that name. Broken references are reported, not refused: they would be the original's, and such a copy is
    better than none. Raises `UserError`: `disk_full`, `read_only`, `corrupt`.
    """
    partial = target.with_name(target.name + PARTIAL)
    with plain_errors(), replica.held_in_place(), without_remains(partial):
        with contextlib.closing(connect(replica.path, replica.key, read_only=True)) as source:
            # One read transaction: the copy is one state, and writers neither wait nor make it begin again.
            source.execute("BEGIN")
            rows = count_rows(source)
            with contextlib.closing(connect(partial, replica.key)) as copy:
                # It is synced as a whole when it is complete; until then it may be lost.
                copy.execute("PRAGMA synchronous = OFF")
                source.backup(copy, pages=_STEP_PAGES)
                # The pages say that they belong to a log; without it the copy is one file, readable from any medium.
                copy.execute("PRAGMA journal_mode = DELETE")
                broken = check_whole(copy, quick=True)
                _require_same(count_rows(copy), rows)
        sync_file(partial)
        put_in_place(partial, target)
    if broken:
        log.warning("the copy %s holds %d broken references", target.name, broken)
    return CopyReport(rows, broken)


def export_plain(replica: Replica, target: Path) -> Mapping[str, int]:
    """Write the rows as an SQLite file that is *not* encrypted, for other tools; returns the rows by table.

    Triggers and the search index stay behind: they need what other tools do not have. Raises `UserError`: `exists`
    (a file of that name is not replaced), `disk_full`, `read_only`, `corrupt`.
    """
    if target.exists():
        raise UserError("exists", f"{target} is there already.", hint="Choose another name, or remove it first.")
    partial = target.with_name(target.name + PARTIAL)
    with plain_errors(), replica.held_in_place(), without_remains(partial):
        with contextlib.closing(connect(replica.path, replica.key)) as source:
            source.execute("ATTACH DATABASE ? AS plain KEY ''", (str(partial),))
            source.execute("BEGIN")
            rows = count_rows(source)
            source.execute("SELECT sqlcipher_export('plain')").fetchall()
            source.execute("COMMIT")
        with contextlib.closing(sqlcipher.connect(str(partial), isolation_level=None)) as plain:
            _drop_machinery(plain)
            plain.execute("VACUUM")
            check_whole(plain)
            _require_same(count_rows(plain), rows)
        sync_file(partial)
        put_in_place(partial, target)
    return rows


def count_rows(connection: sqlcipher.Connection) -> dict[str, int]:
    """The number of rows of every table; the search index, which is made from them, is left out."""
    names = connection.execute(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite%' "
        "AND name NOT LIKE 'search%' ORDER BY name"
    ).fetchall()
    return {
        name: int(connection.execute(f'SELECT count(*) FROM main."{name}"').fetchone()[0])  # noqa: S608
        for (name,) in names
    }


def check_whole(connection: sqlcipher.Connection, *, quick: bool = False) -> int:
    """The number of broken references; `UserError("corrupt")` for a broken structure. Reads every page.

    `quick` does not compare the indexes with their rows, which takes as long again.
    """
    try:
        structure = connection.execute(f"PRAGMA {'quick' if quick else 'integrity'}_check(1)").fetchall()
        references = connection.execute("PRAGMA foreign_key_check").fetchall()
    except sqlcipher.DatabaseError as problem:
        raise _damaged() from problem
    if structure != [("ok",)]:
        raise _damaged()
    return len(references)


def _require_same(found: Mapping[str, int], expected: Mapping[str, int]) -> None:
    if found != expected:
        raise _damaged()


def _damaged() -> UserError:
    return UserError(
        "corrupt",
        "The copy did not come out whole, so it was thrown away.",
        hint="Check the disk, then run `driveflow doctor`.",
    )


def _drop_machinery(plain: sqlcipher.Connection) -> None:
    """Remove triggers, views and the search index."""
    for kind, pattern in (("trigger", "%"), ("view", "%"), ("table", "search%")):
        found = plain.execute(
            "SELECT name FROM sqlite_master WHERE type = ? AND name LIKE ? "
            "AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow')",
            (kind, pattern),
        ).fetchall()
        for (name,) in found:
            plain.execute(f'DROP {kind.upper()} "{name}"')


@contextlib.contextmanager
def without_remains(partial: Path) -> Iterator[None]:
    """Begin without remains of an earlier try, and leave none of a failed one."""
    remove_database(partial)
    try:
        yield
    except BaseException:
        remove_database(partial)
        raise

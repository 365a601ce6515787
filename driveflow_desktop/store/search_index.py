"""The full-text index over people and bookings (replica only): tables, the triggers that keep it, and its rebuild.

Triggers keep it right, so no writer (desk, sync, bulk) can forget it. What belongs into it is said once, by the two
`*_source` views; triggers, rebuild and check all read them.

    students, guardians, instructors ──▶ search_people ───▶ search_people_fts      (FTS5, external content)
    bookings with their student ───────▶ search_bookings ─▶ search_bookings_fts

FTS5 names a document by an integer. Our tables have none that survives a VACUUM, so the document tables bring their
own, `doc`. A booking's is made of its minute, `start_at / 1 min << 16 | n`, so that FTS5, which answers in the order
of these numbers, gives the next or the last lessons first without sorting.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

MINUTE_MICROS: Final = 60_000_000
DOC_SHIFT: Final = 16

_TOKENS: Final = "unicode61 remove_diacritics 2"
_PHONE_LENGTH: Final = 20
_PUNCTUATION: Final = (" ", "+", "-", "(", ")", ".", "/")


@dataclass(frozen=True, slots=True)
class _Kind:
    """A table of people: the word for it, its name column, other indexed columns, and which rows do not count."""

    table: str
    kind: str
    name: str
    more: tuple[str, ...]
    hidden: str | None = None

    @property
    def watched(self) -> tuple[str, ...]:
        columns = ("org_id", "id", self.name, "phone", *self.more)
        return (*columns, self.hidden) if self.hidden else columns


_PEOPLE: Final = (
    _Kind("students", "student", "full_name", ("email", "pickup_address"), hidden="erased_at"),
    _Kind("guardians", "guardian", "full_name", ("email",)),
    _Kind("instructors", "instructor", "display_name", ("email",)),
)
_BOOKING_WATCHED: Final = ("org_id", "id", "student_id", "start_at", "notes", "pickup_address", "dropoff_address")

_PEOPLE_COLUMNS: Final = "org_id, kind, row_id, name, more, phone, phone_end"
_BOOKING_COLUMNS: Final = "org_id, row_id, name, more"


_PEOPLE_TABLE: Final = """\
CREATE TABLE search_people (doc INTEGER PRIMARY KEY, org_id BLOB NOT NULL, kind TEXT NOT NULL, row_id BLOB NOT NULL,
  name TEXT NOT NULL, more TEXT NOT NULL, phone TEXT NOT NULL, phone_end TEXT NOT NULL,
  UNIQUE (row_id, org_id, kind))"""
_BOOKING_TABLE: Final = """\
CREATE TABLE search_bookings (doc INTEGER PRIMARY KEY, org_id BLOB NOT NULL, row_id BLOB NOT NULL,
  name TEXT NOT NULL, more TEXT NOT NULL, UNIQUE (row_id, org_id))"""


def tables() -> tuple[str, ...]:
    """The statements that make the document tables, the index over them, and the views of what belongs into it."""
    return (
        _PEOPLE_TABLE,
        _BOOKING_TABLE,
        _fts("search_people", "name, more, phone, phone_end"),
        _fts("search_bookings", "name, more"),
        "CREATE VIEW search_people_source AS\n" + "\nUNION ALL\n".join(map(_people_source, _PEOPLE)),
        _BOOKING_SOURCE,
    )


def triggers() -> tuple[str, ...]:
    """The statements that make the triggers."""
    return (*_index_triggers(), *_people_triggers(), *_booking_triggers())


def rebuild(connection: sa.Connection) -> None:
    """Make the index anew from the rows, whatever state it is in; inside the caller's transaction."""
    drop(connection)
    for statement in tables():
        connection.exec_driver_sql(statement)
    fill(connection)
    for statement in triggers():
        connection.exec_driver_sql(statement)


def fill(connection: sa.Connection) -> None:
    """Index every row, into empty document tables that no trigger watches yet."""
    for statement in FILL:
        connection.exec_driver_sql(statement)


def drop(connection: sa.Connection) -> None:
    """Remove the index and its triggers; a bulk load drops it first and rebuilds it after (about 4 times quicker)."""
    found = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'search%'"
    ).scalars()
    for trigger in list(found):
        connection.exec_driver_sql(f"DROP TRIGGER {trigger}")
    for name in _DOCUMENTS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}_source")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}_fts")
        connection.exec_driver_sql(f"DROP TABLE IF EXISTS {name}")


def drift(connection: sa.Connection) -> list[str]:
    """How the document tables differ from the rows, in words; reads only. Empty when all is right."""
    found = []
    for name, columns, stored in (
        ("search_people", _PEOPLE_COLUMNS, _PEOPLE_COLUMNS),
        ("search_bookings", f"{_BOOKING_COLUMNS}, minute", f"{_BOOKING_COLUMNS}, doc >> {DOC_SHIFT}"),
    ):
        source, documents = f"SELECT {columns} FROM {name}_source", f"SELECT {stored} FROM {name}"  # noqa: S608
        for words, left, right in (("missing", source, documents), ("left over", documents, source)):
            count = _count(connection, f"{left} EXCEPT {right}")
            if count:
                found.append(f"{name}: {count} {words}")
        # FTS5 keeps one size a document, so the numbers tell whether every document is indexed.
        missing = _count(connection, f"SELECT doc FROM {name} EXCEPT SELECT id FROM {name}_fts_docsize")  # noqa: S608
        more = _count(connection, f"SELECT id FROM {name}_fts_docsize EXCEPT SELECT doc FROM {name}")  # noqa: S608
        if missing or more:
            found.append(f"{name}: {missing} not indexed, {more} indexed but gone")
    return found


def check_index(connection: sa.Connection) -> None:
    """Compare every word of the index with the document tables; needs a connection that may write.

    Raises the driver's error, which reads "malformed" or "checksum mismatch", when they differ.
    """
    for name in _DOCUMENTS:
        connection.exec_driver_sql(f"INSERT INTO {name}_fts({name}_fts, rank) VALUES ('integrity-check', 1)")  # noqa: S608


def _count(connection: sa.Connection, query: str) -> int:
    return int(connection.exec_driver_sql(f"SELECT count(*) FROM ({query})").scalar_one())  # noqa: S608


_DOCUMENTS: Final = ("search_people", "search_bookings")


def _fts(name: str, columns: str) -> str:
    return (
        f"CREATE VIRTUAL TABLE {name}_fts USING fts5({columns}, content='{name}', content_rowid='doc',\n"
        f"  tokenize='{_TOKENS}', prefix='1 2')"
    )


# -- what belongs into the index ------------------------------------------------------------------------------------


def _digits(column: str) -> str:
    found = f"coalesce({column}, '')"
    for character in _PUNCTUATION:
        found = f"replace({found}, '{character}', '')"
    return found


def _people_source(kind: _Kind) -> str:
    """One kind's documents. `more` repeats a name without its apostrophes, so that `obrien` finds O'Brien.

    `phone` holds the digits from the start and without one, two and three of a country's prefix; `phone_end` holds
    them backwards, so that the last digits are a prefix.
    """
    plain_name = f"replace(replace({kind.name}, '''', ''), '’', '')"
    more = [f"coalesce({column}, '')" for column in kind.more]
    more.append(f"CASE {plain_name} WHEN {kind.name} THEN '' ELSE {plain_name} END")
    backwards = " || ".join(f"substr(digits, {position}, 1)" for position in range(_PHONE_LENGTH, 0, -1))
    where = f" WHERE {kind.hidden} IS NULL" if kind.hidden else ""
    return (
        f"SELECT org_id, '{kind.kind}' AS kind, row_id, name, more,\n"  # noqa: S608
        "  digits || ' ' || substr(digits, 2) || ' ' || substr(digits, 3) || ' ' || substr(digits, 4) AS phone,\n"
        f"  {backwards} AS phone_end\n"
        f"FROM (SELECT org_id, id AS row_id, {kind.name} AS name, {_digits('phone')} AS digits,\n"
        f"  {_joined(more)} AS more FROM {kind.table}{where})"
    )


def _joined(parts: list[str]) -> str:
    return " || ' ' || ".join(parts)


_BOOKING_SOURCE: Final = (
    "CREATE VIEW search_bookings_source AS\n"
    "SELECT b.org_id, b.id AS row_id, b.student_id, s.full_name AS name,\n"
    "  coalesce(b.notes, '') || ' ' || coalesce(b.pickup_address, '') || ' ' || coalesce(b.dropoff_address, '')\n"
    f"  AS more, b.start_at / {MINUTE_MICROS} AS minute\n"
    "FROM bookings AS b JOIN students AS s ON s.org_id = b.org_id AND s.id = b.student_id\n"
    "WHERE s.erased_at IS NULL"
)


# -- keeping it -----------------------------------------------------------------------------------------------------


def _add_people(where: str) -> str:
    return f"INSERT INTO search_people({_PEOPLE_COLUMNS}) SELECT {_PEOPLE_COLUMNS} FROM search_people_source{where}"  # noqa: S608


def _add_bookings(where: str) -> str:
    """Number each booking after those of its minute that are there, and after one another."""
    return (
        f"INSERT INTO search_bookings(doc, {_BOOKING_COLUMNS})\n"  # noqa: S608
        f"  SELECT coalesce((SELECT max(doc) + 1 FROM search_bookings WHERE doc >= minute << {DOC_SHIFT}\n"
        f"      AND doc < (minute + 1) << {DOC_SHIFT}), minute << {DOC_SHIFT})\n"
        f"    + row_number() OVER (PARTITION BY minute ORDER BY row_id) - 1, {_BOOKING_COLUMNS}\n"
        f"  FROM search_bookings_source{where}"
    )


FILL: Final = (
    _add_people(""),
    _add_bookings(""),
    *(f"INSERT INTO {name}_fts({name}_fts) VALUES ('rebuild')" for name in _DOCUMENTS),  # noqa: S608
)


def _index_triggers() -> Iterator[str]:
    """What is done to a document is done to the index. Documents are added and removed, never changed."""
    for name, columns in (("search_people", "name, more, phone, phone_end"), ("search_bookings", "name, more")):
        old = ", ".join(f"OLD.{column}" for column in columns.split(", "))
        new = ", ".join(f"NEW.{column}" for column in columns.split(", "))
        yield (
            f"CREATE TRIGGER {name}_added AFTER INSERT ON {name} BEGIN\n"  # noqa: S608
            f"  INSERT INTO {name}_fts(rowid, {columns}) VALUES (NEW.doc, {new});\nEND"
        )
        yield (
            f"CREATE TRIGGER {name}_removed AFTER DELETE ON {name} BEGIN\n"  # noqa: S608
            f"  INSERT INTO {name}_fts({name}_fts, rowid, {columns}) VALUES ('delete', OLD.doc, {old});\nEND"
        )


def _people_triggers() -> Iterator[str]:
    for kind in _PEOPLE:

        def remove(row: str, kind: _Kind = kind) -> str:
            return (
                f"DELETE FROM search_people WHERE org_id = {row}.org_id AND kind = '{kind.kind}' AND row_id = {row}.id"  # noqa: S608
            )

        add = _add_people(f" WHERE org_id = NEW.org_id AND kind = '{kind.kind}' AND row_id = NEW.id")
        yield from _row_triggers(kind.table, kind.watched, remove, add)
    yield from _renamed_students()


def _booking_triggers() -> Iterator[str]:
    def remove(row: str) -> str:
        return f"DELETE FROM search_bookings WHERE org_id = {row}.org_id AND row_id = {row}.id"  # noqa: S608

    add = _add_bookings(" WHERE org_id = NEW.org_id AND row_id = NEW.id")
    yield from _row_triggers("bookings", _BOOKING_WATCHED, remove, add)


def _renamed_students() -> Iterator[str]:
    """A booking is found by its student's name; sync may bring the student after the booking."""

    def remove(row: str) -> str:
        return (
            f"DELETE FROM search_bookings WHERE org_id = {row}.org_id AND row_id IN\n"  # noqa: S608
            f"    (SELECT id FROM bookings WHERE org_id = {row}.org_id AND student_id = {row}.id)"
        )

    add = _add_bookings(" WHERE org_id = NEW.org_id AND student_id = NEW.id")
    watched = ("org_id", "id", "full_name", "erased_at")
    yield from _row_triggers("students", watched, remove, add, name="students_bookings")
    # FTS5 keeps the words of removed documents until it merges its segments; what is erased must leave the file now.
    yield (
        "CREATE TRIGGER search_students_erased AFTER UPDATE OF erased_at ON students\n"  # noqa: S608
        "WHEN OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL BEGIN\n"
        f"  DELETE FROM search_people WHERE org_id = OLD.org_id AND kind = 'student' AND row_id = OLD.id;\n"
        f"  {remove('OLD')};\n"
        + "".join(f"  INSERT INTO {name}_fts({name}_fts) VALUES ('optimize');\n" for name in _DOCUMENTS)  # noqa: S608
        + "END"
    )


def _row_triggers(
    table: str, watched: tuple[str, ...], remove: Callable[[str], str], add: str, *, name: str | None = None
) -> Iterator[str]:
    """Three triggers: every path by which a row comes, changes and goes. An insert removes first, for REPLACE."""
    name = f"search_{name or table}"
    changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in watched)
    steps = {
        "inserted AFTER INSERT": ("", (remove("NEW"), add)),
        f"updated AFTER UPDATE OF {', '.join(watched)}": (f" WHEN {changed}", (remove("OLD"), add)),
        "deleted AFTER DELETE": ("", (remove("OLD"),)),
    }
    for event, (condition, statements) in steps.items():
        body = "".join(f"  {statement};\n" for statement in statements)
        yield f"CREATE TRIGGER {name}_{event} ON {table}{condition} BEGIN\n{body}END"

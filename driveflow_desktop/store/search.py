"""Finding people and bookings by what a person types: words, beginnings of words, or a piece of a phone number.

Everything typed is data: quotes and FTS5's own operators have no meaning. See `search_index` for what is indexed.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.kernel.time import to_micros
from driveflow_desktop.store.search_index import DOC_SHIFT, MINUTE_MICROS

_MOST_TERMS: Final = 8
_LONGEST_TERM: Final = 64
_FEWEST_DIGITS: Final = 3
# How many of a phase's answers are looked at to put them in order; only one or two typed letters give more.
_CANDIDATES: Final = 200
_PHONE: Final = re.compile(r"[\d\s+().\-/]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Hit:
    """A found row: `kind` is student, guardian, instructor or booking; `name` is the person's (a booking's student)."""

    kind: str
    row_id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class Found:
    """People, best first; bookings, the next ones first and then past ones backwards."""

    people: tuple[Hit, ...] = ()
    bookings: tuple[Hit, ...] = ()


def find(
    connection: sa.Connection, org_id: UUID, typed: str, *, now: datetime, people: int = 20, bookings: int = 20
) -> Found:
    """What `typed` finds in a school, at most `people` and `bookings` of each. Nothing typed finds nothing.

    Every word must be found; the beginning of a word is enough, accents and case do not matter.
    """
    terms = _terms(typed)
    if not terms:
        return Found()
    return Found(
        _find_people(connection, org_id, list(_people_phases(terms, typed)), people),
        _find_bookings(connection, org_id, _all_of(terms, "{name more}"), now, bookings),
    )


def _terms(typed: str) -> list[str]:
    """The typed words that FTS5 can find something in: those with a letter or a digit."""
    clean = typed.encode("utf-8", "ignore").decode().replace("\0", " ")
    words = (word[:_LONGEST_TERM] for word in clean.split())
    return [word for word in words if any(unicodedata.category(letter)[0] in "LN" for letter in word)][:_MOST_TERMS]


def _people_phases(terms: Sequence[str], typed: str) -> Iterator[str]:
    """FTS5 expressions from the best kind of match to the widest: whole names, beginnings, names, phones, anything."""
    yield "{name} : (" + " AND ".join(map(_quoted, terms)) + ")"
    yield f"name : ^ {_quoted(' '.join(terms))} *"
    yield _all_of(terms, "name")
    digits = re.sub(r"\D", "", typed, flags=re.ASCII)
    if _PHONE.fullmatch(typed) and len(digits) >= _FEWEST_DIGITS:
        yield _phone(digits)
    yield " AND ".join(_anywhere(term) for term in terms)


def _all_of(terms: Sequence[str], columns: str) -> str:
    return " AND ".join(f"{columns} : {_quoted(term)} *" for term in terms)


def _anywhere(term: str) -> str:
    wide = f"{{name more}} : {_quoted(term)} *"
    digits = re.sub(r"\D", "", term, flags=re.ASCII)
    if _PHONE.fullmatch(term) and len(digits) >= _FEWEST_DIGITS:
        return f"({wide} OR {_phone(digits)})"
    return wide


def _phone(digits: str) -> str:
    """Numbers that begin or end with the digits; a trunk 0 is dropped at the start, where a country's prefix may be."""
    starts = digits.removeprefix("0") or digits
    return f"(phone : {_quoted(starts)} * OR phone : {_quoted(digits)} * OR phone_end : {_quoted(digits[::-1])} *)"


def _quoted(text: str) -> str:
    """An FTS5 string: everything in it is data."""
    return '"' + text.replace('"', '""') + '"'


_PEOPLE: Final = sa.text(
    "SELECT d.doc, d.kind, d.row_id, d.name FROM search_people_fts AS f JOIN search_people AS d ON d.doc = f.rowid "
    "WHERE search_people_fts MATCH :query AND d.org_id = :org LIMIT :most"
)
_BOOKINGS: Final = (
    "SELECT d.row_id, d.name FROM search_bookings_fts AS f JOIN search_bookings AS d ON d.doc = f.rowid "
    "WHERE search_bookings_fts MATCH :query AND f.rowid {side} :now AND d.org_id = :org "
    "ORDER BY f.rowid {order} LIMIT :most"
)
_NEXT: Final = sa.text(_BOOKINGS.format(side=">=", order="ASC"))
_PAST: Final = sa.text(_BOOKINGS.format(side="<", order="DESC"))


def _find_people(connection: sa.Connection, org_id: UUID, phases: Sequence[str], most: int) -> tuple[Hit, ...]:
    found: dict[int, Hit] = {}
    for query in phases:
        if len(found) >= most:
            break
        rows = connection.execute(_PEOPLE, {"query": query, "org": org_id.bytes, "most": _CANDIDATES})
        for row in sorted(rows, key=lambda row: (str(row.name).casefold(), row.doc)):
            found.setdefault(row.doc, Hit(row.kind, UUID(bytes=row.row_id), row.name))
    return tuple(found.values())[:most]


def _find_bookings(connection: sa.Connection, org_id: UUID, query: str, now: datetime, most: int) -> tuple[Hit, ...]:
    asked = {"query": query, "org": org_id.bytes, "now": (to_micros(now) // MINUTE_MICROS) << DOC_SHIFT}
    found: list[Hit] = []
    for statement in (_NEXT, _PAST):
        rows = connection.execute(statement, {**asked, "most": most - len(found)})
        found += [Hit("booking", UUID(bytes=row.row_id), row.name) for row in rows]
    return tuple(found)

"""Verifying the audit log: whether each entry still says what it said when it was written."""

import json
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.store.log import AUDIT, content_hash
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.types import Json


@dataclass(frozen=True, slots=True)
class AuditReport:
    """How many entries there are, how many were erased on purpose, and which ones no longer match their hash."""

    entries: int
    erased: int
    tampered: tuple[UUID, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was tampered with; an erased entry is in order."""
        return not self.tampered


def audit_verify(replica: Replica) -> AuditReport:
    """Verify every entry of a replica's audit log."""
    with replica.reader() as connection:
        return verify_entries(connection)


def verify_entries(connection: sa.Connection) -> AuditReport:
    """Verify every entry that a connection sees.

    Erasure blanks `before`, `after` and `salt` together and keeps the hash; anything else that differs was changed
    behind the program's back. The service's chain over the hashes is verified there: a PC does not hold all entries.
    """
    # As stored text: a changed entry may not even be JSON any more.
    before, after = (sa.type_coerce(column, sa.Text).label(column.name) for column in (AUDIT.c.before, AUDIT.c.after))
    columns = (AUDIT.c.id, AUDIT.c.salt, before, after, AUDIT.c.content_hash)
    entries, erased, tampered = 0, 0, []
    for row in connection.execute(sa.select(*columns).order_by(AUDIT.c.id)):
        entries += 1
        if row.salt is None and row.before is None and row.after is None:
            erased += 1
        elif not _matches(row.id, row.salt, row.before, row.after, row.content_hash):
            tampered.append(row.id)
    return AuditReport(entries, erased, tuple(tampered))


def _matches(entry: UUID, salt: bytes | None, before: str | None, after: str | None, expected: bytes) -> bool:
    if salt is None:
        return False
    try:
        return content_hash(salt, entry, _loaded(before), _loaded(after)) == expected
    except ValueError:
        return False


def _loaded(text: str | None) -> dict[str, Json] | None:
    return None if text is None else cast("dict[str, Json]", json.loads(text))

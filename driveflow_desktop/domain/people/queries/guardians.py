"""Frozen snapshots of guardians and of whom they answer for."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.paging import Page, page_of
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.kernel.errors import UserError

PAGE_SIZE: Final = 100
GuardianKey = tuple[str, UUID]
"""Where the list goes on: name and id of the last row shown."""


@dataclass(frozen=True, slots=True)
class GuardianFacts:
    """A guardian."""

    id: UUID
    full_name: str
    phone: str | None
    email: str | None


@dataclass(frozen=True, slots=True)
class LinkedGuardian:
    """A guardian of a student."""

    guardian: GuardianFacts
    relation: str | None
    is_payer: bool


@dataclass(frozen=True, slots=True)
class Ward:
    """A student somebody answers for."""

    student_id: UUID
    full_name: str
    relation: str | None
    is_payer: bool


@dataclass(frozen=True, slots=True)
class GuardianRow:
    """A guardian in the list, with their students by name."""

    guardian: GuardianFacts
    wards: tuple[Ward, ...]


_COLUMNS: Final = (Guardian.id, Guardian.full_name, Guardian.phone, Guardian.email)


def guardian(connection: sa.Connection, org_id: UUID, guardian_id: UUID) -> GuardianRow:
    """One guardian with their students; `UserError` "gone" when there is none."""
    where = (Guardian.org_id == org_id, Guardian.id == guardian_id)
    row = connection.execute(sa.select(*_COLUMNS).where(*where)).one_or_none()
    if row is None:
        raise UserError("gone", "That guardian is no longer there.", hint="They may have been removed on another PC.")
    return GuardianRow(GuardianFacts(*row), _wards(connection, org_id, [row.id]).get(row.id, ()))


def all_guardians(connection: sa.Connection, org_id: UUID) -> tuple[GuardianFacts, ...]:
    """Every guardian, for an import to compare with."""
    rows = connection.execute(sa.select(*_COLUMNS).where(Guardian.org_id == org_id))
    return tuple(GuardianFacts(*row) for row in rows)


def guardians_of(connection: sa.Connection, org_id: UUID, student_id: UUID) -> tuple[LinkedGuardian, ...]:
    """A student's guardians: who pays first, then by name."""
    statement = _linked(org_id).where(StudentGuardian.student_id == student_id)
    return tuple(_linked_guardian(row) for row in connection.execute(statement))


def guardians_by_student(connection: sa.Connection, org_id: UUID) -> dict[UUID, LinkedGuardian]:
    """For every student with guardians the one who pays, else the first by name."""
    found: dict[UUID, LinkedGuardian] = {}
    for row in connection.execute(_linked(org_id)):
        found.setdefault(row.student_id, _linked_guardian(row))
    return found


def _linked(org_id: UUID) -> sa.Select[UUID, str, str | None, str | None, str | None, bool, UUID]:
    link = StudentGuardian
    return (
        sa.select(*_COLUMNS, link.relation, link.is_payer, link.student_id)
        .join(link, sa.and_(link.org_id == Guardian.org_id, link.guardian_id == Guardian.id))
        .where(link.org_id == org_id)
        .order_by(link.is_payer.desc(), Guardian.full_name, Guardian.id)
    )


def _linked_guardian(
    row: sa.Row[UUID, str, str | None, str | None, str | None, bool, UUID],
) -> LinkedGuardian:
    return LinkedGuardian(GuardianFacts(row.id, row.full_name, row.phone, row.email), row.relation, row.is_payer)


def guardians(
    connection: sa.Connection,
    org_id: UUID,
    *,
    text: str = "",
    after: GuardianKey | None = None,
    limit: int = PAGE_SIZE,
) -> Page[GuardianRow, GuardianKey]:
    """Guardians by name whose name, phone or e-mail holds `text`, with their students."""
    statement = sa.select(*_COLUMNS).where(Guardian.org_id == org_id)
    if text.strip():
        wanted = f"%{_escaped(text.strip().lower())}%"
        fields = (Guardian.full_name, Guardian.phone, Guardian.email)
        statement = statement.where(sa.or_(*(sa.func.lower(column).like(wanted, escape="\\") for column in fields)))
    name = sa.func.lower(Guardian.full_name)
    if after is not None:
        statement = statement.where(sa.or_(name > after[0], sa.and_(name == after[0], Guardian.id > after[1])))
    rows = connection.execute(statement.add_columns(name.label("key")).order_by(name, Guardian.id).limit(limit + 1))
    page = page_of(rows.all(), limit, lambda row: (str(row.key), row.id))
    wards = _wards(connection, org_id, [row.id for row in page.rows])
    found = (GuardianFacts(row.id, row.full_name, row.phone, row.email) for row in page.rows)
    return Page(tuple(GuardianRow(each, wards.get(each.id, ())) for each in found), page.next_key)


def _wards(connection: sa.Connection, org_id: UUID, guardian_ids: list[UUID]) -> dict[UUID, tuple[Ward, ...]]:
    link = StudentGuardian
    statement = (
        sa.select(link.guardian_id, Student.id, Student.full_name, link.relation, link.is_payer)
        .join(Student, sa.and_(Student.org_id == link.org_id, Student.id == link.student_id))
        .where(link.org_id == org_id, link.guardian_id.in_(guardian_ids))
        .order_by(Student.full_name, Student.id)
    )
    found: dict[UUID, tuple[Ward, ...]] = {}
    for row in connection.execute(statement):
        ward = Ward(row.id, row.full_name, row.relation, row.is_payer)
        found[row.guardian_id] = (*found.get(row.guardian_id, ()), ward)
    return found


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")

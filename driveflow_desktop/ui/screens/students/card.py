"""One student in words, as the side panel shows them. No Qt."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from babel.dates import format_date

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.overview.students import StudentRow, read_students
from driveflow_desktop.domain.overview.timeline import Happening, TimelineKey, timeline
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.domain.people.queries.guardians import LinkedGuardian, guardians_of
from driveflow_desktop.domain.people.queries.students import StudentFacts, student
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.students.happenings import HappeningLine, happening_line
from driveflow_desktop.ui.screens.students.words import Tone, account_words, fields_of, licence_words, logbook_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Students"


@dataclass(frozen=True, slots=True)
class GuardianLine:
    """A guardian of the student."""

    id: UUID
    words: str
    pays: bool


@dataclass(frozen=True, slots=True)
class StudentCard:
    """The side panel in words."""

    id: UUID
    name: str
    subtitle: str
    pill: tuple[str, Tone]
    logbook: str
    logbook_done: int
    logbook_needed: int
    fields: tuple[Field, ...]
    guardians: tuple[GuardianLine, ...]
    consent: str
    has_consent: bool
    happenings: tuple[HappeningLine, ...]
    has_more: bool
    locked: str
    """Why this person may not change the student (beyond notes, alert and logbook), empty when they may."""


@dataclass(frozen=True, slots=True)
class StudentFound:
    """What is read about one student."""

    facts: StudentFacts
    row: StudentRow
    guardians: tuple[LinkedGuardian, ...]
    happenings: Page[Happening, TimelineKey]


def find_student(connection: Connection, org_id: UUID, student_id: UUID, now: datetime, most: int) -> StudentFound:
    """One student with the `most` latest happenings; `UserError` "gone" when there is none."""
    facts = student(connection, org_id, student_id)
    (row,) = read_students(connection, school(connection, org_id), [student_id], now)
    linked = guardians_of(connection, org_id, student_id)
    return StudentFound(facts, row, linked, timeline(connection, org_id, student_id, limit=most))


def card_of(found: StudentFound, session: Session, now: datetime, locked: str) -> StudentCard:
    """What was found, in words; `locked` is why this person may change little of it."""
    facts, row = found.facts, found.row
    return StudentCard(
        id=facts.id,
        name=facts.full_name,
        subtitle=_subtitle(facts, session, local_date(now, session.tz)),
        pill=account_words(row),
        logbook=logbook_words(row),
        logbook_done=facts.logbook_minutes,
        logbook_needed=row.required_minutes or 0,
        fields=fields_of(facts, locked),
        guardians=tuple(_guardian(each) for each in found.guardians),
        consent=_consent(facts, session),
        has_consent=facts.gps_consent_at is not None,
        happenings=tuple(happening_line(each, session, now) for each in found.happenings.rows),
        has_more=found.happenings.next_key is not None,
        locked=locked,
    )


def _subtitle(facts: StudentFacts, session: Session, today: date) -> str:
    """`17 years · Learner · since Mar 2026`."""
    since = format_date(local_date(facts.created_at, session.tz), "MMM y", locale=session.locale)
    parts = [licence_words(facts.licence_class), tr(_CONTEXT, "since {month}").format(month=since)]
    if facts.dob is not None:
        birthday_passed = (today.month, today.day) >= (facts.dob.month, facts.dob.day)
        years = today.year - facts.dob.year - (not birthday_passed)
        parts.insert(0, tr(_CONTEXT, "{n} years").format(n=years))
    return " · ".join(parts)


def _consent(facts: StudentFacts, session: Session) -> str:
    if facts.gps_consent_at is None:
        return tr(_CONTEXT, "Not given")
    day = formats.day(local_date(facts.gps_consent_at, session.tz))
    return tr(_CONTEXT, "Given {day} by {who}").format(day=day, who=facts.gps_consent_by or "—")


def _guardian(linked: LinkedGuardian) -> GuardianLine:
    phone = "" if linked.guardian.phone is None else f" · {display_phone(linked.guardian.phone)}"
    relation = "" if not linked.relation else f" ({linked.relation})"
    return GuardianLine(linked.guardian.id, f"{linked.guardian.full_name}{relation}{phone}", linked.is_payer)

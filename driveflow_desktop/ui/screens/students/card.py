"""One student in words, as the side panel shows them. No Qt."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from babel.dates import format_date

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.overview.students import StudentRow, read_students
from driveflow_desktop.domain.overview.timeline import Happening, TimelineKey, timeline
from driveflow_desktop.domain.overview.unpaid import Unpaid, unpaid_of
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.domain.people.queries.guardians import LinkedGuardian, guardians_of
from driveflow_desktop.domain.people.queries.students import StudentFacts, student
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.booking.taking import Debt
from driveflow_desktop.ui.screens.students.happenings import HappeningLine, happening_line
from driveflow_desktop.ui.screens.students.words import (
    Tone,
    account_words,
    fields_of,
    licence_words,
    logbook_progress_words,
)
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Students"
_LOGBOOK: Final = "logbook_minutes"


@dataclass(frozen=True, slots=True)
class GuardianLine:
    """A guardian of the student."""

    id: UUID
    words: str
    phone: str
    pays: bool


@dataclass(frozen=True, slots=True)
class StudentCard:
    """The side panel in words."""

    id: UUID
    name: str
    subtitle: str
    pill: tuple[str, Tone]
    logbook: Field | None
    """The hours of those asked for, beside the bar; where none are asked for they stand among `fields`."""
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
    debts: tuple[Debt, ...]
    no_payment: str
    """Why no payment can be taken, empty when one can."""


@dataclass(frozen=True, slots=True)
class StudentFound:
    """What is read about one student."""

    facts: StudentFacts
    row: StudentRow
    guardians: tuple[LinkedGuardian, ...]
    happenings: Page[Happening, TimelineKey]
    unpaid: tuple[Unpaid, ...]


def find_student(connection: Connection, org_id: UUID, student_id: UUID, now: datetime, most: int) -> StudentFound:
    """One student with the `most` latest happenings; `UserError` "gone" when there is none."""
    facts = student(connection, org_id, student_id)
    (row,) = read_students(connection, school(connection, org_id), [student_id], now)
    linked = guardians_of(connection, org_id, student_id)
    happenings = timeline(connection, org_id, student_id, limit=most)
    return StudentFound(facts, row, linked, happenings, unpaid_of(connection, org_id, student_id))


def card_of(found: StudentFound, session: Session, now: datetime, locked: str) -> StudentCard:
    """What was found, in words; `locked` is why this person may change little of it."""
    facts, row = found.facts, found.row
    fields, logbook = fields_of(facts, locked), None
    if row.required_minutes:
        logbook = next(replace(each, label=tr(_CONTEXT, "Logbook")) for each in fields if each.id == _LOGBOOK)
        logbook = replace(logbook, shown=logbook_progress_words(row))
        fields = tuple(each for each in fields if each.id != _LOGBOOK)
    return StudentCard(
        id=facts.id,
        name=facts.full_name,
        subtitle=_subtitle(facts, session, local_date(now, session.tz)),
        pill=account_words(row),
        logbook=logbook,
        logbook_done=facts.logbook_minutes,
        logbook_needed=row.required_minutes or 0,
        fields=fields,
        guardians=tuple(_guardian(each) for each in found.guardians),
        consent=_consent(facts, session),
        has_consent=facts.gps_consent_at is not None,
        happenings=tuple(happening_line(each, session, now) for each in found.happenings.rows),
        has_more=found.happenings.next_key is not None,
        locked=locked,
        debts=tuple(_debt(each, session, now) for each in found.unpaid),
        no_payment=_no_payment(found, session),
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
    phone = "" if linked.guardian.phone is None else display_phone(linked.guardian.phone)
    relation = "" if not linked.relation else f" ({linked.relation})"
    return GuardianLine(linked.guardian.id, f"{linked.guardian.full_name}{relation}", phone, linked.is_payer)


def _debt(unpaid: Unpaid, session: Session, now: datetime) -> Debt:
    """`Tue 24 Nov · Highway 90 · $142.50`; the year where it is not this one."""
    day = local_date(unpaid.start, session.tz)
    when = formats.day_short(day) if day.year == local_date(now, session.tz).year else formats.day(day)
    what = tr(_CONTEXT, "fee for {lesson}").format(lesson=unpaid.service_name) if unpaid.is_fee else unpaid.service_name
    words = f"{when} · {what} · {formats.money(unpaid.due_cents, session.currency)}"
    return Debt(unpaid.booking_id, unpaid.due_cents, words, unpaid.is_fee)


def _no_payment(found: StudentFound, session: Session) -> str:
    if not can(session.role, Action.TAKE_PAYMENT):
        return tr(_CONTEXT, "Payments are taken by the front desk.")
    if found.unpaid:
        return ""
    if found.row.account.owed_cents:
        return tr(_CONTEXT, "A package is owed for; it is paid by the link that was sent.")
    return tr(_CONTEXT, "Nothing is owed: every lesson is paid.")

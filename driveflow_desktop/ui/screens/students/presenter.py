"""The roster's pages, and one student in words with what can be changed. No Qt."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.desk.commands import take_payment
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.overview.accounts import Owing, owing_now
from driveflow_desktop.domain.overview.students import (
    RosterFilter,
    RosterKey,
    RosterMoment,
    RosterOrder,
    RosterSort,
    StudentRow,
    count_students,
    student_page,
)
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.domain.people.commands.guardians import (
    Link,
    NewGuardian,
    create_guardian,
    link_guardian,
    set_payer,
    unlink_guardian,
)
from driveflow_desktop.domain.people.commands.students import (
    NewStudent,
    StudentChanges,
    create_student,
    delete_student,
    edit_student,
    give_gps_consent,
    withdraw_gps_consent,
)
from driveflow_desktop.domain.people.queries.guardians import guardians_of
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from driveflow_desktop.ui.editing import Cell
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.booking.taking import Debt, payment_for, payment_words
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.screens.students.card import StudentCard, StudentFound, card_of, find_student
from driveflow_desktop.ui.screens.students.words import (
    field_words,
    licence_choices,
    read_hours,
)
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.typed_values import read_date
from driveflow_desktop.ui.words import tr

Done = Callable[[], None]
HAPPENINGS: Final = 25
_CELLS: Final = {"name": "full_name", "phone": "phone", "licence": "licence_class", "logbook": "logbook_minutes"}
"""The field behind each column that can be typed in."""


@dataclass(frozen=True, slots=True)
class Question:
    """One page of the roster."""

    wanted: RosterFilter
    order: RosterOrder
    after: RosterKey | None
    limit: int


class PanelSurface(Protocol):
    """The screen, as the presenter sees it."""

    def show_card(self, card: StudentCard) -> None:
        """Show a student."""
        ...

    def field_saved(self, field_id: str) -> None:
        """A field was saved."""
        ...

    def field_refused(self, field_id: str, error: UserError) -> None:
        """A field was refused."""
        ...

    def made(self, student_id: UUID) -> None:
        """A new student is there."""
        ...

    def gone(self) -> None:
        """The student is no longer there."""
        ...


class StudentsPresenter:
    """Reads pages and one student; writes through the desk."""

    def __init__(self, desk: Desk, surface: PanelSurface) -> None:
        self._desk = desk
        self._surface = surface
        self._id: UUID | None = None
        self._happenings = HAPPENINGS
        self._owing: Owing | None = None
        self._unseen = Changes()

    def changed(self, changes: Changes) -> None:
        """Rows changed since the last page; empty changes say that anything may have."""
        if changes:
            self._unseen = self._unseen.merge(changes)
        else:
            self._owing = None

    # -- the roster ---------------------------------------------------------------------------------------------

    def page(self, question: Question, answer: Callable[[Page[StudentRow, RosterKey], int], None]) -> None:
        """A page of the roster, and how many students the filter leaves."""
        session, now = self._desk.session, self._desk.clock.now()
        needs_owing = question.wanted.owing or question.order.by is RosterSort.OWED
        # Taken here, before the query reads: what it then finds is at least as new as these changes.
        known, unseen = self._owing, self._unseen

        def query(connection: Connection) -> tuple[Page[StudentRow, RosterKey], int, Owing | None]:
            owing = owing_now(connection, session.org_id, known, unseen, now) if needs_owing else None
            moment = RosterMoment(now, None if owing is None else owing.cents)
            page = student_page(
                connection,
                session.org_id,
                moment,
                wanted=question.wanted,
                order=question.order,
                after=question.after,
                limit=question.limit,
            )
            return page, count_students(connection, session.org_id, moment, question.wanted), owing

        def found(result: tuple[Page[StudentRow, RosterKey], int, Owing | None]) -> None:
            page, count, owing = result
            if owing is not None:
                self._owing = owing
                if self._unseen is unseen:
                    self._unseen = Changes()
            answer(page, count)

        self._desk.read("students/page", query, found)

    def lesson_words(self, row: StudentRow) -> str:
        """When the next lesson is."""
        lesson = row.next_lesson
        if lesson is None:
            return "—"
        tz, now = self._desk.session.tz, self._desk.clock.now()
        if lesson.start <= now < lesson.end:
            return tr("Students", "in lesson now")
        day = local_date(lesson.start, tz)
        when = tr("Students", "Today") if day == local_date(now, tz) else formats.day_short(day)
        return f"{when} {formats.clock(minute_of_day(lesson.start, tz))}"

    def cell(self, row: StudentRow, column: str) -> Cell | None:
        """What can be typed in a cell of the roster; nothing where a cell only tells."""
        if row.erased:
            return None
        chosen = "" if row.licence_class is None else row.licence_class.value
        cells = {
            "name": Cell(field_words("full_name"), row.full_name, locked=self.locked),
            "phone": Cell(field_words("phone"), row.phone, locked=self.locked),
            "licence": Cell(field_words("licence_class"), chosen, licence_choices(), self.locked),
            "logbook": Cell(field_words("logbook_minutes"), f"{row.logbook_minutes / 60:g}"),
        }
        return cells.get(column)

    def save_cell(self, row: StudentRow, column: str, text: str, saved: Callable[[], None], refuse: OnError) -> None:
        """Keep a cell of the roster as typed."""
        field_id = _CELLS[column]
        words = tr("Students", "{field} changed").format(field=field_words(field_id))
        try:
            changes = self._changes(field_id, text.strip())
        except UserError as error:
            refuse(error)
            return
        self._desk.write(words, lambda uow: edit_student(uow, row.id, changes), lambda _receipt: saved(), refuse)

    # -- one student --------------------------------------------------------------------------------------------

    def show(self, student_id: UUID | None) -> None:
        """Show another student, or none."""
        self._id = student_id
        self._happenings = HAPPENINGS
        self.load()

    def more(self) -> None:
        """Show more of what happened."""
        self._happenings += HAPPENINGS
        self.load()

    @property
    def locked(self) -> str:
        """Why the person may not add or change students, empty when they may."""
        if can(self._desk.session.role, Action.EDIT_PEOPLE):
            return ""
        return tr("Students", "Students are changed by the front desk.")

    def load(self) -> None:
        """Read the student again."""
        student_id = self._id
        if student_id is None:
            return
        session, now, most = self._desk.session, self._desk.clock.now(), self._happenings

        def query(connection: Connection) -> StudentFound:
            return find_student(connection, session.org_id, student_id, now, most)

        def found(result: StudentFound) -> None:
            self._surface.show_card(card_of(result, session, now, self.locked))

        def lost(_error: UserError) -> None:
            self._id = None
            self._surface.gone()

        self._desk.read("students/card", query, found, lost)

    def save_field(self, field_id: str, text: str) -> None:
        """Keep one field as typed."""
        student_id = self._id
        if student_id is None:
            return
        try:
            changes = self._changes(field_id, text.strip())
        except UserError as error:
            self._surface.field_refused(field_id, error)
            return

        def saved(_receipt: Receipt[bool]) -> None:
            self._surface.field_saved(field_id)
            self.load()

        words = tr("Students", "{field} changed").format(field=field_words(field_id))
        refused = partial(self._surface.field_refused, field_id)
        self._desk.write(words, lambda uow: edit_student(uow, student_id, changes), saved, refused)

    def create(self, name: str, mobile: str, suburb: str, refuse: OnError) -> None:
        """A new student, from what is said on the phone."""
        request = NewStudent(name, phone=mobile or None, pickup_address=suburb.strip() or None)

        def made(receipt: Receipt[UUID]) -> None:
            self._surface.made(receipt.value)

        words = tr("Students", "{name} added").format(name=name.strip())
        self._desk.write(words, lambda uow: create_student(uow, request), made, refuse)

    def delete(self) -> None:
        """Remove the student, where nothing refers to them."""
        self._act(tr("Students", "Student deleted"), delete_student)

    def add_guardian(self, name: str, mobile: str, relation: str, done: Done, refuse: OnError) -> None:
        """A new guardian for the student, who pays if nobody does yet."""

        def command(uow: UnitOfWork, student_id: UUID) -> UUID:
            made = create_guardian(uow, NewGuardian(name, mobile.strip() or None))
            return link_guardian(uow, Link(student_id, made, relation or None, _nobody_pays(uow, student_id)))

        self._act(tr("Students", "Guardian added"), command, done, refuse)

    def link(self, guardian_id: UUID, relation: str, done: Done, refuse: OnError) -> None:
        """Let a guardian who is here already answer for the student, and pay if nobody does yet."""

        def command(uow: UnitOfWork, student_id: UUID) -> UUID:
            pays = _nobody_pays(uow, student_id)
            return link_guardian(uow, Link(student_id, guardian_id, relation or None, pays))

        self._act(tr("Students", "Guardian linked"), command, done, refuse)

    def remove_guardian(self, guardian_id: UUID) -> None:
        """The guardian no longer answers for the student."""
        self._act(tr("Students", "Guardian removed"), lambda uow, one: unlink_guardian(uow, one, guardian_id))

    def make_payer(self, guardian_id: UUID) -> None:
        """Let one guardian pay."""
        self._act(tr("Students", "Payer changed"), lambda uow, one: set_payer(uow, one, guardian_id))

    def give_consent(self, by: str, done: Done, refuse: OnError) -> None:
        """GPS consent was given by somebody."""
        words = tr("Students", "GPS consent recorded")
        self._act(words, lambda uow, one: give_gps_consent(uow, one, by), done, refuse)

    def withdraw_consent(self) -> None:
        """GPS consent was withdrawn."""
        self._act(tr("Students", "GPS consent withdrawn"), withdraw_gps_consent)

    def pay(self, debt: Debt, method: PaymentMethod, amount_cents: int | None, done: Done, refuse: OnError) -> None:
        """Record money for one of the student's lessons."""
        self._act(
            payment_words(), lambda uow, _one: take_payment(uow, payment_for(debt, method, amount_cents)), done, refuse
        )

    def book(self) -> None:
        """Open the editor for the student."""
        if self._id is not None:
            self._desk.open("calendar", Wish(student_id=self._id))

    def _act(
        self,
        words: str,
        act: Callable[[UnitOfWork, UUID], object],
        done: Done | None = None,
        refuse: OnError | None = None,
    ) -> None:
        student_id = self._id
        if student_id is None:
            return

        def acted(_receipt: Receipt[object]) -> None:
            if self._id != student_id:
                return
            if done is not None:
                done()
            self.load()

        def refused(error: UserError) -> None:
            (refuse if refuse is not None and self._id == student_id else self._say)(error)

        self._desk.write(words, lambda uow: act(uow, student_id), acted, refused)

    def _say(self, error: UserError) -> None:
        self._desk.say(str(error))

    # -- words --------------------------------------------------------------------------------------------------

    def _changes(self, field_id: str, text: str) -> StudentChanges:
        today = local_date(self._desk.clock.now(), self._desk.session.tz)
        given = text or None
        readers: dict[str, Callable[[], StudentChanges]] = {
            "full_name": lambda: StudentChanges(full_name=text),
            "phone": lambda: StudentChanges(phone=given),
            "email": lambda: StudentChanges(email=given),
            "pickup_address": lambda: StudentChanges(pickup_address=given),
            "dob": lambda: StudentChanges(dob=read_date(text, today, field_id)),
            "licence_class": lambda: StudentChanges(licence_class=LicenceClass(text) if text else None),
            "licence_number": lambda: StudentChanges(licence_number=given),
            "licence_expires_on": lambda: StudentChanges(licence_expires_on=read_date(text, today, field_id)),
            "transmission": lambda: StudentChanges(transmission=Transmission(text) if text else None),
            "logbook_minutes": lambda: StudentChanges(logbook_minutes=read_hours(text, field_id)),
            "alert": lambda: StudentChanges(alert=given),
            "notes": lambda: StudentChanges(notes=given),
        }
        return readers[field_id]()


def _nobody_pays(uow: UnitOfWork, student_id: UUID) -> bool:
    return not any(each.is_payer for each in guardians_of(uow.connection, uow.org_id, student_id))


def filters_of(text: str, chips: Sequence[str]) -> RosterFilter:
    """The roster's filter from the line and the pressed chips."""
    return RosterFilter(
        text.strip(), "owing" in chips, "no_next_lesson" in chips, "test_soon" in chips, "licence_expiring" in chips
    )

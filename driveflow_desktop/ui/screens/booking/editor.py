"""The editor of a new booking, in the side panel's place."""

from collections.abc import Sequence
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.editor_presenter import (
    Draft,
    EditorPresenter,
    Options,
    Person,
    Standing,
    Suggestion,
)
from driveflow_desktop.ui.screens.booking.time_choices import TimeChoices
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton, Segmented
from driveflow_desktop.ui.widgets.fields import DateField, FormField, TimeField
from driveflow_desktop.ui.widgets.lookup import Answer, Lookup
from driveflow_desktop.ui.widgets.marks import Pill
from driveflow_desktop.ui.widgets.panels import ErrorLine, SidePanel
from driveflow_desktop.ui.widgets.picker import Picker
from driveflow_desktop.ui.widgets.results import Result
from driveflow_desktop.ui.widgets.text import label

_COLUMNS = {"full_name": "student", "start_at": "time", "student_id": "student", "service_id": "service"}
"""Whose field is meant where a refusal names a column of the database."""
_STATUSES = (BookingStatus.CONFIRMED, BookingStatus.REQUESTED, BookingStatus.DRAFT)


class BookingEditor(SidePanel):
    """Enter saves, Esc closes; what was typed comes back when the editor is opened again without having saved."""

    saved_booking = Signal(object)
    """The id of the booking that was saved."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(self.tr("New booking"))
        self._desk = desk
        self.presenter = EditorPresenter(desk, self)
        self._filling = False
        self._minutes: int | None = None
        self.student = Lookup(self.tr("Student"), self._ask, self.tr("Name or phone ending"), free_text=True)
        self.mobile = _line(self.tr("Mobile"), "0412 345 678")
        self.suburb = _line(self.tr("Suburb or pick-up address"), self.tr("Newtown"))
        self.pickup = _line(self.tr("Pick-up for this lesson"), self.tr("No usual pick-up"))
        self.usual = Button(self.tr("Back to the usual pick-up"), kind="link")
        self._pickup_of: Person | None = None
        self.service, self.instructor = Picker(self.tr("Lesson")), Picker(self.tr("Instructor"))
        self.day = DateField(self.tr("Day"), lambda: local_date(desk.clock.now(), desk.session.tz))
        self.time = TimeField(self.tr("Time"))
        self.notes = _line(self.tr("Notes"), "")
        names = (self.tr("Confirmed"), self.tr("Requested"), self.tr("Draft"))
        self.status = Segmented(
            [(each.value, words) for each, words in zip(_STATUSES, names, strict=True)], self.tr("Status")
        )
        self.verdict, self.span, self.price = Pill("…"), label(tone="muted"), label(weight="bold")
        self.suggestions = TimeChoices(self.tr("Free times"))
        self.error = ErrorLine()
        self.overrule = Button(self.tr("Book anyway"))
        self.instead = TimeChoices(self.tr("Other times"))
        self._fields = self._make_fields()
        self._new_student = _beside(self._fields["phone"], self._fields["suburb"])
        self._known_student = _over(self._fields["pickup"], self.usual)
        self._lay_out()
        self._connect()

    def open(self, wish: Wish) -> None:
        """Begin a booking with what is known of it."""
        self._forget_refusal()
        self._minutes = wish.minutes
        if wish.name:
            self._begin_newcomer(wish.name, wish.suburb)
        else:
            self.student.setFocus()
        self.presenter.open(wish)

    def draft(self) -> Draft:
        """What stands in the form."""
        known = self._person
        typed = self.pickup.text().strip()
        return Draft(
            student_id=None if known is None else known.id,
            name=self.student.text(),
            mobile=self.mobile.text(),
            suburb=self.suburb.text(),
            pickup=None if known is None or typed in ("", known.pickup) else typed,
            service_id=_id(self.service),
            instructor_id=_id(self.instructor),
            day=self.day.value,
            minute=self.time.value,
            minutes=self._minutes,
            notes=self.notes.text(),
            status=BookingStatus(self.status.value),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter saves; Esc closes (the panel's own)."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.save()
            return
        super().keyPressEvent(event)

    def save(self) -> None:
        """Book it."""
        self._forget_refusal()
        self.presenter.save(self.draft())

    # -- what the presenter says --------------------------------------------------------------------------------

    def show_options(self, options: Options, draft: Draft) -> None:
        """Offer the choices and fill in what is known; a student typed before stays."""
        self._filling = True
        self.service.offer(_keyed(options.services), str(draft.service_id))
        self.instructor.offer(_keyed(options.instructors), str(draft.instructor_id))
        self.day.set_value(draft.day)
        self.time.set_value(draft.minute)
        self._minutes = draft.minutes
        if options.student is not None:
            self.student.set_value(_result(options.student))
        self._filling = False
        self._changed()

    def show_standing(self, standing: Standing) -> None:
        """Verdict and price."""
        self.verdict.set_state(standing.words, "ok" if standing.ok else "bad" if standing.hard else "warn")
        self.span.setText(standing.span)
        self.price.setText(standing.price)

    def show_suggestions(self, found: Sequence[Suggestion]) -> None:
        """Free times with their reasons."""
        self.suggestions.set_choices(found)

    def refuse(self, error: UserError, *, can_overrule: bool, instead: Sequence[Suggestion] = ()) -> None:
        """Say why it was not saved, go to the field at fault, offer other times and to overrule advice."""
        field = self._field_of(error.column or "")
        (self.error if field is None else field.error).show_error(error)
        self.instead.set_choices(instead)
        self.overrule.setVisible(can_overrule)
        if can_overrule:
            self.overrule.setFocus()
        elif field is not None:
            field.field.setFocus()
        self.reveal(self.overrule if can_overrule else self.instead if instead else field or self.error)

    def saved(self, booking_id: UUID) -> None:
        """Empty the form for the next one."""
        self.student.set_value(None)
        for field in (self.student, self.mobile, self.suburb, self.pickup, self.notes):
            field.clear()
        self._pickup_of = None
        self.status.set_value(BookingStatus.CONFIRMED.value)
        self.saved_booking.emit(booking_id)

    # -- the form -----------------------------------------------------------------------------------------------

    def _make_fields(self) -> dict[str, FormField]:
        """The fields in order, by the column that a refusal names."""
        return {
            "student": FormField(self.tr("Student"), self.student),
            "phone": FormField(self.tr("Mobile"), self.mobile),
            "suburb": FormField(self.tr("Suburb"), self.suburb),
            "pickup": FormField(self.tr("Pick-up for this lesson"), self.pickup),
            "service": FormField(self.tr("Lesson"), self.service),
            "instructor": FormField(self.tr("Instructor"), self.instructor),
            "day": FormField(self.tr("Day"), self.day),
            "time": FormField(self.tr("Time"), self.time),
        }

    def _lay_out(self) -> None:
        self.set_header(self.tr("New booking"), self.tr("Enter saves, Esc closes"), person=False)
        fields = self._fields
        rows = (
            fields["student"],
            self._new_student,
            self._known_student,
            _beside(fields["service"], fields["instructor"]),
            _beside(fields["day"], fields["time"], shares=(4, 3)),
        )
        for widget in (*rows, self.error, self.instead, self.overrule, self.verdict):
            self.add(widget)
        self.add(_beside(self.span, self.price, shares=(1, 0)))
        self.add_heading(self.tr("Free times"))
        self.add(self.suggestions)
        self.add(FormField(self.tr("Notes"), self.notes))
        self.add(self.status)
        self._forget_refusal()
        save = PrimaryButton(self.tr("Book"), hint="↵")
        save.clicked.connect(self.save)
        close = Button(self.tr("Close"), hint="Esc")
        close.clicked.connect(self.closed)
        self.add_button(save)
        self.add_button(close, far=True)
        self._show_student()

    def _connect(self) -> None:
        self.student.chosen.connect(self._changed)
        self.student.changed.connect(self._changed)
        self.suburb.textEdited.connect(self._changed)
        self.pickup.textEdited.connect(self._changed)
        self.pickup.editingFinished.connect(self._keep_pickup)
        self.usual.clicked.connect(self._use_usual)
        self.service.currentIndexChanged.connect(self._service_chosen)
        self.instructor.currentIndexChanged.connect(self._changed)
        self.day.changed.connect(self._changed)
        self.time.changed.connect(self._changed)
        self.suggestions.clicked.connect(self._take)
        self.instead.clicked.connect(self._take)
        self.overrule.clicked.connect(lambda: self.presenter.save(self.draft(), override=True))

    def _ask(self, text: str, answer: Answer) -> None:
        self.presenter.ask_students(text, lambda people: answer([_result(person) for person in people]))

    def _service_chosen(self) -> None:
        self._minutes = None
        self._changed()

    def _changed(self) -> None:
        if self._filling:
            return
        self._show_student()
        self.presenter.changed(self.draft())

    @property
    def _person(self) -> Person | None:
        """The student who is chosen, if it is one the school knows."""
        chosen = self.student.value
        known = chosen.payload if chosen is not None else None
        return known if isinstance(known, Person) else None

    def _begin_newcomer(self, name: str, suburb: str) -> None:
        """Somebody new, whose name was typed elsewhere: what is missing comes next."""
        self.student.set_value(None)
        self.student.setText(name)
        self.suburb.setText(suburb)
        self._show_student()
        self.mobile.setFocus()

    def _show_student(self) -> None:
        """What else is asked: mobile and suburb of somebody new, where to pick up somebody known."""
        known = self._person
        if known is not None and known != self._pickup_of:
            self.pickup.setText(known.pickup)
        self._pickup_of = known
        draft = self.draft()
        self._new_student.setVisible(known is None and bool(draft.name.strip()))
        self._known_student.setVisible(known is not None)
        self.usual.setVisible(draft.pickup is not None)

    def _keep_pickup(self) -> None:
        """Nothing typed is the usual one, and shows it."""
        if self._person is not None and not self.pickup.text().strip():
            self.pickup.setText(self._person.pickup)

    def _use_usual(self) -> None:
        self.pickup.clear()
        self._keep_pickup()
        self.pickup.setFocus()
        self._changed()

    def _field_of(self, column: str) -> FormField | None:
        """The field that is meant where a refusal names a column."""
        if column == "pickup_address":
            return self._fields["suburb" if self._person is None else "pickup"]
        return self._fields.get(_COLUMNS.get(column, column))

    def _forget_refusal(self) -> None:
        for line in (self.error, *(field.error for field in self._fields.values())):
            line.clear()
        self.instead.hide()
        self.overrule.hide()

    def _take(self, key: str) -> None:
        found = self.presenter.slot(key)
        if found is None:
            return
        self._forget_refusal()
        instructor, day, minute = found
        self.instructor.pick(str(instructor))
        self.day.set_value(day)
        self.time.set_value(minute)
        self._changed()


def _line(name: str, placeholder: str) -> QLineEdit:
    made = QLineEdit()
    made.setAccessibleName(name)
    made.setPlaceholderText(placeholder)
    return made


def _beside(first: QWidget, second: QWidget, *, shares: tuple[int, int] = (1, 1)) -> QWidget:
    """Two widgets on one line, and how they share it."""
    made = QWidget()
    row = QHBoxLayout(made)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    for widget, share in zip((first, second), shares, strict=True):
        row.addWidget(widget, share, Qt.AlignmentFlag.AlignTop)
    return made


def _over(first: QWidget, second: QWidget) -> QWidget:
    """Two widgets of one matter, the second beneath at the left."""
    made = QWidget()
    column = QVBoxLayout(made)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(first)
    column.addWidget(second, 0, Qt.AlignmentFlag.AlignLeft)
    return made


def _keyed(choices: Sequence[tuple[UUID, str]]) -> list[tuple[str, str]]:
    """As text: Qt compares Python objects by identity."""
    return [(str(key), words) for key, words in choices]


def _id(picker: Picker) -> UUID | None:
    return None if picker.key is None else UUID(picker.key)


def _result(person: Person) -> Result:
    return Result(person.name, person.phone, payload=person, icon="student")

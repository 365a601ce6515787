"""A new booking while it is being typed: choices, live verdict, price, free times, and saving it. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final, Protocol, cast
from uuid import UUID

from driveflow_desktop.domain.catalog.queries import ServiceView, services
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.overview.entries import suburb_of
from driveflow_desktop.domain.overview.places import known_places
from driveflow_desktop.domain.people.commands.students import NewStudent, create_student
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts, instructors
from driveflow_desktop.domain.people.queries.students import student
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, Stop, book
from driveflow_desktop.domain.scheduling.facts import load_price
from driveflow_desktop.domain.scheduling.finding import SlotSearch, free_slots, verdict_in
from driveflow_desktop.domain.scheduling.loader import place, setting_at
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.slots import FoundSlot, SlotReason
from driveflow_desktop.domain.scheduling.rules.verdict import refusal
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, minute_of_day, wall_to_utc
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.search import find
from driveflow_desktop.store.unit_of_work import Receipt, UnitOfWork
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.booking.ways_out import ways_out
from driveflow_desktop.ui.screens.calendar.mapping import span_words
from driveflow_desktop.ui.screens.calendar.presenter import ADVICE, Wish
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

SEARCH_DAYS: Final = 14
SUGGESTIONS: Final = 4


@dataclass(frozen=True, slots=True)
class Draft:
    """What stands in the editor. Without `student_id`, `name` is a new student's.

    `pickup` is the address of this lesson alone; None is the student's usual one.
    """

    student_id: UUID | None = None
    name: str = ""
    mobile: str = ""
    suburb: str = ""
    pickup: str | None = None
    service_id: UUID | None = None
    instructor_id: UUID | None = None
    day: date | None = None
    minute: int | None = None
    minutes: int | None = None
    notes: str = ""
    status: BookingStatus = BookingStatus.CONFIRMED


@dataclass(frozen=True, slots=True)
class Person:
    """A student as a suggestion; `pickup` is the usual address, empty where none is known."""

    id: UUID
    name: str
    phone: str
    pickup: str


@dataclass(frozen=True, slots=True)
class Options:
    """What can be chosen: (id, name) pairs, and the student who is given already."""

    services: tuple[tuple[UUID, str], ...]
    instructors: tuple[tuple[UUID, str], ...]
    student: Person | None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A free time, with the reasons for its place in the list."""

    key: str
    words: str
    why: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules say about the draft, when it is, and what it costs."""

    ok: bool
    hard: bool
    words: str
    span: str
    price: str


class EditorSurface(Protocol):
    """The editor, as its presenter sees it."""

    def show_options(self, options: Options, draft: Draft) -> None:
        """Offer the choices and fill in what is known."""
        ...

    def show_standing(self, standing: Standing) -> None:
        """Show verdict and price of what stands in the form."""
        ...

    def show_suggestions(self, found: Sequence[Suggestion]) -> None:
        """Offer free times."""
        ...

    def refuse(self, error: UserError, *, can_overrule: bool, instead: Sequence[Suggestion] = ()) -> None:
        """Say why it was not saved; `instead` are free times."""
        ...

    def saved(self, booking_id: UUID) -> None:
        """The booking stands."""
        ...


class EditorPresenter:
    """Holds no widget and no half-saved row: nothing is written before `save`."""

    def __init__(self, desk: Desk, surface: EditorSurface) -> None:
        self._desk = desk
        self._surface = surface
        self._services: Mapping[UUID, ServiceView] = {}
        self._names: Mapping[UUID, str] = {}
        self._found: dict[str, Slot] = {}

    def open(self, wish: Wish) -> None:
        """Begin with what is known of the booking."""
        session, now = self._desk.session, self._desk.clock.now()
        today = local_date(now, session.tz)

        def query(connection: Connection) -> _Offered:
            known = None if wish.student_id is None else _person(connection, session.org_id, wish.student_id)
            offered = services(connection, session.org_id, active_only=True)
            people = instructors(connection, session.org_id, active_only=True)
            service = next((each for each in offered if each.id == wish.service_id), None)
            service = service or service_for(offered, wish.minutes)
            slot = None
            if wish.start is None and service is not None:
                draft = Draft(student_id=wish.student_id, instructor_id=wish.instructor_id, day=today)
                search = _search(connection, session.org_id, draft, service.duration_min, today)
                slot = next((each.slot for each in free_slots(connection, session.org_id, search, now, 1)), None)
            return _Offered(offered, people, known, service, slot)

        self._desk.read("editor/options", query, partial(self._opened, wish))

    def ask_students(self, text: str, answer: Callable[[Sequence[Person]], None]) -> None:
        """Students whose name or phone fits what is typed."""
        org_id, now = self._desk.session.org_id, self._desk.clock.now()

        def query(connection: Connection) -> list[Person]:
            hits = [hit for hit in find(connection, org_id, text, now=now, bookings=0).people if hit.kind == "student"]
            return [_person(connection, org_id, hit.row_id) for hit in hits[:8]]

        self._desk.read("editor/students", query, answer)

    def changed(self, draft: Draft) -> None:
        """Something was typed: look at the rules, the price and the free times again."""
        self._read_standing(draft)
        self._read_suggestions(draft)

    def slot(self, key: str) -> tuple[UUID, date, int] | None:
        """Instructor, day and wall minute of a suggestion."""
        found = self._found.get(key)
        if found is None:
            return None
        tz = self._desk.session.tz
        return found.instructor_id, local_date(found.start, tz), minute_of_day(found.start, tz)

    def save(self, draft: Draft, *, override: bool = False) -> None:
        """Book it, with the student made in the same step where they are new."""
        problem = _missing(draft)
        if problem is not None:
            self._surface.refuse(problem, can_overrule=False)
            return
        start = self._start(draft)

        def command(uow: UnitOfWork) -> UUID:
            student_id = draft.student_id
            if student_id is None:
                suburb = draft.suburb.strip() or None
                middle = _pickup(uow.connection, uow.org_id, draft)
                newcomer = NewStudent(
                    draft.name, phone=draft.mobile or None, pickup_address=suburb, pickup_place=middle
                )
                student_id = create_student(uow, newcomer)
            end = None if draft.minutes is None else start + timedelta(minutes=draft.minutes)
            pickup = None
            if draft.pickup is not None:
                pickup = Stop(draft.pickup, _pickup(uow.connection, uow.org_id, draft))
            request = NewBooking(
                student_id,
                cast("UUID", draft.instructor_id),
                cast("UUID", draft.service_id),
                start,
                end,
                draft.status,
                pickup,
                notes=draft.notes.strip() or None,
                override=override,
            )
            return book(uow, request)

        def saved(receipt: Receipt[UUID]) -> None:
            self._surface.saved(receipt.value)

        def refused(error: UserError) -> None:
            ways = ways_out(error, self._desk.session.tz)
            self._found |= {way.key: way.slot for way in ways}
            instead = []
            for way in ways:
                name = self._names.get(way.slot.instructor_id, "")
                words = way.words if way.slot.instructor_id == draft.instructor_id else f"{way.words} · {name}"
                instead.append(Suggestion(way.key, words, name))
            self._surface.refuse(error, can_overrule=error.code in ADVICE, instead=instead)

        words = tr("Editor", "Lesson booked")
        if draft.student_id is None:
            words = tr("Editor", "{name} and their lesson added").format(name=draft.name.strip())
        self._desk.write(words, command, saved, refused)

    # -- reading ------------------------------------------------------------------------------------------------

    def _opened(self, wish: Wish, found: "_Offered") -> None:
        people, service, slot = found.people, found.service, found.slot
        self._found = {}
        self._services = {each.id: each for each in found.services}
        self._names = {each.id: each.display_name for each in people}
        tz = self._desk.session.tz
        start = wish.start or (self._next_quarter() if slot is None else slot.start)
        free = None if slot is None else slot.instructor_id
        draft = Draft(
            student_id=wish.student_id,
            service_id=None if service is None else service.id,
            instructor_id=wish.instructor_id or free or (people[0].id if people else None),
            day=local_date(start, tz),
            minute=minute_of_day(start, tz),
            minutes=None if service is None or wish.minutes in (None, service.duration_min) else wish.minutes,
        )
        options = Options(
            tuple((each.id, each.name) for each in found.services),
            tuple((each.id, each.display_name) for each in people),
            found.student,
        )
        self._surface.show_options(options, draft)

    def _read_standing(self, draft: Draft) -> None:
        if draft.service_id is None or draft.service_id not in self._services or _missing(draft, student=False):
            return
        session, now = self._desk.session, self._desk.clock.now()
        start, service = self._start(draft), self._services[draft.service_id]
        minutes = draft.minutes or service.duration_min
        end = start + timedelta(minutes=minutes)
        span = tr("Editor", "{span} · {n} min").format(span=span_words(start, end, session.tz), n=minutes)

        def query(connection: Connection) -> Standing:
            setting = setting_at(connection, session.org_id, start, end)
            pickup = _pickup(connection, session.org_id, draft)
            slot = Slot(cast("UUID", draft.instructor_id), start, end, draft.student_id, pickup)
            answer = verdict_in(connection, setting, slot, now)
            fee = next((t.fee_bp for t in instructors(connection, session.org_id) if t.id == draft.instructor_id), None)
            price = load_price(connection, setting, service.id, local_date(start, session.tz), fee)
            words = tr("Editor", "Free") if answer.ok else refusal(answer).message
            return Standing(answer.ok, answer.hard, words, span, formats.money(price.price_cents, price.currency))

        def failed(error: UserError) -> None:
            self._surface.show_standing(Standing(ok=False, hard=True, words=str(error), span=span, price=""))

        self._desk.read("editor/standing", query, self._surface.show_standing, failed)

    def _read_suggestions(self, draft: Draft) -> None:
        service = self._services.get(draft.service_id) if draft.service_id is not None else None
        if service is None or draft.day is None:
            return
        session, now = self._desk.session, self._desk.clock.now()
        first = max(draft.day, local_date(now, session.tz))

        def query(connection: Connection) -> tuple[FoundSlot, ...]:
            search = _search(connection, session.org_id, draft, draft.minutes or service.duration_min, first)
            return free_slots(connection, session.org_id, search, now, SUGGESTIONS)

        def found(slots: tuple[FoundSlot, ...]) -> None:
            by_key = {f"{each.slot.instructor_id}{each.slot.start.isoformat()}": each for each in slots}
            self._found |= {key: each.slot for key, each in by_key.items()}
            self._surface.show_suggestions([self._suggestion(key, each) for key, each in by_key.items()])

        self._desk.read("editor/free", query, found)

    def _suggestion(self, key: str, found: FoundSlot) -> Suggestion:
        tz = self._desk.session.tz
        day = formats.day_short(local_date(found.slot.start, tz))
        words = f"{day} · {formats.clock(minute_of_day(found.slot.start, tz))}"
        return Suggestion(key, words, reasons_words(found))

    def _start(self, draft: Draft) -> datetime:
        return wall_to_utc(cast("date", draft.day), cast("int", draft.minute), self._desk.session.tz)

    def _next_quarter(self) -> datetime:
        """The first quarter of an hour at least two hours ahead."""
        at = self._desk.clock.now() + timedelta(hours=2)
        return at + timedelta(minutes=-at.minute % 15 or 15) - timedelta(seconds=at.second, microseconds=at.microsecond)


@dataclass(frozen=True, slots=True)
class _Offered:
    """What the editor opens with; `slot` is the best free time where none was wished for."""

    services: tuple[ServiceView, ...]
    people: tuple[InstructorFacts, ...]
    student: Person | None
    service: ServiceView | None
    slot: Slot | None


def _search(connection: Connection, org_id: UUID, draft: Draft, minutes: int, first: date) -> SlotSearch:
    """A search for free times for a draft, from a day on, with its instructor where one is chosen."""
    return SlotSearch(
        minutes,
        first,
        first + timedelta(days=SEARCH_DAYS),
        draft.student_id,
        _pickup(connection, org_id, draft),
        instructor_ids=None if draft.instructor_id is None else [draft.instructor_id],
    )


def reasons_words(found: FoundSlot) -> str:
    """Why a slot is offered, in words."""
    words = []
    for reason in found.reasons:
        if reason is SlotReason.TAUGHT_BEFORE:
            words.append(tr("Editor", "taught {n} times").format(n=found.taught))
        elif reason is SlotReason.NEAR_PICKUP and found.drive_min is not None:
            words.append(tr("Editor", "{n} min away").format(n=found.drive_min))
        elif reason is SlotReason.LONGER_TRAVEL and found.drive_min is not None:
            words.append(tr("Editor", "{n} min drive").format(n=found.drive_min))
        elif reason in _REASONS:
            words.append(tr("Editor", _REASONS[reason]))
    return " · ".join(words)


_REASONS: Final = {
    SlotReason.PREFERRED_TIME: "preferred time",
    SlotReason.PREFERRED_INSTRUCTOR: "preferred instructor",
    SlotReason.TRANSMISSION: "right transmission",
    SlotReason.EARLIEST: "earliest",
    SlotReason.SAME_INSTRUCTOR: "same instructor",
    SlotReason.SAME_TIME: "same time",
    SlotReason.SAME_DAY: "same day",
}


def service_for(offered: Sequence[ServiceView], minutes: int | None) -> ServiceView | None:
    """The service that lasts as long as was asked for; an ordinary lesson before others, the shortest first."""
    ranked = sorted(offered, key=lambda each: (each.kind is not ServiceKind.LESSON, each.duration_min))
    fitting = [each for each in ranked if each.duration_min == minutes]
    return next(iter([*fitting, *ranked]), None)


def _missing(draft: Draft, *, student: bool = True) -> UserError | None:
    """What still has to be typed; `student` says whether the student counts."""
    checks = (
        (
            student and draft.student_id is None and not draft.name.strip(),
            "student",
            tr("Editor", "Who is the lesson for?"),
        ),
        (draft.service_id is None, "service", tr("Editor", "Which lesson is it?")),
        (draft.instructor_id is None, "instructor", tr("Editor", "Who teaches?")),
        (draft.day is None, "day", tr("Editor", "On which day?")),
        (draft.minute is None, "time", tr("Editor", "At what time?")),
    )
    return next((UserError("invalid", words, column=column) for missing, column, words in checks if missing), None)


def _pickup(connection: Connection, org_id: UUID, draft: Draft) -> Place | None:
    """Where it begins: the student's own pick-up point, or the middle of the suburb that was typed, if it is known."""
    if draft.student_id is not None and draft.pickup is None:
        facts = student(connection, org_id, draft.student_id)
        return place(facts.pickup_lat, facts.pickup_lng)
    typed = suburb_of((draft.pickup or draft.suburb).strip()).casefold()
    if not typed:
        return None
    return next((each for name, each in known_places(connection, org_id).items() if name.casefold() == typed), None)


def _person(connection: Connection, org_id: UUID, student_id: UUID) -> Person:
    facts = student(connection, org_id, student_id)
    phone = "" if facts.phone is None else display_phone(facts.phone)
    return Person(facts.id, facts.full_name, phone, facts.pickup_address or "")

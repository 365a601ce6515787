"""What a demo school consists of before it is written anywhere: plain records, instants in UTC microseconds.

People and lessons know each other by their position in the plan's lists; ids are given when the plan is written.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum

from driveflow_desktop.demo.scale import Span
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.finance.values import PaymentKind, PaymentMethod
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.domain.scheduling.rules.travel import TravelRules, travel_between
from driveflow_desktop.domain.scheduling.values import CancellationActor

TRAVEL = TravelRules()


@dataclass(frozen=True, slots=True)
class Spot:
    """An address with its coordinates in microdegrees."""

    address: str
    suburb: str
    lat: int
    lng: int

    @property
    def place(self) -> Place:
        """The point as the rules of travel take it."""
        return Place(self.lat / 1_000_000, self.lng / 1_000_000)


def drive_minutes(origin: Spot, goal: Spot, *, peak: bool) -> int:
    """Minutes of a drive, as the school's rules reckon it."""
    travel = travel_between(origin.place, goal.place, TRAVEL)
    return travel.peak_min if peak else travel.normal_min


@dataclass(frozen=True, slots=True)
class Absence:
    """A change to one date of an instructor: closed or open, the whole day or some minutes of it."""

    day: date
    note: str
    is_available: bool = False
    start: int | None = None
    end: int | None = None


@dataclass(slots=True)
class InstructorPlan:
    """Somebody who teaches."""

    name: str
    email: str
    phone: str
    base: Spot
    weekly: tuple[tuple[int, int, int], ...]
    """(day of week with Sunday 0, start minute, end minute)."""
    cap: int
    licence: str
    licence_expires: date
    abn: str
    gst: bool
    transmissions: tuple[Transmission, ...]
    bank: tuple[str, str] | None
    fee_bp: int | None = None
    stripe_ready: bool = True
    absences: list[Absence] = field(default_factory=list)


@dataclass(slots=True)
class GuardianPlan:
    """A parent who answers for a student."""

    name: str
    phone: str
    email: str
    relation: str
    pays: bool


@dataclass(slots=True)
class StudentPlan:
    """A learner, and what they want."""

    name: str
    phone: str
    email: str
    born: date
    licence: LicenceClass
    licence_number: str
    licence_expires: date
    transmission: Transmission
    home: Spot
    instructor: int
    wants: int
    """Lessons still to take when the plan begins."""
    enrolled_us: int
    logbook: int = 0
    night: int = 0
    guardian: GuardianPlan | None = None
    consent_us: int | None = None
    consent_by: str | None = None
    notes: str | None = None
    alert: str | None = None
    packages: int = 0
    """Packs of ten lessons bought; `wants` counts their lessons."""
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """Something to book, with its standard price in cents."""

    name: str
    minutes: int
    cents: int
    kind: ServiceKind
    description: str


@dataclass(frozen=True, slots=True)
class CardPlan:
    """A rate card: the default has no dates, those of earlier financial years have. Cents by service."""

    name: str
    valid_from: date | None
    valid_to: date | None
    cents: tuple[int, ...]


class Fate(IntEnum):
    """What becomes of a booking by now."""

    CONFIRMED = 0
    REQUESTED = 1
    PENDING_PAYMENT = 2
    DRAFT = 3
    IN_PROGRESS = 4
    COMPLETED = 5
    CANCELLED = 6
    NO_SHOW = 7


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment: what for, how, how much, when asked, and when it came (None: it has not)."""

    kind: PaymentKind
    method: PaymentMethod
    cents: int
    asked_us: int
    received_us: int | None
    declined_us: int | None = None
    """When a first try by card failed, before this one."""


@dataclass(slots=True)
class LessonPlan:
    """A booking and its life until now."""

    student: int
    instructor: int
    service: int
    day: date
    start: int
    """Wall minutes from local midnight."""
    minutes: int
    start_us: int
    booked_us: int = 0
    fate: Fate = Fate.CONFIRMED
    price: int = 0
    fee: int = 0
    card: int = 0
    """Which rate card spoke."""
    number: int = 0
    """The student's how-manieth lesson, from 0."""
    pack: int | None = None
    """Which of the student's packs it uses."""
    series: int | None = None
    charges: list[Charge] = field(default_factory=list)
    began_us: int | None = None
    ended_us: int | None = None
    ended_by_desk: bool = False
    cancelled_us: int | None = None
    cancelled_by: CancellationActor | None = None
    reason: str | None = None
    rating: int | None = None
    metres: int | None = None
    lesson_note: str | None = None
    notes: str | None = None
    moved_from_us: int | None = None
    """Where it was booked first, when it was moved since."""
    moved_us: int = 0
    goodwill_us: int | None = None
    """When half of its price was given back after the instructor had been paid for it."""

    @property
    def end_us(self) -> int:
        """When it ends, in microseconds."""
        return self.start_us + self.minutes * 60_000_000

    @property
    def holds_slot(self) -> bool:
        """Whether nobody else may have its time any more."""
        return self.fate not in {Fate.CANCELLED, Fate.NO_SHOW, Fate.DRAFT}


@dataclass(frozen=True, slots=True)
class PackPlan:
    """A pack of lessons that a student bought."""

    student: int
    number: int
    """The student's how-manieth, from 0."""
    bought_us: int
    cents: int
    fee: int
    method: PaymentMethod
    expires: date


@dataclass(frozen=True, slots=True)
class RunPlan:
    """A payout run: the fortnight, when it was paid, which lessons it counts, and whose refunds it takes back."""

    first: date
    last: date
    at_us: int
    lessons: tuple[int, ...]
    refunded: tuple[int, ...]


@dataclass(slots=True)
class Plan:
    """The whole school."""

    span: Span
    instructors: list[InstructorPlan]
    students: list[StudentPlan]
    cards: tuple[CardPlan, ...]
    holidays: dict[date, str]
    lessons: list[LessonPlan]
    packs: list[PackPlan] = field(default_factory=list)
    runs: list[RunPlan] = field(default_factory=list)

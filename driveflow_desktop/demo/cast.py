"""The people of the pictures in the design: six instructors, their students, and the lessons of today."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum
from typing import Final

from driveflow_desktop.demo.catalogue import (
    HIGHWAY_60,
    HIGHWAY_90,
    LESSON,
    PACK,
    SERVICES,
    TEST,
    TEST_PREP,
    TEST_PREP_90,
)
from driveflow_desktop.demo.plan import Absence, InstructorPlan, Spot
from driveflow_desktop.demo.sources import suburbs
from driveflow_desktop.domain.people.values import LicenceClass, Transmission

WORKDAYS: Final = (1, 2, 3, 4, 5)
AROHA, BEN, CHIDI, DANA, ELIF, FARID = range(6)
Weekly = tuple[tuple[int, int, int], ...]


class Due(Enum):
    """How today's lesson stands with its money before it is given."""

    CARD = "paid by card"
    DUE = "to be paid"
    PACK = "covered by a pack"


@dataclass(frozen=True, slots=True)
class CastStudent:
    """A student of the pictures with today's lesson. `hours` of the logbook; `forgotten` by who should close it."""

    name: str
    instructor: int
    suburb: str
    start: int
    service: int = LESSON
    due: Due = Due.CARD
    phone: str = ""
    licence: LicenceClass = LicenceClass.LEARNER
    hours: float = 30.0
    forgotten: bool = False
    notes: str | None = None

    @property
    def minutes(self) -> int:
        """How long today's lesson is."""
        return SERVICES[self.service].minutes


ETHAN: Final = "Ethan Popescu"
RUBY: Final = "Ruby Chan"
LACHLAN: Final = "Lachlan Hughes"
ETHAN_NOTE: Final = "Nervous on merges. Mum asked for M5 on-ramp practice."

STUDENTS: Final = (
    CastStudent("Oliver Tan", AROHA, "Newtown", 450),
    CastStudent("Priya Nair", AROHA, "Marrickville", 540, hours=62.0),
    CastStudent("Jack Moreau", AROHA, "Ashfield", 630, HIGHWAY_90, hours=84.5),
    CastStudent("Sofia Reyes", AROHA, "Enmore", 780, phone="0455555660", licence=LicenceClass.PROVISIONAL_1, hours=0),
    CastStudent(LACHLAN, AROHA, "Petersham", 900, due=Due.DUE, hours=18.0),
    CastStudent("Grace Liu", BEN, "Rockdale", 480, TEST_PREP, phone="0433555871", hours=88.0, forgotten=True),
    CastStudent("Noah Sato", BEN, "Botany", 570, TEST, phone="0419555773", hours=119.0),
    CastStudent("Ava Lindqvist", BEN, "Mascot", 750, due=Due.DUE, hours=44.0),
    CastStudent(ETHAN, BEN, "Kogarah", 840, HIGHWAY_90, Due.DUE, "0412555018", hours=31.5, notes=ETHAN_NOTE),
    CastStudent("Zara Haddad", CHIDI, "Auburn", 420, phone="0423555093", hours=71.0),
    CastStudent("Leo Fernandez", CHIDI, "Lidcombe", 495, PACK, Due.PACK, "0466555325", hours=40.0),
    CastStudent(RUBY, CHIDI, "Strathfield", 570, due=Due.DUE, phone="0477555448", hours=22.5, forgotten=True),
    CastStudent("Isaac Berg", CHIDI, "Burwood", 660, phone="0499555117", hours=55.5),
    CastStudent("Mei Yamada", CHIDI, "Homebush", 780, PACK, Due.PACK, "0422555104", hours=64.5),
    CastStudent("Tom Adeyemi", CHIDI, "Concord", 855, due=Due.DUE, phone="0411555650", hours=5.0),
    CastStudent("Hana Kim", CHIDI, "Rhodes", 960, phone="0488555902", hours=97.0),
    CastStudent("William Ford", DANA, "Chatswood", 540, TEST_PREP_90, Due.CARD, "0434555781", LicenceClass.OVERSEAS, 0),
    CastStudent("Chloe Dubois", DANA, "Lane Cove", 660, due=Due.DUE, hours=26.0),
    CastStudent("Amir Rahimi", DANA, "Artarmon", 810, due=Due.DUE, phone="0401555239", hours=12.0),
    CastStudent("Nina Costa", DANA, "Willoughby", 900, hours=37.5),
    CastStudent("Yusuf Aydin", ELIF, "Penrith", 510, hours=49.0),
    CastStudent("Emily Stone", ELIF, "St Marys", 600, hours=77.0),
    CastStudent("Kai Morrison", ELIF, "Kingswood", 690, HIGHWAY_60, Due.DUE, hours=58.0),
    CastStudent("Ella Novak", ELIF, "Glenmore Park", 840, PACK, Due.PACK, hours=9.0),
    CastStudent("Sam Walker", ELIF, "Jamisontown", 915, due=Due.DUE, hours=33.0),
    CastStudent("Sam Le", AROHA, "Newtown", -1, hours=28.0),
)
"""Today's lessons in the order of the pictures; a negative start: none today."""


def every_workday(*spans: tuple[int, int]) -> Weekly:
    """The same hours from Monday to Friday."""
    return tuple((day, start, end) for day in WORKDAYS for start, end in spans)


def _ben_hours() -> Weekly:
    longer = {(4, 750, 990): (4, 750, 1080)}
    usual = every_workday((480, 720), (750, 990))
    return (*(longer.get(row, row) for row in usual), (6, 480, 780))


def instructors(today: date) -> list[InstructorPlan]:
    """The six, seen from `today`: Ben leaves early tomorrow, Dana's licence runs out, Farid is away."""
    auto, manual = (Transmission.AUTO,), (Transmission.MANUAL,)
    six = [
        _instructor("Aroha Ngata", 0, "Newtown", every_workday((420, 720), (765, 1020)), auto),
        _instructor("Ben Castellano", 1, "Rockdale", _ben_hours(), (*auto, *manual)),
        _instructor("Chidi Okafor", 2, "Strathfield", _chidi_hours(), auto),
        _instructor("Dana Whitlock", 3, "Chatswood", every_workday((540, 1020)), auto),
        _instructor("Elif Demir", 4, "Penrith", (*every_workday((480, 765), (810, 1005)), (6, 540, 780)), auto),
        _instructor("Farid Nazari", 5, "Bankstown", _farid_hours(), manual),
    ]
    six[BEN].licence_expires = date(today.year + 1, 6, 30)
    six[BEN].abn = "51824753556"
    six[BEN].absences = _ben_absences(today)
    six[DANA].licence_expires = today + timedelta(days=21)
    six[DANA].bank = None
    six[DANA].stripe_ready = False
    monday = today - timedelta(days=today.weekday())
    six[FARID].absences = [Absence(monday + timedelta(days=offset), "Leave") for offset in range(14)]
    return six


def _chidi_hours() -> Weekly:
    return (*every_workday((420, 735), (780, 1065)), (3, 1200, 1320))


def _farid_hours() -> Weekly:
    return tuple((day, start, end) for day in (2, 3, 4, 5, 6) for start, end in ((480, 720), (750, 990)))


def _ben_absences(today: date) -> list[Absence]:
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 14)
    january = date(today.year + 1, 1, 4)
    return [
        Absence(today + timedelta(days=1), "School concert", start=14 * 60 + 30, end=24 * 60),
        Absence(saturday, "Extra afternoon", is_available=True, start=13 * 60, end=16 * 60),
        *(Absence(january + timedelta(days=offset), "Leave") for offset in range(12)),
    ]


def _instructor(name: str, number: int, base: str, weekly: Weekly, cars: tuple[Transmission, ...]) -> InstructorPlan:
    suburb = suburbs()[base]
    first, _, last = name.partition(" ")
    return InstructorPlan(
        name=name,
        email=f"{first}.{last}@harbourdriving.example.com".lower(),
        phone=PHONES[number],
        base=Spot(base, base, suburb.lat, suburb.lng),
        weekly=weekly,
        cap=8,
        licence=f"ADI {20416 + number}",
        licence_expires=date(2029, 3, 31),
        abn="",
        gst=number % 2 == 0,
        transmissions=cars,
        bank=("062-000", f"1000{number:04d}"),
    )


PHONES: Final = (
    "+61491570006",
    "+61491570156",
    "+61491570157",
    "+61491570158",
    "+61491570159",
    "+61491570110",
    "+61491570313",
    "+61491570737",
    "+61491571266",
    "+61491571491",
    "+61491571804",
    "+61491572549",
    "+61491572665",
    "+61491572983",
    "+61491573770",
    "+61491573087",
    "+61491574118",
    "+61491574632",
    "+61491575254",
    "+61491575789",
    "+61491576398",
    "+61491576801",
    "+61491577426",
    "+61491577644",
    "+61491578957",
    "+61491578148",
    "+61491578888",
    "+61491579212",
    "+61491579760",
    "+61491579455",
)
"""Mobile numbers that ACMA reserves for fiction."""

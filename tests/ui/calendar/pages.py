"""Pages for the calendar's tests: the day of the design picture, and pages of any size."""

import random
from uuid import UUID

from driveflow_desktop.ui.calendar.snapshot import CalendarColumn, CalendarLesson, CalendarPage

HOURS = tuple((hour * 60, f"{(hour - 1) % 12 + 1} {'am' if hour < 12 else 'pm'}") for hour in range(24))
H60, HIGHWAY, TEST, TEN, NIGHT = "60 min lesson", "Highway 90", "Test prep", "10-lesson pack", "Night lesson"

_COLUMNS = (
    ("AN", "Aroha Ngata", "6 lessons · 5.5 h", ((420, 720), (765, 1020))),
    ("BC", "Ben Castellano", "5 lessons · 6 h", ((480, 720), (750, 990))),
    ("CO", "Chidi Okafor", "7 lessons · 7 h", ((420, 735), (780, 1080))),
    ("DW", "Dana Whitlock", "4 lessons · 4.5 h", ((540, 1020),)),
    ("ED", "Elif Demir", "5 lessons · 5 h", ((510, 765), (810, 1020))),
    ("FN", "Farid Nazari", "On leave", ()),
)
_LESSONS = (
    ("AN", 450, 510, "Oliver Tan", H60, "Newtown", "blue", "past paid"),
    ("AN", 540, 600, "Priya Nair", H60, "Marrickville", "blue", "past paid"),
    ("AN", 630, 720, "Jack Moreau", HIGHWAY, "Ashfield", "teal", "live"),
    ("AN", 780, 840, "Sofia Reyes", H60, "Enmore", "blue", "paid travel"),
    ("AN", 900, 960, "Lachlan Hughes", H60, "Petersham", "blue", ""),
    ("BC", 480, 540, "Grace Liu", TEST, "Rockdale", "violet", "past paid travel"),
    ("BC", 570, 690, "Noah Sato", "Driving test car hire", "Botany", "violet", "live paid"),
    ("BC", 750, 810, "Ava Lindqvist", H60, "Mascot", "blue", "travel"),
    ("BC", 840, 930, "Ethan Popescu", HIGHWAY, "Kogarah", "teal", "due"),
    ("CO", 420, 480, "Zara Haddad", H60, "Auburn", "blue", "past"),
    ("CO", 495, 555, "Leo Fernandez", TEN, "Lidcombe", "green", "past paid"),
    ("CO", 570, 630, "Ruby Chan", H60, "Strathfield", "blue", "noshow"),
    ("CO", 660, 720, "Isaac Berg", H60, "Burwood", "blue", "live"),
    ("CO", 780, 840, "Mei Yamada", TEN, "Homebush", "green", "paid"),
    ("CO", 855, 915, "Tom Adeyemi", H60, "Concord", "blue", ""),
    ("CO", 960, 1020, "Hana Kim", NIGHT, "Rhodes", "indigo", "paid"),
    ("DW", 540, 630, "William Ford", TEST, "Chatswood", "violet", "past paid"),
    ("DW", 660, 720, "Chloe Dubois", H60, "Lane Cove", "blue", ""),
    ("DW", 810, 870, "Amir Rahimi", H60, "Artarmon", "blue", "conflict"),
    ("DW", 900, 960, "Nina Costa", H60, "Willoughby", "blue", "paid"),
    ("ED", 510, 570, "Yusuf Aydin", H60, "Penrith", "blue", "past paid"),
    ("ED", 600, 660, "Emily Stone", H60, "St Marys", "blue", "paid"),
    ("ED", 690, 750, "Kai Morrison", HIGHWAY, "Kingswood", "teal", ""),
    ("ED", 840, 900, "Ella Novak", TEN, "Glenmore Park", "green", "paid"),
    ("ED", 915, 975, "Sam Walker", H60, "Jamisontown", "blue", ""),
)


def lesson_id(number: int) -> UUID:
    """A fixed id."""
    return UUID(int=0x7000_8000_0000_0000_0000 + number)


def clock(minute: int) -> str:
    return f"{(minute // 60 - 1) % 12 + 1}:{minute % 60:02d}"


def lesson(number: int, column: str, start: int, end: int, title: str = "", **changes: object) -> CalendarLesson:
    """A lesson with plausible texts."""
    title = title or f"Student {number}"
    values: dict[str, object] = {
        "id": lesson_id(number),
        "column_key": column,
        "start_min": start,
        "end_min": end,
        "title": title,
        "when_text": f"{clock(start)}–{clock(end)}",
        "spoken": f"{clock(start)} to {clock(end)}, {title}",
    }
    return CalendarLesson(**(values | changes))  # type: ignore[arg-type]


def picture_day() -> CalendarPage:
    """Tuesday 24 November of the design picture."""
    columns = tuple(
        CalendarColumn(key=key, title=title, subtitle=subtitle, initials=key, open=hours, on_leave=not hours)
        for key, title, subtitle, hours in _COLUMNS
    )
    lessons = tuple(_picture_lesson(number, *row) for number, row in enumerate(_LESSONS))
    return CalendarPage(
        "Tuesday 24 November", columns, lessons, 1440, HOURS, 681, frozenset(key for key, *_ in _COLUMNS)
    )


def _picture_lesson(
    number: int, key: str, start: int, end: int, title: str, service: str, place: str, palette: str, marks: str
) -> CalendarLesson:
    badge = {"paid": ("paid", "ok"), "due": ("$ due", "warn"), "noshow": ("no-show", "bad")}
    text, tone = next((badge[mark] for mark in marks.split() if mark in badge), ("", ""))
    return lesson(
        number,
        key,
        start,
        end,
        title,
        service=service,
        place=place,
        palette=palette,
        badge=text,
        badge_tone=tone,
        status="no_show" if "noshow" in marks else "in_progress" if "live" in marks else "confirmed",
        past="past" in marks,
        live="live" in marks,
        conflict="conflict" in marks,
        travel_after_min=15 if "travel" in marks else 0,
    )


def big_page(columns: int = 50, per_column: int = 60, seed: int = 1, first: int = 0) -> CalendarPage:
    """Many instructors with lessons around the clock, some of them overlapping."""
    pick = random.Random(seed)
    heads = tuple(
        CalendarColumn(
            f"c{index}", f"Instructor {index}", f"{per_column} lessons", "IN", open=((420, 720), (780, 1080))
        )
        for index in range(columns)
    )
    families = ("blue", "teal", "violet", "green", "indigo", "amber")
    lessons = []
    for number in range(columns * per_column):
        start = number % per_column * (1440 // per_column) + pick.choice((0, 0, 0, 5))
        lessons.append(
            lesson(
                first + number,
                f"c{number // per_column}",
                start,
                min(start + 1440 // per_column, 1440),
                f"Student {number} Longname",
                place="Marrickville",
                service=H60,
                badge="paid",
                badge_tone="ok",
                palette=pick.choice(families),
                past=pick.random() < 0.3,
                conflict=pick.random() < 0.02,
                travel_after_min=pick.choice((0, 15)),
            )
        )
    return CalendarPage("Big", heads, tuple(lessons), 1440, HOURS, 681, frozenset(column.key for column in heads))

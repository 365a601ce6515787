"""The audit trail, page by page, as filtered. No Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.overview.activity import Activity, ActivityFilter, Change, Key, activity
from driveflow_desktop.domain.overview.activity_names import RowKey
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.kernel.time import Interval, day_interval, local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.screens.activity.words import ActivityWords, Line, action_words
from driveflow_desktop.ui.words import tr

ONE_DAY: Final = "day"
_DAYS_BACK: Final = {"today": 0, "week": 6, "month": 29}
"""How many days before today a span begins; spans end with today."""
_SCREENS: Final = {"bookings": "calendar", "students": "students", "instructors": "instructors"}


def tables() -> tuple[tuple[str, str], ...]:
    """What entries can be about, as (table, words)."""
    return (
        ("", tr("Activity", "Everything")),
        ("bookings", tr("Activity", "Bookings")),
        ("students", tr("Activity", "Students")),
        ("payments", tr("Activity", "Payments")),
        ("instructors", tr("Activity", "Instructors")),
        ("rate_card_items", tr("Activity", "Prices")),
    )


def spans() -> tuple[tuple[str, str], ...]:
    """The spans of days to choose from, as (id, words)."""
    return (
        ("", tr("Activity", "Any time")),
        ("today", tr("Activity", "Today")),
        ("week", tr("Activity", "Last 7 days")),
        ("month", tr("Activity", "Last 30 days")),
        (ONE_DAY, tr("Activity", "One day")),
    )


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list, and what the panel shows of it. `place` is where to go for what it is about."""

    id: UUID
    when: str
    who: str
    what: str
    about: str
    summary: str
    change: Change
    lines: tuple[Line, ...]
    place: RowKey | None


class ActivityPresenter:
    """Reads pages as they are asked for. Days are those of the school's zone."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table = ""
        self._span = ""
        self._day: date | None = None

    @property
    def today(self) -> date:
        """Today in the school's zone."""
        return local_date(self._desk.clock.now(), self._desk.session.tz)

    def choose_table(self, table: str) -> None:
        """Only entries of a table; everything when empty."""
        self._table = table

    def choose_span(self, span: str, day: date | None = None) -> None:
        """Only entries of some days, by the id of `spans`; `day` is that of `ONE_DAY` (none yet: any time)."""
        self._span, self._day = span, day

    def page(self, after: Key | None, limit: int, found: Callable[[tuple[Entry, ...], Key | None], None]) -> None:
        """The entries that follow `after`, newest first, and the key of those after them."""
        org_id = self._desk.session.org_id
        wanted = ActivityFilter(self._table or None, during=self._during())

        def query(connection: Connection) -> Page[Activity, Key]:
            return activity(connection, org_id, wanted, after, limit)

        def show(page: Page[Activity, Key]) -> None:
            words = ActivityWords(self._desk.session, self.today)
            found(tuple(_entry(each, words) for each in page.rows), page.next_key)

        self._desk.read("activity", query, show)

    def open(self, entry: Entry) -> None:
        """Go to what the entry is about, where there is a screen for it."""
        if entry.place is not None:
            self._desk.open(_SCREENS[entry.place[0]], entry.place[1])

    def _during(self) -> Interval | None:
        tz, today = self._desk.session.tz, self.today
        if self._span == ONE_DAY:
            return None if self._day is None else day_interval(self._day, tz)
        if self._span not in _DAYS_BACK:
            return None
        first = today - timedelta(days=_DAYS_BACK[self._span])
        return Interval(day_interval(first, tz).start, day_interval(today, tz).end)


def _entry(found: Activity, words: ActivityWords) -> Entry:
    lines = words.lines(found)
    return Entry(
        found.id,
        words.moment(found.at),
        found.actor or tr("Activity", "System"),
        action_words(found.action),
        words.about(found),
        words.summary(found, lines),
        found.change,
        lines,
        found.place,
    )

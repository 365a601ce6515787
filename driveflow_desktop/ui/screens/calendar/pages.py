"""The calendar's pages: read off the UI thread, the neighbours ahead of time, kept until something changes. No Qt."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.overview.calendar import CalendarData, calendar_day, calendar_week
from driveflow_desktop.domain.people.queries.instructors import instructors
from driveflow_desktop.store.base import Connection
from driveflow_desktop.ui.ports import Desk, OnError

DAY: Final = "day"
WEEK: Final = "week"
_KEPT: Final = 9


@dataclass(frozen=True, slots=True)
class Place:
    """Which page: a day of everybody, or a week of one instructor (of the first one where none is named)."""

    view: str
    day: date
    instructor_id: UUID | None = None

    @property
    def week(self) -> bool:
        """Whether it is a week."""
        return self.view == WEEK

    @property
    def first(self) -> date:
        """The first day shown."""
        return self.day - timedelta(days=self.day.weekday()) if self.week else self.day

    def stepped(self, by: int) -> "Place":
        """The page `by` days or weeks away."""
        return replace(self, day=self.day + timedelta(days=by * (7 if self.week else 1)))

    @property
    def key(self) -> tuple[str, date, UUID | None]:
        """The same for every day of a week, and for a day whoever's week was shown before."""
        return self.view, self.first, self.instructor_id if self.week else None


@dataclass(frozen=True, slots=True)
class Contents:
    """A page as read, and whose weeks there are: (id, name) of the active instructors in the columns' order."""

    data: CalendarData
    names: tuple[tuple[UUID, str], ...]


class Pages:
    """Answers at once with what is kept. Everything is forgotten whenever anything changed."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._kept: OrderedDict[tuple[str, date, UUID | None], Contents] = OrderedDict()
        self._edition = 0

    def ask(self, place: Place, answer: Callable[[Contents], None], on_error: OnError) -> None:
        """A page, now or later; a newer question replaces an older one."""
        kept = self._kept.get(place.key)
        if kept is not None:
            self._kept.move_to_end(place.key)
            answer(kept)
            return
        self._read("calendar/page", place, answer, on_error)

    def look_ahead(self, place: Place) -> None:
        """Read the pages on either side, so that going there shows them at once."""
        for name, by in (("calendar/next", 1), ("calendar/previous", -1)):
            neighbour = place.stepped(by)
            if neighbour.key not in self._kept:
                self._read(name, neighbour, _nothing, None)

    def forget(self) -> None:
        """Something changed: every page is read anew; what is being read now is not kept."""
        self._edition += 1
        self._kept.clear()

    def _read(self, name: str, place: Place, answer: Callable[[Contents], None], on_error: OnError | None) -> None:
        org_id, now = self._desk.session.org_id, self._desk.clock.now()

        def query(connection: Connection) -> Contents:
            people = instructors(connection, org_id, active_only=True)
            names = tuple((each.id, each.display_name) for each in people)
            if not place.week or not names:
                return Contents(calendar_day(connection, org_id, place.first, now), names)
            whose = place.instructor_id if place.instructor_id in dict(names) else names[0][0]
            return Contents(calendar_week(connection, org_id, whose, place.first, now), names)

        self._desk.read(name, query, partial(self._keep, self._edition, place, answer), on_error)

    def _keep(self, edition: int, place: Place, answer: Callable[[Contents], None], found: Contents) -> None:
        if edition == self._edition:
            self._kept[place.key] = found
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        answer(found)


def _nothing(_found: Contents) -> None:
    """A page that was read ahead is only kept."""

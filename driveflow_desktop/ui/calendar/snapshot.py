"""What the calendar shows and what it asks for: frozen values, no Qt, no database.

All minutes are elapsed minutes since the local midnight of their column, so a day in which the clocks change is
simply 1380 or 1500 minutes long; what the wall clock says at a minute comes as labels beside them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal
from uuid import UUID

MINUTES_PER_DAY = 1440

Tone = Literal["ok", "warn", "bad", "info", ""]


@dataclass(frozen=True, slots=True)
class CalendarColumn:
    """One column: an instructor in the day view, a date in the week view.

    `open` are the bookable spans in minutes, sorted and apart; all else is drawn closed. `colour` is the `#RRGGBB` of
    the avatar, None for the theme's own; without `initials` there is no avatar.
    """

    key: str
    title: str
    subtitle: str = ""
    initials: str = ""
    colour: str | None = None
    open: tuple[tuple[int, int], ...] = ()
    on_leave: bool = False


@dataclass(frozen=True, slots=True)
class CalendarLesson:
    """One booking as it is drawn, with every text ready in the person's language.

    `status` is a `BookingStatus` value, `palette` the name of a colour family (`colours.FAMILIES`; unknown ones are
    drawn blue), `travel_after_min` the travel that follows, `spoken` the whole sentence for a screen reader.
    """

    id: UUID
    column_key: str
    start_min: int
    end_min: int
    title: str
    when_text: str = ""
    place: str = ""
    service: str = ""
    status: str = "confirmed"
    badge: str = ""
    badge_tone: Tone = ""
    palette: str = "blue"
    past: bool = False
    live: bool = False
    conflict: bool = False
    travel_after_min: int = 0
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class CalendarPage:
    """Everything on the screen at once: a day of all instructors, or a week of one.

    `hour_labels` are the grid's full lines with the wall time of each. `now_min` is where the now-line stands, in the
    columns of `now_columns`; None when the page does not show today. Lessons of unknown columns are not drawn.
    """

    title: str = ""
    columns: tuple[CalendarColumn, ...] = ()
    lessons: tuple[CalendarLesson, ...] = ()
    day_minutes: int = MINUTES_PER_DAY
    hour_labels: tuple[tuple[int, str], ...] = ()
    now_min: int | None = None
    now_columns: frozenset[str] = frozenset()


class ProposalKind(StrEnum):
    """What a gesture asks for."""

    CREATE = "create"
    MOVE = "move"
    RESIZE = "resize"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A wished-for place of a lesson, or of a new one (`lesson` is None)."""

    kind: ProposalKind
    lesson: UUID | None
    column_key: str
    start_min: int
    end_min: int


@dataclass(frozen=True, slots=True)
class GhostVerdict:
    """What the rules say about the present proposal: fine, advice (`ok` false), or impossible (`hard`)."""

    ok: bool
    hard: bool = False
    text: str = ""

    @property
    def tone(self) -> Literal["ok", "warn", "bad"]:
        """The tone it is drawn in."""
        if self.ok:
            return "ok"
        return "bad" if self.hard else "warn"

"""The audit trail in words. No Qt."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from babel.dates import format_datetime

from driveflow_desktop.domain.overview.activity import Activity, ActivityFilter, Difference, Key, activity
from driveflow_desktop.domain.paging import Page
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.types import Json
from driveflow_desktop.ui.ports import Desk
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

TABLES: Final = (
    ("", "Everything"),
    ("bookings", "Bookings"),
    ("students", "Students"),
    ("payments", "Payments"),
    ("instructors", "Instructors"),
    ("rate_card_items", "Prices"),
)
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Change:
    """A column, before and after, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list, and what the panel shows of it."""

    id: UUID
    when: str
    who: str
    what: str
    subject: str
    summary: str
    changes: tuple[Change, ...]
    table: str
    row_id: UUID


class ActivityPresenter:
    """Reads pages as they are asked for; a new filter begins anew."""

    def __init__(self, desk: Desk, show: Callable[[Sequence[Entry], bool], None]) -> None:
        """`show` gets all entries read so far, and whether there are more."""
        self._desk = desk
        self._show = show
        self._filter = ActivityFilter()
        self._entries: list[Entry] = []
        self._next: Key | None = None

    def load(self) -> None:
        """Read the newest page."""
        self._read(None)

    def more(self) -> None:
        """Read the page that follows."""
        if self._next is not None:
            self._read(self._next)

    def choose(self, table: str) -> None:
        """Only entries of a table; everything when empty."""
        self._filter = ActivityFilter(table or None)
        self.load()

    def open(self, entry: Entry) -> None:
        """Go to what the entry is about, where there is a screen for it."""
        screens = {"bookings": "calendar", "students": "students", "instructors": "instructors"}
        screen = screens.get(entry.table)
        if screen is not None:
            self._desk.open(screen, entry.row_id)

    def _read(self, after: Key | None) -> None:
        org_id, wanted = self._desk.session.org_id, self._filter

        def query(connection: Connection) -> Page[Activity, Key]:
            return activity(connection, org_id, wanted, after)

        def found(page: Page[Activity, Key]) -> None:
            entries = [self._entry(each) for each in page.rows]
            self._entries = entries if after is None else self._entries + entries
            self._next = page.next_key
            self._show(self._entries, page.next_key is not None)

        self._desk.read("activity", query, found)

    def _entry(self, found: Activity) -> Entry:
        changes = tuple(self._change(each) for each in found.differences)
        summary = "; ".join(f"{each.name}: {each.after or '–'}" for each in changes[:3])
        if found.erased:
            summary = tr("Activity", "Erased on request")
        return Entry(
            found.id,
            self._when(found.at),
            found.actor or tr("Activity", "System"),
            action_words(found.action),
            found.subject,
            summary,
            changes,
            found.table,
            found.row_id,
        )

    def _change(self, difference: Difference) -> Change:
        column = difference.column
        return Change(
            column_words(column), self._value(column, difference.before), self._value(column, difference.after)
        )

    def _value(self, column: str, value: Json) -> str:
        if value is None or value == {}:
            return ""
        if column.endswith("_cents") and isinstance(value, int):
            return formats.money(value, self._desk.session.currency)
        if isinstance(value, bool):
            return tr("Activity", "yes") if value else tr("Activity", "no")
        if isinstance(value, str):
            if _INSTANT.fullmatch(value):
                return self._when(datetime.fromisoformat(value))
            return "…" if _ID.fullmatch(value) else value.replace("_", " ") if column == "status" else value
        return str(value)

    def _when(self, at: datetime) -> str:
        session = self._desk.session
        return format_datetime(at, "EEE d MMM, h:mm a", tzinfo=session.tz, locale=session.locale).replace("\u202f", " ")


def action_words(action: str) -> str:
    """`booking.moved` → “Booking moved”."""
    words = action.replace(".", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def column_words(column: str) -> str:
    """A column as a person says it."""
    words = column.removesuffix("_id").removesuffix("_cents").removesuffix("_at").replace("_", " ")
    return words[:1].upper() + words[1:]

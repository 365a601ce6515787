"""The hours of the picked instructor without Qt: the week, what is different on dates, and the school's holidays."""

from collections.abc import Callable, Collection
from datetime import date
from typing import Final, Protocol
from uuid import UUID

from driveflow_desktop.adapters.public_holidays import public_holidays
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands import hours as commands
from driveflow_desktop.domain.scheduling.commands import school as school_commands
from driveflow_desktop.domain.scheduling.queries import weekly_hours
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.instructors.days import DayRow, day_rows
from driveflow_desktop.ui.screens.instructors.reading import InstructorDetail
from driveflow_desktop.ui.screens.instructors.week import Bar, Span, Version, split_at, versions
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.typed_values import read_date, require_date
from driveflow_desktop.ui.widgets.typed import parse_time
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Instructors"
Done = Callable[[], None]


class HoursView(Protocol):
    """What the presenter tells the screen."""

    def show_week(self, version: Version, title: str, choices: tuple[str, ...], chosen: int, locked: str) -> None:
        """A week, when it holds, and the weeks to choose from; `locked` is why it cannot be changed."""
        ...

    def show_days(self, rows: tuple[DayRow, ...], locked: str) -> None:
        """What is different on dates."""
        ...


class HoursPresenter:
    """Shows and changes one instructor's hours."""

    def __init__(self, desk: Desk, view: HoursView) -> None:
        self._desk = desk
        self._view = view
        self._detail: InstructorDetail | None = None
        self._versions: tuple[Version, ...] = ()
        self._chosen = 0

    # -- showing ----------------------------------------------------------------------------------------------------

    def show(self, detail: InstructorDetail) -> None:
        """Show an instructor's hours; the week that was chosen stays so for the same person."""
        before = self._detail
        if before is None or before.facts.id != detail.facts.id:
            self._chosen = 0
        self._detail = detail
        self._versions = versions(detail.weekly, self._today())
        self._chosen = min(self._chosen, len(self._versions) - 1)
        self._show_week()
        self._view.show_days(day_rows(detail), self.locked)

    def choose(self, at: int) -> None:
        """Show another week: the present one is the first, later ones follow."""
        self._chosen = max(0, min(at, len(self._versions) - 1))
        self._show_week()

    @property
    def locked(self) -> str:
        """Why the person may not change these hours, empty when they may."""
        session, detail = self._desk.session, self._detail
        if not can(session.role, Action.EDIT_AVAILABILITY):
            return tr(_CONTEXT, "Hours are changed by the front desk.")
        if session.role is OrgRole.INSTRUCTOR and (detail is None or detail.facts.user_id != session.user_id):
            return tr(_CONTEXT, "These are somebody else’s hours.")
        return ""

    @property
    def holidays_locked(self) -> str:
        """Why the person may not change the school's holidays, empty when they may."""
        if can(self._desk.session.role, Action.EDIT_POLICIES):
            return ""
        return tr(_CONTEXT, "Holidays are changed by the front desk.")

    # -- the week ---------------------------------------------------------------------------------------------------

    def add(self, day: int, span: Span) -> None:
        """Add hours to a day of the week (0 = Sunday)."""
        first = self._versions[self._chosen].first if self._chosen else None
        block = commands.Block(span.start, span.end, first)
        self._write(tr(_CONTEXT, "Hours added"), lambda uow, who: commands.add_block(uow, who, day, block))

    def change(self, bar: Bar, span: Span, done: Done | None = None, refused: OnError | None = None) -> None:
        """Give hours another time."""
        block = bar.block(span)
        self._write(
            tr(_CONTEXT, "Hours changed"),
            lambda uow, who: commands.change_block(uow, who, bar.id, bar.day, block),
            done,
            refused,
        )

    def type_times(self, bar: Bar, start: str, end: str, done: Done, refused: OnError) -> None:
        """Give hours the times that were typed."""
        try:
            span = Span(_time(start, "start_minute"), _time(end, "end_minute") or 24 * 60)
        except UserError as error:
            refused(error)
            return
        self.change(bar, span, done, refused)

    def remove(self, bar: Bar) -> None:
        """Take hours away."""
        self._write(
            tr(_CONTEXT, "Hours removed; booked lessons stay"),
            lambda uow, who: commands.remove_block(uow, who, bar.id),
        )

    def begin_version(self, text: str, done: Done, refused: OnError) -> None:
        """Let a week of its own begin on a typed date, like the one before it until it is changed."""
        try:
            day = require_date(text, self._today(), "day")
            if day <= self._today():
                raise UserError(
                    "invalid",
                    tr(_CONTEXT, "New hours begin after today."),
                    hint=tr(_CONTEXT, "To change today’s, change the week itself."),
                    column="day",
                )
        except UserError as error:
            refused(error)
            return

        def split(uow: UnitOfWork, who: UUID) -> None:
            rows = weekly_hours(uow.connection, uow.org_id, who)
            for weekday in commands.DAYS_OF_WEEK:
                blocks = [
                    commands.Block(row.start_minute, row.end_minute, row.effective_from, row.effective_to)
                    for row in rows
                    if row.day_of_week == weekday
                ]
                commands.set_day(uow, who, weekday, split_at(blocks, day))

        def began() -> None:
            self._chosen = next(
                (at for at, version in enumerate(self._versions) if version.first == day), len(self._versions)
            )
            done()

        label = tr(_CONTEXT, "New hours from {day}").format(day=formats.day(day))
        self._write(label, split, began, refused)

    def copy(self, day: int | None, to_days: Collection[int], to_people: Collection[UUID], done: Done) -> None:
        """Copy a day of the week to other days and people, or (without a day) the whole week to other people."""

        def command(uow: UnitOfWork, who: UUID) -> None:
            if day is None:
                commands.copy_week(uow, who, to_people)
            else:
                commands.copy_day(uow, who, day, to_days={day, *to_days}, to_instructors=to_people)

        self._write(tr(_CONTEXT, "Hours copied"), command, done)

    # -- dates ------------------------------------------------------------------------------------------------------

    def add_leave(
        self, dates: tuple[str, str], times: tuple[str, str], reason: str, done: Done, refused: OnError
    ) -> None:
        """Close typed dates, or between typed times a part of one; lessons booked then stay, and are told of."""
        try:
            first = require_date(dates[0], self._today(), "first")
            last = read_date(dates[1], self._today(), "last") or first
            part = _part(times)
            if part is not None and first != last:
                raise UserError(
                    "invalid",
                    tr(_CONTEXT, "A part of a day is one day’s."),
                    hint=tr(_CONTEXT, "Leave the last day empty, or the times."),
                    column="last",
                )
        except UserError as error:
            refused(error)
            return

        def command(uow: UnitOfWork, who: UUID) -> None:
            if part is None:
                commands.set_leave(uow, who, first, last, reason)
            else:
                commands.set_exception(uow, commands.NewException(who, first, False, part.start, part.end, reason))

        self._write(tr(_CONTEXT, "Leave added"), command, done, refused)

    def open_day(self, text: str, times: tuple[str, str], reason: str, done: Done, refused: OnError) -> None:
        """Open a typed date between typed times, whatever the week and the holidays say."""
        try:
            day = require_date(text, self._today(), "first")
            part = _part(times)
        except UserError as error:
            refused(error)
            return
        start, end = (None, None) if part is None else (part.start, part.end)
        self._write(
            tr(_CONTEXT, "Extra day added"),
            lambda uow, who: commands.set_exception(uow, commands.NewException(who, day, True, start, end, reason)),
            done,
            refused,
        )

    def remove_day(self, row: DayRow) -> None:
        """Take back what is different on a date, or remove a holiday of the school's."""
        if row.kind == "holiday":
            self._write_school(tr(_CONTEXT, "Holiday removed"), lambda uow: school_commands.remove_holiday(uow, row.id))
            return

        def command(uow: UnitOfWork, who: UUID) -> None:
            for exception_id in row.ids:
                commands.remove_exception(uow, who, exception_id)

        self._write(tr(_CONTEXT, "The week holds again"), command)

    def toggle_holiday(self, row: DayRow) -> None:
        """Give lessons on a holiday, or close it again, for the whole school."""
        closed = not row.closed
        label = tr(_CONTEXT, "Closed on {day}") if closed else tr(_CONTEXT, "Lessons are given on {day}")
        self._write_school(
            label.format(day=row.when), lambda uow: school_commands.set_holiday_closed(uow, row.id, closed)
        )

    def add_holiday(self, text: str, name: str, done: Done, refused: OnError) -> None:
        """Add a holiday of the school's own on a typed date."""
        try:
            day = require_date(text, self._today(), "day")
        except UserError as error:
            refused(error)
            return
        self._desk.write(
            tr(_CONTEXT, "Holiday added"),
            lambda uow: school_commands.add_holiday(uow, day, name),
            lambda _receipt: done(),
            refused,
        )

    def load_holidays(self) -> None:
        """Add the public holidays of the school's state, of this year and the next."""
        detail = self._detail
        if detail is None:
            return
        country, region, year = detail.school.country, detail.school.region, self._today().year

        def command(uow: UnitOfWork) -> int:
            return school_commands.load_holidays(uow, public_holidays(country, region, (year, year + 1)))

        place = region or country
        label = tr(_CONTEXT, "Public holidays of {place} for {year} and {next}")
        words = label.format(place=place, year=year, next=year + 1)
        known = tr(_CONTEXT, "Every public holiday of {place} is here already.").format(place=place)
        self._desk.write(words, command, lambda receipt: None if receipt.value else self._desk.say(known))

    # -- within -----------------------------------------------------------------------------------------------------

    def _show_week(self) -> None:
        version = self._versions[self._chosen]
        now = tr(_CONTEXT, "now")
        words = tuple(_version_words(each) for each in self._versions)
        choices = tuple(each or now for each in words)
        self._view.show_week(version, words[self._chosen], choices, self._chosen, self.locked)

    def _write(
        self,
        label: str,
        command: Callable[[UnitOfWork, UUID], object],
        done: Done | None = None,
        refused: OnError | None = None,
    ) -> None:
        if self._detail is None:
            return
        who = self._detail.facts.id
        self._desk.write(
            label, lambda uow: command(uow, who), None if done is None else lambda _receipt: done(), refused
        )

    def _write_school(self, label: str, command: Callable[[UnitOfWork], object]) -> None:
        self._desk.write(label, command)

    def _today(self) -> date:
        return local_date(self._desk.clock.now(), self._desk.session.tz)


def _version_words(version: Version) -> str:
    if version.first is None:
        return ""
    return tr(_CONTEXT, "from {day}").format(day=formats.day(version.first))


def _part(times: tuple[str, str]) -> Span | None:
    """The part of a day between two typed times; one of them may be left to the day's own edge."""
    start, end = (text.strip() for text in times)
    if not start and not end:
        return None
    return Span(_time(start, "start_minute") if start else 0, (_time(end, "end_minute") or 24 * 60) if end else 24 * 60)


def _time(text: str, column: str) -> int:
    try:
        return parse_time(text)
    except UserError as error:
        raise UserError(error.code, error.message, hint=error.hint, column=column) from None

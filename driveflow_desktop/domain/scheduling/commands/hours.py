"""When an instructor works: the week, exceptions to it, and leave."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.scheduling.commands.access import acting_role, require_own_diary
from driveflow_desktop.domain.scheduling.facts import require_teacher
from driveflow_desktop.domain.scheduling.loader import Days as Dates
from driveflow_desktop.domain.scheduling.loader import load_booked, load_setting
from driveflow_desktop.domain.scheduling.queries import ExceptionRow, WeeklyRow, exceptions, weekly_hours
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, InstructorAvailability
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import MINUTES_PER_DAY, local_date
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork

DAYS_OF_WEEK: Final = range(7)
LONGEST_LEAVE: Final = 366


@dataclass(frozen=True, slots=True)
class Block:
    """Working hours on a weekday, in wall minutes from midnight; dates inclusive, open where None."""

    start_minute: int
    end_minute: int
    effective_from: date | None = None
    effective_to: date | None = None


@dataclass(frozen=True, slots=True)
class NewException:
    """What is different on a date: closed or open, all day (no minutes) or from one wall minute to another."""

    instructor_id: UUID
    day: date
    is_available: bool
    start_minute: int | None = None
    end_minute: int | None = None
    note: str | None = None


# -- the week -----------------------------------------------------------------------------------------------------


def set_day(uow: UnitOfWork, instructor_id: UUID, day_of_week: int, blocks: Sequence[Block]) -> None:
    """Make `blocks` the whole of an instructor's weekday (0 = Sunday); blocks that stand already are left alone."""
    _require_own(uow, instructor_id)
    _check_day(day_of_week, blocks)
    uow.describe("availability.changed")
    wanted = list(blocks)
    for row in weekly_hours(uow.connection, uow.org_id, instructor_id):
        if row.day_of_week != day_of_week:
            continue
        if _block(row) in wanted:
            wanted.remove(_block(row))
        else:
            uow.delete(InstructorAvailability, row.id)
    uow.bulk(InstructorAvailability, [_values(instructor_id, day_of_week, block) for block in wanted])


def add_block(uow: UnitOfWork, instructor_id: UUID, day_of_week: int, block: Block) -> UUID:
    """Add working hours to a weekday and return their id."""
    _require_own(uow, instructor_id)
    _check_day(day_of_week, [*_day(uow, instructor_id, day_of_week), block])
    uow.describe("availability.changed")
    return uow.insert(InstructorAvailability, _values(instructor_id, day_of_week, block))


def change_block(uow: UnitOfWork, instructor_id: UUID, block_id: UUID, day_of_week: int, block: Block) -> bool:
    """Move or resize working hours, also to another weekday; returns whether anything changed."""
    _require_own(uow, instructor_id)
    _require_block(uow, instructor_id, block_id)
    _check_day(day_of_week, [*_day(uow, instructor_id, day_of_week, leaving_out=block_id), block])
    uow.describe("availability.changed")
    return uow.update(InstructorAvailability, block_id, _values(instructor_id, day_of_week, block))


def remove_block(uow: UnitOfWork, instructor_id: UUID, block_id: UUID) -> None:
    """Take working hours away; lessons that are booked stay."""
    _require_own(uow, instructor_id)
    _require_block(uow, instructor_id, block_id)
    uow.describe("availability.changed")
    uow.delete(InstructorAvailability, block_id)


def copy_day(
    uow: UnitOfWork,
    instructor_id: UUID,
    day_of_week: int,
    *,
    to_days: Collection[int],
    to_instructors: Collection[UUID] = (),
) -> None:
    """Give weekdays (of this instructor and of others) the hours of one weekday."""
    blocks = _day(uow, instructor_id, day_of_week)
    for other in (instructor_id, *to_instructors):
        for day in to_days:
            if (other, day) != (instructor_id, day_of_week):
                set_day(uow, other, day, blocks)


def copy_week(uow: UnitOfWork, instructor_id: UUID, to_instructors: Collection[UUID]) -> None:
    """Give other instructors the whole week of one."""
    for other in to_instructors:
        for day in DAYS_OF_WEEK:
            set_day(uow, other, day, _day(uow, instructor_id, day))


def _day(uow: UnitOfWork, instructor_id: UUID, day_of_week: int, *, leaving_out: UUID | None = None) -> list[Block]:
    rows = weekly_hours(uow.connection, uow.org_id, instructor_id)
    return [_block(row) for row in rows if row.day_of_week == day_of_week and row.id != leaving_out]


def _block(row: WeeklyRow) -> Block:
    return Block(row.start_minute, row.end_minute, row.effective_from, row.effective_to)


def _values(instructor_id: UUID, day_of_week: int, block: Block) -> dict[str, Value]:
    return {
        "instructor_id": instructor_id,
        "day_of_week": day_of_week,
        "start_minute": block.start_minute,
        "end_minute": block.end_minute,
        "effective_from": block.effective_from,
        "effective_to": block.effective_to,
    }


def _require_own(uow: UnitOfWork, instructor_id: UUID) -> None:
    role = acting_role(uow, Action.EDIT_AVAILABILITY)
    require_own_diary(uow, role, require_teacher(uow.connection, uow.org_id, instructor_id))


def _require_block(uow: UnitOfWork, instructor_id: UUID, block_id: UUID) -> None:
    if block_id not in {row.id for row in weekly_hours(uow.connection, uow.org_id, instructor_id)}:
        raise UserError("gone", "Those hours are no longer there.", hint="Open the week again.")


def _check_day(day_of_week: int, blocks: Iterable[Block]) -> None:
    if day_of_week not in DAYS_OF_WEEK:
        raise UserError("invalid", "A week has seven days.", column="day_of_week")
    ordered = sorted(blocks, key=lambda block: (block.start_minute, block.end_minute))
    for block in ordered:
        _check_minutes(block.start_minute, block.end_minute)
        if (
            block.effective_from is not None
            and block.effective_to is not None
            and block.effective_to < block.effective_from
        ):
            raise UserError("invalid", "Those hours end before they begin.", column="effective_to")
    for before, after in pairwise(ordered):
        if after.start_minute < before.end_minute and _share_dates(before, after):
            raise UserError("invalid", "Those hours overlap others of that day.", column="start_minute")


def _check_minutes(start: int, end: int) -> None:
    if not 0 <= start < end <= MINUTES_PER_DAY:
        raise UserError("invalid", "Hours end after they start, within one day.", column="end_minute")


def _share_dates(one: Block, other: Block) -> bool:
    starts_before = one.effective_from is None or other.effective_to is None or one.effective_from <= other.effective_to
    ends_after = one.effective_to is None or other.effective_from is None or other.effective_from <= one.effective_to
    return starts_before and ends_after


# -- exceptions and leave -----------------------------------------------------------------------------------------


def set_exception(uow: UnitOfWork, request: NewException) -> UUID:
    """Say what is different on a date and return the row's id; it replaces one that begins at the same minute."""
    _require_own(uow, request.instructor_id)
    if (request.start_minute is None) != (request.end_minute is None):
        raise UserError("invalid", "A part of a day has a start and an end.", column="end_minute")
    if request.start_minute is not None and request.end_minute is not None:
        _check_minutes(request.start_minute, request.end_minute)
    uow.describe("availability.exception_set")
    values: dict[str, Value] = {
        "instructor_id": request.instructor_id,
        "date": request.day,
        "is_available": request.is_available,
        "start_minute": request.start_minute,
        "end_minute": request.end_minute,
        "note": request.note or None,
    }
    for row in _exceptions_of(uow, request.instructor_id, request.day, request.day):
        if row.start_minute == request.start_minute:
            uow.update(AvailabilityException, row.id, values)
            return row.id
    return uow.insert(AvailabilityException, values)


def remove_exception(uow: UnitOfWork, instructor_id: UUID, exception_id: UUID) -> None:
    """Let the week hold again."""
    _require_own(uow, instructor_id)
    row = uow.require(AvailabilityException, exception_id)
    if row["instructor_id"] != instructor_id:
        raise UserError("gone", "That exception is no longer there.", hint="Open the week again.")
    uow.describe("availability.exception_removed")
    uow.delete(AvailabilityException, exception_id)


def set_leave(
    uow: UnitOfWork, instructor_id: UUID, first: date, last: date, note: str | None = None
) -> tuple[UUID, ...]:
    """Close whole days from `first` to `last`, in place of whatever was said of them; returns the lessons left there.

    Those lessons stay booked, and somebody has to re-plan them: the receipt warns of them.
    """
    _require_own(uow, instructor_id)
    _check_leave(first, last)
    uow.describe("availability.leave_set")
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    standing = set()
    for row in _exceptions_of(uow, instructor_id, first, last):
        if not row.is_available and row.start_minute is None:
            standing.add(row.day)
            uow.update(AvailabilityException, row.id, {"note": note or None})
        else:
            uow.delete(AvailabilityException, row.id)
    rows = [{"instructor_id": instructor_id, "date": day, "is_available": False, "note": note or None} for day in days]
    uow.bulk(AvailabilityException, [row for row in rows if row["date"] not in standing])
    left = _lessons_between(uow, instructor_id, first, last)
    if left:
        uow.warn(
            f"{len(left)} lessons are booked in that time." if len(left) > 1 else "A lesson is booked in that time."
        )
    return left


def clear_leave(uow: UnitOfWork, instructor_id: UUID, first: date, last: date) -> int:
    """Take back closed whole days from `first` to `last`; returns how many there were."""
    _require_own(uow, instructor_id)
    _check_leave(first, last)
    uow.describe("availability.leave_cleared")
    rows = [
        row
        for row in _exceptions_of(uow, instructor_id, first, last)
        if not row.is_available and row.start_minute is None
    ]
    for row in rows:
        uow.delete(AvailabilityException, row.id)
    return len(rows)


def _check_leave(first: date, last: date) -> None:
    if last < first:
        raise UserError("invalid", "Leave ends after it begins.", column="last")
    if (last - first).days >= LONGEST_LEAVE:
        raise UserError("invalid", "Leave is entered for a year at most.", hint="Enter it in parts.", column="last")


def _exceptions_of(uow: UnitOfWork, instructor_id: UUID, first: date, last: date) -> tuple[ExceptionRow, ...]:
    return exceptions(uow.connection, uow.org_id, instructor_id, first, last)


def _lessons_between(uow: UnitOfWork, instructor_id: UUID, first: date, last: date) -> tuple[UUID, ...]:
    setting = load_setting(uow.connection, uow.org_id, Dates(first, last))
    booked = load_booked(uow.connection, setting, uow.now, instructor_ids=[instructor_id])
    return tuple(found.id for found in booked if first <= local_date(found.start, setting.tz) <= last)

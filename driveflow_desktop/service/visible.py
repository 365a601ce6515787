"""What a member sees of a whole table, as a condition in SQL: the same judgement as `scope`, for many rows at once."""

import sqlalchemy as sa

from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import BY_INSTRUCTOR, FOR_ALL, SEEN, SEEN_BY, THROUGH


def visible_rows(table: sa.Table, member: Member) -> sa.ColumnElement[bool]:
    """Which rows of `table` belong on the member's replica; the member's school only."""
    of_school = table.c.org_id == member.org_id
    name = str(table.name)
    if member.sees_all or name in FOR_ALL:
        return of_school
    if member.instructor_id is None:
        return sa.false()
    return sa.and_(of_school, _of_instructor(table, name, member))


def _of_instructor(table: sa.Table, name: str, member: Member) -> sa.ColumnElement[bool]:
    if name == "instructors":
        return table.c.id == member.instructor_id
    if name in BY_INSTRUCTOR:
        return table.c.instructor_id == member.instructor_id
    if name == "bookings":
        return sa.and_(Booking.instructor_id == member.instructor_id, SEEN)
    if name in SEEN_BY:
        pairs = SEEN_BY[name]
        mine = pairs.select.with_only_columns(pairs.owner).where(
            pairs.org == member.org_id, pairs.instructor == member.instructor_id, pairs.owner.is_not(None)
        )
        return table.c[THROUGH.get(name, "id")].in_(mine.correlate(None))
    return sa.false()

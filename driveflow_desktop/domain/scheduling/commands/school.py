"""What holds for the whole school: the cancellation policy and its holidays."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.scheduling.queries import holidays, policies
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY, PolicyRow
from driveflow_desktop.domain.scheduling.tables import CancellationPolicy, Holiday
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.ids import derived_id
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


class PublicHoliday(NamedTuple):
    """A holiday as the calendar of a state has it; `region` None for all of the country."""

    day: date
    name: str
    region: str | None = None


# -- policy -------------------------------------------------------------------------------------------------------


def seed_policies(uow: UnitOfWork) -> None:
    """Give a new school the default policy; a school that has one keeps it."""
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    if not policies(uow.connection, uow.org_id):
        _write_policy(uow, DEFAULT_POLICY)


def set_policy(uow: UnitOfWork, actor: CancellationActor, rows: Sequence[PolicyRow]) -> None:
    """Make `rows` the whole policy for cancellations by `actor`; without any, the default holds for them.

    Rows of hours that are no longer named are switched off, not deleted, so that old refunds stay explained.
    """
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    _check_policy(actor, rows)
    uow.describe("policy.changed")
    wanted = {row.hours_before_start: row for row in rows}
    for stored in policies(uow.connection, uow.org_id):
        if stored.actor is not actor:
            continue
        row = wanted.pop(stored.hours_before_start, None)
        values: dict[str, Value] = {"is_active": row is not None}
        if row is not None:
            values |= {"refund_percent": row.refund_percent, "fee_cents": row.fee_cents}
        uow.update(CancellationPolicy, stored.id, values)
    _write_policy(uow, wanted.values())


def _write_policy(uow: UnitOfWork, rows: Iterable[PolicyRow]) -> None:
    uow.describe("policy.changed")
    for row in rows:
        row_id = derived_id("cancellation_policies", uow.org_id, row.actor, str(row.hours_before_start))
        uow.insert(CancellationPolicy, dict(row._asdict()), row_id=row_id)


def _check_policy(actor: CancellationActor, rows: Sequence[PolicyRow]) -> None:
    hours = [row.hours_before_start for row in rows]
    if len(set(hours)) != len(hours):
        raise UserError("invalid", "Two rows name the same hours.", column="hours_before_start")
    for row in rows:
        if row.actor is not actor:
            raise UserError("invalid", "A row belongs to somebody else.", column="actor")
        if row.hours_before_start < 0 or not 0 <= row.refund_percent <= 100 or row.fee_cents < 0:
            raise UserError("invalid", "Hours and fees are not negative, a refund is 0 to 100 percent.")


# -- holidays -----------------------------------------------------------------------------------------------------


def load_holidays(uow: UnitOfWork, found: Iterable[PublicHoliday]) -> int:
    """Add public holidays that the school does not have yet; what it has changed or added stays. Returns how many."""
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    listed = sorted(found)
    if not listed:
        return 0
    known = {(row.day, row.name) for row in holidays(uow.connection, uow.org_id, listed[0].day, listed[-1].day)}
    fresh = {(each.day, each.name): each for each in listed if (each.day, each.name) not in known}
    uow.describe("holiday.added")
    uow.bulk(
        Holiday,
        [
            {
                "id": derived_id("holidays", uow.org_id, each.day.isoformat(), each.name),
                "date": each.day,
                "name": each.name,
                "region": each.region,
            }
            for each in fresh.values()
        ],
    )
    return len(fresh)


def add_holiday(uow: UnitOfWork, day: date, name: str, *, closed: bool = True) -> UUID:
    """Add a day on which the school keeps a holiday of its own, and return its id."""
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    if not name.strip():
        raise UserError("invalid", "The holiday needs a name.", column="name")
    uow.describe("holiday.added")
    return uow.insert(Holiday, {"date": day, "name": " ".join(name.split()), "closed": closed})


def set_holiday_closed(uow: UnitOfWork, holiday_id: UUID, closed: bool) -> bool:
    """Say whether the school gives lessons on a holiday; returns whether that changed anything."""
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    uow.describe("holiday.changed")
    return uow.update(Holiday, holiday_id, {"closed": closed})


def remove_holiday(uow: UnitOfWork, holiday_id: UUID) -> None:
    """Take a holiday away; loading public holidays again brings a public one back."""
    authorise(uow.connection, uow.actor, Action.EDIT_POLICIES)
    uow.describe("holiday.removed")
    uow.delete(Holiday, holiday_id)

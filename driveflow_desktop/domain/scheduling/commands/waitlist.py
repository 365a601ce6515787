"""Students who wait for a slot."""

from dataclasses import asdict, dataclass
from datetime import date
from uuid import UUID

from driveflow_desktop.domain.identity.queries import authorise
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.scheduling.commands.hours import DAYS_OF_WEEK
from driveflow_desktop.domain.scheduling.facts import require_learner, require_service, require_teacher
from driveflow_desktop.domain.scheduling.tables import WaitlistEntry
from driveflow_desktop.domain.scheduling.values import WaitlistStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import MINUTES_PER_DAY
from driveflow_desktop.store.types import Json, Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Wish:
    """What suits somebody who waits: weekdays (0 = Sunday, none for any), wall minutes, dates, an instructor."""

    days: tuple[int, ...] = ()
    start_minute: int = 0
    end_minute: int = MINUTES_PER_DAY
    first: date | None = None
    last: date | None = None
    instructor_id: UUID | None = None
    note: str = ""

    def to_json(self) -> dict[str, Json]:
        """As the row keeps it."""
        plain = {name: value for name, value in asdict(self).items() if value not in {None, ""}}
        return {
            name: list(value) if isinstance(value, tuple) else value if isinstance(value, int) else str(value)
            for name, value in plain.items()
        }


def add_to_waitlist(uow: UnitOfWork, student_id: UUID, service_id: UUID, wish: Wish) -> UUID:
    """Put a student on the waitlist and return the entry's id."""
    authorise(uow.connection, uow.actor, Action.BOOK)
    require_learner(uow.connection, uow.org_id, student_id)
    require_service(uow.connection, uow.org_id, service_id)
    if wish.instructor_id is not None:
        require_teacher(uow.connection, uow.org_id, wish.instructor_id)
    _check_wish(wish)
    uow.describe("waitlist.added")
    values: dict[str, Value] = {"student_id": student_id, "service_id": service_id, "preferences": wish.to_json()}
    return uow.insert(WaitlistEntry, values)


def set_waitlist_status(uow: UnitOfWork, entry_id: UUID, status: WaitlistStatus) -> bool:
    """Note that a slot was offered or booked, or close the entry; returns whether that changed anything."""
    authorise(uow.connection, uow.actor, Action.BOOK)
    uow.describe(f"waitlist.{status.value}")
    return uow.update(WaitlistEntry, entry_id, {"status": status})


def _check_wish(wish: Wish) -> None:
    if not set(wish.days) <= set(DAYS_OF_WEEK):
        raise UserError("invalid", "A week has seven days.", column="preferences")
    if not 0 <= wish.start_minute < wish.end_minute <= MINUTES_PER_DAY:
        raise UserError("invalid", "The wished time ends after it starts.", column="preferences")
    if wish.first is not None and wish.last is not None and wish.last < wish.first:
        raise UserError("invalid", "The wished dates are reversed.", column="preferences")

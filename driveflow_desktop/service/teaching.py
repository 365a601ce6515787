"""What an instructor's work must keep to beyond the columns they may write: prices, steps, and what they may delete."""

from typing import cast
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.rules import effective_fee_bp
from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem
from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.scheduling.rules.states import STEPS, takes_step
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import split_price
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import Key
from driveflow_desktop.store.log import OUTBOX
from driveflow_desktop.store.log_tables import Op
from driveflow_desktop.store.rows import Row


def require_teaching_rules(connection: sa.Connection, member: Member, table: str, old: Row | None, new: Row) -> None:
    """Refuse an instructor's booking with a price of their own making, or a step that is not theirs to take."""
    if member.role is not OrgRole.INSTRUCTOR or table != "bookings":
        return
    _require_step(member, old, new)
    if old is None:
        _require_listed_price(connection, member.org_id, new)


def require_own_work(connection: sa.Connection, member: Member, key: Key) -> None:
    """Let an instructor delete only what nobody else wrote to: that is how their own new rows are undone."""
    if member.role is not OrgRole.INSTRUCTOR or key[0] not in {"bookings", "lessons", "trips"}:
        return
    written = (OUTBOX.c.org_id == member.org_id, OUTBOX.c.table_name == key[0], OUTBOX.c.row_id == key[1])
    another = (OUTBOX.c.op != Op.EVENT, OUTBOX.c.actor_user_id.is_distinct_from(member.user_id))
    if connection.execute(sa.select(OUTBOX.c.id).where(*written, *another).limit(1)).first() is not None:
        raise UserError("forbidden", "Only the front desk can delete that.", table=key[0])


def _require_step(member: Member, old: Row | None, new: Row) -> None:
    source = None if old is None else BookingStatus(cast("str", old["status"]))
    target = BookingStatus(cast("str", new["status"]))
    if source is target or takes_step(member.role, source, target):
        return
    own_step = old is not None and old["status_changed_by"] == member.user_id
    if own_step and (target, source) in STEPS:
        return  # taking back what they did themselves
    raise UserError("state_transition", "Only the front desk can do that.", column="status")


def _require_listed_price(connection: sa.Connection, org_id: UUID, booking: Row) -> None:
    """The price is that of the booking's rate card, in its currency, split by the fee that holds for the instructor."""
    same_card = sa.and_(RateCard.org_id == RateCardItem.org_id, RateCard.id == RateCardItem.rate_card_id)
    listed = connection.execute(
        sa.select(RateCardItem.price_cents, RateCard.currency)
        .join(RateCard, same_card)
        .where(
            RateCardItem.org_id == org_id,
            RateCardItem.rate_card_id == booking["rate_card_id"],
            RateCardItem.service_id == booking["service_id"],
        )
    ).one_or_none()
    if listed is None or tuple(listed) != (booking["price_cents"], booking["currency"]):
        raise UserError("no_price", "That is not the price on the rate card.", column="price_cents")
    same_org = sa.and_(Instructor.org_id == Org.org_id, Instructor.id == booking["instructor_id"])
    fees = connection.execute(
        sa.select(Org.platform_fee_bp, Instructor.fee_bp).join(Instructor, same_org).where(Org.org_id == org_id)
    ).one()
    split = split_price(listed.price_cents, effective_fee_bp(fees[0], fees[1]))
    if split != (booking["platform_fee_cents"], booking["instructor_share_cents"]):
        raise UserError("no_price", "The price is not split as agreed.", column="platform_fee_cents")

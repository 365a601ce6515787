"""Whether a replica and the service tell the same history, and a new epoch when they do not.

A database that was restored from a backup gives out sequences again that PCs have seen with other contents. The epoch
names a history; PCs that hold another one take a snapshot and push again what the backup had forgotten.
"""

import logging
from typing import NamedTuple
from uuid import UUID, uuid4

import sqlalchemy as sa

from driveflow_desktop.domain.identity.tables import Org
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.database import auth_transaction, school_transaction
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.service.members import Member
from driveflow_desktop.store.log import OUTBOX

log = logging.getLogger(__name__)


class Head(NamedTuple):
    """Where a school's log stands."""

    seq: int
    oldest: int
    """A reader whose cursor is older than this takes a snapshot."""
    epoch: UUID


def read_head(connection: sa.Connection, org_id: UUID) -> Head:
    """The head of a school's log; `UserError("not_found")` when there is no such school."""
    columns = (HEADS.c.head_seq, HEADS.c.min_seq, HEADS.c.epoch)
    found = connection.execute(sa.select(*columns).where(HEADS.c.org_id == org_id)).one_or_none()
    if found is None:
        raise UserError("not_found", "There is no such school.")
    return Head(*found)


def require_epoch(head: Head, told: UUID | None) -> None:
    """Refuse (`epoch_changed`) a client that lives in another epoch; one that names none is taken at its word."""
    if told is not None and told != head.epoch:
        raise epoch_changed()


def epoch_changed() -> UserError:
    """The refusal that sends a PC to the snapshot, outbox kept."""
    return UserError("epoch_changed", "The service was restored from a backup.", hint="A new snapshot is taken.")


def tells_another_history(connection: sa.Connection, org_id: UUID, head: Head, since: int, last: UUID | None) -> bool:
    """Whether a reader at `since` has seen what this log never said: more than it holds, or another mutation there."""
    if since > head.seq:
        return True
    if last is None or since <= head.oldest:
        return False
    where = (OUTBOX.c.org_id == org_id, OUTBOX.c.seq == since)
    return connection.execute(sa.select(OUTBOX.c.id).where(*where)).scalar_one_or_none() != last


def begin_epoch(connection: sa.Connection, org_id: UUID, *, instead_of: UUID | None = None) -> UUID:
    """Give a school a new epoch (only in place of `instead_of`, when given); returns the one that holds now."""
    update = HEADS.update().where(HEADS.c.org_id == org_id)
    if instead_of is not None:
        update = update.where(HEADS.c.epoch == instead_of)
    connection.execute(update.values(epoch=uuid4()))
    return read_head(connection, org_id).epoch


def doubt_history(connection: sa.Connection, member: Member, head: Head) -> UUID:
    """A member's replica tells another history: whoever restored the database did not say so. Begins a new epoch."""
    log.warning("school %s: device %s has seen another history; a new epoch begins", member.org_id, member.device_id)
    return begin_epoch(connection, member.org_id, instead_of=head.epoch)


def begin_epochs(engine: sa.Engine) -> int:
    """After a restore: a new epoch for every school; returns how many there are."""
    with auth_transaction(engine) as connection:
        schools = list(connection.execute(sa.select(Org.org_id)).scalars())
    for org_id in schools:
        with school_transaction(engine, org_id) as connection:
            begin_epoch(connection, org_id)
    return len(schools)

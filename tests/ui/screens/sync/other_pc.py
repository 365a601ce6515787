"""What another PC did, as it arrives here: rows that stand, refusals of ours, and edits that gave way."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.domain.tables import METADATA, synced_tables
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.rows import THROUGH_ROWS, codec
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Receipt
from driveflow_desktop.sync.overlay import apply_page, apply_results, read_cursor
from driveflow_desktop.sync.protocol import EDIT_LOST, Change, ChangesPage, CurrentRow, TransactionResult
from tests.helpers.school import CARD, DANA, FEE, LESSON, MIA, NOAH, ORG, OWNER, PRICE, School, at
from tests.ui.screens.desk_rig import booked


class OtherPc:
    """The owner at another PC of the same school."""

    def __init__(self, school: School) -> None:
        self.school = school
        with school.replica.sync_transaction() as connection:
            # What the fixture made has long been on the service; what is done from now on waits.
            connection.execute(OUTBOX.update().values(processed_at=school.clock.now(), acked_seq=0))
            connection.execute(BASE_ROWS.delete())
            for table in synced_tables():
                unseen = table.update().where(table.c.version == 0).values(version=1)
                connection.execute(unseen, execution_options={THROUGH_ROWS: True})

    def _page(self, *changes: Change) -> None:
        with self.school.replica.sync_transaction() as connection:
            seq = read_cursor(connection) + 1
            page = ChangesPage(tuple(self._at(change, seq) for change in changes), seq, seq, "all")
            apply_page(connection, ORG, METADATA, self.school.clock.now(), page)

    def _at(self, change: Change, seq: int) -> Change:
        parts = {name: getattr(change, name) for name in change.__struct_fields__}
        return Change(**{**parts, "seq": seq})

    def _change(self, table: str, row_id: UUID, **parts: object) -> Change:
        now = self.school.clock.now()
        return Change(0, table, "upsert", row_id, uuid4(), uuid4(), OWNER, now, **parts)  # type: ignore[arg-type]

    def writes(self, kind: type[TenantRow], row_id: UUID, values: Mapping[str, Value]) -> None:
        """A row of theirs arrives: new, or changed."""
        rows = codec(METADATA.tables[kind.__tablename__])
        now = self.school.clock.now()
        with self.school.replica.reader() as connection:
            held = rows.read(connection, ORG, row_id) or {**rows.default_values(), "id": row_id, "org_id": ORG}
        full = {**held, "created_at": now, **values, "updated_at": now, "version": 99}
        self._page(self._change(kind.__tablename__, row_id, row=rows.to_wire(full)))

    def books(self, hour: float, student: UUID = NOAH, instructor: UUID = DANA) -> UUID:
        """A lesson of theirs stands on the Monday of the tests."""
        row_id, start, end = uuid4(), at(hour), at(hour + 1)
        people = {"student_id": student, "instructor_id": instructor, "service_id": LESSON, "rate_card_id": CARD}
        money = {"price_cents": PRICE, "platform_fee_cents": FEE, "instructor_share_cents": PRICE - FEE}
        status = {"status": BookingStatus.CONFIRMED, "status_changed_at": self.school.clock.now(), "currency": "AUD"}
        self.writes(Booking, row_id, {**people, **money, **status, "start_at": start, "end_at": end})
        return row_id

    def refuses(self, receipt: Receipt[object], code: str, table: str = "", row_id: UUID | None = None) -> None:
        """The service judges our transaction."""
        current = () if row_id is None else (CurrentRow(table, row_id, None),)
        result = TransactionResult(receipt.transaction_id, "rejected", code=code, current=current)
        with self.school.replica.sync_transaction() as connection:
            apply_results(connection, ORG, METADATA, self.school.clock.now(), [result])

    def takes(self, receipt: Receipt[object]) -> None:
        """The service applies our transaction, and it comes back."""
        with self.school.replica.sync_transaction() as connection:
            seq = read_cursor(connection) + 1
            result = TransactionResult(receipt.transaction_id, "applied", seq=seq)
            apply_results(connection, ORG, METADATA, self.school.clock.now(), [result])

    def replaces(
        self, receipt: Receipt[object], student: UUID, mine: Mapping[str, str], kept: Mapping[str, str]
    ) -> None:
        """A later edit of a plain column took the place of ours."""
        data = {"transaction_id": str(receipt.transaction_id), "values": dict(mine), "kept": dict(kept)}
        change = self._change("students", student, event=EDIT_LOST, data=data)
        parts = {name: getattr(change, name) for name in change.__struct_fields__}
        self._page(Change(**{**parts, "op": "event"}))


def two_lessons_one_slot(school: School, hour: float = 13) -> tuple[UUID, UUID]:
    """Dana was booked twice: (theirs, mine)."""
    other = OtherPc(school)
    mine = booked(school, hour + 0.5)
    # What arrives collides with what waits, which is set aside.
    return other.books(hour), mine


def phone_changed_twice(school: School, student: UUID = MIA) -> None:
    """Our number for a student gave way to theirs."""
    other = OtherPc(school)
    receipt = school.run(lambda uow: uow.update(Student, student, {"phone": "+61400000001"}))
    other.takes(receipt)
    other.writes(Student, student, {"phone": "+61400000002"})
    other.replaces(receipt, student, {"phone": "+61400000001"}, {"phone": "+61400000002"})


def name_changed_twice(school: School, student: UUID = NOAH) -> None:
    """Both renamed a student; theirs was first."""
    other = OtherPc(school)
    receipt = school.run(lambda uow: uow.update(Student, student, {"full_name": "Noah Lee"}))
    other.refuses(receipt, "version_conflict", "students", student)
    other.writes(Student, student, {"full_name": "Noah Liu"})

"""Payout runs of the demo school: prepared at the desk, approved by the owner, sent and paid by the service."""

from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.demo.founding import Office
from driveflow_desktop.demo.plan import Plan, RunPlan
from driveflow_desktop.domain.finance.tables import Payment, Payout, PayoutRun, Refund
from driveflow_desktop.domain.finance.values import PayoutStatus, RefundStatus
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


class RunSteps:
    """The steps of one run, each a command."""

    def __init__(self, office: Office, plan: Plan, run: RunPlan) -> None:
        self._office = office
        self._plan = plan
        self._run = run
        self._run_id: UUID | None = None
        self._lines: list[UUID] = []

    def prepare(self, uow: UnitOfWork) -> None:
        """Collect what is due, and take back the instructors' part of refunds after earlier payouts."""
        uow.describe("payout_run.prepared")
        self._run_id = uow.insert(PayoutRun, {"period_start": self._run.first, "period_end": self._run.last})
        uow.describe("payout.prepared")
        lines = [self._line(number) for number in self._run.lessons]
        for number in self._run.refunded:
            lines += self._taken_back(uow, number)
        self._lines = uow.bulk(Payout, lines)

    def approve(self, uow: UnitOfWork) -> None:
        """The owner has looked at it."""
        approval: dict[str, Value] = {"approved_by": uow.actor.user_id, "approved_at": uow.now}
        self._take(uow, PayoutStatus.APPROVED, "payout_run.approved", approval)

    def send(self, uow: UnitOfWork) -> None:
        """The transfers are on their way."""
        self._take(uow, PayoutStatus.SENT, "payout_run.sent", {})

    def arrive(self, uow: UnitOfWork) -> None:
        """The money has reached the instructors."""
        self._take(uow, PayoutStatus.PAID, "payout_run.paid", {})

    def _take(self, uow: UnitOfWork, status: PayoutStatus, topic: str, values: dict[str, Value]) -> None:
        if self._run_id is None:
            return
        uow.describe(topic)
        uow.update(PayoutRun, self._run_id, {**values, "status": status})
        uow.describe(topic.replace("payout_run", "payout"))
        for line in self._lines:
            uow.update(Payout, line, {"status": status})

    def _line(self, number: int) -> dict[str, Value]:
        lesson = self._plan.lessons[number]
        return {
            "instructor_id": self._office.instructors[lesson.instructor],
            "booking_id": self._office.bookings[number],
            "payout_run_id": self._run_id,
            "amount_cents": lesson.price - lesson.fee,
        }

    def _taken_back(self, uow: UnitOfWork, number: int) -> list[dict[str, Value]]:
        booking_id = self._office.bookings[number]
        statement = (
            sa.select(Refund.id, Refund.instructor_share_cents)
            .join(Payment, sa.and_(Payment.org_id == Refund.org_id, Payment.id == Refund.payment_id))
            .where(Refund.org_id == uow.org_id, Payment.booking_id == booking_id)
        )
        return [
            {**self._line(number), "refund_id": row.id, "amount_cents": -row.instructor_share_cents}
            for row in uow.connection.execute(statement)
        ]


def requested_refunds(uow: UnitOfWork, payment_id: UUID) -> list[UUID]:
    """The refunds of a payment that are still to go through."""
    where = (Refund.org_id == uow.org_id, Refund.payment_id == payment_id, Refund.status == RefundStatus.REQUESTED)
    return list(uow.connection.execute(sa.select(Refund.id).where(*where)).scalars())

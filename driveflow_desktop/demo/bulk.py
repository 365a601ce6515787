"""The rows of a big demo school, loaded as a first sync would: with versions, without log entries.

School, staff, prices and hours come from the same commands as the small school's; what is loaded here is everything
that there are thousands of. Rows are tuples in the form in which SQLite keeps them.
"""

from collections.abc import Iterable
from typing import cast

import sqlalchemy as sa

from driveflow_desktop.demo import bulk_diary, bulk_money
from driveflow_desktop.demo.bulk_press import Press, Row
from driveflow_desktop.domain.communication.tables import Message
from driveflow_desktop.domain.execution.tables import Lesson
from driveflow_desktop.domain.finance.tables import Package, PackageUse, Payment, Payout, PayoutRun, Refund
from driveflow_desktop.domain.people.tables import Guardian, Student, StudentGuardian
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.store.base import TenantRow
from driveflow_desktop.store.loading import Loading


def load_everything(loading: Loading, press: Press) -> None:
    """Load every row of the plan; payments before refunds, refunds before payouts, which follow from them."""
    diary = bulk_diary.DiaryRows(press)
    money = bulk_money.MoneyRows(press)
    tables: tuple[tuple[type[TenantRow], tuple[str, ...], Iterable[Row]], ...] = (
        (Student, bulk_diary.STUDENT, diary.students()),
        (Guardian, bulk_diary.GUARDIAN, diary.guardians()),
        (StudentGuardian, bulk_diary.LINK, diary.links()),
        (Booking, bulk_diary.BOOKING, diary.bookings()),
        (Lesson, bulk_diary.LESSON, diary.lessons()),
        (Package, bulk_money.PACKAGE, money.packs()),
        (PackageUse, bulk_money.USE, money.uses()),
        (Payment, bulk_money.PAYMENT, money.payments()),
        (Refund, bulk_money.REFUND, money.refunds),
        (PayoutRun, bulk_money.RUN, money.runs()),
        (Payout, bulk_money.LINE, money.lines()),
        (Message, bulk_diary.MESSAGE, diary.messages()),
    )
    for kind, columns, rows in tables:
        loading.load_rows(cast("sa.Table", kind.__table__), columns, rows)

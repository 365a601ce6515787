"""The roster's presenter keeps who owes what between pages, and brings it up to date by what changed."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.desk.commands import take_payment
from driveflow_desktop.domain.finance.commands import NewPayment
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.overview.students import RosterFilter, RosterOrder, RosterSort
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.students.presenter import Question, StudentCard, StudentsPresenter
from tests.helpers.school import DANA, DESK, LESSON, MIA, MONDAY, ORG, SYDNEY, School, at, school, school_template

__all__ = ["school", "school_template"]
T = TypeVar("T")
OWING = Question(RosterFilter(owing=True), RosterOrder(RosterSort.OWED, True), None, 50)


class Surface:
    """A panel that only remembers."""

    def __init__(self) -> None:
        self.cards: list[StudentCard] = []

    def show_card(self, card: StudentCard) -> None:
        self.cards.append(card)

    def field_saved(self, field_id: str) -> None: ...

    def field_refused(self, field_id: str, error: Exception) -> None: ...

    def made(self, student_id: UUID) -> None: ...

    def gone(self) -> None: ...


class PlainDesk:
    """A desk that answers at once, and counts the statements."""

    def __init__(self, school: School) -> None:
        self._school = school
        self.session = Session(ORG, "Harbour", DESK, "Mia Petrov", OrgRole.ADMIN, SYDNEY)
        self.clock = school.clock
        self.whole_looks = 0

    def read(
        self, key: str, query: Callable[[sa.Connection], T], on_result: Callable[[T], None], on_error: object = None
    ) -> None:
        with self._school.replica.reader() as connection:
            sa.event.listen(connection.engine, "before_cursor_execute", self._count)
            try:
                found = query(connection)
            finally:
                sa.event.remove(connection.engine, "before_cursor_execute", self._count)
        on_result(found)

    def _count(self, _c, _cursor, statement, _parameters, _context, _many) -> None:
        is_owed = "bookings.price_cents > (" in statement
        self.whole_looks += is_owed and "bookings.student_id IN" not in statement and "bookings.id IN" not in statement


@pytest.fixture
def desk(school: School) -> PlainDesk:
    return PlainDesk(school)


@pytest.fixture
def presenter(desk: PlainDesk) -> StudentsPresenter:
    return StudentsPresenter(desk, Surface())


def owing(presenter: StudentsPresenter) -> list[tuple[UUID, int]]:
    answers = []
    presenter.page(OWING, lambda page, count: answers.append((page.rows, count)))
    ((rows, count),) = answers
    assert count == len(rows)
    return [(row.id, row.account.owed_cents) for row in rows]


def test_who_owes_is_looked_up_once_and_then_kept_up_to_date(
    school: School, desk: PlainDesk, presenter: StudentsPresenter
):
    made = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    assert owing(presenter) == []
    school.clock.set(at(10.5, MONDAY))
    assert owing(presenter) == [(MIA, 9500)]
    paid = school.run(lambda uow: take_payment(uow, NewPayment(made, PaymentMethod.CASH)))
    presenter.changed(paid.changes)
    assert owing(presenter) == []
    assert desk.whole_looks == 1
    presenter.changed(Changes())
    assert owing(presenter) == []
    assert desk.whole_looks == 2


def test_other_pages_do_not_ask_who_owes(desk: PlainDesk, presenter: StudentsPresenter):
    answers = []
    question = Question(RosterFilter(), RosterOrder(), None, 50)
    presenter.page(question, lambda page, count: answers.append((len(page.rows), count)))
    assert answers == [(3, 3)]
    assert desk.whole_looks == 0


def test_the_card_tells_what_happened(school: School, presenter: StudentsPresenter):
    school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10))))
    school.clock.advance(timedelta(minutes=1))
    presenter.show(MIA)
    booked, joined = presenter._surface.cards[-1].happenings
    assert (booked.what, booked.detail) == ("Lesson booked", "Lesson 60, Mon 30 Nov 10:00 am")
    assert booked.when.startswith("User 12 · today 11:00 am")
    assert joined.what == "Added"

"""The calendar's presenter without a widget: pages kept and read ahead, late answers, verdicts, drops."""

from datetime import timedelta
from uuid import UUID

import pytest

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.scheduling.commands.booking import Moving
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Booking, Holiday
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.calendar.snapshot import GhostVerdict, Proposal, ProposalKind
from driveflow_desktop.ui.screens.calendar import pages
from driveflow_desktop.ui.screens.calendar.presenter import CalendarPresenter, Wish
from driveflow_desktop.ui.widgets.memory import ForgetfulMemory
from tests.helpers.school import DANA, ETHAN, MONDAY, NOAH, School, at
from tests.ui.screens.calendar.slow_desk import Shown, SlowDesk
from tests.ui.screens.desk_rig import booked


@pytest.fixture
def desk(school: School) -> SlowDesk:
    return SlowDesk(school)


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def presenter(desk: SlowDesk, shown: Shown) -> CalendarPresenter:
    made = CalendarPresenter(desk, ForgetfulMemory(), shown)
    made.load()
    return made


def proposal(
    kind: ProposalKind, lesson: UUID | None, start: float, hours: float = 1, instructor: UUID = DANA
) -> Proposal:
    return Proposal(kind, lesson, str(instructor), round(start * 60), round((start + hours) * 60))


def test_it_begins_today_with_both_instructors(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    desk.answer("calendar/page")
    assert shown.title == "Tuesday 24 November"
    assert [column.title for column in shown.pages[-1][0].columns] == ["Dana Reid", "Ethan Cole"]
    assert "Nothing booked" in shown.pages[-1][2]


def test_the_neighbours_are_read_ahead_and_shown_at_once(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter
) -> None:
    desk.answer()
    presenter.step(1)
    assert shown.title == "Wednesday 25 November"
    assert "calendar/page" not in desk.waiting
    presenter.step(-1)
    presenter.step(-1)
    assert shown.title == "Monday 23 November"


def test_a_change_makes_every_page_be_read_anew(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    desk.answer()
    booked(desk.school, 10, day=MONDAY - timedelta(days=5))
    presenter.refresh()
    desk.answer()
    presenter.step(1)
    assert len(shown.pages[-1][0].lessons) == 1


def test_what_was_read_before_a_change_is_not_kept(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    desk.answer("calendar/page")
    deliver = desk.fetch("calendar/next")
    booked(desk.school, 10, day=MONDAY - timedelta(days=5))
    presenter.refresh()
    deliver()
    presenter.step(1)
    desk.answer("calendar/page")
    assert len(shown.pages[-1][0].lessons) == 1


def test_a_late_page_does_not_replace_the_one_shown_since(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter
) -> None:
    desk.answer()
    presenter.step(5)
    late = desk.fetch("calendar/page")
    presenter.today()
    assert shown.title == "Tuesday 24 November"
    late()
    assert shown.title == "Tuesday 24 November"


def test_a_page_that_cannot_be_read_says_so(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise UserError("gone", "That school is gone.")

    with monkeypatch.context() as patched:
        patched.setattr(pages, "calendar_day", refuse)
        desk.answer("calendar/page")
    assert [error.code for error in shown.failures] == ["gone"]
    presenter.refresh()
    desk.answer("calendar/page")
    assert shown.title == "Tuesday 24 November"


def test_a_week_is_remembered_with_its_instructor_but_not_its_date(desk: SlowDesk, shown: Shown) -> None:
    memory = ForgetfulMemory()
    first = CalendarPresenter(desk, memory, shown)
    first.load()
    desk.answer()
    first.choose_nth(2)
    first.step(3)
    desk.answer()
    assert shown.title == "14 – 20 December"
    again = CalendarPresenter(desk, memory, shown)
    again.load()
    desk.answer()
    assert (again.view, shown.title, shown.instructors[-1][1]) == ("week", "23 – 29 November", ETHAN)
    assert [column.title for column in shown.pages[-1][0].columns][:2] == ["Mon 23", "Tue 24"]
    again.choose_nth(1)
    desk.answer()
    assert shown.instructors[-1][1] == DANA


def test_memory_that_makes_no_sense_is_left_aside(desk: SlowDesk, shown: Shown) -> None:
    memory = ForgetfulMemory()
    memory.write("calendar/view", "month")
    memory.write("calendar/instructor", "nobody")
    made = CalendarPresenter(desk, memory, shown)
    made.load()
    desk.answer()
    assert (made.view, shown.title) == ("day", "Tuesday 24 November")


def test_an_instructor_begins_with_their_own_week(school: School, shown: Shown) -> None:
    desk = SlowDesk(school, OrgRole.INSTRUCTOR, ETHAN)
    made = CalendarPresenter(desk, ForgetfulMemory(), shown)
    made.set_view("week")
    desk.answer()
    assert shown.instructors[-1][1] == ETHAN


def test_the_note_tells_of_holidays_and_of_how_full_a_week_is(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter
) -> None:
    desk.school.run(lambda uow: uow.insert(Holiday, {"date": MONDAY, "name": "Show Day", "closed": True}))
    for hour in (9, 11, 13):
        booked(desk.school, hour, day=MONDAY + timedelta(days=1))
    presenter.go(MONDAY)
    presenter.choose_instructor(DANA)
    desk.answer()
    # Three of four open days of nine hours.
    assert shown.pages[-1][2] == "Show Day · 8 % booked"


def test_a_leave_day_says_why(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    desk.school.run(
        lambda uow: uow.insert(
            AvailabilityException, {"instructor_id": DANA, "date": MONDAY, "is_available": False, "note": "Sick"}
        )
    )
    presenter.go(MONDAY)
    desk.answer()
    column = shown.pages[-1][0].columns[0]
    assert (column.subtitle, column.on_leave, column.open) == ("Sick", True, ())


@pytest.mark.parametrize(
    ("start", "instructor", "verdict"),
    [
        (12, DANA, GhostVerdict(True, False, "Free")),
        (14.25, DANA, GhostVerdict(False, True, "Taken")),
        (14.25, ETHAN, GhostVerdict(True, False, "Free")),
        (19, ETHAN, GhostVerdict(False, False, "Outside hours")),
    ],
)
def test_verdicts_are_given_at_once(
    desk: SlowDesk, presenter: CalendarPresenter, start: float, instructor: UUID, verdict: GhostVerdict
) -> None:
    lesson = booked(desk.school, 10)
    booked(desk.school, 14, NOAH)
    presenter.go(MONDAY)
    desk.answer()
    assert presenter.verdict(proposal(ProposalKind.MOVE, lesson, start, instructor=instructor)) == verdict


def test_a_student_in_two_places_is_seen(desk: SlowDesk, presenter: CalendarPresenter) -> None:
    lesson = booked(desk.school, 10)
    booked(desk.school, 14, instructor=ETHAN)
    presenter.go(MONDAY)
    desk.answer()
    found = presenter.verdict(proposal(ProposalKind.MOVE, lesson, 14.5))
    assert found == GhostVerdict(False, True, "Student busy")


def test_nothing_is_said_by_the_rules_of_another_day(desk: SlowDesk, presenter: CalendarPresenter) -> None:
    desk.answer()
    presenter.go(MONDAY)
    desk.answer("calendar/page")
    taken = proposal(ProposalKind.CREATE, None, 19)
    assert presenter.verdict(taken) == GhostVerdict(True, False, "")
    desk.answer("calendar/rules")
    assert presenter.verdict(taken).text == "Outside hours"


def test_a_drop_on_free_time_opens_the_editor_with_its_length(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter
) -> None:
    presenter.go(MONDAY)
    desk.answer()
    presenter.drop(proposal(ProposalKind.CREATE, None, 11, 1.5, ETHAN))
    presenter.new_at(str(DANA), 13 * 60)
    assert shown.wishes == [Wish(ETHAN, at(11), 90), Wish(DANA, at(13))]


def test_a_drop_moves_or_says_why_not_with_three_ways_out(
    desk: SlowDesk, shown: Shown, presenter: CalendarPresenter
) -> None:
    lesson = booked(desk.school, 10)
    booked(desk.school, 14, NOAH)
    presenter.go(MONDAY)
    desk.answer()
    presenter.drop(proposal(ProposalKind.MOVE, lesson, 14.5))
    (refusal,) = shown.refusals
    assert (refusal.error.code, refusal.anyway, len(refusal.instead)) == ("slot_taken", None, 3)
    words, take = next(each for each in refusal.instead if "Ethan Cole" in each[0])
    take()
    moved = next(row for row in desk.school.rows(Booking) if row["id"] == lesson)
    assert (moved["instructor_id"], words.endswith("Ethan Cole")) == (ETHAN, True)
    presenter.drop(proposal(ProposalKind.RESIZE, lesson, 11, 1.5, ETHAN))
    assert desk.labels == ["Lesson moved", "Lesson length changed"]


def test_advice_is_overruled_by_a_second_act_alone(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    lesson = booked(desk.school, 10)
    presenter.move("Lesson moved", Moving(lesson, at(20), at(21), DANA))
    (refusal,) = shown.refusals
    assert desk.labels == []
    assert refusal.anyway is not None
    refusal.anyway()
    (row,) = desk.school.rows(Booking)
    assert (row["start_at"], desk.labels) == (at(20), ["Lesson moved"])
    assert "outside_hours" in str(row["overrides"])


def test_a_booking_is_shown_on_its_day(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    lesson = booked(desk.school, 10)
    presenter.choose_instructor(DANA)
    presenter.open_booking(lesson)
    desk.answer()
    assert (presenter.view, shown.title, shown.lessons) == ("day", "Monday 30 November", [lesson])


def test_no_instructors_is_a_page_without_columns(desk: SlowDesk, shown: Shown, presenter: CalendarPresenter) -> None:
    desk.school.run(lambda uow: [uow.update(Instructor, key, {"active": False}) for key in (DANA, ETHAN)])
    for view in ("week", "day"):
        presenter.set_view(view)
        desk.answer()
        assert shown.pages[-1][0].columns == ()
    presenter.choose_nth(1)
    assert desk.waiting == {}

"""S and R: one line of text, free slots, and what taking a row does."""

from datetime import timedelta

import pytest

from driveflow_desktop.domain.people.tables import Instructor, Student
from driveflow_desktop.domain.scheduling.commands.booking import Moving
from driveflow_desktop.domain.scheduling.queries import require_booking
from driveflow_desktop.domain.scheduling.tables import AvailabilityException
from driveflow_desktop.ui.screens.calendar.new_time import NewTimeMode
from driveflow_desktop.ui.screens.calendar.next_free import NextFreeMode
from driveflow_desktop.ui.screens.calendar.presenter import Wish
from driveflow_desktop.ui.shell.palette import How, PaletteAnswer
from tests.helpers.school import DANA, ETHAN, HIGHWAY, LESSON, MIA, MONDAY, ORG, School, at
from tests.ui.screens.calendar.slow_desk import SlowDesk
from tests.ui.screens.desk_rig import booked


@pytest.fixture
def desk(school: School) -> SlowDesk:
    return SlowDesk(school)


class Asked:
    """A mode with what it answered and what was taken."""

    def __init__(self, desk: SlowDesk) -> None:
        self.desk = desk
        self.answers: list[PaletteAnswer] = []
        self.wishes: list[Wish] = []
        self.moves: list[Moving] = []

    def ask(self, mode: NextFreeMode | NewTimeMode, text: str) -> PaletteAnswer:
        mode.ask(text, self.answers.append)
        self.desk.answer()
        return self.answers[-1]


@pytest.fixture
def asked(desk: SlowDesk) -> Asked:
    return Asked(desk)


@pytest.fixture
def next_free(desk: SlowDesk, asked: Asked) -> NextFreeMode:
    return NextFreeMode(desk, asked.wishes.append)


def chips(answer: PaletteAnswer) -> list[str]:
    return [words for words, _tone in answer.chips]


def test_a_line_finds_slots_and_enter_takes_one_to_the_editor(asked: Asked, next_free: NextFreeMode) -> None:
    answer = asked.ask(next_free, "mia 90 next week am")
    assert chips(answer) == ["Student: Mia Tran", "Lesson: Highway 90", "When: Mon 30 Nov – Sun 6 Dec, am"]
    first = answer.results[0]
    assert first.title.startswith("Mon 30 Nov · 9:00–10:30")
    assert next_free.choose(first, How.ENTER)
    assert asked.wishes == [Wish(DANA, at(9), 90, MIA, HIGHWAY)]


def test_an_instructor_is_named_after_with(asked: Asked, next_free: NextFreeMode) -> None:
    answer = asked.ask(next_free, "mia with ethan mon")
    assert {row.subtitle for row in answer.results} == {"Ethan Cole"}
    assert "With: Ethan Cole" in chips(answer)
    answer = asked.ask(next_free, "mia with zed mon")
    assert "No instructor called zed" in chips(answer)


def test_nobody_by_that_name_is_said_and_slots_are_shown_all_the_same(asked: Asked, next_free: NextFreeMode) -> None:
    answer = asked.ask(next_free, "zebedee 60")
    assert "Nobody called zebedee" in chips(answer)
    first, second, *_rest = answer.results
    assert (first.title, first.subtitle) == ("Zebedee", "New student")
    assert first.detail == f"{second.title} · {second.subtitle}"
    assert answer.note == f"{len(answer.results) - 1} slots"
    next_free.choose(first, How.ENTER)
    next_free.choose(second, How.ENTER)
    assert asked.wishes[0] == asked.wishes[1], "the best of the times"
    assert (asked.wishes[0].student_id, asked.wishes[0].service_id) == (None, LESSON)
    assert asked.wishes[0].name == "Zebedee"


def test_a_new_name_is_kept_as_it_was_written_and_the_suburb_goes_with_it(
    desk: SlowDesk, asked: Asked, next_free: NextFreeMode
) -> None:
    desk.school.run(lambda uow: uow.update(Student, MIA, {"pickup_address": "1 King St, Newtown"}))
    answer = asked.ask(next_free, "Jo McDonald 60 newtown")
    next_free.choose(answer.results[0], How.ENTER)
    assert (asked.wishes[0].name, asked.wishes[0].suburb) == ("Jo McDonald", "Newtown")
    known = asked.ask(next_free, "mia 60 newtown")
    assert "New student" not in {row.subtitle for row in known.results}
    next_free.choose(known.results[0], How.ENTER)
    assert (asked.wishes[1].name, asked.wishes[1].suburb) == ("", "")


def test_a_new_student_without_a_free_time_is_offered_all_the_same(
    desk: SlowDesk, asked: Asked, next_free: NextFreeMode
) -> None:
    desk.school.run(lambda uow: uow.update(Instructor, DANA, {"active": False}))
    desk.school.run(lambda uow: uow.update(Instructor, ETHAN, {"active": False}))
    answer = asked.ask(next_free, "zebedee mon")
    (only,) = answer.results
    assert (only.title, only.subtitle, answer.note) == ("Zebedee", "New student", "No free slot in those days")
    assert only.payload == Wish(service_id=LESSON, name="Zebedee")


def test_a_time_is_met_or_the_rows_say_they_are_another_time(asked: Asked, next_free: NextFreeMode) -> None:
    answer = asked.ask(next_free, "mia mon 2pm")
    assert answer.results[0].title == "Mon 30 Nov · 2:00–3:00 pm"
    answer = asked.ask(next_free, "mia mon 8pm")
    assert answer.results
    assert all("another" in row.detail for row in answer.results)


def test_a_full_day_leads_to_the_days_after(desk: SlowDesk, asked: Asked, next_free: NextFreeMode) -> None:
    closed = [{"instructor_id": key, "date": MONDAY, "is_available": False} for key in (DANA, ETHAN)]
    desk.school.run(lambda uow: uow.bulk(AvailabilityException, closed))
    answer = asked.ask(next_free, "mia mon")
    assert {row.detail.split(" · ")[0] for row in answer.results} == {"another day"}
    assert all(not row.title.startswith("Mon 30") for row in answer.results)


def test_days_that_are_closed_altogether_say_so(desk: SlowDesk, asked: Asked, next_free: NextFreeMode) -> None:
    desk.school.run(lambda uow: uow.update(Instructor, DANA, {"active": False}))
    desk.school.run(lambda uow: uow.update(Instructor, ETHAN, {"active": False}))
    answer = asked.ask(next_free, "mia mon")
    assert (list(answer.results), answer.note) == ([], "No free slot in those days")


def test_another_time_for_a_lesson(desk: SlowDesk, asked: Asked) -> None:
    lesson = booked(desk.school, 10)
    facts = desk.school.read(lambda c: require_booking(c, ORG, lesson))
    mode = NewTimeMode(desk, facts, "Mia Tran", asked.moves.append)
    answer = asked.ask(mode, "")
    assert chips(answer) == ["Move: Mia Tran"]
    assert answer.results[0].subtitle == "Dana Reid"
    answer = asked.ask(mode, "ethan mon 10am")
    assert chips(answer) == ["Move: Mia Tran", "With: Ethan Cole", "When: Mon 30 Nov, 10:00 am"]
    mode.choose(answer.results[0], How.ENTER)
    assert asked.moves == [Moving(lesson, at(10), at(11), ETHAN)]


def test_the_lessons_own_place_is_not_offered(desk: SlowDesk, asked: Asked) -> None:
    lesson = booked(desk.school, 10)
    facts = desk.school.read(lambda c: require_booking(c, ORG, lesson))
    mode = NewTimeMode(desk, facts, "Mia Tran", asked.moves.append)
    answer = asked.ask(mode, "dana mon 10am")
    starts = [row.payload.start for row in answer.results if isinstance(row.payload, Moving)]
    assert starts
    assert at(10) not in starts
    assert at(10) + timedelta(minutes=15) in starts

from datetime import date, timedelta

import pytest

from driveflow_desktop.adapters.public_holidays import public_holidays
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.commands.hours import (
    Block,
    NewException,
    add_block,
    change_block,
    clear_leave,
    copy_day,
    copy_week,
    remove_block,
    remove_exception,
    set_day,
    set_exception,
    set_leave,
)
from driveflow_desktop.domain.scheduling.commands.school import (
    PublicHoliday,
    add_holiday,
    load_holidays,
    remove_holiday,
    seed_policies,
    set_holiday_closed,
    set_policy,
)
from driveflow_desktop.domain.scheduling.commands.waitlist import Wish, add_to_waitlist, set_waitlist_status
from driveflow_desktop.domain.scheduling.queries import active_policy, exceptions, holidays, waitlist, weekly_hours
from driveflow_desktop.domain.scheduling.rules.cancellation import DEFAULT_POLICY, PolicyRow
from driveflow_desktop.domain.scheduling.tables import AvailabilityException, Holiday, InstructorAvailability
from driveflow_desktop.domain.scheduling.values import CancellationActor, WaitlistStatus
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import (
    DANA,
    DANA_USER,
    ETHAN,
    LESSON,
    MIA,
    MONDAY,
    ORG,
    OWNER,
    THEIR_INSTRUCTOR,
    THEIR_STUDENT,
    School,
    at,
)

SATURDAY, SUNDAY = 6, 0
STUDENT = CancellationActor.STUDENT


def week(school: School, instructor=DANA):
    rows = school.read(lambda c: weekly_hours(c, ORG, instructor))
    return [(row.day_of_week, row.start_minute, row.end_minute) for row in rows]


def leave(school: School, instructor=DANA):
    first, last = date(2026, 1, 1), date(2028, 1, 1)
    return school.read(lambda c: exceptions(c, ORG, instructor, first, last))


def refused(school: School, command, **more) -> UserError:
    before = school.log_sizes()
    with pytest.raises(UserError) as caught:
        school.run(command, **more)
    assert school.log_sizes() == before
    return caught.value


# -- the week -----------------------------------------------------------------------------------------------------


def test_a_day_is_set_and_what_stands_is_left_alone(school):
    school.run(lambda uow: set_day(uow, DANA, 1, [Block(540, 720), Block(780, 1080)]))
    kept = school.rows(InstructorAvailability)
    receipt = school.run(lambda uow: set_day(uow, DANA, 1, [Block(540, 720), Block(800, 1080)]))
    assert [row[1:] for row in week(school) if row[0] == 1] == [(540, 720), (800, 1080)]
    assert len(receipt.changes.ids("instructor_availabilities")) == 2
    school.undo(receipt)
    assert _plain(school.rows(InstructorAvailability)) == _plain(kept)
    assert school.run(lambda uow: set_day(uow, DANA, 1, [Block(780, 1080), Block(540, 720)])).inverse is None
    school.run(lambda uow: set_day(uow, DANA, 1, []))
    assert [row for row in week(school) if row[0] == 1] == []


def _plain(rows):
    unstable = {"updated_at", "created_at", "version"}
    return [{key: value for key, value in row.items() if key not in unstable} for row in rows]


def test_blocks_are_added_dragged_and_removed(school):
    made = school.run(lambda uow: add_block(uow, DANA, SATURDAY, Block(540, 720))).value
    school.run(lambda uow: change_block(uow, DANA, made, SUNDAY, Block(600, 720)))
    assert (SUNDAY, 600, 720) in week(school)
    school.run(lambda uow: remove_block(uow, DANA, made))
    assert week(school) == week(school, ETHAN)


def test_days_and_weeks_are_copied(school):
    school.run(lambda uow: set_day(uow, DANA, SATURDAY, [Block(540, 720)]))
    school.run(lambda uow: copy_day(uow, DANA, SATURDAY, to_days=[SUNDAY, SATURDAY], to_instructors=[ETHAN]))
    assert [row for row in week(school, ETHAN) if row[0] in {SATURDAY, SUNDAY}] == [(0, 540, 720), (6, 540, 720)]
    school.run(lambda uow: set_day(uow, DANA, 3, []))
    school.run(lambda uow: copy_week(uow, DANA, [ETHAN]))
    assert week(school, ETHAN) == week(school)


@pytest.mark.parametrize(
    ("day", "block", "column"),
    [
        (7, Block(0, 60), "day_of_week"),
        (-1, Block(0, 60), "day_of_week"),
        (6, Block(60, 60), "end_minute"),
        (6, Block(60, 30), "end_minute"),
        (6, Block(-1, 30), "end_minute"),
        (6, Block(0, 1441), "end_minute"),
        (1, Block(600, 660), "start_minute"),
        (6, Block(0, 60, date(2026, 2, 1), date(2026, 1, 1)), "effective_to"),
    ],
)
def test_impossible_hours_are_refused(school, day, block, column):
    assert refused(school, lambda uow: add_block(uow, DANA, day, block)).column == column


def test_hours_of_other_seasons_may_overlap(school):
    until, from_ = date(2026, 12, 31), date(2027, 1, 1)
    school.run(lambda uow: set_day(uow, DANA, 6, [Block(540, 720, None, until), Block(600, 780, from_, None)]))
    assert len([row for row in week(school) if row[0] == 6]) == 2


def test_whose_hours_they_are(school):
    block = school.read(lambda c: weekly_hours(c, ORG, ETHAN))[0].id
    assert refused(school, lambda uow: set_day(uow, ETHAN, 1, []), user=DANA_USER).code == "gone"
    assert refused(school, lambda uow: remove_block(uow, DANA, block)).code == "gone"
    assert refused(school, lambda uow: change_block(uow, DANA, block, 6, Block(0, 60))).code == "gone"
    assert refused(school, lambda uow: set_day(uow, THEIR_INSTRUCTOR, 1, [])).code == "missing_reference"
    school.run(lambda uow: set_day(uow, DANA, 1, []), user=DANA_USER)


# -- exceptions and leave -----------------------------------------------------------------------------------------


def test_an_exception_replaces_the_one_that_begins_with_it(school):
    lunch = NewException(DANA, MONDAY, False, 720, 780, "dentist")
    first = school.run(lambda uow: set_exception(uow, lunch)).value
    again = school.run(lambda uow: set_exception(uow, NewException(DANA, MONDAY, False, 720, 840))).value
    whole = school.run(lambda uow: set_exception(uow, NewException(DANA, MONDAY, True))).value
    assert first == again
    assert [(row.id, row.end_minute) for row in leave(school)] == [(whole, None), (first, 840)]
    school.run(lambda uow: remove_exception(uow, DANA, first))
    assert refused(school, lambda uow: remove_exception(uow, ETHAN, whole)).code == "gone"
    for part in (NewException(DANA, MONDAY, True, 60), NewException(DANA, MONDAY, True, 60, 30)):
        assert refused(school, lambda uow, part=part: set_exception(uow, part)).column == "end_minute"


def test_leave_closes_days_and_names_the_lessons_left_there(school):
    booked = school.run(lambda uow: book(uow, NewBooking(MIA, DANA, LESSON, at(10)))).value
    school.run(lambda uow: set_exception(uow, NewException(DANA, MONDAY, True, 1080, 1200)))
    last = MONDAY + timedelta(days=4)
    receipt = school.run(lambda uow: set_leave(uow, DANA, MONDAY, last, "flu"))
    assert receipt.value == (booked,)
    assert receipt.warnings == ("A lesson is booked in that time.",)
    assert [(row.day, row.is_available, row.note) for row in leave(school)] == [
        (MONDAY + timedelta(days=n), False, "flu") for n in range(5)
    ]
    school.run(lambda uow: set_leave(uow, DANA, MONDAY, MONDAY + timedelta(days=6), "longer flu"))
    assert {row.note for row in leave(school)} == {"longer flu"}
    assert school.run(lambda uow: clear_leave(uow, DANA, MONDAY, last)).value == 5
    assert len(leave(school)) == 2
    assert school.run(lambda uow: clear_leave(uow, DANA, MONDAY, last)).value == 0


def test_leave_is_undone_whole(school):
    school.run(lambda uow: set_exception(uow, NewException(DANA, MONDAY, True, 1080, 1200)))
    before = _plain(school.rows(AvailabilityException))
    school.undo(school.run(lambda uow: set_leave(uow, DANA, MONDAY, MONDAY + timedelta(days=2))))
    assert _plain(school.rows(AvailabilityException)) == before


def test_impossible_leave(school):
    assert refused(school, lambda uow: set_leave(uow, DANA, MONDAY, MONDAY - timedelta(days=1))).code == "invalid"
    assert refused(school, lambda uow: set_leave(uow, DANA, MONDAY, MONDAY + timedelta(days=366))).code == "invalid"


# -- the school ---------------------------------------------------------------------------------------------------


def test_the_policy_is_seeded_once_and_edited_by_actor(school):
    school.run(seed_policies)
    assert sorted(school.read(lambda c: active_policy(c, ORG))) == sorted(DEFAULT_POLICY)
    assert school.run(seed_policies).inverse is None
    rows = [PolicyRow(STUDENT, 48, 100), PolicyRow(STUDENT, 0, 10, 500)]
    school.run(lambda uow: set_policy(uow, STUDENT, rows))
    found = [row for row in school.read(lambda c: active_policy(c, ORG)) if row.actor is STUDENT]
    assert found == rows
    school.run(lambda uow: set_policy(uow, STUDENT, [PolicyRow(STUDENT, 24, 100)]))
    found = [row for row in school.read(lambda c: active_policy(c, ORG)) if row.actor is STUDENT]
    assert found == [PolicyRow(STUDENT, 24, 100)]


@pytest.mark.parametrize(
    "rows",
    [
        [PolicyRow(STUDENT, -1, 50)],
        [PolicyRow(STUDENT, 1, 101)],
        [PolicyRow(STUDENT, 1, 50, -1)],
        [PolicyRow(STUDENT, 1, 50), PolicyRow(STUDENT, 1, 60)],
        [PolicyRow(CancellationActor.ADMIN, 1, 50)],
    ],
)
def test_impossible_policies(school, rows):
    assert refused(school, lambda uow: set_policy(uow, STUDENT, rows)).code == "invalid"


def test_public_holidays_load_once_and_keep_what_the_school_changed(school):
    found = public_holidays("AU", "NSW", [2026, 2027])
    assert school.run(lambda uow: load_holidays(uow, found)).value == len(found)
    day = date(2026, 12, 25)
    christmas = school.read(lambda c: holidays(c, ORG, day, day))[0]
    assert (christmas.name, christmas.closed, christmas.region) == ("Christmas Day", True, "NSW")
    school.run(lambda uow: set_holiday_closed(uow, christmas.id, False))
    own = school.run(lambda uow: add_holiday(uow, MONDAY, "  Staff   day ")).value
    assert school.run(lambda uow: load_holidays(uow, found)).value == 0
    assert not school.read(lambda c: holidays(c, ORG, day, day))[0].closed
    assert school.read(lambda c: holidays(c, ORG, MONDAY, MONDAY))[0].name == "Staff day"
    school.run(lambda uow: remove_holiday(uow, own))
    school.run(lambda uow: remove_holiday(uow, christmas.id))
    assert school.run(lambda uow: load_holidays(uow, found)).value == 1
    assert school.run(lambda uow: load_holidays(uow, [])).value == 0


def test_two_pcs_that_load_the_same_holidays_make_the_same_rows(school):
    found = [PublicHoliday(date(2026, 12, 25), "Christmas Day", "NSW")]
    receipt = school.run(lambda uow: load_holidays(uow, found))
    first = school.rows(Holiday)[0]["id"]
    school.undo(receipt)
    school.run(lambda uow: load_holidays(uow, found), user=OWNER)
    assert school.rows(Holiday)[0]["id"] == first


def test_states_have_their_own_holidays_and_unknown_places_none():
    victoria = {holiday.name for holiday in public_holidays("AU", "VIC", [2026])}
    assert "Melbourne Cup Day" in victoria
    assert "Melbourne Cup Day" not in {holiday.name for holiday in public_holidays("AU", "NSW", [2026])}
    for country, region in (("AU", "XX"), ("XX", None)):
        with pytest.raises(UserError) as caught:
            public_holidays(country, region, [2026])
        assert caught.value.code == "invalid"


def test_only_the_desk_edits_policy_and_holidays(school):
    assert refused(school, seed_policies, user=DANA_USER).code == "forbidden"
    assert refused(school, lambda uow: add_holiday(uow, MONDAY, "Mine"), user=DANA_USER).code == "forbidden"
    assert refused(school, lambda uow: add_holiday(uow, MONDAY, " ")).column == "name"


# -- waitlist -----------------------------------------------------------------------------------------------------


def test_the_waitlist_keeps_wishes_and_closes(school):
    wish = Wish((1, 3), 900, 1080, MONDAY, None, DANA, "after school")
    entry = school.run(lambda uow: add_to_waitlist(uow, MIA, LESSON, wish)).value
    found = school.read(lambda c: waitlist(c, ORG))[0]
    assert (found.id, found.student_id, found.service_id) == (entry, MIA, LESSON)
    assert found.preferences == {
        "days": [1, 3],
        "start_minute": 900,
        "end_minute": 1080,
        "first": "2026-11-30",
        "instructor_id": str(DANA),
        "note": "after school",
    }
    receipt = school.run(lambda uow: set_waitlist_status(uow, entry, WaitlistStatus.CLOSED))
    assert school.read(lambda c: waitlist(c, ORG)) == ()
    school.undo(receipt)
    assert len(school.read(lambda c: waitlist(c, ORG))) == 1


@pytest.mark.parametrize(
    ("student", "wish", "code"),
    [
        (THEIR_STUDENT, Wish(), "missing_reference"),
        (MIA, Wish(instructor_id=THEIR_INSTRUCTOR), "missing_reference"),
        (MIA, Wish(days=(7,)), "invalid"),
        (MIA, Wish(start_minute=60, end_minute=60), "invalid"),
        (MIA, Wish(first=MONDAY, last=date(2026, 1, 1)), "invalid"),
    ],
)
def test_impossible_wishes(school, student, wish, code):
    assert refused(school, lambda uow: add_to_waitlist(uow, student, LESSON, wish)).code == code

from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.domain.scheduling.rules.availability import Hours, WeeklyHours, expand
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, Slot
from driveflow_desktop.domain.scheduling.rules.freetime import SlotRequest
from driveflow_desktop.domain.scheduling.rules.grid import Grid, from_minute
from driveflow_desktop.domain.scheduling.rules.slots import SlotReason, alternatives, find_slots, nearest_slot
from driveflow_desktop.domain.scheduling.rules.travel import Peak
from driveflow_desktop.domain.scheduling.rules.verdict import Context, VerdictKind, verdict
from driveflow_desktop.kernel.time import minute_of_day, wall_to_utc

SYDNEY, LORD_HOWE, LONDON = (ZoneInfo(name) for name in ("Australia/Sydney", "Australia/Lord_Howe", "Europe/London"))
MONDAY = date(2026, 11, 30)
NEWTOWN, BONDI, HORNSBY = Place(-33.8976, 151.1793), Place(-33.8915, 151.2767), Place(-33.7025, 151.0993)
DANA, ETHAN, ZOE = UUID(int=1), UUID(int=2), UUID(int=3)
MIA = UUID(int=11)
NOW = wall_to_utc(date(2026, 11, 24), 9 * 60, SYDNEY)
RULES = SchoolRules(SYDNEY)
WEEK = Hours([WeeklyHours(day, 540, 1020) for day in range(1, 6)])


def at(hour: float, day: date = MONDAY) -> datetime:
    return wall_to_utc(day, round(hour * 60), SYDNEY)


def booked(number: int, start: float, end: float, place: Place | None = None, who: UUID = DANA) -> Booked:
    return Booked(UUID(int=number), who, UUID(int=number + 1), at(start), at(end), place)


def diary(who: UUID = DANA, *occupied: Booked, base: Place | None = None) -> Diary:
    return Diary(who, expand(WEEK, (), MONDAY, MONDAY + timedelta(days=13), SYDNEY), occupied, base=base)


ONE_DAY = SlotRequest(60, MONDAY, MONDAY)
FORTNIGHT = SlotRequest(60, MONDAY, MONDAY + timedelta(days=13))


def starts(request: SlotRequest, *diaries: Diary, limit: int = 1000) -> list[str]:
    found = find_slots(request, diaries, RULES, NOW, limit)
    return sorted(f"{slot.slot.start.astimezone(SYDNEY):%H:%M}" for slot in found)


def test_a_free_day_offers_every_quarter_hour_that_fits() -> None:
    offered = starts(ONE_DAY, diary())
    assert (offered[0], offered[-1], len(offered)) == ("09:00", "16:00", 29)


def test_lessons_and_their_buffers_are_left_out() -> None:
    offered = starts(ONE_DAY, diary(DANA, booked(100, 10.5, 11.5), booked(102, 13, 14)))
    assert offered[:2] == ["09:00", "09:15"]
    assert "11:45" in offered
    assert not {"09:30", "10:00", "11:30", "12:00", "13:00", "14:00"} & set(offered)
    assert "14:15" in offered


def test_the_drive_decides_which_gap_is_long_enough() -> None:
    day = diary(DANA, booked(100, 9, 10, NEWTOWN), booked(102, 11.5, 12.5, NEWTOWN))
    assert "10:15" in starts(replace(ONE_DAY, pickup=NEWTOWN), day)
    assert not {"10:15", "10:30"} & set(starts(replace(ONE_DAY, pickup=BONDI), day))


def test_the_lesson_that_is_moved_leaves_its_place_free() -> None:
    day = diary(DANA, booked(100, 10, 11))
    assert "10:15" in starts(replace(ONE_DAY, ignore=UUID(int=100)), day)
    assert "10:15" not in starts(ONE_DAY, day)


def test_the_student_is_not_offered_two_lessons_at_once() -> None:
    other = Booked(UUID(int=200), ETHAN, MIA, at(10), at(11))
    offered = starts(replace(ONE_DAY, student_id=MIA, student_booked=(other,)), diary())
    assert not {"09:15", "10:00", "10:45"} & set(offered)
    assert {"09:00", "11:00"} <= set(offered)


def test_the_best_of_each_instructor_and_day_comes_before_the_second_best() -> None:
    found = find_slots(FORTNIGHT, [diary(DANA), diary(ETHAN)], RULES, NOW, 6)
    assert len({(slot.slot.instructor_id, slot.slot.start.date()) for slot in found}) == 6
    assert SlotReason.EARLIEST in found[0].reasons


def test_a_short_list_is_filled_with_starts_that_do_not_overlap() -> None:
    found = find_slots(ONE_DAY, [diary()], RULES, NOW, 5)
    ordered = sorted(slot.slot.start for slot in found)
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(ordered))


def test_wishes_move_slots_up_and_are_named() -> None:
    diaries = [diary(DANA), diary(ETHAN)]
    wednesday_afternoon = Peak(frozenset({3}), 13 * 60, 17 * 60)
    best = find_slots(replace(FORTNIGHT, preferred_times=(wednesday_afternoon,)), diaries, RULES, NOW)[0]
    assert f"{best.slot.start.astimezone(SYDNEY):%a %H:%M}" == "Wed 13:00"
    assert SlotReason.PREFERRED_TIME in best.reasons
    best = find_slots(replace(FORTNIGHT, preferred_instructor=ETHAN), diaries, RULES, NOW)[0]
    assert best.slot.instructor_id == ETHAN
    assert SlotReason.PREFERRED_INSTRUCTOR in best.reasons
    best = find_slots(replace(FORTNIGHT, taught={ETHAN: 3}), diaries, RULES, NOW)[0]
    assert (best.slot.instructor_id, best.taught) == (ETHAN, 3)
    assert SlotReason.TAUGHT_BEFORE in best.reasons


def test_near_instructors_come_first_and_long_drives_are_named() -> None:
    diaries = [diary(DANA, base=HORNSBY), diary(ETHAN, base=NEWTOWN)]
    near, far = find_slots(replace(ONE_DAY, pickup=NEWTOWN), diaries, RULES, NOW, 2)
    assert (near.slot.instructor_id, near.drive_min) == (ETHAN, 0)
    assert SlotReason.NEAR_PICKUP in near.reasons
    assert far.slot.instructor_id == DANA
    assert SlotReason.LONGER_TRAVEL in far.reasons


def test_cars_of_the_wrong_kind_are_left_out_and_unknown_ones_kept() -> None:
    auto, manual, unknown = diary(DANA), diary(ETHAN), diary(ZOE)
    diaries = [
        replace(auto, transmissions=frozenset({Transmission.AUTO})),
        replace(manual, transmissions=frozenset(Transmission)),
        unknown,
    ]
    found = find_slots(replace(ONE_DAY, transmission=Transmission.MANUAL), diaries, RULES, NOW, 2)
    assert [slot.slot.instructor_id for slot in found] == [ETHAN, ZOE]
    assert SlotReason.TRANSMISSION in found[0].reasons
    assert SlotReason.TRANSMISSION not in found[1].reasons


def test_the_order_of_the_diaries_does_not_matter() -> None:
    diaries = [diary(DANA, booked(100, 9, 10)), diary(ETHAN), diary(ZOE)]
    assert find_slots(FORTNIGHT, diaries, RULES, NOW, 50) == find_slots(FORTNIGHT, diaries[::-1], RULES, NOW, 50)


def test_nothing_is_offered_from_nothing() -> None:
    assert find_slots(FORTNIGHT, [], RULES, NOW) == []
    assert find_slots(replace(FORTNIGHT, last=MONDAY - timedelta(days=1)), [diary()], RULES, NOW) == []
    assert find_slots(replace(ONE_DAY, duration_min=481), [diary()], RULES, NOW) == []


def test_a_refused_slot_has_three_ways_out() -> None:
    wanted = Slot(DANA, at(10), at(11))
    mine = diary(DANA, booked(100, 9.5, 11))
    found = alternatives(wanted, FORTNIGHT, [mine, diary(ETHAN)], RULES, NOW)
    told = [(slot.slot.instructor_id, f"{slot.slot.start.astimezone(SYDNEY):%a %H:%M}") for slot in found]
    assert told == [(ETHAN, "Mon 10:00"), (DANA, "Mon 11:15"), (DANA, "Tue 10:00")]
    assert found[0].reasons == (SlotReason.SAME_TIME, SlotReason.SAME_DAY)
    assert found[1].reasons == (SlotReason.SAME_INSTRUCTOR, SlotReason.SAME_DAY)
    assert found[2].reasons == (SlotReason.SAME_INSTRUCTOR, SlotReason.SAME_TIME)


def test_a_single_diary_on_a_single_day_still_gives_three_ways_out() -> None:
    found = alternatives(Slot(DANA, at(10), at(11)), ONE_DAY, [diary(DANA, booked(100, 10, 11))], RULES, NOW)
    assert len(found) == 3
    nearest = nearest_slot(Slot(DANA, at(10), at(11)), ONE_DAY, diary(DANA, booked(100, 9.5, 11)), RULES, NOW)
    assert nearest is not None
    assert nearest.slot.start == at(11.25)
    full = diary(DANA, booked(100, 9, 17))
    assert nearest_slot(Slot(DANA, at(10), at(11)), ONE_DAY, full, RULES, NOW) is None


def test_the_grid_is_the_local_quarter_hours_on_days_of_every_length() -> None:
    for tz, day in ((SYDNEY, date(2026, 10, 4)), (LORD_HOWE, date(2027, 4, 4)), (LONDON, date(2026, 10, 25))):
        grid = Grid(day - timedelta(days=1), day + timedelta(days=1), tz)
        for cell in range(len(grid)):
            instant = from_minute(grid.start(cell))
            assert grid.wall_minute[cell] == minute_of_day(instant, tz)
            assert grid.days[grid.day_of[cell]] == instant.astimezone(tz).date()
            assert grid.wall_minute[cell] % 15 == 0


PLACES = st.sampled_from([None, NEWTOWN, BONDI, HORNSBY])


@st.composite
def desks(draw: st.DrawFn) -> tuple[SlotRequest, list[Diary], SchoolRules, datetime]:
    tz, changing = draw(
        st.sampled_from(
            [
                (SYDNEY, date(2026, 10, 4)),
                (SYDNEY, date(2027, 4, 4)),
                (LORD_HOWE, date(2027, 4, 4)),
                (LONDON, date(2026, 10, 25)),
                (SYDNEY, MONDAY),
            ]
        )
    )
    first = changing - timedelta(days=1)
    midnight = wall_to_utc(first, 0, tz)
    rows = st.builds(
        lambda day, start, length: WeeklyHours(day, start, min(1440, start + length)),
        st.integers(0, 6),
        st.integers(0, 90).map(lambda quarter: quarter * 15),
        st.integers(60, 900),
    )

    def lesson(number: int, instructor: UUID) -> Booked:
        start = midnight + timedelta(
            minutes=draw(st.integers(-200, 2 * 1440)), seconds=draw(st.sampled_from([0, 0, 30]))
        )
        end = start + timedelta(minutes=draw(st.sampled_from([30, 60, 90])))
        student = UUID(int=draw(st.sampled_from([11, 12])))
        return Booked(UUID(int=number), instructor, student, start, end, draw(PLACES), draw(PLACES))

    diaries = []
    everything: list[Booked] = []
    for instructor in (DANA, ETHAN):
        count = draw(st.integers(0, 6))
        own = [lesson(100 * instructor.int + number, instructor) for number in range(count)]
        everything += own
        spans = expand(Hours(draw(st.lists(rows, max_size=6))), (), first, first + timedelta(days=2), tz)
        occupied = tuple(sorted(own, key=lambda one: one.start))
        buffer_min = draw(st.sampled_from([0, 15, 40]))
        diaries.append(Diary(instructor, spans, occupied, buffer_min, draw(st.sampled_from([None, 1, 3])), NEWTOWN))
    request = SlotRequest(
        draw(st.sampled_from([30, 50, 60, 90])),
        first,
        first + timedelta(days=2),
        draw(st.sampled_from([None, MIA])),
        tuple(everything),
        draw(PLACES),
        draw(PLACES),
        ignore=draw(st.sampled_from([None, UUID(int=100), UUID(int=201)])),
    )
    rules = SchoolRules(tz, notice_min=draw(st.sampled_from([0, 120])), horizon_days=draw(st.sampled_from([1, 60])))
    return request, diaries, rules, midnight + timedelta(minutes=draw(st.integers(-1440, 1440)))


@given(desks())
def test_what_is_found_is_exactly_what_has_the_verdict_ok(
    desk: tuple[SlotRequest, list[Diary], SchoolRules, datetime],
) -> None:
    request, diaries, rules, now = desk
    found = [slot.slot for slot in find_slots(request, diaries, rules, now, 10**6)]
    grid = Grid(request.first, request.last, rules.tz)
    expected = set()
    for one in diaries:
        context = Context(rules, one, now, request.student_booked)
        for cell in range(len(grid)):
            start = from_minute(grid.start(cell))
            end = start + timedelta(minutes=request.duration_min)
            slot = Slot(
                one.instructor_id, start, end, request.student_id, request.pickup, request.dropoff, request.ignore
            )
            if verdict(slot, context).kind is VerdictKind.OK:
                expected.add(slot)
    assert set(found) == expected
    assert len(found) == len(expected)
    few = [slot.slot for slot in find_slots(request, diaries, rules, now, 4)]
    assert len(few) == min(4, len(expected))
    assert set(few) <= expected

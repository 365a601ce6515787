from dataclasses import replace
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.scheduling.rules.availability import Hours, WeeklyHours, expand
from driveflow_desktop.domain.scheduling.rules.diary import Booked, Diary, SchoolRules, Slot, needed_gap, occupies
from driveflow_desktop.domain.scheduling.rules.verdict import (
    OK,
    Context,
    Verdict,
    VerdictKind,
    require_bookable_slot,
    verdict,
)
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import wall_to_utc

SYDNEY = ZoneInfo("Australia/Sydney")
MONDAY = date(2026, 11, 30)
NEWTOWN, BONDI = Place(-33.8976, 151.1793), Place(-33.8915, 151.2767)
DANA, ETHAN = UUID(int=1), UUID(int=2)
MIA, NOAH = UUID(int=11), UUID(int=12)
NOW = wall_to_utc(date(2026, 11, 24), 9 * 60, SYDNEY)
RULES = SchoolRules(SYDNEY)
HOURS = Hours([WeeklyHours(day, 540, 1020) for day in range(1, 6)])


def at(hour: float, day: date = MONDAY) -> datetime:
    return wall_to_utc(day, round(hour * 60), SYDNEY)


def booked(
    number: int, start: float, end: float, who: UUID = MIA, place: Place | None = None, by: UUID = DANA
) -> Booked:
    return Booked(UUID(int=number), by, who, at(start), at(end), place)


def context(*occupied: Booked, rules: SchoolRules = RULES, now: datetime = NOW, cap: int | None = None) -> Context:
    spans = expand(HOURS, rules.closed_holidays, MONDAY, MONDAY + timedelta(days=6), SYDNEY)
    return Context(rules, Diary(DANA, spans, occupied, daily_cap=cap), now)


def slot(start: float, end: float, place: Place | None = None, **more: UUID) -> Slot:
    return Slot(DANA, at(start), at(end), pickup=place, **more)


def kinds(answer: Verdict) -> list[str]:
    return [reason.kind.value for reason in answer.reasons]


def test_a_free_slot_inside_hours_is_ok() -> None:
    answer = verdict(slot(9, 10), context())
    assert answer is OK
    assert (answer.kind, answer.ok, answer.hard, answer.blocking) == (VerdictKind.OK, True, False, None)


@pytest.mark.parametrize("span", [(10, 11), (9.5, 10.5), (10.5, 11.5), (9.5, 11.5), (10.25, 10.75)])
def test_an_overlap_is_hard_and_names_what_is_in_the_way(span: tuple[float, float]) -> None:
    answer = verdict(slot(*span), context(booked(100, 10, 11)))
    assert kinds(answer) == ["slot_taken"]
    assert answer.hard
    assert answer.blocking == UUID(int=100)


def test_spans_are_half_open() -> None:
    around = context(booked(100, 10, 11))
    assert not verdict(slot(9, 10), around).hard
    assert not verdict(slot(11, 12), around).hard


def test_a_booking_does_not_stand_in_its_own_way() -> None:
    assert verdict(slot(10.25, 11.25, ignore=UUID(int=100)), context(booked(100, 10, 11))).ok


def test_the_student_cannot_be_in_two_lessons() -> None:
    elsewhere = booked(101, 10, 11, NOAH, by=ETHAN)
    around = replace(context(), student_booked=(elsewhere,))
    answer = verdict(slot(10.5, 11.5, student_id=NOAH), around)
    assert (answer.kind, answer.hard, answer.blocking) == (VerdictKind.STUDENT_BUSY, True, elsewhere.id)
    assert verdict(slot(10.5, 11.5, student_id=MIA), around).ok
    assert verdict(slot(10.5, 11.5), around).ok
    assert verdict(slot(10.5, 11.5, student_id=NOAH, ignore=elsewhere.id), around).ok


def test_outside_hours_and_holidays_are_advice() -> None:
    assert kinds(verdict(slot(8.5, 9.5), context())) == ["outside_hours"]
    assert kinds(verdict(slot(16.5, 17.5), context())) == ["outside_hours"]
    closed = SchoolRules(SYDNEY, closed_holidays=frozenset({MONDAY}))
    answer = verdict(slot(10, 11), context(rules=closed))
    assert kinds(answer) == ["holiday"]
    assert not answer.hard


def test_the_buffer_is_kept_where_places_are_unknown() -> None:
    around = context(booked(100, 10, 11))
    assert kinds(verdict(slot(11.0, 12.0), around)) == ["travel_too_tight"]
    assert verdict(slot(11.25, 12.25), around).ok
    assert kinds(verdict(slot(9, 10), around)) == ["travel_too_tight"]
    assert verdict(slot(9, 9.75), around).ok


def test_the_drive_counts_where_it_is_longer_than_the_buffer() -> None:
    around = context(booked(100, 10, 11, place=NEWTOWN), booked(102, 13, 14, place=NEWTOWN))
    tight = verdict(slot(11.25, 12, BONDI), around)
    assert kinds(tight) == ["travel_too_tight"]
    assert (tight.reasons[0].needed, tight.reasons[0].available, tight.blocking) == (21, 15, UUID(int=100))
    assert verdict(slot(11.35, 12, BONDI), around).ok
    assert verdict(slot(11.25, 12, NEWTOWN), around).ok
    onwards = verdict(slot(11.5, 12.75, BONDI), around)
    assert (onwards.kind, onwards.blocking) == (VerdictKind.TRAVEL_TOO_TIGHT, UUID(int=102))


def test_the_drive_is_longer_in_the_peak_in_which_it_begins() -> None:
    around = context(booked(100, 14, 15, place=NEWTOWN))
    assert verdict(slot(15 + 24 / 60, 16.5, BONDI), around).reasons[0].needed == 25
    earlier = context(booked(100, 13.9, 14.9, place=NEWTOWN))
    assert verdict(slot(14.9 + 21 / 60, 16.5, BONDI), earlier).ok


def test_a_lesson_begins_its_drive_at_the_drop_off() -> None:
    dropped = booked(100, 10, 11, place=NEWTOWN)._replace(dropoff=BONDI)
    assert verdict(slot(11.25, 12, BONDI), context(dropped)).ok
    assert kinds(verdict(slot(11.25, 12, NEWTOWN), context(dropped))) == ["travel_too_tight"]


def test_a_night_between_two_lessons_is_always_enough() -> None:
    perth = Place(-31.95, 115.86)
    yesterday = Booked(UUID(int=100), DANA, MIA, at(9), at(10), perth)
    tuesday = Slot(DANA, at(9, MONDAY + timedelta(days=1)), at(10, MONDAY + timedelta(days=1)), pickup=BONDI)
    assert verdict(tuesday, context(yesterday)).ok
    assert needed_gap(15, 5000) == 720


def test_the_daily_cap_counts_the_local_day() -> None:
    around = context(booked(100, 9, 10), booked(101, 11, 12), cap=2)
    answer = verdict(slot(14, 15), around)
    assert kinds(answer) == ["daily_cap"]
    assert (answer.reasons[0].needed, answer.reasons[0].available) == (3, 2)
    assert verdict(slot(14, 15, ignore=UUID(int=101)), around).ok
    tuesday = MONDAY + timedelta(days=1)
    assert verdict(Slot(DANA, at(9, tuesday), at(10, tuesday)), around).ok


def test_notice_and_horizon_are_windows_around_now() -> None:
    soon = context(now=at(8))
    assert kinds(verdict(slot(9.75, 10.75), soon)) == ["notice"]
    assert verdict(slot(10, 11), soon).ok
    near = SchoolRules(SYDNEY, horizon_days=5)
    assert kinds(verdict(slot(9, 10), context(rules=near))) == ["horizon"]
    assert verdict(slot(9, 10), context(rules=replace(near, horizon_days=6))).ok


def test_every_reason_is_listed_the_gravest_first() -> None:
    strict = SchoolRules(SYDNEY, horizon_days=1)
    answer = verdict(slot(17, 18), context(booked(100, 9, 10), booked(101, 16, 17), rules=strict, cap=2))
    assert kinds(answer) == ["outside_hours", "travel_too_tight", "daily_cap", "horizon"]


def test_the_desk_may_overrule_advice_but_never_an_overlap() -> None:
    advice = verdict(slot(8.5, 9.5), context())
    assert require_bookable_slot(advice, ["outside_hours"]) == {VerdictKind.OUTSIDE_HOURS}
    assert require_bookable_slot(OK, ["outside_hours"]) == frozenset()
    with pytest.raises(UserError) as refused:
        require_bookable_slot(advice, ["notice"])
    assert refused.value.code == "outside_hours"
    taken = verdict(slot(10, 11), context(booked(100, 10, 11)))
    with pytest.raises(UserError) as refused:
        require_bookable_slot(taken, list(VerdictKind))
    assert refused.value.code == "slot_taken"
    assert refused.value.details["blocking"] == UUID(int=100)


def test_what_occupies_a_slot() -> None:
    later = NOW + timedelta(minutes=1)
    assert occupies(BookingStatus.DRAFT, later, NOW)
    assert not occupies(BookingStatus.DRAFT, NOW, NOW)
    assert not occupies(BookingStatus.DRAFT, None, NOW)
    assert {status for status in BookingStatus if occupies(status, None, NOW)} == {
        BookingStatus.PENDING_PAYMENT,
        BookingStatus.REQUESTED,
        BookingStatus.CONFIRMED,
        BookingStatus.IN_PROGRESS,
        BookingStatus.COMPLETED,
    }


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[str, int, int, int, int, int]]:
    """A desk's day: (what, which booking, instructor, student, start quarter, length in quarters)."""
    one = st.tuples(
        st.sampled_from(["book", "book", "move", "cancel"]),
        st.integers(0, 20),
        st.sampled_from([1, 2]),
        st.sampled_from([11, 12, 13]),
        st.integers(0, 40),
        st.integers(1, 8),
    )
    return draw(st.lists(one, max_size=40))


@given(steps())
def test_no_overlap_survives_any_sequence_of_bookings_moves_and_cancellations(
    sequence: list[tuple[str, int, int, int, int, int]],
) -> None:
    diary: dict[UUID, Booked] = {}
    for number, (what, which, instructor, student, start, length) in enumerate(sequence):
        present = sorted(diary)[which % len(diary)] if diary else None
        if what == "cancel":
            diary.pop(present, None) if present else None
            continue
        ignore = present if what == "move" else None
        student_id = diary[ignore].student_id if ignore else UUID(int=student)
        begin = at(9) + timedelta(minutes=15 * start)
        wanted = Slot(UUID(int=instructor), begin, begin + timedelta(minutes=15 * length), student_id, ignore=ignore)
        of_instructor = tuple(
            sorted((b for b in diary.values() if b.instructor_id == wanted.instructor_id), key=lambda b: b.start)
        )
        around = Context(
            RULES,
            Diary(wanted.instructor_id, (), of_instructor),
            NOW,
            tuple(b for b in diary.values() if b.student_id == student_id),
        )
        if not verdict(wanted, around).hard:
            key = ignore or UUID(int=1000 + number)
            diary[key] = Booked(key, wanted.instructor_id, student_id, wanted.start, wanted.end)
    bookings = list(diary.values())
    for index, one in enumerate(bookings):
        for other in bookings[index + 1 :]:
            shared = one.instructor_id == other.instructor_id or one.student_id == other.student_id
            assert not (shared and one.start < other.end and other.start < one.end)

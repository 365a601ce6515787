from datetime import UTC, datetime, timedelta
from uuid import UUID

from driveflow_desktop.domain.scheduling.rules.closing import Held, Planned, lessons_to_close, run_out, runs_out_at
from driveflow_desktop.domain.scheduling.values import BookingStatus as B

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)


def ago(minutes: int) -> datetime:
    return NOW - timedelta(minutes=minutes)


def proposal(status: B, ended_ago: int) -> str | None:
    found = lessons_to_close([Planned(UUID(int=1), status, ago(ended_ago + 60), ago(ended_ago))], NOW)
    return found[0].proposal.value if found else None


def test_a_confirmed_lesson_is_proposed_as_done_and_after_half_an_hour_as_a_no_show() -> None:
    assert [proposal(B.CONFIRMED, minutes) for minutes in (-1, 0, 29, 30, 600)] == [
        None,
        "completed",
        "completed",
        "no_show",
        "no_show",
    ]


def test_a_lesson_in_progress_is_only_ever_proposed_as_done() -> None:
    assert [proposal(B.IN_PROGRESS, minutes) for minutes in (-1, 0, 300)] == [None, "completed", "completed"]


def test_a_request_nobody_answered_is_proposed_as_cancelled_from_its_start() -> None:
    assert [proposal(B.REQUESTED, minutes) for minutes in (-61, -60, 30)] == [None, "cancelled", "cancelled"]


def test_decided_lessons_are_left_alone_and_the_longest_overdue_come_first() -> None:
    assert all(proposal(status, 60) is None for status in (B.COMPLETED, B.CANCELLED, B.NO_SHOW, B.DRAFT))
    lessons = [Planned(UUID(int=n), B.CONFIRMED, ago(200), ago(minutes)) for n, minutes in ((1, 5), (2, 90), (3, 40))]
    found = lessons_to_close(lessons, NOW)
    assert [item.id.int for item in found] == [2, 3, 1]
    assert found[0].overdue == timedelta(minutes=90)


def test_drafts_live_an_hour_or_as_long_as_they_are_held_and_payments_half_an_hour() -> None:
    assert runs_out_at(Held(UUID(int=1), B.DRAFT, NOW)) == NOW + timedelta(hours=1)
    assert runs_out_at(Held(UUID(int=1), B.DRAFT, NOW, ago(-5))) == ago(-5)
    assert runs_out_at(Held(UUID(int=1), B.PENDING_PAYMENT, NOW)) == NOW + timedelta(minutes=30)
    assert runs_out_at(Held(UUID(int=1), B.CONFIRMED, NOW)) is None


def test_what_has_run_out_is_cancelled_to_the_microsecond() -> None:
    holds = [
        Held(UUID(int=1), B.DRAFT, ago(60)),
        Held(UUID(int=2), B.DRAFT, ago(60) + timedelta(microseconds=1)),
        Held(UUID(int=3), B.PENDING_PAYMENT, ago(30)),
        Held(UUID(int=4), B.CONFIRMED, ago(600)),
    ]
    assert [found.int for found in run_out(holds, NOW)] == [1, 3]

from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from driveflow_desktop.domain.communication.values import MessageChannel, MessageStatus
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.overview.timeline import Happening, HappeningKind, LessonNote
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.students.happenings import happening_line

SESSION = Session(UUID(int=1), "Bay", UUID(int=2), "Mia Petrov", OrgRole.ADMIN, ZoneInfo("Australia/Sydney"))
NOW = datetime(2026, 11, 24, 0, 21, tzinfo=UTC)
LESSON = LessonNote(UUID(int=3), "Highway 90", datetime(2026, 11, 24, 3, 0, tzinfo=UTC), 60, 21_400, 4)
EARLIER = datetime(2026, 11, 16, 22, 12, tzinfo=UTC)


def line(kind: HappeningKind, **facts: object) -> tuple[str, str, str]:
    found = happening_line(Happening(kind, UUID(int=4), **{"at": EARLIER, **facts}), SESSION, NOW)
    return found.what, found.detail, found.when


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        (
            HappeningKind.BOOKED,
            {"lesson": LESSON, "actor": "Mia Petrov", "at": NOW},
            ("Lesson booked", "Highway 90, today 2:00 pm", "Mia Petrov · today 11:21 am"),
        ),
        (
            HappeningKind.COMPLETED,
            {"lesson": LESSON},
            ("Lesson completed", "Highway 90, today 2:00 pm · 60 min · 21.4 km · rated 4", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.MOVED,
            {"lesson": LESSON, "moved_from": EARLIER, "moved_to": LESSON.start},
            ("Moved", "Tue 17 Nov 9:12 am → today 2:00 pm", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.CANCELLED,
            {"lesson": LESSON, "cancelled_by": CancellationActor.GUARDIAN, "reason": "flu <b>"},
            ("Cancelled", "Highway 90, today 2:00 pm · by the guardian · flu <b>", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.PAID,
            {"amount_cents": 9500, "method": PaymentMethod.EFTPOS},
            ("Payment received", "$95.00 · EFTPOS", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.PACKAGE,
            {"amount_cents": 80_000, "package_minutes": 630},
            ("Package sold", "10.5 h · $800.00", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.MESSAGE,
            {
                "channel": MessageChannel.SMS,
                "message_status": MessageStatus.DELIVERED,
                "template_key": "lesson_reminder",
            },
            ("SMS delivered", "lesson reminder", "Tue 17 Nov 9:12 am"),
        ),
        (
            HappeningKind.JOINED,
            {"at": datetime(2025, 3, 2, 1, 0, tzinfo=UTC)},
            ("Added", "", "Sun 2 Mar 2025 12:00 pm"),
        ),
    ],
)
def test_what_happened_in_words(kind: HappeningKind, facts: dict[str, object], expected: tuple[str, str, str]):
    assert line(kind, **facts) == expected


def test_an_edit_names_a_few_columns_and_counts_the_rest():
    few = ("phone", "pickup_address", "pickup_lat", "pickup_lng")
    assert line(HappeningKind.EDITED, columns=few)[1].count(",") == 1
    many = ("phone", "email", "dob", "notes", "alert")
    assert line(HappeningKind.EDITED, columns=many)[1].endswith("and 2 more")


def test_every_kind_and_message_has_words_and_a_tone():
    for kind in HappeningKind:
        found = happening_line(Happening(kind, UUID(int=4), NOW), SESSION, NOW)
        assert found.what
        assert found.tone
    for status in MessageStatus:
        for channel in (None, *MessageChannel):
            message = Happening(HappeningKind.MESSAGE, UUID(int=4), NOW, channel=channel, message_status=status)
            assert "{" not in happening_line(message, SESSION, NOW).what

"""A student's timeline in words. No Qt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from driveflow_desktop.domain.communication.values import MessageStatus
from driveflow_desktop.domain.finance.values import PaymentMethod
from driveflow_desktop.domain.overview.timeline import Happening, HappeningKind
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.time import local_date, minute_of_day
from driveflow_desktop.ui.ports import Session
from driveflow_desktop.ui.screens.activity.words import column_words
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Students"
_MOST_COLUMNS: Final = 3

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]


@dataclass(frozen=True, slots=True)
class HappeningLine:
    """A line of the timeline: what happened in bold, more about it, and when and by whom beneath."""

    what: str
    detail: str
    when: str
    tone: Tone


def happening_line(found: Happening, session: Session, now: datetime) -> HappeningLine:
    """One happening in words."""
    what, tone = _headline(found)
    when = _moment(found.at, session, now)
    return HappeningLine(
        what,
        _detail(found, session, now),
        f"{found.actor} · {when}" if found.actor else when,
        tone,
    )


def _headline(found: Happening) -> tuple[str, Tone]:
    if found.kind is HappeningKind.MESSAGE:
        return _message_words(found)
    known: Mapping[HappeningKind, tuple[str, Tone]] = {
        HappeningKind.JOINED: (tr(_CONTEXT, "Added"), "neutral"),
        HappeningKind.BOOKED: (tr(_CONTEXT, "Lesson booked"), "accent"),
        HappeningKind.MOVED: (tr(_CONTEXT, "Moved"), "warn"),
        HappeningKind.CANCELLED: (tr(_CONTEXT, "Cancelled"), "bad"),
        HappeningKind.COMPLETED: (tr(_CONTEXT, "Lesson completed"), "ok"),
        HappeningKind.NO_SHOW: (tr(_CONTEXT, "No-show"), "bad"),
        HappeningKind.PACKAGE: (tr(_CONTEXT, "Package sold"), "accent"),
        HappeningKind.PAID: (tr(_CONTEXT, "Payment received"), "ok"),
        HappeningKind.REFUNDED: (tr(_CONTEXT, "Refunded"), "warn"),
        HappeningKind.EDITED: (tr(_CONTEXT, "Edited"), "neutral"),
    }
    return known[found.kind]


def _message_words(found: Happening) -> tuple[str, Tone]:
    channel = {"sms": tr(_CONTEXT, "SMS"), "email": tr(_CONTEXT, "E-mail"), "whatsapp": "WhatsApp"}
    name = channel.get(found.channel or "", tr(_CONTEXT, "Message"))
    words: Mapping[MessageStatus, tuple[str, Tone]] = {
        MessageStatus.QUEUED: (tr(_CONTEXT, "{channel} waiting"), "neutral"),
        MessageStatus.SENT: (tr(_CONTEXT, "{channel} sent"), "info"),
        MessageStatus.DELIVERED: (tr(_CONTEXT, "{channel} delivered"), "info"),
        MessageStatus.FAILED: (tr(_CONTEXT, "{channel} not delivered"), "bad"),
    }
    text, tone = words[found.message_status or MessageStatus.QUEUED]
    return text.format(channel=name), tone


def _detail(found: Happening, session: Session, now: datetime) -> str:
    parts: list[str] = []
    if found.kind is HappeningKind.MOVED and found.moved_from is not None and found.moved_to is not None:
        parts.append(f"{_moment(found.moved_from, session, now)} → {_moment(found.moved_to, session, now)}")
    elif found.lesson is not None:
        parts.append(f"{found.lesson.service_name}, {_moment(found.lesson.start, session, now)}")
    if found.kind is HappeningKind.COMPLETED:
        parts += _driven(found)
    if found.kind is HappeningKind.CANCELLED:
        parts.append(_by(found.cancelled_by))
    if found.package_minutes is not None:
        parts.append(tr(_CONTEXT, "{hours} h").format(hours=f"{found.package_minutes / 60:g}"))
    if found.amount_cents is not None:
        parts.append(formats.money(found.amount_cents, session.currency))
    if found.method is not None:
        parts.append(_method(found.method))
    if found.template_key:
        parts.append(found.template_key.replace("_", " "))
    if found.columns:
        parts.append(_columns(found.columns))
    parts.append(found.reason)
    return " · ".join(part for part in parts if part)


def _driven(found: Happening) -> list[str]:
    lesson = found.lesson
    if lesson is None:
        return []
    parts = []
    if lesson.minutes is not None:
        parts.append(tr(_CONTEXT, "{minutes} min").format(minutes=lesson.minutes))
    if lesson.distance_meters is not None:
        parts.append(tr(_CONTEXT, "{km} km").format(km=f"{lesson.distance_meters / 1000:.1f}"))
    if lesson.rating is not None:
        parts.append(tr(_CONTEXT, "rated {rating}").format(rating=lesson.rating))
    return parts


def _by(actor: CancellationActor | None) -> str:
    known = {
        CancellationActor.STUDENT: tr(_CONTEXT, "by the student"),
        CancellationActor.GUARDIAN: tr(_CONTEXT, "by the guardian"),
        CancellationActor.INSTRUCTOR: tr(_CONTEXT, "by the instructor"),
        CancellationActor.ADMIN: tr(_CONTEXT, "by the school"),
    }
    return "" if actor is None else known[actor]


def _method(method: PaymentMethod) -> str:
    return {
        PaymentMethod.CARD: tr(_CONTEXT, "card"),
        PaymentMethod.CASH: tr(_CONTEXT, "cash"),
        PaymentMethod.BANK_TRANSFER: tr(_CONTEXT, "bank transfer"),
        PaymentMethod.EFTPOS: tr(_CONTEXT, "EFTPOS"),
        PaymentMethod.PACKAGE: tr(_CONTEXT, "package"),
    }[method]


def _columns(columns: tuple[str, ...]) -> str:
    """The first few columns of an edit, the rest counted; a place goes with its address."""
    names = list(dict.fromkeys(column_words(name) for name in columns if not name.endswith(("_lat", "_lng"))))
    shown = ", ".join(name for name in names[:_MOST_COLUMNS] if name)
    more = len(names) - _MOST_COLUMNS
    return tr(_CONTEXT, "{names} and {count} more").format(names=shown, count=more) if more > 0 else shown


def _moment(at: datetime, session: Session, now: datetime) -> str:
    day = local_date(at, session.tz)
    today = local_date(now, session.tz)
    if day == today:
        words = tr(_CONTEXT, "today")
    elif day.year == today.year:
        words = formats.day_short(day)
    else:
        words = formats.day(day)
    return f"{words} {formats.clock(minute_of_day(at, session.tz))}"

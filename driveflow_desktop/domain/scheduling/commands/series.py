"""Weekly lessons: booked together, moved together, each one transaction and so one undo."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa

from driveflow_desktop.domain.catalog.queries import price_book
from driveflow_desktop.domain.identity.rules import Action
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts
from driveflow_desktop.domain.scheduling.commands.access import acting_role, own_booking, require_own_diary
from driveflow_desktop.domain.scheduling.commands.booking import (
    Draft,
    Moving,
    NewBooking,
    advise,
    booking_values,
    drafted,
    move,
    price_values,
    require_may_book,
    slot_of,
)
from driveflow_desktop.domain.scheduling.commands.placing import (
    ALL_ADVICE,
    recorded,
    warn_of_overruled,
    with_alternatives,
)
from driveflow_desktop.domain.scheduling.facts import load_price, require_teacher
from driveflow_desktop.domain.scheduling.loader import Days, Setting, load_context, setting_at, setting_of
from driveflow_desktop.domain.scheduling.queries import BookingFacts, series
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.rules.series import (
    ClashPolicy,
    Member,
    SeriesAction,
    SeriesDate,
    SeriesPlan,
    SeriesScope,
    moved_starts,
    preview,
    reached,
    regular_slots,
)
from driveflow_desktop.domain.scheduling.rules.verdict import (
    Context,
    Verdict,
    refusal,
    require_bookable_slot,
    verdict,
)
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import Interval, local_date, require_bookable
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewSeries:
    """`lessons` lessons like the first, `every_weeks` apart at the same wall time."""

    first: NewBooking
    lessons: int
    on_clash: ClashPolicy = ClashPolicy.SKIP
    every_weeks: int = 1


@dataclass(frozen=True, slots=True)
class BookedSeries:
    """What became of a series."""

    series_id: UUID
    bookings: tuple[UUID, ...]
    skipped: tuple[date, ...]


# -- booking ------------------------------------------------------------------------------------------------------


def preview_series(connection: sa.Connection, org_id: UUID, request: NewSeries, now: datetime) -> list[SeriesDate]:
    """A verdict and a proposal per date, exactly what `book_series` would do now; reads only."""
    return _preview(connection, drafted(connection, org_id, request.first), request, now)


def book_series(uow: UnitOfWork, request: NewSeries) -> BookedSeries:
    """Book the dates that fit; the others are skipped, or shifted within their day, and named in the result.

    Refused with the first date's own reason when no date fits at all.
    """
    role = acting_role(uow, Action.BOOK)
    series_id = uow.new_id()
    draft = drafted(uow.connection, uow.org_id, replace(request.first, series_id=series_id))
    require_may_book(uow, role, draft)
    dates = _preview(uow.connection, draft, request, uow.now)
    rows = _series_rows(uow, draft, dates)
    if not rows:
        raise with_alternatives(uow, draft.setting, draft.slot, refusal(dates[0].verdict))
    last = max(found.slot.end for found in dates if found.slot is not None)
    advise(uow, draft.setting, draft.student, Interval(last, last), request.first.vehicle_id)
    warn_of_overruled(uow, (found.verdict for found in dates if found.action is SeriesAction.BOOK))
    uow.describe("booking.created")
    made = uow.bulk(Booking, rows)
    return BookedSeries(series_id, tuple(made), tuple(found.day for found in dates if found.slot is None))


def _preview(connection: sa.Connection, draft: Draft, request: NewSeries, now: datetime) -> list[SeriesDate]:
    accepted = ALL_ADVICE if request.first.override else frozenset()
    plan = SeriesPlan(draft.slot, request.lessons, request.on_clash, request.every_weeks, accepted)
    slots = regular_slots(plan, draft.setting.tz)
    for slot in slots:
        require_bookable(slot.start, slot.end)
    setting = _setting_over(connection, draft.setting, (Interval(slot.start, slot.end) for slot in slots))
    return preview(plan, load_context(connection, setting, now, draft.teacher.id, draft.student.id))


def _series_rows(uow: UnitOfWork, draft: Draft, dates: Iterable[SeriesDate]) -> list[Mapping[str, Value]]:
    cards = price_book(uow.connection, uow.org_id)
    rows: list[Mapping[str, Value]] = []
    for found in dates:
        if found.slot is None:
            continue
        price = load_price(uow.connection, draft.setting, draft.service.id, found.day, draft.teacher.fee_bp, cards)
        overrides = recorded(found.verdict) if found.action is SeriesAction.BOOK else {}
        rows.append(booking_values(uow, draft, Interval(found.slot.start, found.slot.end), price, overrides))
    return rows


def _setting_over(connection: sa.Connection, setting: Setting, spans: Iterable[Interval]) -> Setting:
    """The setting widened to the days of all `spans`."""
    days = [local_date(instant, setting.tz) for span in spans for instant in span]
    return setting_of(connection, setting.school, Days(min(days), max(days)))


# -- moving -------------------------------------------------------------------------------------------------------


def move_series(uow: UnitOfWork, request: Moving, scope: SeriesScope) -> list[UUID]:
    """Move, resize or hand over a lesson and the others of its series that `scope` reaches; returns which.

    All move by as many local days, to the same wall time and length. It is all or nothing: a lesson that does not fit
    is refused with its own reason, its `day` and its `booking`, and none moves.
    """
    held = own_booking(uow, request.booking_id, Action.MOVE_BOOKING)
    booking = held.booking
    if scope is SeriesScope.THIS or booking.series_id is None:
        return [booking.id] if move(uow, request) else []
    members = {member.id: member for member in series(uow.connection, uow.org_id, booking.series_id)}
    chosen = reached((_member(member) for member in members.values()), booking.id, scope)
    if booking.id not in {member.id for member in chosen}:
        raise UserError("state_transition", "That lesson cannot be moved any more.", column="status")
    teacher = require_teacher(uow.connection, uow.org_id, request.instructor_id or booking.instructor_id)
    require_own_diary(uow, held.role, teacher)
    if not teacher.active:
        raise UserError("invalid", "That instructor no longer teaches.", column="instructor_id")
    setting, spans = _new_spans(uow, request, booking, chosen)
    slots = {key: slot_of(members[key], span, teacher.id) for key, span in spans.items()}
    overrides = _place_all(uow, setting, slots, override=request.override)
    uow.describe("booking.moved")
    for key, slot in slots.items():
        values: dict[str, Value] = {
            "start_at": slot.start,
            "end_at": slot.end,
            "instructor_id": teacher.id,
            "overrides": recorded(overrides[key]),
        }
        uow.update(Booking, key, values | _new_price(uow, request, setting, members[key], slot.start, teacher))
    return list(slots)


def series_reach(
    connection: sa.Connection, org_id: UUID, booking: BookingFacts, scope: SeriesScope
) -> tuple[UUID, ...]:
    """The lessons that an edit of one lesson reaches, in order of time; only itself outside a series."""
    if booking.series_id is None:
        return (booking.id,)
    members = series(connection, org_id, booking.series_id)
    return tuple(member.id for member in reached((_member(found) for found in members), booking.id, scope))


def _member(booking: BookingFacts) -> Member:
    return Member(booking.id, booking.start, booking.end, booking.status)


def _new_spans(
    uow: UnitOfWork, request: Moving, booking: BookingFacts, chosen: list[Member]
) -> tuple[Setting, dict[UUID, Interval]]:
    start = request.start if request.start is not None else booking.start
    length = (request.end - start) if request.end is not None else booking.end - booking.start
    first = require_bookable(start, start + length)
    near = setting_at(uow.connection, uow.org_id, *first)
    starts = moved_starts(chosen, _member(booking), first.start, near.tz)
    spans = {key: require_bookable(found, found + length) for key, found in starts.items()}
    return _setting_over(uow.connection, near, spans.values()), spans


def _place_all(uow: UnitOfWork, setting: Setting, slots: Mapping[UUID, Slot], *, override: bool) -> dict[UUID, Verdict]:
    """The verdict per lesson once all of them have left their old places."""
    some = next(iter(slots.values()))
    loaded = load_context(uow.connection, setting, uow.now, some.instructor_id, some.student_id)
    context = _without(loaded, slots.keys())
    answers = {}
    for booking_id, slot in slots.items():
        answers[booking_id] = answer = verdict(slot, context)
        try:
            require_bookable_slot(answer, ALL_ADVICE if override else ())
        except UserError as refused:
            day = local_date(slot.start, setting.tz)
            raise with_alternatives(uow, setting, slot, refused, booking=booking_id, day=day) from None
    warn_of_overruled(uow, answers.values())
    return answers


def _without(context: Context, ids: Collection[UUID]) -> Context:
    occupied = tuple(booked for booked in context.diary.occupied if booked.id not in ids)
    own = tuple(booked for booked in context.student_booked if booked.id not in ids)
    return replace(context, diary=replace(context.diary, occupied=occupied), student_booked=own)


def _new_price(
    uow: UnitOfWork, request: Moving, setting: Setting, booking: BookingFacts, start: datetime, teacher: InstructorFacts
) -> dict[str, Value]:
    if not request.reprice:
        return {}
    day = local_date(start, setting.tz)
    return price_values(load_price(uow.connection, setting, booking.service_id, day, teacher.fee_bp))

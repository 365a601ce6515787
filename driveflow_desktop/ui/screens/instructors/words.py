"""Instructors in words: the list, the panel's fields, and what was typed into them. No Qt here."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Final

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.names import display_abn
from driveflow_desktop.domain.people.commands.instructors import InstructorChanges
from driveflow_desktop.domain.people.queries.instructors import InstructorFacts
from driveflow_desktop.domain.people.values import OnboardingStatus, Transmission
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import BASIS_POINTS
from driveflow_desktop.ui.calendar.colours import FAMILIES
from driveflow_desktop.ui.editing import Field, Tone
from driveflow_desktop.ui.screens.instructors.reading import Colleague, Fortnight, InstructorDetail
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.typed_values import colour_names, read_date, read_number
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Instructors"
LICENCE_SOON: Final = 60
"""Days before a licence runs out from which the list says so."""


def subtitle(colleague: Colleague) -> str:
    """`Auto, manual · 40 h a week`; while they are away, until when stands in the hours' place."""
    if not colleague.facts.active:
        return tr(_CONTEXT, "no longer teaches")
    hours = tr(_CONTEXT, "{n:g} h a week").format(n=round(colleague.week_minutes / 60, 2))
    if colleague.away_until is not None:
        hours = tr(_CONTEXT, "on leave to {day}").format(day=formats.day_short(colleague.away_until))
    elif not colleague.week_minutes:
        hours = tr(_CONTEXT, "no weekly hours")
    gears = ", ".join(_gears()[each] for each in colleague.transmissions)
    return " · ".join(part for part in (gears[:1].upper() + gears[1:], hours) if part)


def _gears() -> Mapping[Transmission, str]:
    return {Transmission.AUTO: tr(_CONTEXT, "auto"), Transmission.MANUAL: tr(_CONTEXT, "manual")}


def licence_pill(facts: InstructorFacts, today: date) -> tuple[str, Tone] | None:
    """That a licence has run out or soon will."""
    if facts.license_expires_on is None or not facts.active:
        return None
    left = (facts.license_expires_on - today).days
    if left < 0:
        return tr(_CONTEXT, "licence expired"), "bad"
    if left > LICENCE_SOON:
        return None
    return tr(_CONTEXT, "licence in {n} d").format(n=left), "warn"


def fields(detail: InstructorDetail, role: OrgRole, today: date) -> tuple[Field, ...]:
    """Everything about an instructor that the panel shows and this role may change."""
    facts = detail.facts
    lock = "" if can(role, Action.EDIT_INSTRUCTORS) else tr(_CONTEXT, "Instructors are changed by the front desk.")
    owner = "" if can(role, Action.EDIT_FEES) else tr(_CONTEXT, "Only the owner of the school may change this.")
    pill = licence_pill(facts, today)
    return (
        Field("display_name", tr(_CONTEXT, "Name"), facts.display_name, facts.display_name, locked=lock),
        Field(
            "phone",
            tr(_CONTEXT, "Phone"),
            *_twice(display_phone(facts.phone, detail.school.country) if facts.phone else ""),
            locked=lock,
            hint=tr(_CONTEXT, "Add a phone"),
        ),
        Field(
            "email", tr(_CONTEXT, "E-mail"), *_twice(facts.email or ""), locked=lock, hint=tr(_CONTEXT, "Add an e-mail")
        ),
        Field(
            "license_id",
            tr(_CONTEXT, "Licence"),
            *_twice(facts.license_id or ""),
            locked=lock,
            hint=tr(_CONTEXT, "Add"),
        ),
        Field(
            "license_expires_on",
            tr(_CONTEXT, "Licence to"),
            *_twice(formats.day(facts.license_expires_on) if facts.license_expires_on else ""),
            locked=lock,
            hint=tr(_CONTEXT, "Add a date"),
            pill=pill,
        ),
        Field("cars", tr(_CONTEXT, "Cars"), _cars(detail), locked=tr(_CONTEXT, "From the lessons of this fortnight.")),
        *_rules(facts, lock),
        *_business(detail, lock, owner),
    )


def _rules(facts: InstructorFacts, lock: str) -> tuple[Field, ...]:
    limit = facts.max_lessons_per_day
    colour = facts.colour or ""
    return (
        Field(
            "travel_buffer_min",
            tr(_CONTEXT, "Buffer"),
            tr(_CONTEXT, "{n} min or travel time").format(n=facts.travel_buffer_min),
            str(facts.travel_buffer_min),
            locked=lock,
        ),
        Field(
            "max_lessons_per_day",
            tr(_CONTEXT, "Daily limit"),
            tr(_CONTEXT, "{n} lessons").format(n=limit) if limit is not None else "",
            "" if limit is None else str(limit),
            locked=lock,
            hint=tr(_CONTEXT, "no limit"),
        ),
        Field(
            "colour",
            tr(_CONTEXT, "Colour"),
            dict(colours()).get(colour, colour),
            colour,
            "choice",
            colours(),
            lock,
        ),
    )


def _business(detail: InstructorDetail, lock: str, owner: str) -> tuple[Field, ...]:
    facts = detail.facts
    abn = display_abn(facts.abn) if facts.abn else ""
    ready: Mapping[OnboardingStatus, tuple[str, Tone]] = {
        OnboardingStatus.READY: (tr(_CONTEXT, "Ready for payouts"), "ok"),
        OnboardingStatus.PENDING: (tr(_CONTEXT, "Waiting for Stripe"), "warn"),
        OnboardingStatus.RESTRICTED: (tr(_CONTEXT, "Restricted"), "bad"),
        OnboardingStatus.NOT_STARTED: (tr(_CONTEXT, "Not set up"), "neutral"),
    }
    reported = tr(_CONTEXT, "Stripe itself reports this.")
    fee = detail.school.platform_fee_bp if facts.fee_bp is None else facts.fee_bp
    share = percent(BASIS_POINTS - fee)
    if facts.fee_bp is None:
        share = tr(_CONTEXT, "{share} (the school’s)").format(share=share)
    return (
        Field(
            "abn",
            tr(_CONTEXT, "ABN"),
            abn,
            abn,
            locked=lock,
            hint=tr(_CONTEXT, "Add an ABN"),
            pill=(tr(_CONTEXT, "valid"), "ok") if abn else None,
        ),
        Field(
            "gst_registered",
            tr(_CONTEXT, "GST"),
            _yes_no()["yes" if facts.gst_registered else "no"],
            "yes" if facts.gst_registered else "no",
            "choice",
            tuple(_yes_no().items()),
            lock,
        ),
        Field("stripe", tr(_CONTEXT, "Stripe"), " ", locked=reported, pill=ready[facts.stripe_onboarding_status]),
        Field(
            "fee_bp",
            tr(_CONTEXT, "Share"),
            share,
            "" if facts.fee_bp is None else percent(BASIS_POINTS - facts.fee_bp),
            locked=owner,
            hint=tr(_CONTEXT, "empty: the school’s"),
        ),
        Field(
            "bank_bsb", tr(_CONTEXT, "BSB"), *_twice(facts.bank_bsb or ""), locked=owner, hint=tr(_CONTEXT, "062-000")
        ),
        Field("bank_account", tr(_CONTEXT, "Account"), *_twice(facts.bank_account or ""), locked=owner),
    )


def figures(found: Fortnight, currency: str) -> tuple[tuple[str, str], ...]:
    """The fortnight as label and value."""
    hours = round(found.booked_minutes / 60, 1)
    share = round(100 * found.booked_minutes / found.open_minutes) if found.open_minutes else None
    return (
        (tr(_CONTEXT, "Lessons"), tr(_CONTEXT, "{n} · {hours} h").format(n=found.lessons, hours=hours)),
        (
            tr(_CONTEXT, "Booked"),
            tr(_CONTEXT, "no hours") if share is None else tr(_CONTEXT, "{n} % of hours").format(n=share),
        ),
        (
            tr(_CONTEXT, "Rating"),
            "—" if found.rating is None else tr(_CONTEXT, "{n:.1f} of 5").format(n=found.rating),
        ),
        (tr(_CONTEXT, "Own share"), formats.money(found.share_cents, currency)),
    )


def changes(field: str, text: str, today: date) -> InstructorChanges:
    """What a text typed into a field asks for; `UserError` "invalid" when it cannot be read."""
    text = text.strip()
    readers: Mapping[str, Callable[[], InstructorChanges]] = {
        "display_name": lambda: InstructorChanges(display_name=text),
        "phone": lambda: InstructorChanges(phone=text or None),
        "email": lambda: InstructorChanges(email=text or None),
        "license_id": lambda: InstructorChanges(license_id=text or None),
        "license_expires_on": lambda: InstructorChanges(license_expires_on=read_date(text, today, field)),
        "travel_buffer_min": lambda: InstructorChanges(travel_buffer_min=read_number(text, field)),
        "max_lessons_per_day": lambda: InstructorChanges(
            max_lessons_per_day=read_number(text, field) if text else None
        ),
        "colour": lambda: InstructorChanges(colour=text or None),
        "abn": lambda: InstructorChanges(abn=text or None),
        "gst_registered": lambda: InstructorChanges(gst_registered=text == "yes"),
        "fee_bp": lambda: InstructorChanges(fee_bp=BASIS_POINTS - _points(text) if text else None),
        "bank_bsb": lambda: InstructorChanges(bank_bsb=text or None),
        "bank_account": lambda: InstructorChanges(bank_account=text or None),
    }
    return readers[field]()


def percent(points: int) -> str:
    """`85 %`, `82.5 %`."""
    return f"{points / 100:g} %"


def colours() -> tuple[tuple[str, str], ...]:
    """The colours of a person's column, as (value, name)."""
    names = colour_names()
    found = tuple((family.light_edge, names[name]) for name, family in FAMILIES.items())
    return (("", tr(_CONTEXT, "By itself")), *found)


def day_names() -> tuple[tuple[str, str], ...]:
    """(long, short) names of the days, Monday first."""
    return (
        (tr(_CONTEXT, "Monday"), tr(_CONTEXT, "Mon")),
        (tr(_CONTEXT, "Tuesday"), tr(_CONTEXT, "Tue")),
        (tr(_CONTEXT, "Wednesday"), tr(_CONTEXT, "Wed")),
        (tr(_CONTEXT, "Thursday"), tr(_CONTEXT, "Thu")),
        (tr(_CONTEXT, "Friday"), tr(_CONTEXT, "Fri")),
        (tr(_CONTEXT, "Saturday"), tr(_CONTEXT, "Sat")),
        (tr(_CONTEXT, "Sunday"), tr(_CONTEXT, "Sun")),
    )


def _twice(text: str) -> tuple[str, str]:
    return text, text


def _cars(detail: InstructorDetail) -> str:
    return ", ".join(f"{car.name} ({_gears()[car.transmission]})" for car in detail.cars)


def _yes_no() -> Mapping[str, str]:
    return {"yes": tr(_CONTEXT, "Registered"), "no": tr(_CONTEXT, "Not registered")}


def _points(text: str) -> int:
    try:
        points = round(float(text.replace("%", "").replace(",", ".").strip()) * 100)
    except (ValueError, OverflowError):
        raise UserError(
            "invalid",
            tr(_CONTEXT, "That is not a percentage."),
            hint=tr(_CONTEXT, "Write it like 85 or 82.5."),
            column="fee_bp",
        ) from None
    return points

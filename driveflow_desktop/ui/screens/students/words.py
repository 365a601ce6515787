"""What a student is in words, and the fields that can be changed. No Qt."""

from dataclasses import replace
from typing import Final, Literal

from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.overview.students import StudentRow
from driveflow_desktop.domain.people.commands.students import INSTRUCTOR_COLUMNS
from driveflow_desktop.domain.people.parsing import parse_minutes
from driveflow_desktop.domain.people.queries.students import StudentFacts
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.editing import Field
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]
_LICENCES: Final = {
    LicenceClass.LEARNER: "Learner",
    LicenceClass.PROVISIONAL_1: "Provisional P1",
    LicenceClass.PROVISIONAL_2: "Provisional P2",
    LicenceClass.FULL: "Full",
    LicenceClass.OVERSEAS: "Overseas",
}


def licence_words(licence: LicenceClass | None) -> str:
    """A licence stage as the desk says it."""
    return "—" if licence is None else tr("Students", _LICENCES[licence])


def licence_choices() -> tuple[tuple[str, str], ...]:
    """Every licence stage as (text, shown), and none."""
    return (("", "—"), *((each.value, licence_words(each)) for each in LicenceClass))


def logbook_words(row: StudentRow) -> str:
    """Hours of those asked for."""
    if row.required_minutes is None:
        return "—"
    return f"{row.logbook_minutes / 60:.1f} / {row.required_minutes / 60:g} h"


def logbook_progress_words(row: StudentRow) -> str:
    """Hours of those asked for, as a sentence goes."""
    needed = (row.required_minutes or 0) / 60
    return tr("Students", "{done:.1f} of {needed:g} h").format(done=row.logbook_minutes / 60, needed=needed)


def account_words(row: StudentRow) -> tuple[str, Tone]:
    """What the student owes, or has left."""
    account = row.account
    if account.owed_cents:
        return tr("Students", "{money} due").format(money=formats.money(account.owed_cents)), "warn"
    if account.lessons_left:
        return tr("Students", "{n} lessons left").format(n=account.lessons_left), "info"
    return tr("Students", "Paid up"), "ok"


def field_words(field_id: str) -> str:
    """The label of a field."""
    return {
        "full_name": tr("Students", "Name"),
        "phone": tr("Students", "Phone"),
        "email": tr("Students", "E-mail"),
        "dob": tr("Students", "Born"),
        "pickup_address": tr("Students", "Pick-up"),
        "licence_class": tr("Students", "Licence"),
        "licence_number": tr("Students", "Licence no."),
        "licence_expires_on": tr("Students", "Licence to"),
        "transmission": tr("Students", "Drives"),
        "logbook_minutes": tr("Students", "Logged hours"),
        "alert": tr("Students", "Alert"),
        "notes": tr("Students", "Notes"),
    }[field_id]


def read_hours(text: str, column: str) -> int:
    """Minutes for hours as people write them (`31.5`, `31:30`), 0 for nothing; `UserError` "invalid" otherwise."""
    if not text.strip():
        return 0
    try:
        return parse_minutes(text)
    except ValueError:
        raise UserError(
            "invalid",
            tr("Students", "“{text}” is not a number of hours.").format(text=text.strip()),
            hint=tr("Students", "Write it like 31.5 or 31:30."),
            column=column,
        ) from None


def fields_of(facts: StudentFacts, locked: str = "") -> tuple[Field, ...]:
    """A student's facts as the panel's fields, each as its editor shows it.

    `locked` is why this person may change no more than notes, alert and logbook.
    """
    licences = licence_choices()
    gears = (("", "—"), *((each.value, _gears(each)) for each in Transmission))
    born = "" if facts.dob is None else formats.day(facts.dob)
    expires = "" if facts.licence_expires_on is None else formats.day(facts.licence_expires_on)
    phone = display_phone(facts.phone) if facts.phone else ""
    hours = f"{facts.logbook_minutes / 60:g}"

    def text(field_id: str, shown: str) -> Field:
        lock = "" if field_id in INSTRUCTOR_COLUMNS else locked
        return Field(field_id, field_words(field_id), shown, shown, locked=lock, hint=tr("Students", "Add"))

    licence = facts.licence_class
    return (
        text("full_name", facts.full_name),
        text("phone", phone),
        text("email", facts.email or ""),
        text("pickup_address", facts.pickup_address or ""),
        text("dob", born),
        Field(
            "licence_class",
            field_words("licence_class"),
            licence_words(licence),
            "" if licence is None else licence.value,
            "choice",
            licences,
            locked,
        ),
        text("licence_number", facts.licence_number or ""),
        text("licence_expires_on", expires),
        Field(
            "transmission",
            field_words("transmission"),
            _gears(facts.transmission),
            "" if facts.transmission is None else facts.transmission.value,
            "choice",
            gears,
            locked,
        ),
        Field("logbook_minutes", field_words("logbook_minutes"), hours, hours),
        text("alert", facts.alert or ""),
        replace(text("notes", facts.notes or ""), kind="long"),
    )


def _gears(transmission: Transmission | None) -> str:
    return {None: "—", Transmission.AUTO: tr("Students", "Auto"), Transmission.MANUAL: tr("Students", "Manual")}[
        transmission
    ]

"""Which column of somebody's spreadsheet is what: guessed from the headers, decided by the person."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from driveflow_desktop.kernel.errors import UserError

_SURE, _LIKELY, _MAYBE = 1.0, 0.8, 0.6
_ALIKE: Final = 0.86


class ImportField(StrEnum):
    """What a column may hold."""

    FULL_NAME = "full_name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    PHONE = "phone"
    EMAIL = "email"
    DOB = "dob"
    LICENCE_NUMBER = "licence_number"
    LICENCE_CLASS = "licence_class"
    LICENCE_EXPIRES_ON = "licence_expires_on"
    TRANSMISSION = "transmission"
    PICKUP_ADDRESS = "pickup_address"
    SUBURB = "suburb"
    POSTCODE = "postcode"
    LOGBOOK_HOURS = "logbook_hours"
    LOGBOOK_NIGHT_HOURS = "logbook_night_hours"
    NOTES = "notes"
    ALERT = "alert"
    GUARDIAN_NAME = "guardian_name"
    GUARDIAN_PHONE = "guardian_phone"
    GUARDIAN_EMAIL = "guardian_email"
    GUARDIAN_RELATION = "guardian_relation"


LABELS: Final[Mapping[ImportField, str]] = {
    ImportField.FULL_NAME: "Name",
    ImportField.FIRST_NAME: "First name",
    ImportField.LAST_NAME: "Last name",
    ImportField.PHONE: "Phone",
    ImportField.EMAIL: "Email",
    ImportField.DOB: "Date of birth",
    ImportField.LICENCE_NUMBER: "Licence number",
    ImportField.LICENCE_CLASS: "Licence class",
    ImportField.LICENCE_EXPIRES_ON: "Licence expiry",
    ImportField.TRANSMISSION: "Transmission",
    ImportField.PICKUP_ADDRESS: "Address",
    ImportField.SUBURB: "Suburb",
    ImportField.POSTCODE: "Postcode",
    ImportField.LOGBOOK_HOURS: "Logbook hours",
    ImportField.LOGBOOK_NIGHT_HOURS: "Night hours",
    ImportField.NOTES: "Notes",
    ImportField.ALERT: "Alert",
    ImportField.GUARDIAN_NAME: "Guardian",
    ImportField.GUARDIAN_PHONE: "Guardian phone",
    ImportField.GUARDIAN_EMAIL: "Guardian email",
    ImportField.GUARDIAN_RELATION: "Guardian relation",
}
"""How a field is called on screen, and as a header in an export."""

_OTHER_NAMES: Final[Mapping[ImportField, str]] = {
    ImportField.FULL_NAME: "full name, student, student name, learner, learner name, client, client name, customer, "
    "customer name, contact, contact name",
    ImportField.FIRST_NAME: "given name, given names, forename, first, fname, student first name",
    ImportField.LAST_NAME: "surname, family name, last, lname, student last name",
    ImportField.PHONE: "mobile, mobile phone, mobile number, phone number, cell, cell phone, telephone, tel, "
    "contact number, student phone, student mobile, phone 1",
    ImportField.EMAIL: "e mail, email address, e mail address, mail, student email",
    ImportField.DOB: "dob, birth date, birthdate, birthday, date birth, born",
    ImportField.LICENCE_NUMBER: "licence, license, licence no, license no, license number, learner licence number, "
    "permit number, permit no",
    ImportField.LICENCE_CLASS: "licence type, license type, license class, licence stage, stage",
    ImportField.LICENCE_EXPIRES_ON: "licence expires, license expiry, licence expiry date, license expiry date, "
    "licence expires on, expiry, expiry date, permit expiry",
    ImportField.TRANSMISSION: "gearbox, car type, auto manual, transmission type",
    ImportField.PICKUP_ADDRESS: "pickup address, pick up address, pickup, pick up, street, street address, "
    "home address, address 1, address line 1",
    ImportField.SUBURB: "city, town, locality, suburb city",
    ImportField.POSTCODE: "post code, zip, zip code, postal code",
    ImportField.LOGBOOK_HOURS: "logbook, log book, log book hours, hours, total hours, hours logged, logged hours",
    ImportField.LOGBOOK_NIGHT_HOURS: "night, logbook night hours, hours night, night driving hours",
    ImportField.NOTES: "note, comment, comments, remarks, student notes",
    ImportField.ALERT: "warning, medical, medical conditions, special needs",
    ImportField.GUARDIAN_NAME: "guardian name, parent, parent name, mother, father, parent guardian, "
    "parent guardian name, emergency contact, next kin",
    ImportField.GUARDIAN_PHONE: "parent phone, parent mobile, guardian mobile, parent guardian phone, "
    "emergency contact phone, emergency phone",
    ImportField.GUARDIAN_EMAIL: "parent email, parent guardian email",
    ImportField.GUARDIAN_RELATION: "relation, relationship, parent relation, guardian relationship",
}
_FILLERS: Final = frozenset({"of", "the", "s", "student", "learner", "number", "no", "address"})


@dataclass(frozen=True, slots=True)
class MappedColumn:
    """A column of the file. `confidence` is 0 to 1; below 1, show the guess to the person."""

    header: str
    field: ImportField | None
    confidence: float


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """What each column is, in the file's order; a field stands for one column at most."""

    columns: tuple[MappedColumn, ...]

    @property
    def has_name(self) -> bool:
        """Whether students would have names, without which nothing can be imported."""
        mapped = {column.field for column in self.columns}
        return bool(mapped & {ImportField.FULL_NAME, ImportField.FIRST_NAME, ImportField.LAST_NAME})

    def index_of(self, field: ImportField) -> int | None:
        """Which column holds a field."""
        return next((index for index, column in enumerate(self.columns) if column.field is field), None)

    def choose(self, header: str, field: ImportField | None) -> "ColumnMapping":
        """The mapping with a column decided by a person; another column that held the field holds nothing then.

        Raises `UserError` "invalid" when the file has no such column.
        """
        if header not in {column.header for column in self.columns}:
            raise UserError("invalid", f"The file has no column “{header}”.", column=header)
        changed = []
        for column in self.columns:
            if column.header == header:
                changed.append(MappedColumn(header, field, _SURE))
            elif field is not None and column.field is field:
                changed.append(replace(column, field=None, confidence=0.0))
            else:
                changed.append(column)
        return ColumnMapping(tuple(changed))


def guess_mapping(headers: Sequence[str]) -> ColumnMapping:
    """The likeliest mapping; each field goes to the column that fits it best, the first of equals."""
    scored = [
        (confidence, -index, field)
        for index, header in enumerate(headers)
        for field, confidence in _scores(header).items()
    ]
    taken: dict[int, tuple[ImportField, float]] = {}
    used: set[ImportField] = set()
    for confidence, negative, field in sorted(scored, key=lambda each: (-each[0], -each[1], each[2])):
        if -negative not in taken and field not in used:
            taken[-negative] = (field, confidence)
            used.add(field)
    return ColumnMapping(
        tuple(MappedColumn(header, *taken.get(index, (None, 0.0))) for index, header in enumerate(headers))
    )


def field_named(name: str) -> ImportField:
    """A field by its own name or label, for command lines; `UserError` "invalid" otherwise."""
    for field in ImportField:
        if name.strip().casefold() in (field.value, LABELS[field].casefold()):
            return field
    known = ", ".join(ImportField)
    raise UserError("invalid", f"There is no field “{name}”.", hint=f"Fields are: {known}.")


def _words(text: str) -> tuple[str, ...]:
    """The words of a header, with camelCase, signs and case taken apart."""
    spaced = "".join(
        f" {char}" if char.isupper() and before.islower() else char
        for before, char in zip(" " + text, text, strict=False)
    )
    return tuple("".join(char if char.isalnum() else " " for char in spaced.casefold()).split())


_KNOWN: Final[Mapping[tuple[str, ...], ImportField]] = {
    _words(name): field
    for field in ImportField
    for name in (LABELS[field], field.value, *_OTHER_NAMES.get(field, "").split(","))
}


def _scores(header: str) -> dict[ImportField, float]:
    words = _words(header)
    if words in _KNOWN:
        return {_KNOWN[words]: _SURE}
    kept = tuple(word for word in words if word not in _FILLERS)
    if not kept:
        return {}
    found: dict[ImportField, float] = {}
    for known, field in _KNOWN.items():
        core = tuple(word for word in known if word not in _FILLERS)
        if core and set(core) == set(kept):
            found[field] = _LIKELY
        elif field not in found and difflib.SequenceMatcher(None, "".join(known), "".join(kept)).ratio() >= _ALIKE:
            found[field] = _MAYBE
    return found

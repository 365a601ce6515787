"""When two records may be one person: the same phone, or the same name and birth date."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from driveflow_desktop.store.types import Value


class Likeness(StrEnum):
    """What two records share."""

    PHONE_AND_NAME = "phone_and_name"
    NAME_AND_BIRTHDAY = "name_and_birthday"
    EMAIL_AND_NAME = "email_and_name"
    PHONE = "phone"
    """Only the phone: often brother and sister on a parent's number."""

    @property
    def is_strong(self) -> bool:
        """Whether it is most likely the same person."""
        return self is not Likeness.PHONE


@dataclass(frozen=True, slots=True)
class Traits:
    """What records are compared by; `name` is folded, phone in E.164, e-mail in lower case."""

    name: str
    phone: str | None = None
    email: str | None = None
    dob: date | None = None


def fold_name(name: str) -> str:
    """A name for comparing: no case, accents, punctuation or order ("Nguyễn, Zoë" is "zoe nguyen")."""
    plain = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    words = "".join(char if char.isalnum() else " " for char in plain.casefold() if char not in "'’").split()
    # A name of nothing but emoji or signs is compared as it is.
    return " ".join(sorted(words)) or name.strip().casefold()


def likeness(one: Traits, other: Traits) -> Likeness | None:
    """The strongest sign that two records are one person, or None."""
    same_name = one.name == other.name
    same_phone = one.phone is not None and one.phone == other.phone
    if same_name and same_phone:
        return Likeness.PHONE_AND_NAME
    if same_name and one.dob is not None and one.dob == other.dob:
        return Likeness.NAME_AND_BIRTHDAY
    if same_name and one.email is not None and one.email == other.email:
        return Likeness.EMAIL_AND_NAME
    return Likeness.PHONE if same_phone else None


def traits_of(values: Mapping[str, Value]) -> Traits:
    """What a student's columns, in stored form, are compared by."""
    phone, email, dob = values.get("phone"), values.get("email"), values.get("dob")
    return Traits(
        fold_name(str(values.get("full_name") or "")),
        phone if isinstance(phone, str) else None,
        email if isinstance(email, str) else None,
        dob if isinstance(dob, date) else None,
    )

"""Phones and e-mail addresses: stored in one form, shown in the form people write them."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from driveflow_desktop.kernel.errors import UserError

_TEXT_TYPES = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_EMAIL_MAX = 254
_LOCAL_MAX = 64
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_EMAIL = re.compile(rf"(?P<local>{_ATOM}(?:\.{_ATOM})*)@{_LABEL}(?:\.{_LABEL})+")


def normalise_phone(text: str, region: str = "AU", *, column: str = "phone") -> str:
    """A phone number as E.164, like +61412345678; `region` is the school's country for numbers without +.

    Raises `UserError` "invalid" for what is not a number in use anywhere.
    """
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        raise _bad_phone(column) from None
    if number.extension or not phonenumbers.is_valid_number(number):
        raise _bad_phone(column)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def display_phone(e164: str, region: str = "AU") -> str:
    """A stored number as people of `region` write it: 0412 345 678 at home, +44 20 7946 0958 elsewhere.

    What is not a number (an erased or imported value) is returned as it is.
    """
    number = _parsed(e164)
    if number is None:
        return e164
    at_home = number.country_code == phonenumbers.country_code_for_region(region)
    return phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )


def can_receive_sms(e164: str) -> bool:
    """Whether a stored number is a mobile; landlines and 13, 1300 and 1800 numbers are not."""
    number = _parsed(e164)
    return number is not None and phonenumbers.number_type(number) in _TEXT_TYPES


def clean_email(text: str, *, column: str = "email") -> str:
    """An e-mail address in lower case without surrounding spaces.

    Only its shape is checked, strictly enough for headers: one @, a local part without quotes, a domain with a dot.
    Raises `UserError` "invalid" otherwise.
    """
    address = text.strip().lower()
    match = _EMAIL.fullmatch(address)
    if match is None or len(match["local"]) > _LOCAL_MAX or len(address) > _EMAIL_MAX:
        raise UserError(
            "invalid", "That is not an e-mail address.", hint="It should look like name@example.com.", column=column
        )
    return address


def _parsed(e164: str) -> PhoneNumber | None:
    try:
        return phonenumbers.parse(e164)
    except NumberParseException:
        return None


def _bad_phone(column: str) -> UserError:
    return UserError(
        "invalid",
        "That is not a phone number in use.",
        hint="Check the digits, or add the country code.",
        column=column,
    )

"""What a school may say about itself, tidied and checked in one way for the first run, Settings, the demo and sync.

Pure: no database. The first value that cannot be is a `UserError` "invalid" that names its column.
"""

from collections.abc import Callable, Mapping
from typing import Final

from babel.numbers import get_territory_currencies, is_currency

from driveflow_desktop.domain.contacts import clean_email, normalise_phone
from driveflow_desktop.domain.names import clean_abn
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.money import BASIS_POINTS
from driveflow_desktop.kernel.time import zone
from driveflow_desktop.store.types import Value


def checked_details(values: Mapping[str, Value], country: str) -> dict[str, Value]:
    """Columns of a school as they are stored; `country` decides how a phone number without + is read."""
    return {column: _clean(column, value, country) for column, value in values.items()}


def require_stored_form(values: Mapping[str, Value], country: str) -> None:
    """Refuse columns of a school that are not as `checked_details` would store them; for rows made elsewhere."""
    known = {column: value for column, value in values.items() if column in _CHECKS or column in _OPTIONAL}
    for column, value in checked_details(known, country).items():
        if value != known[column]:
            raise UserError("invalid", "That is not as the program stores it.", column=column)


def _clean(column: str, value: Value, country: str) -> Value:
    if column in _OPTIONAL:
        text = str(value or "").strip()
        return _OPTIONAL[column](text, country) if text else None
    check = _CHECKS.get(column)
    return value if check is None else check(value)


def _name(value: Value) -> Value:
    name = " ".join(str(value or "").split())
    if not name:
        raise UserError("invalid", "The school needs a name.", column="name")
    return name


def _time_zone(value: Value) -> Value:
    return zone(str(value)).key


def _currency(value: Value) -> Value:
    if not is_currency(str(value)):
        raise UserError("invalid", "That is not a currency.", hint="Use a code like AUD.", column="currency")
    return value


def _country(value: Value) -> Value:
    if not get_territory_currencies(str(value)):
        raise UserError("invalid", "That is not a country.", hint="Use a code like AU.", column="country")
    return value


def _fee(value: Value) -> Value:
    if not isinstance(value, int) or not 0 <= value <= BASIS_POINTS:
        raise UserError("invalid", "The school's share lies between 0 and 100 %.", column="platform_fee_bp")
    return value


def _as_it_is(text: str, _country: str) -> str:
    return text


_CHECKS: Final[Mapping[str, Callable[[Value], Value]]] = {
    "name": _name,
    "time_zone": _time_zone,
    "currency": _currency,
    "country": _country,
    "platform_fee_bp": _fee,
}
_OPTIONAL: Final[Mapping[str, Callable[[str, str], str]]] = {
    "address": _as_it_is,
    "region": _as_it_is,
    "abn": lambda text, _country: clean_abn(text),
    "phone": normalise_phone,
    "email": lambda text, _country: clean_email(text),
}

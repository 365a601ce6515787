"""Names of people, and the business numbers of schools and instructors."""

import unicodedata

from driveflow_desktop.kernel.errors import UserError

NAME_MAX = 200
# Embeddings, overrides and isolates reorder the text around a name; the joiners of emoji and Persian do not.
_REORDERING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_ABN_WEIGHTS = (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)


def clean_name(text: str, *, column: str = "full_name") -> str:
    """A name as it is stored: NFC, single spaces, no control or text-reordering characters.

    Emoji, right-to-left scripts and every alphabet are kept. Raises `UserError` "invalid" when nothing visible or
    more than 200 characters remain.
    """
    kept = "".join(" " if char.isspace() else char for char in text if char.isspace() or not _is_dropped(char))
    name = " ".join(unicodedata.normalize("NFC", kept).split())
    if not any(unicodedata.category(char)[0] not in "CZ" for char in name):
        raise UserError("invalid", "A name is needed.", column=column)
    if len(name) > NAME_MAX:
        raise UserError("invalid", f"A name has at most {NAME_MAX} characters.", hint="Shorten it.", column=column)
    return name


def _is_dropped(char: str) -> bool:
    """Controls, lone surrogates (which no database stores) and characters that reorder their surroundings."""
    return char in _REORDERING or unicodedata.category(char) in {"Cc", "Cs"}


def is_abn(digits: str) -> bool:
    """Whether eleven digits are an Australian Business Number: weighted sum divisible by 89."""
    if len(digits) != len(_ABN_WEIGHTS) or not (digits.isascii() and digits.isdigit()):
        return False
    values = [int(digit) for digit in digits]
    values[0] -= 1
    return sum(value * weight for value, weight in zip(values, _ABN_WEIGHTS, strict=True)) % 89 == 0


def clean_abn(text: str, *, column: str = "abn") -> str:
    """An ABN as eleven digits; spaces are ignored. Raises `UserError` "invalid" when the check fails."""
    digits = "".join(text.split())
    if not is_abn(digits):
        raise UserError(
            "invalid", "That is not a valid ABN.", hint="An ABN has 11 digits; check for a mistyped one.", column=column
        )
    return digits


def display_abn(digits: str) -> str:
    """An ABN in its usual groups, like 51 824 753 556."""
    return f"{digits[:2]} {digits[2:5]} {digits[5:8]} {digits[8:]}"

"""What presenters hand to screens for editing in place: frozen values, no Qt.

Everything typed crosses as text; the presenter decides what it means, and a refusal goes back to where it was typed.
"""

from dataclasses import dataclass
from typing import Literal

Tone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]
FieldKind = Literal["text", "long", "choice"]


@dataclass(frozen=True, slots=True)
class Field:
    """A value of a panel as it is shown, and `text` as it is edited.

    `choices` are (text, shown) pairs of a "choice". `locked` is the reason why this person may not change it, empty
    when they may. `pill` is a state beside the value. `hint` stands where there is no value yet.
    """

    id: str
    label: str
    shown: str
    text: str = ""
    kind: FieldKind = "text"
    choices: tuple[tuple[str, str], ...] = ()
    locked: str = ""
    hint: str = ""
    pill: tuple[str, Tone] | None = None


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table that can be edited: what it is called, its text as it is typed, (text, shown) pairs to choose.

    `locked` is the reason why it cannot be changed after all.
    """

    name: str
    text: str
    choices: tuple[tuple[str, str], ...] = ()
    locked: str = ""

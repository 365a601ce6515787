"""Design tokens: the names, colours and sizes behind every widget. No Qt here."""

import json
from dataclasses import dataclass
from functools import cache

from driveflow_desktop.kernel.resources import bundled


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours as `#RRGGBB` and sizes in device-independent pixels at 100 %.

    `border_field` outlines what only its border makes visible (text fields); it has 3:1 contrast, which the
    hairlines `border` and `border_strong` need not have.
    """

    dark: bool
    bg: str
    surface: str
    surface_2: str
    hover: str
    border: str
    border_strong: str
    border_field: str
    text: str
    text_2: str
    text_3: str
    accent: str
    accent_weak: str
    on_accent: str
    ok: str
    ok_weak: str
    warn: str
    warn_weak: str
    bad: str
    bad_weak: str
    info: str
    info_weak: str
    closed: str
    now: str
    focus: str
    font_xs: int
    font_sm: int
    font_md: int
    font_lg: int
    font_xl: int
    font_2xl: int
    space_1: int
    space_2: int
    space_3: int
    space_4: int
    space_5: int
    space_6: int
    radius_sm: int
    radius_md: int
    radius_lg: int


@cache
def tokens(dark: bool) -> Tokens:
    """The dark or the light set, as `resources/theme/tokens.json` has it."""
    data = json.loads((bundled("resources") / "theme" / "tokens.json").read_text(encoding="utf-8"))
    return Tokens(dark=dark, **data["dark" if dark else "light"], **data["sizes"])

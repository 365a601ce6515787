"""The colours of lessons in both themes, with every text kept legible (WCAG 2.2 AA, 4.5:1). No Qt."""

from dataclasses import dataclass
from functools import cache

from driveflow_desktop.ui.shell.tokens import Tokens

LEGIBLE = 4.5


@dataclass(frozen=True, slots=True)
class Family:
    """A fill and an edge for each theme, as `#RRGGBB`."""

    light_fill: str
    light_edge: str
    dark_fill: str
    dark_edge: str


FAMILIES = {
    "blue": Family("#E8EEFD", "#2F5BD7", "#22304F", "#4F7BF0"),
    "teal": Family("#E0F4F7", "#0B7285", "#133840", "#1FA3B8"),
    "violet": Family("#F3EAFB", "#8A4FBF", "#34264A", "#A46BDB"),
    "green": Family("#E6F5E9", "#2B8A3E", "#1B3A25", "#43A95A"),
    "indigo": Family("#E7EAFB", "#364FC7", "#272C52", "#6A7FEA"),
    "amber": Family("#FCF1DA", "#B26A00", "#3A2E14", "#D49A33"),
    "rose": Family("#FCEAF1", "#C2255C", "#43202F", "#E0628F"),
    "slate": Family("#EBEEF3", "#566174", "#2A303B", "#8893A6"),
}


@dataclass(frozen=True, slots=True)
class CardInk:
    """All colours of one card; each text colour is legible on `fill`."""

    fill: str
    edge: str
    title: str
    small: str
    ok: str
    warn: str
    bad: str
    info: str
    hover: str


@cache
def card_ink(tokens: Tokens, family: str, faded: bool) -> CardInk:
    """The colours of a lesson; `faded` for what is over, quieter but still legible."""
    own = FAMILIES.get(family, FAMILIES["blue"])
    fill, edge = (own.dark_fill, own.dark_edge) if tokens.dark else (own.light_fill, own.light_edge)
    title, small = tokens.text, tokens.text_2
    if faded:
        fill, edge = mix(fill, tokens.surface, 0.5), mix(edge, tokens.surface, 0.5)
        title, small = mix(tokens.text, fill, 0.38), mix(tokens.text_2, fill, 0.2)

    def legible(ink: str) -> str:
        return make_legible(mix(ink, fill, 0.25) if faded else ink, fill, tokens.text)

    return CardInk(
        fill=fill,
        edge=edge,
        title=make_legible(title, fill, tokens.text),
        small=make_legible(small, fill, tokens.text),
        ok=legible(tokens.ok),
        warn=legible(tokens.warn),
        bad=legible(tokens.bad),
        info=legible(tokens.info),
        hover=mix(fill, edge, 0.1),
    )


def make_legible(ink: str, ground: str, towards: str) -> str:
    """`ink`, moved towards a colour that is legible on `ground` only as far as needed."""
    for tenths in range(11):
        moved = mix(ink, towards, tenths / 10)
        if contrast(moved, ground) >= LEGIBLE:
            return moved
    return towards


def text_on(ground: str) -> str:
    """Black or white, whichever reads better."""
    return max("#FFFFFF", "#101418", key=lambda ink: contrast(ink, ground))


def mix(one: str, other: str, share: float) -> str:
    """`one` with `share` (0 to 1) of `other`, in sRGB."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in pairs)


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio, 1 to 21."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def _luminance(colour: str) -> float:
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in (channel / 255 for channel in _channels(colour))
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)

"""Every text on every card is legible, in both themes, fresh and faded."""

from dataclasses import fields

import pytest

from driveflow_desktop.ui.calendar.colours import FAMILIES, LEGIBLE, card_ink, contrast, make_legible, mix, text_on
from driveflow_desktop.ui.shell.tokens import tokens


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("faded", [False, True])
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_all_texts_of_a_card_are_legible(dark: bool, faded: bool, family: str) -> None:
    ink = card_ink(tokens(dark), family, faded)
    for name in ("title", "small", "ok", "warn", "bad", "info"):
        assert contrast(getattr(ink, name), ink.fill) >= LEGIBLE, name
    # A card under the pointer is only a touch stronger; its main texts stay legible.
    assert contrast(ink.title, ink.hover) >= 4.0
    # The edge tells the family apart from the surface even where the fill is pale.
    assert contrast(ink.edge, tokens(dark).surface) >= (1.6 if faded else 3.0)


def test_families_differ_and_unknown_ones_are_blue() -> None:
    light = tokens(dark=False)
    inks = {family: card_ink(light, family, faded=False) for family in FAMILIES}
    assert len({(ink.fill, ink.edge) for ink in inks.values()}) == len(FAMILIES)
    assert card_ink(light, "plaid", faded=False) == inks["blue"]
    assert all(len(getattr(inks["teal"], field.name)) == 7 for field in fields(inks["teal"]))


def test_mixing_and_measuring() -> None:
    assert mix("#000000", "#FFFFFF", 0.5) == "#808080"
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert text_on("#F5D90A") == "#101418"
    assert text_on("#2F2A7A") == "#FFFFFF"
    assert make_legible("#333333", "#FFFFFF", "#000000") == "#333333"
    assert contrast(make_legible("#BBBBBB", "#FFFFFF", "#000000"), "#FFFFFF") >= LEGIBLE

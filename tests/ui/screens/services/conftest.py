from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa
from pytestqt.qtbot import QtBot

from driveflow_desktop.domain.catalog.commands import set_price
from driveflow_desktop.domain.catalog.tables import RateCardItem
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.screens.services import services_screen
from driveflow_desktop.ui.screens.services.screen import ServicesScreen
from driveflow_desktop.ui.shell.theme import Theme
from tests.helpers.school import CARD, HIGHWAY, LESSON, ORG, School, school, school_template
from tests.ui.screens.people_rig import MakePerson, Person, people

__all__ = ["school", "school_template"]


def _price_anew(uow: UnitOfWork) -> None:
    """Give prices the ids that commands give them; the seed's are any."""
    for item in school_items(uow):
        uow.delete(RateCardItem, item)
    set_price(uow, CARD, LESSON, 9500)
    set_price(uow, CARD, HIGHWAY, 14000)


def school_items(uow: UnitOfWork) -> list[UUID]:
    return list(uow.connection.execute(sa.select(RateCardItem.id).where(RateCardItem.org_id == ORG)).scalars())


@pytest.fixture
def make_person(qtbot: QtBot, school: School, theme: Theme) -> Iterator[MakePerson]:
    school.run(_price_anew)
    yield from people(school, theme, "services", services_screen)


@pytest.fixture
def person(make_person: MakePerson) -> Person:
    """The front desk at Services & rates."""
    return make_person()


@pytest.fixture
def screen(person: Person) -> ServicesScreen:
    found = person.screen
    assert isinstance(found, ServicesScreen)
    return found

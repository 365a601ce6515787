"""The front desk at Services & rates: every act by real keys or mouse, checked on the screen and in the database."""

import sqlalchemy as sa
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLineEdit

from driveflow_desktop.domain.catalog.tables import RateCard, RateCardItem, Service
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.scheduling.commands.booking import NewBooking, book
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.ui.screens.services.screen import ServicesScreen
from driveflow_desktop.ui.shell.a11y import unnamed_controls
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.roster_edit import EditableRoster
from tests.helpers.school import CARD, DANA, DANA_USER, LESSON, MIA, ORG, at
from tests.ui.screens.people_rig import MakePerson, Person, Who

NAME, DURATION, KIND, STATE, PRICE = range(5)


def table(screen: ServicesScreen) -> EditableRoster:
    assert screen.table is not None
    return screen.table


def row_of(screen: ServicesScreen, service: str) -> int:
    return [row.name for row in table(screen).model().rows].index(service)


def texts(screen: ServicesScreen, service: str) -> tuple[str, ...]:
    return table(screen).model().texts(row_of(screen, service))


def go_to(screen: ServicesScreen, service: str, column: int) -> None:
    table(screen).setFocus()
    table(screen).setCurrentIndex(table(screen).model().index(row_of(screen, service), column))


def price(person: Person, service: object, card: object = CARD) -> int | None:
    where = (RateCardItem.org_id == ORG, RateCardItem.service_id == service, RateCardItem.rate_card_id == card)
    found = person.rows(sa.select(RateCardItem.price_cents).where(*where))
    return found[0][0] if found else None


def button(screen: ServicesScreen, text: str) -> Button:
    return next(each for each in screen.window().findChildren(Button) if each.text() == text and each.isVisible())


def test_the_matrix_shows_services_with_their_prices(screen: ServicesScreen) -> None:
    assert texts(screen, "Lesson 60") == ("Lesson 60", "60 min", "Lesson", "Offered", "$95.00")
    assert texts(screen, "Highway 90")[PRICE] == "$140.00"
    assert table(screen).model().columns[PRICE].title == "Standard (default)"


def test_a_price_is_typed_in_place_and_bookings_keep_theirs(person: Person, screen: ServicesScreen) -> None:
    request = NewBooking(MIA, DANA, LESSON, at(10), at(11))
    person.school.run(lambda uow: book(uow, request))
    go_to(screen, "Lesson 60", PRICE)
    person.key(Qt.Key.Key_F2)
    person.type("99.5", over=True)
    person.key(Qt.Key.Key_Return)
    assert price(person, LESSON) == 9950
    assert texts(screen, "Lesson 60")[PRICE] == "$99.50"
    assert table(screen).editor is None
    assert table(screen).hasFocus()
    assert "keep their price" in person.toast
    assert person.rows(sa.select(Booking.price_cents).where(Booking.org_id == ORG)) == [(9500,)]
    person.undo()
    assert price(person, LESSON) == 9500
    assert texts(screen, "Lesson 60")[PRICE] == "$95.00"


def test_nonsense_is_refused_at_the_cell_and_esc_puts_back(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Lesson 60", PRICE)
    person.key(Qt.Key.Key_F2)
    person.type("ninety", over=True)
    person.key(Qt.Key.Key_Return)
    editor = table(screen).editor
    assert editor is not None
    assert "ninety" in editor.error.text
    assert editor.field.hasFocus()
    person.key(Qt.Key.Key_Escape)
    assert table(screen).editor is None
    assert price(person, LESSON) == 9500
    assert texts(screen, "Lesson 60")[PRICE] == "$95.00"


def test_an_emptied_price_takes_the_service_off_the_card(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Highway 90", PRICE)
    person.key(Qt.Key.Key_F2)
    person.key(Qt.Key.Key_Delete)
    person.key(Qt.Key.Key_Return)
    assert texts(screen, "Highway 90")[STATE:] == ("No price", "—")
    assert len(person.rows(sa.select(RateCardItem.id).where(RateCardItem.org_id == ORG))) == 1


def test_tab_saves_and_goes_on_to_the_next_cell(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Lesson 60", NAME)
    person.key(Qt.Key.Key_F2)
    person.type("Lesson one hour", over=True)
    person.key(Qt.Key.Key_Tab)
    editor = table(screen).editor
    assert editor is not None
    assert editor.cell.name == "Duration"
    assert person.rows(sa.select(Service.name).where(Service.id == LESSON)) == [("Lesson one hour",)]


def test_a_double_click_edits_where_it_falls(person: Person, screen: ServicesScreen) -> None:
    view = table(screen)
    spot = view.visualRect(view.model().index(row_of(screen, "Lesson 60"), DURATION)).center()
    person.double_click(view.viewport(), spot)
    person.type("1 h 15", over=True)
    person.key(Qt.Key.Key_Return)
    assert person.rows(sa.select(Service.duration_min).where(Service.id == LESSON)) == [(75,)]
    assert texts(screen, "Lesson 60")[DURATION] == "75 min"


def test_a_new_service_with_its_price_by_keyboard(person: Person, screen: ServicesScreen) -> None:
    person.click(screen.new_service)
    person.type("Night 60")
    person.key(Qt.Key.Key_Return)
    form = screen.panel.form
    assert form is None, "a name alone will do"
    assert texts(screen, "Night 60")[STATE:] == ("No price", "—")
    assert table(screen).current_row.name == "Night 60"
    person.undo()
    assert "Night 60" not in [row.name for row in table(screen).model().rows]


def test_a_form_says_what_is_wrong_under_the_line(person: Person, screen: ServicesScreen) -> None:
    person.click(screen.new_service)
    form = screen.panel.form
    assert form is not None
    person.type("Night 60")
    person.key(Qt.Key.Key_Tab)
    person.type("soon", over=True)
    person.key(Qt.Key.Key_Return)
    assert form.editor("minutes").hasFocus()
    person.type("60", over=True)
    person.key(Qt.Key.Key_Tab)
    person.type("104.50")
    person.key(Qt.Key.Key_Return)
    (service,) = person.rows(sa.select(Service.id).where(Service.org_id == ORG, Service.name == "Night 60"))
    assert price(person, service[0]) == 10450


def test_the_side_panel_edits_a_service_in_place(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Highway 90", NAME)
    person.settle()
    fields = screen.panel.fields
    assert fields is not None
    fields.value("name").setFocus()
    person.key(Qt.Key.Key_Return)
    person.type("Motorway 90", over=True)
    person.key(Qt.Key.Key_Return)
    assert "Motorway 90" in [row.name for row in table(screen).model().rows]
    assert screen.panel.fields.value("name").field.shown == "Motorway 90"
    person.key(Qt.Key.Key_Return)
    person.type(" ", over=True)
    person.key(Qt.Key.Key_Return)
    assert "needs a name" in screen.panel.fields.value("name").error.text
    person.key(Qt.Key.Key_Escape)
    assert not table(screen).hasFocus(), "the first Esc only puts the value back"


def test_a_service_is_taken_off_the_offer_and_put_back(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Lesson 60", NAME)
    person.settle()
    person.click(button(screen, "Stop offering"))
    assert texts(screen, "Lesson 60")[STATE] == "Not offered"
    assert person.rows(sa.select(Service.active).where(Service.id == LESSON)) == [(False,)]
    person.click(button(screen, "Offer again"))
    assert texts(screen, "Lesson 60")[STATE] == "Offered"


def test_a_card_is_copied_with_a_percentage_and_made_default(person: Person, screen: ServicesScreen) -> None:
    person.click(screen._cards.button(str(CARD)))
    person.click(button(screen, "Copy with ± %…"))
    person.type("Summer", over=True)
    person.key(Qt.Key.Key_Tab)
    person.type("+10")
    person.key(Qt.Key.Key_Tab)
    person.type("1 dec")
    person.key(Qt.Key.Key_Return)
    assert [column.title for column in table(screen).model().columns][PRICE:] == ["Standard (default)", "Summer"]
    assert texts(screen, "Lesson 60")[PRICE:] == ("$95.00", "$104.50")
    person.click(button(screen, "Make default"))
    assert person.rows(sa.select(RateCard.name).where(RateCard.org_id == ORG, RateCard.is_default)) == [("Summer",)]
    person.undo()
    assert person.rows(sa.select(RateCard.name).where(RateCard.org_id == ORG, RateCard.is_default)) == [("Standard",)]


def test_a_typed_date_that_is_none_is_refused_in_the_copy_form(person: Person, screen: ServicesScreen) -> None:
    person.click(screen._cards.button(str(CARD)))
    person.click(button(screen, "Copy with ± %…"))
    form = screen.panel.form
    assert form is not None
    valid_to = form.editor("valid_to")
    assert isinstance(valid_to, QLineEdit)
    valid_to.setFocus()
    person.type("whenever")
    person.key(Qt.Key.Key_Return)
    assert screen.panel.form is form
    assert valid_to.hasFocus()
    person.key(Qt.Key.Key_Escape)
    assert screen.panel.form is None
    assert table(screen).hasFocus()


def test_who_may_not_change_prices_is_told_so(make_person: MakePerson) -> None:
    person = make_person(Who(DANA_USER, "Dana Reid", OrgRole.INSTRUCTOR))
    screen = person.screen
    assert isinstance(screen, ServicesScreen)
    assert not screen.new_service.isEnabled()
    go_to(screen, "Lesson 60", PRICE)
    person.key(Qt.Key.Key_F2)
    assert table(screen).editor is None
    assert "front desk" in person.toast


def test_a_change_from_elsewhere_shows_and_keeps_the_picked_row(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Highway 90", KIND)
    person.school.run(lambda uow: uow.update(Service, LESSON, {"name": "Zebra lesson"}))
    person.program.desk.changed.emit(person.school.receipts[-1].changes)
    person.settle()
    assert "Zebra lesson" in [row.name for row in table(screen).model().rows]
    assert table(screen).current_row.name == "Highway 90"


def test_every_control_has_a_name(person: Person, screen: ServicesScreen) -> None:
    go_to(screen, "Lesson 60", NAME)
    person.settle()
    assert unnamed_controls(person.program.window) == []
    person.click(screen.new_service)
    assert unnamed_controls(person.program.window) == []
    screen.panel.show_card(CARD)
    assert unnamed_controls(person.program.window) == []


def test_esc_in_the_panel_gives_the_keyboard_back_to_the_table(person: Person, screen: ServicesScreen) -> None:
    view = table(screen)
    person.click(view.viewport(), view.visualRect(view.model().index(0, NAME)).center() + QPoint(1, 0))
    fields = screen.panel.fields
    assert fields is not None
    fields.value("name").setFocus()
    person.key(Qt.Key.Key_Escape)
    assert view.hasFocus()

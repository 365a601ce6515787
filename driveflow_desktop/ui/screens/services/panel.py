"""The side panel of Services & rates: a service, a rate card, or a form for a new one."""

from collections.abc import Mapping
from functools import partial
from uuid import UUID

from PySide6.QtCore import Signal

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.services.presenter import ServicesPresenter
from driveflow_desktop.ui.widgets.buttons import Button, DangerButton
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.inline import EditableList
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.widgets.panels import FieldList, SidePanel
from driveflow_desktop.ui.widgets.text import label


class ServicesPanel(SidePanel):
    """Shows one thing at a time; what it shows follows the presenter's page by `reload`."""

    moved = Signal(object)
    """The id of a service that was just added: go there."""

    def __init__(self, presenter: ServicesPresenter) -> None:
        super().__init__(self.tr("Service or rate card"))
        self._presenter = presenter
        self._service: UUID | None = None
        self._card: UUID | None = None
        self.fields: EditableList | None = None
        self.form: QuickForm | None = None
        self._prices: FieldList | None = None
        self.set_header(self.tr("Nothing picked"), person=False)

    @property
    def is_busy(self) -> bool:
        """Whether a form is being filled in."""
        return self.form is not None

    def reload(self) -> bool:
        """Show the same thing with its present values; whether there still is anything to show."""
        if self.form is not None:
            return True
        if self._service is not None and self._presenter.has_service(self._service):
            self.show_service(self._service)
            return True
        if self._card is not None and self._presenter.card(self._card) is not None:
            self.show_card(self._card)
            return True
        return False

    def show_service(self, service_id: UUID) -> None:
        """A service, to be changed in place."""
        fresh = self._service != service_id or self.fields is None
        if fresh:
            self._forget()
            self._service = service_id
            self._build_service(service_id)
        fields = self._presenter.service_fields(service_id)
        active = self._presenter.is_active(service_id)
        state = self.tr("Offered") if active else self.tr("Not offered")
        pill: tuple[str, PillTone] = (state, "ok" if active else "neutral")
        self.set_header(fields[0].shown, self.tr("Service"), person=False, pill=pill)
        if self.fields is not None:
            self.fields.set_fields(fields)
        if self._prices is not None:
            self._prices.set_rows(self._presenter.service_prices(service_id))

    def show_card(self, card_id: UUID) -> None:
        """A rate card, to be changed in place."""
        card = self._presenter.card(card_id)
        if card is None:
            self._give_up()
            return
        self._forget()
        self._card = card_id
        pill: tuple[str, PillTone] | None = (self.tr("Default"), "accent") if card.is_default else None
        self.set_header(card.name, card.note, person=False, pill=pill)
        self.fields = EditableList(self.tr("Rate card"))
        self.fields.set_fields(self._presenter.card_fields(card_id))
        self.fields.asked.connect(partial(self._edit_card, card_id))
        self.add(self.fields)
        self._add_promise()
        copy = Button(self.tr("Copy with ± %…"))
        copy.clicked.connect(partial(self._copy_form, card_id, card.name))
        default = Button(self.tr("Make default"))
        default.clicked.connect(partial(self._presenter.cards.make_default, card_id))
        remove = DangerButton(self.tr("Delete"))
        remove.clicked.connect(partial(self._presenter.cards.delete, card_id))
        for button in (copy, default, remove):
            button.setEnabled(not self._presenter.locked)
        if card.is_default:
            default.hide()
            remove.setEnabled(False)
            remove.setToolTip(self.tr("The default card cannot be deleted. Make another one default first."))
        self.add_buttons(copy, default)
        self.add_button(remove, far=True)

    def new_service(self) -> None:
        """A form for a new service."""
        lines = (
            Line("name", self.tr("Name"), self.tr("Highway 90")),
            Line("minutes", self.tr("Duration"), self.tr("60, 90 min, 1 h 30"), "60", column="duration_min"),
            Line("price", self.tr("Price on the default card"), self.tr("95.00"), column="price_cents"),
        )
        form = self._show_form(self.tr("New service"), lines, self.tr("Add service"))
        form.submitted.connect(self._add_service)

    def new_card(self) -> None:
        """A form for an empty rate card."""
        form = self._show_form(
            self.tr("New rate card"), (Line("name", self.tr("Name"), self.tr("Summer")), *self._dates()), self.tr("Add")
        )
        form.submitted.connect(self._add_card)

    def _build_service(self, service_id: UUID) -> None:
        self.fields = EditableList(self.tr("Service"))
        self.fields.asked.connect(partial(self._edit_service, service_id))
        self.add(self.fields)
        self.add(label(self.tr("Prices"), weight="bold"))
        self._prices = FieldList()
        self.add(self._prices)
        self._add_promise()
        active = self._presenter.is_active(service_id)
        toggle = Button(self.tr("Stop offering") if active else self.tr("Offer again"))
        toggle.setEnabled(not self._presenter.locked)
        toggle.clicked.connect(partial(self._toggle, service_id))
        self.add_buttons(toggle)

    def _add_promise(self) -> None:
        words = self.tr("Lessons already booked keep the price they were booked at.")
        self.add(label(words, size="sm", tone="muted", wrap=True))

    def _toggle(self, service_id: UUID) -> None:
        self._presenter.set_active(service_id, not self._presenter.is_active(service_id))
        self._forget()
        self._service = service_id  # built anew, with its other button, when the page comes

    def _dates(self) -> tuple[Line, Line]:
        return (
            Line("valid_from", self.tr("Valid from"), self.tr("1 dec, or leave empty")),
            Line("valid_to", self.tr("Valid to"), self.tr("28 feb, or leave empty")),
        )

    def _copy_form(self, card_id: UUID, name: str) -> None:
        lines = (
            Line("name", self.tr("Name"), text=self.tr("{name} copy").format(name=name)),
            Line("percent", self.tr("Change prices by"), self.tr("+5, -10 or 3.5 %"), column="change_bp"),
            *self._dates(),
        )
        form = self._show_form(self.tr("Copy {name}").format(name=name), lines, self.tr("Copy"))
        form.submitted.connect(partial(self._copy_card, card_id))

    def _show_form(self, title: str, lines: tuple[Line, ...], submit: str) -> QuickForm:
        self._forget()
        self.set_header(title, person=False)
        form = QuickForm(title, lines, submit, titled=False)
        form.cancelled.connect(self._give_up)
        self.form = form
        self.add(form)
        form.begin()
        return form

    def _give_up(self) -> None:
        self._forget()
        self.closed.emit()

    def _forget(self) -> None:
        self.clear()
        self._service = self._card = None
        self.fields = self.form = self._prices = None

    def _edit_service(self, service_id: UUID, field: str, text: str) -> None:
        self._presenter.edit_service(service_id, field, text, partial(self._saved, field), partial(self._refuse, field))

    def _edit_card(self, card_id: UUID, field: str, text: str) -> None:
        self._presenter.cards.edit(card_id, field, text, partial(self._saved, field), partial(self._refuse, field))

    def _saved(self, field: str) -> None:
        if self.fields is not None:
            self.fields.saved(field)

    def _refuse(self, field: str, error: UserError) -> None:
        if self.fields is not None:
            self.fields.refuse(field, error)

    def _add_service(self, texts: Mapping[str, str]) -> None:
        self._presenter.add_service(
            texts["name"], texts["minutes"], texts["price"], self._service_added, self._refuse_form
        )

    def _service_added(self, service_id: UUID) -> None:
        self._forget()
        self._service = service_id
        self.moved.emit(service_id)

    def _add_card(self, texts: Mapping[str, str]) -> None:
        dates = (texts["valid_from"], texts["valid_to"])
        self._presenter.cards.add(texts["name"], dates, self._card_added, self._refuse_form)

    def _copy_card(self, card_id: UUID, texts: Mapping[str, str]) -> None:
        dates = (texts["valid_from"], texts["valid_to"])
        self._presenter.cards.copy(card_id, texts["name"], texts["percent"], dates, self._card_added, self._refuse_form)

    def _card_added(self, card_id: UUID) -> None:
        self._forget()
        self._card = card_id

    def _refuse_form(self, error: UserError) -> None:
        if self.form is not None:
            self.form.refuse(error)

"""Services & rates without Qt: what the matrix shows, and what a typed price, name or date does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.catalog import commands
from driveflow_desktop.domain.catalog.queries import CardView, RateMatrix, ServiceView, rate_matrix
from driveflow_desktop.domain.catalog.values import ServiceKind
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Command, Receipt, UnitOfWork
from driveflow_desktop.ui.editing import Cell, Field
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.services import words
from driveflow_desktop.ui.screens.services.cards import Added, Done, RateCards
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.typed_values import colour_names
from driveflow_desktop.ui.widgets.typed import parse_cents
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Services"


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service with its prices by card id, as the matrix shows it."""

    id: UUID
    name: str
    duration: str
    kind: str
    state: str
    active: bool
    prices: tuple[tuple[UUID, str], ...]

    def price(self, card_id: UUID) -> str:
        """The price on a card, a dash where there is none."""
        return dict(self.prices).get(card_id, "—")


@dataclass(frozen=True, slots=True)
class CardHead:
    """A rate card over its column."""

    id: UUID
    name: str
    note: str
    is_default: bool

    @property
    def title(self) -> str:
        """Name and, for the default, that it is the one."""
        return tr(_CONTEXT, "{name} (default)").format(name=self.name) if self.is_default else self.name


@dataclass(frozen=True, slots=True)
class ServicesPage:
    """Everything on the screen."""

    rows: tuple[ServiceRow, ...] = ()
    cards: tuple[CardHead, ...] = ()


class ServicesPresenter:
    """Reads the matrix and changes it; `show` gets each new page."""

    def __init__(self, desk: Desk, show: Callable[[ServicesPage], None]) -> None:
        self._desk = desk
        self._show = show
        self._services: Mapping[UUID, ServiceView] = MappingProxyType({})
        self._cards: Mapping[UUID, CardView] = MappingProxyType({})
        self._prices: Mapping[tuple[UUID, UUID], int] = MappingProxyType({})
        self.cards = RateCards(desk)

    # -- reading ----------------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Read the matrix again."""
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> RateMatrix:
            return rate_matrix(connection, org_id)

        self._desk.read("services", query, self._loaded)

    @property
    def locked(self) -> str:
        """Why the person may change nothing here, empty when they may."""
        if can(self._desk.session.role, Action.EDIT_RATES):
            return ""
        return tr(_CONTEXT, "Services and prices are changed by the front desk.")

    def cell(self, row: ServiceRow, column: str) -> Cell | None:
        """What can be typed into a cell of the matrix: `column` is `name`, `duration`, `kind` or a card's id."""
        service = self._services[row.id]
        if column == "name":
            return Cell(tr(_CONTEXT, "Name"), service.name, locked=self.locked)
        if column == "duration":
            return Cell(tr(_CONTEXT, "Duration"), str(service.duration_min), locked=self.locked)
        if column == "kind":
            return Cell(tr(_CONTEXT, "Kind"), service.kind, _kinds(), self.locked)
        card = self._card_of(column)
        if card is None:
            return None
        cents = self._prices.get((row.id, card.id))
        name = tr(_CONTEXT, "{service} on {card}").format(service=service.name, card=card.name)
        return Cell(name, "" if cents is None else f"{cents // 100}.{cents % 100:02}", locked=self.locked)

    def service_fields(self, service_id: UUID) -> tuple[Field, ...]:
        """A service for the side panel."""
        service = self._services[service_id]
        lock = self.locked
        colour, palette = service.colour or "blue", colour_names()
        return (
            Field("name", tr(_CONTEXT, "Name"), service.name, service.name, locked=lock),
            Field(
                "duration",
                tr(_CONTEXT, "Duration"),
                words.duration(service.duration_min),
                str(service.duration_min),
                locked=lock,
            ),
            Field(
                "kind", tr(_CONTEXT, "Kind"), words.kind_words()[service.kind], service.kind, "choice", _kinds(), lock
            ),
            Field(
                "colour", tr(_CONTEXT, "Colour"), palette.get(colour, colour), colour, "choice", _pairs(palette), lock
            ),
            Field(
                "description",
                tr(_CONTEXT, "Description"),
                service.description or "",
                service.description or "",
                "long",
                locked=lock,
                hint=tr(_CONTEXT, "Add a description"),
            ),
        )

    def service_prices(self, service_id: UUID) -> tuple[tuple[str, str], ...]:
        """A service's prices with what they come to an hour, by card."""
        service = self._services[service_id]
        found = []
        for card in self._cards.values():
            cents = self._prices.get((service_id, card.id))
            if cents is not None:
                money = formats.money(cents, card.currency)
                found.append((card.name, f"{money} · {words.hourly(service, cents, card.currency)}"))
        return tuple(found)

    def card_fields(self, card_id: UUID) -> tuple[Field, ...]:
        """A rate card for the side panel."""
        card, lock = self._cards[card_id], self.locked
        always = tr(_CONTEXT, "open")
        return (
            Field("name", tr(_CONTEXT, "Name"), card.name, card.name, locked=lock),
            Field("valid_from", tr(_CONTEXT, "Valid from"), *_date_words(card.valid_from), locked=lock, hint=always),
            Field("valid_to", tr(_CONTEXT, "Valid to"), *_date_words(card.valid_to), locked=lock, hint=always),
        )

    # -- changing services ------------------------------------------------------------------------------------------

    def edit_cell(self, row: ServiceRow, column: str, text: str, done: Done, refused: OnError) -> None:
        """Save what was typed into a cell."""
        card = self._card_of(column)
        if card is None:
            self.edit_service(row.id, column, text, done, refused)
            return
        try:
            cents = parse_cents(text) if text.strip() not in ("", "-", "—") else None
        except UserError as error:
            refused(error)
            return
        label = tr(_CONTEXT, "{service} is now {money}; lessons already booked keep their price")
        if cents is None:
            label = tr(_CONTEXT, "{service} has no price on {card} any more; lessons already booked keep theirs")
        words_ = label.format(service=row.name, card=card.name, money=formats.money(cents or 0, card.currency))
        card_id, service_id = card.id, row.id
        self._write(words_, lambda uow: commands.set_price(uow, card_id, service_id, cents), done, refused)

    def edit_service(self, service_id: UUID, field: str, text: str, done: Done, refused: OnError) -> None:
        """Save what was typed into a field of a service."""
        try:
            changes = _service_changes(field, text)
        except UserError as error:
            refused(error)
            return
        label = tr(_CONTEXT, "{service} changed").format(service=self._services[service_id].name)
        self._write(label, lambda uow: commands.edit_service(uow, service_id, changes), done, refused)

    def set_active(self, service_id: UUID, active: bool) -> None:
        """Offer a service again, or no longer."""
        name = self._services[service_id].name
        label = tr(_CONTEXT, "{service} is offered again") if active else tr(_CONTEXT, "{service} is no longer offered")
        changes = commands.ServiceChanges(active=active)
        self._desk.write(label.format(service=name), lambda uow: commands.edit_service(uow, service_id, changes))

    def is_active(self, service_id: UUID) -> bool:
        """Whether a service is on offer."""
        return self._services[service_id].active

    def add_service(self, name: str, minutes: str, price: str, added: Added, refused: OnError) -> None:
        """Offer a new service; a price goes onto the default card in the same step."""
        try:
            request = commands.NewService(name, words.read_duration(minutes or "60"))
            cents = parse_cents(price) if price.strip() else None
        except UserError as error:
            refused(error)
            return
        default = next((card.id for card in self._cards.values() if card.is_default), None)

        def create(uow: UnitOfWork) -> UUID:
            service_id = commands.create_service(uow, request)
            if cents is not None and default is not None:
                commands.set_price(uow, default, service_id, cents)
            return service_id

        self._add(tr(_CONTEXT, "Service added"), create, added, refused)

    # -- asking about what is shown -----------------------------------------------------------------------------

    def card(self, card_id: UUID) -> CardHead | None:
        """A card's head, None when it is gone."""
        found = self._cards.get(card_id)
        return None if found is None else _head(found)

    def has_service(self, service_id: UUID) -> bool:
        """Whether a service is still there."""
        return service_id in self._services

    # -- within -----------------------------------------------------------------------------------------------------

    def _write(self, label: str, command: Command[None], done: Done, refused: OnError) -> None:
        self._desk.write(label, command, lambda _receipt: done(), refused)

    def _add(self, label: str, command: Command[UUID], added: Added, refused: OnError) -> None:
        def told(receipt: Receipt[UUID]) -> None:
            added(receipt.value)

        self._desk.write(label, command, told, refused)

    def _card_of(self, column: str) -> CardView | None:
        return next((card for card in self._cards.values() if str(card.id) == column), None)

    def _loaded(self, found: RateMatrix) -> None:
        self._services = MappingProxyType({each.id: each for each in found.services})
        self._cards = MappingProxyType({each.id: each for each in found.cards})
        self._prices = found.prices
        self._show(
            ServicesPage(tuple(self._row(each) for each in found.services), tuple(_head(each) for each in found.cards))
        )

    def _row(self, service: ServiceView) -> ServiceRow:
        prices = tuple(
            (card.id, formats.money(cents, card.currency))
            for card in self._cards.values()
            if (cents := self._prices.get((service.id, card.id))) is not None
        )
        state = tr(_CONTEXT, "Offered") if service.active else tr(_CONTEXT, "Not offered")
        if service.active and not prices:
            state = tr(_CONTEXT, "No price")
        kind = words.kind_words()[service.kind]
        return ServiceRow(
            service.id, service.name, words.duration(service.duration_min), kind, state, service.active, prices
        )


def _head(card: CardView) -> CardHead:
    return CardHead(card.id, card.name, words.validity(card), card.is_default)


def _service_changes(field: str, text: str) -> commands.ServiceChanges:
    """What a text typed into a field of a service asks for."""
    if field == "name":
        return commands.ServiceChanges(name=text)
    if field == "duration":
        return commands.ServiceChanges(duration_min=words.read_duration(text))
    if field == "kind":
        return commands.ServiceChanges(kind=ServiceKind(text))
    if field == "colour":
        return commands.ServiceChanges(colour=text)
    return commands.ServiceChanges(description=text.strip() or None)


def _kinds() -> tuple[tuple[str, str], ...]:
    return tuple((kind.value, shown) for kind, shown in words.kind_words().items())


def _pairs(named: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(named.items())


def _date_words(day: date | None) -> tuple[str, str]:
    return ("", "") if day is None else (formats.day(day), formats.day(day))

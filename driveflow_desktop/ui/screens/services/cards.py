"""What can be done to rate cards at the desk, with everything as it was typed. No Qt here."""

from collections.abc import Callable
from datetime import date
from typing import Final
from uuid import UUID

from driveflow_desktop.domain.catalog import commands
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.unit_of_work import Command, Receipt
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.screens.services.words import read_percent
from driveflow_desktop.ui.typed_values import read_date
from driveflow_desktop.ui.words import tr

_CONTEXT: Final = "Services"
Done = Callable[[], None]
Added = Callable[[UUID], None]


class RateCards:
    """Changes rate cards; refusals of what was typed come back at once, those of the domain later."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def edit(self, card_id: UUID, field: str, text: str, done: Done, refused: OnError) -> None:
        """Save what was typed into `name`, `valid_from` or `valid_to` of a card."""
        try:
            changes = self._changes(field, text)
        except UserError as error:
            refused(error)
            return
        label = tr(_CONTEXT, "Rate card changed; lessons already booked keep their price")
        self._desk.write(
            label, lambda uow: commands.edit_rate_card(uow, card_id, changes), lambda _receipt: done(), refused
        )

    def copy(
        self, source_id: UUID, name: str, percent: str, dates: tuple[str, str], added: Added, refused: OnError
    ) -> None:
        """Make a card with the prices of another, changed by a typed percentage and valid between typed dates."""
        try:
            first, last = self._dates(dates)
            request = commands.CopyRateCard(
                source_id, name, read_percent(percent or "0"), valid_from=first, valid_to=last
            )
        except UserError as error:
            refused(error)
            return
        self._add(tr(_CONTEXT, "Rate card copied"), lambda uow: commands.copy_rate_card(uow, request), added, refused)

    def add(self, name: str, dates: tuple[str, str], added: Added, refused: OnError) -> None:
        """Add an empty card."""
        try:
            request = commands.NewRateCard(name, *self._dates(dates))
        except UserError as error:
            refused(error)
            return
        self._add(tr(_CONTEXT, "Rate card added"), lambda uow: commands.create_rate_card(uow, request), added, refused)

    def make_default(self, card_id: UUID) -> None:
        """Let a card count wherever no dated one has a price."""
        label = tr(_CONTEXT, "Default rate card changed; lessons already booked keep their price")
        self._desk.write(label, lambda uow: commands.make_default(uow, card_id))

    def delete(self, card_id: UUID) -> None:
        """Delete a card that no booking was priced by."""
        self._desk.write(tr(_CONTEXT, "Rate card deleted"), lambda uow: commands.delete_rate_card(uow, card_id))

    def _changes(self, field: str, text: str) -> commands.RateCardChanges:
        if field == "name":
            return commands.RateCardChanges(name=text)
        day = read_date(text, self._today(), field)
        if field == "valid_from":
            return commands.RateCardChanges(valid_from=day)
        return commands.RateCardChanges(valid_to=day)

    def _dates(self, texts: tuple[str, str]) -> tuple[date | None, date | None]:
        today = self._today()
        return read_date(texts[0], today, "valid_from"), read_date(texts[1], today, "valid_to")

    def _add(self, label: str, command: Command[UUID], added: Added, refused: OnError) -> None:
        def told(receipt: Receipt[UUID]) -> None:
            added(receipt.value)

        self._desk.write(label, command, told, refused)

    def _today(self) -> date:
        return local_date(self._desk.clock.now(), self._desk.session.tz)

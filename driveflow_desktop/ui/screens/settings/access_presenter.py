"""Who may sign in, and on which PCs: asked of the service, never of this PC's copy. No Qt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from driveflow_desktop.domain.identity.rules import Action, can, can_invite
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.queries.instructors import instructors
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.state import device_id
from driveflow_desktop.ui.ports import CallService, Desk, OnError
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.sync_words import ago
from driveflow_desktop.ui.widgets.marks import PillTone
from driveflow_desktop.ui.words import tr

if TYPE_CHECKING:
    from driveflow_desktop.sync.session_protocol import DeviceRow, InvitationAnswer

_LATELY: Final = timedelta(days=2)
_ROLES: Final = (OrgRole.INSTRUCTOR, OrgRole.ADMIN, OrgRole.OWNER)


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A PC of the school."""

    id: UUID
    name: str
    about: str
    pill: str
    tone: PillTone
    can_revoke: bool


@dataclass(frozen=True, slots=True)
class Invited:
    """An invitation that was just made; its code is told this once."""

    email: str
    code: str
    until: str


@dataclass(frozen=True, slots=True)
class InviteChoices:
    """Roles and instructors that can be picked, as (value, words)."""

    roles: tuple[tuple[str, str], ...]
    instructors: tuple[tuple[str, str], ...]


class AccessSurface(Protocol):
    """The two cards, as their presenter sees them."""

    def show_devices(self, devices: Sequence[DeviceLine]) -> None:
        """List the PCs."""
        ...

    def show_devices_failure(self, error: UserError) -> None:
        """Say that they could not be asked for."""
        ...

    def show_choices(self, choices: InviteChoices) -> None:
        """Offer roles and instructors."""
        ...

    def show_invited(self, invited: Invited) -> None:
        """Show the code."""
        ...


class AccessPresenter:
    """Reads and changes access through the service."""

    def __init__(self, desk: Desk, call: CallService, surface: AccessSurface) -> None:
        self._desk = desk
        self._call = call
        self._surface = surface
        self._own: UUID | None = None

    @property
    def may_invite(self) -> bool:
        """Whether the person may invite others."""
        return can(self._desk.session.role, Action.INVITE)

    @property
    def may_manage(self) -> bool:
        """Whether the person may see and end other PCs' access."""
        return can(self._desk.session.role, Action.MANAGE_DEVICES)

    def load(self) -> None:
        """Ask again."""
        org_id = self._desk.session.org_id

        def query(connection: Connection) -> tuple[UUID | None, tuple[tuple[str, str], ...]]:
            people = instructors(connection, org_id, active_only=True)
            return device_id(connection), tuple((str(each.id), each.display_name) for each in people)

        def found(answer: tuple[UUID | None, tuple[tuple[str, str], ...]]) -> None:
            self._own = answer[0]
            if self.may_invite:
                self._surface.show_choices(InviteChoices(self._roles(), (("", tr("Access", "None")), *answer[1])))
            if self.may_manage:
                self._read_devices()

        self._desk.read("settings/access", query, found)

    def invite(self, texts: Mapping[str, str], done: Callable[[], None], refuse: OnError) -> None:
        """Invite an address into a role."""
        from driveflow_desktop.sync.session_protocol import InvitationRequest

        email, linked = texts["email"].strip(), texts.get("instructor_id", "")
        if "@" not in email:
            refuse(UserError("invalid", tr("Access", "That is not an e-mail address."), column="email"))
            return
        if texts["role"] == OrgRole.INSTRUCTOR and not linked:
            words = tr("Access", "Choose which instructor this is, so that they see their own diary.")
            refuse(UserError("invalid", words, column="instructor_id"))
            return
        request = InvitationRequest(email, texts["role"], UUID(linked) if linked else None)

        def invited(answer: "InvitationAnswer") -> None:
            until = formats.day_short(local_date(answer.expires_at, self._desk.session.tz))
            done()
            self._surface.show_invited(Invited(email, answer.code, until))

        self._call("invite", lambda service: service.invite(request), invited, refuse)

    def revoke(self, device: DeviceLine) -> None:
        """End a PC's access; it locks when it next asks."""

        def ended(_nothing: None) -> None:
            self._desk.say(tr("Access", "{name} has no access any more").format(name=device.name))
            self._read_devices()

        self._call("revoke", lambda service: service.revoke(device.id), ended, self._surface.show_devices_failure)

    def _read_devices(self) -> None:
        def found(devices: Sequence["DeviceRow"]) -> None:
            self._surface.show_devices([self._line(each) for each in devices])

        self._call("devices", lambda service: service.devices().devices, found, self._surface.show_devices_failure)

    def _line(self, row: "DeviceRow") -> DeviceLine:
        now = self._desk.clock.now()
        own = row.id == self._own
        seen = tr("Access", "this PC") if own else ago(row.last_seen_at, now)
        about = f"{row.user_name} · {seen}"
        if row.revoked_at is not None:
            return DeviceLine(row.id, row.name, about, tr("Access", "access ended"), "bad", can_revoke=False)
        lately = own or (row.last_seen_at is not None and now - row.last_seen_at < _LATELY)
        pill, tone = (tr("Access", "in use"), "ok") if lately else (tr("Access", "not seen lately"), "warn")
        return DeviceLine(row.id, row.name, about, pill, "ok" if tone == "ok" else "warn", can_revoke=not own)

    def _roles(self) -> tuple[tuple[str, str], ...]:
        named = {
            OrgRole.OWNER: tr("Access", "Owner"),
            OrgRole.ADMIN: tr("Access", "Front desk"),
            OrgRole.INSTRUCTOR: tr("Access", "Instructor"),
        }
        own = self._desk.session.role
        return tuple((role.value, named[role]) for role in _ROLES if can_invite(own, role))

"""A service that knows three PCs and takes invitations."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.session_protocol import DeviceRow, DevicesAnswer, InvitationAnswer, InvitationRequest
from tests.helpers.school import DESK, NOW


def device(number: int, name: str, minutes_ago: int) -> DeviceRow:
    return DeviceRow(UUID(int=number), name, "linux", DESK, "Mia Petrov", 5, NOW - timedelta(minutes=minutes_ago), None)


@dataclass
class FakeService:
    """Implements `ServicePort`."""

    rows: list[DeviceRow] = field(
        default_factory=lambda: [device(901, "Front desk PC", 1), device(902, "Ben’s notebook", 6000)]
    )
    invited: list[InvitationRequest] = field(default_factory=list)
    revoked: list[UUID] = field(default_factory=list)
    broken: UserError | None = None

    def invite(self, request: InvitationRequest) -> InvitationAnswer:
        if self.broken is not None:
            raise self.broken
        self.invited.append(request)
        return InvitationAnswer(UUID(int=77), "K7QF-2M9X", NOW + timedelta(days=7))

    def devices(self) -> DevicesAnswer:
        if self.broken is not None:
            raise self.broken
        return DevicesAnswer(tuple(self.rows))

    def revoke(self, device_id: UUID) -> None:
        self.revoked.append(device_id)
        self.rows = [row for row in self.rows if row.id != device_id]

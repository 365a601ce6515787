"""Who asks: a signed-in person in one school, on one device."""

from dataclasses import dataclass
from uuid import UUID

from driveflow_desktop.domain.identity.values import OrgRole


@dataclass(frozen=True, slots=True)
class Member:
    """A membership as it stands at the moment of a request; `instructor_id` for those who teach."""

    org_id: UUID
    user_id: UUID
    role: OrgRole
    device_id: UUID
    instructor_id: UUID | None = None

    @property
    def sees_all(self) -> bool:
        """Whether the member's replica holds the whole school."""
        return self.role in (OrgRole.OWNER, OrgRole.ADMIN)

    @property
    def scope(self) -> str:
        """An opaque name of what the member may see; when it changes, the replica takes a snapshot."""
        return "all" if self.sees_all else f"{self.role.value}:{self.instructor_id}"

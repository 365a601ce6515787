"""The wire types around a session, shared by PC and service (docs/protocol.md): sign-in, members, devices, problems."""

from typing import Annotated, Final, TypeAlias
from uuid import UUID

import msgspec

from driveflow_desktop.sync.protocol import Instant

ShortText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Secret: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=1_000)]
Email: TypeAlias = Annotated[str, msgspec.Meta(min_length=3, max_length=254)]

SCHEMA_HEADER: Final = "X-DriveFlow-Schema"
"""The revision of the service's schema in every answer, of the client's in every request (absent: the same)."""
EPOCH_HEADER: Final = "X-DriveFlow-Epoch"
"""The epoch of the school's history, in every answer about one school."""
REQUEST_HEADER: Final = "X-Request-Id"
PROBLEM_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error answer (RFC 9457). `code` is stable and for programs, `detail` is for a person."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    column: str | None = None


class DeviceInfo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The PC that signs in; `id` was made on it and names one copy of one replica."""

    id: UUID
    name: ShortText
    platform: ShortText
    app_version: ShortText


class SignInRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person at a PC."""

    email: Email
    password: Secret
    device: DeviceInfo


class SignedInUser(msgspec.Struct, frozen=True):
    """The person who signed in."""

    id: UUID
    email: str
    full_name: str


class Membership(msgspec.Struct, frozen=True):
    """One school the person belongs to, with the role there (`owner`, `admin` or `instructor`)."""

    org_id: UUID
    org_name: str
    role: str


class SignInAnswer(msgspec.Struct, frozen=True):
    """A session on one device. `expires_in` is the access token's life in seconds."""

    access_token: str
    expires_in: int
    refresh_token: str
    user: SignedInUser
    memberships: tuple[Membership, ...]


class RefreshRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Asks for a new pair; the same `rotation_id` again within a minute gets the same answer."""

    refresh_token: Secret
    device_id: UUID
    rotation_id: UUID


class RefreshAnswer(msgspec.Struct, frozen=True):
    """The new pair; the old refresh token is dead."""

    access_token: str
    expires_in: int
    refresh_token: str


class SignOutRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ends the session that the refresh token belongs to."""

    refresh_token: Secret


class AcceptInvitationRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An invited person chooses a name and a password."""

    code: Secret
    full_name: ShortText
    password: Secret


class AcceptInvitationAnswer(msgspec.Struct, frozen=True):
    """The account that was made, or that an existing person's membership was added to. `email` is for the sign-in."""

    user_id: UUID
    email: str
    org_id: UUID
    role: str


class InvitationRequest(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Invites an address into a role; `instructor_id` links an instructor's record to the person."""

    email: Email
    role: ShortText
    instructor_id: UUID | None = None


class InvitationAnswer(msgspec.Struct, frozen=True):
    """The invitation; `code` is told once and kept by its hash only."""

    id: UUID
    code: str
    expires_at: Instant


class MemberRow(msgspec.Struct, frozen=True):
    """A person of the school, for names on the screens of other PCs."""

    user_id: UUID
    email: str
    full_name: str
    role: str


class MembersAnswer(msgspec.Struct, frozen=True):
    """Everyone with a role in the school (`GET /v1/orgs/{org}/members`)."""

    members: tuple[MemberRow, ...]


class DeviceRow(msgspec.Struct, frozen=True):
    """A PC that reads the school."""

    id: UUID
    name: str
    platform: str
    user_id: UUID
    user_name: str
    acked_seq: int
    last_seen_at: Instant | None
    revoked_at: Instant | None


class DevicesAnswer(msgspec.Struct, frozen=True):
    """The devices of a school."""

    devices: tuple[DeviceRow, ...]

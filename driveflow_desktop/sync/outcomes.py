"""What may become of a request to the service, as values: an answer, or one kind of trouble."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Generic, TypeVar

from driveflow_desktop.kernel.errors import UserError

T = TypeVar("T")


class Trouble(StrEnum):
    """Why a request had no answer that can be used."""

    UNREACHABLE = "unreachable"
    """No connection, no answer in time, or an answer that was cut."""
    NOT_THE_SERVICE = "not_the_service"
    """Someone else answered: a sign-in page of a network, a proxy, a host with another certificate."""
    SERVICE = "service"
    """The service is in trouble itself, or what it said cannot be read."""
    PAUSE = "pause"
    """Too many requests; it says when to come back."""
    TOO_LARGE = "too_large"
    UPGRADE = "upgrade"
    """The service no longer speaks to this version of the program."""
    EXPIRED = "expired"
    """The access token is not taken; a refresh may help."""
    SIGNED_OUT = "signed_out"
    """The session is over; only a person can sign in again."""
    REVOKED = "revoked"
    """This device was revoked, said by the service itself."""
    EPOCH = "epoch"
    """The service's history is another one: it was restored."""
    BEHIND = "behind"
    """The log no longer reaches back to our cursor."""
    SCOPE = "scope"
    """What this member may see has changed."""
    NOT_CURRENT = "not_current"
    """The digest was asked for a state that is not the newest."""
    REFUSED = "refused"
    """Any other refusal; its words are the service's."""
    LOCAL = "local"
    """This PC could not do its part: the disk is full, say."""
    CANCELLED = "cancelled"


EVERY_REQUEST: Final = frozenset({Trouble.UNREACHABLE, Trouble.NOT_THE_SERVICE})
"""Trouble of the way to the service, which meets every request alike."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A request that failed. `retry_after` is the service's wish in seconds; `error` is for the person."""

    trouble: Trouble
    error: UserError | None = None
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """An answer that the service gave, with the epoch of the school's history and the service's schema."""

    value: T
    epoch: str | None = None
    schema: str | None = None

"""Words for people and cars."""

from enum import StrEnum


class Transmission(StrEnum):
    """What a learner drives, or a vehicle is."""

    AUTO = "auto"
    MANUAL = "manual"


class LicenceClass(StrEnum):
    """A learner's licence stage."""

    LEARNER = "learner"
    PROVISIONAL_1 = "provisional_1"
    PROVISIONAL_2 = "provisional_2"
    FULL = "full"
    OVERSEAS = "overseas"


class OnboardingStatus(StrEnum):
    """How far an instructor's Stripe Connect account is."""

    NOT_STARTED = "not_started"
    PENDING = "pending"
    READY = "ready"
    RESTRICTED = "restricted"

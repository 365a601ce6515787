"""Licences that run out, and the logbook hours a learner needs. Warnings only: nothing here refuses a lesson."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID

EXPIRY_STAGES = (7, 30, 60)
"""Days before expiry from which a warning is raised anew, the most urgent first."""


class Expiry(NamedTuple):
    """A person whose licence ends; it is valid on `expires_on` itself."""

    id: UUID
    expires_on: date | None


class ExpiryWarning(NamedTuple):
    """A licence to renew. `stage` is 0 when expired, else the 7, 30 or 60 days it has reached."""

    id: UUID
    expires_on: date
    days_left: int
    stage: int


def is_expired(expires_on: date | None, on: date) -> bool:
    """Whether a licence has run out on a lesson's local date; an unknown expiry is no warning."""
    return expires_on is not None and expires_on < on


def expiry_warnings(people: Iterable[Expiry], today: date) -> list[ExpiryWarning]:
    """The licences that have run out or will within 60 days, the most urgent first."""
    found = [
        ExpiryWarning(person.id, person.expires_on, days, stage)
        for person in people
        if person.expires_on is not None
        for days in [(person.expires_on - today).days]
        if (stage := _stage(days)) is not None
    ]
    return sorted(found, key=lambda warning: (warning.days_left, warning.id))


def _stage(days_left: int) -> int | None:
    if days_left < 0:
        return 0
    return next((stage for stage in EXPIRY_STAGES if days_left <= stage), None)


@dataclass(frozen=True, slots=True)
class LogbookRule:
    """What a state asks of a learner from a date on; minutes."""

    region: str
    valid_from: date
    total_minutes: int
    night_minutes: int
    bonus_factor: int = 1
    """What an hour with an instructor counts in the logbook."""
    bonus_cap_minutes: int = 0
    """Instructor minutes up to which the factor applies; beyond them an hour counts as one."""


_KNOWN_SINCE = date(2021, 1, 1)


def _hours(region: str, total: int, night: int, factor: int = 1, cap: int = 0) -> LogbookRule:
    return LogbookRule(region, _KNOWN_SINCE, total * 60, night * 60, factor, cap * 60)


LOGBOOK_RULES: tuple[LogbookRule, ...] = (
    _hours("NSW", 120, 20, 3, 10),
    _hours("VIC", 120, 20),
    _hours("QLD", 100, 10, 3, 10),
    _hours("SA", 75, 15),
    _hours("WA", 50, 5),
    _hours("TAS", 80, 15),
)
"""The rules in force since at least 2021; a change of law is a further row with its own date."""


class LogbookProgress(NamedTuple):
    """How far a learner is, in minutes; the missing parts are never negative."""

    total_minutes: int
    total_missing: int
    night_missing: int

    @property
    def done(self) -> bool:
        """Whether the state asks for nothing more."""
        return not self.total_missing and not self.night_missing


def logbook_rule(region: str | None, on: date, rules: Iterable[LogbookRule] = LOGBOOK_RULES) -> LogbookRule | None:
    """The rule of a state on a date; None where none is known (and so nothing to warn about)."""
    known = [rule for rule in rules if rule.region == region and rule.valid_from <= on]
    return max(known, key=lambda rule: rule.valid_from, default=None)


def logbook_progress(rule: LogbookRule, logbook_minutes: int, night_minutes: int) -> LogbookProgress:
    """How the minutes in a logbook (night among them, bonus included) compare with what the state asks."""
    return LogbookProgress(
        logbook_minutes,
        max(0, rule.total_minutes - logbook_minutes),
        max(0, rule.night_minutes - night_minutes),
    )

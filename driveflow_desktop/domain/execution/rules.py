"""What a driven lesson adds to a learner's logbook."""

from typing import NamedTuple

from driveflow_desktop.domain.people.rules.licences import LogbookRule
from driveflow_desktop.kernel.errors import UserError


class DrivenMinutes(NamedTuple):
    """A lesson's minutes by daylight and between sunset and sunrise."""

    day: int
    night: int = 0

    @property
    def total(self) -> int:
        """All minutes driven."""
        return self.day + self.night


class LogbookCredit(NamedTuple):
    """Minutes to enter in the logbook: all of them, and those of them that are night."""

    minutes: int
    night_minutes: int


def logbook_credit(
    lesson: DrivenMinutes, rule: LogbookRule | None, instructor_minutes_before: int = 0
) -> LogbookCredit:
    """The logbook minutes that a lesson with an instructor earns.

    Where the state gives a bonus (NSW and QLD: one hour counts three, up to 10 hours with an instructor), it goes to
    the first minutes until the cap; `instructor_minutes_before` are those driven in earlier lessons. The bonus counts
    as day: a night hour is one night hour and two day hours. Without a rule a minute is a minute. Raises `UserError`
    "invalid" for negative minutes.
    """
    if min(lesson) < 0 or instructor_minutes_before < 0:
        raise UserError("invalid", "Minutes driven cannot be negative.", column="duration_sec")
    bonus = 0
    if rule is not None:
        left_under_cap = max(0, rule.bonus_cap_minutes - instructor_minutes_before)
        bonus = min(lesson.total, left_under_cap) * (rule.bonus_factor - 1)
    return LogbookCredit(lesson.total + bonus, lesson.night)

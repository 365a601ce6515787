"""Lessons bought ahead, as a ledger of whole minutes: used + left = bought, and left is never negative."""

from collections.abc import Iterable
from typing import NamedTuple

from driveflow_desktop.domain.scheduling.rules.cancellation import minutes_back


class Use(NamedTuple):
    """Minutes of a package that a booking uses; `back_percent` of them came back when it was cancelled, else 0.

    A lesson that is booked, given or missed uses all of them.
    """

    minutes: int
    back_percent: int = 0

    @property
    def used_minutes(self) -> int:
        """What stays used."""
        return self.minutes - minutes_back(self.minutes, self.back_percent)


def minutes_left(bought_minutes: int, uses: Iterable[Use]) -> int:
    """What a package has left; negative only where more was used than bought, which the hard rules refuse."""
    return bought_minutes - sum(use.used_minutes for use in uses)

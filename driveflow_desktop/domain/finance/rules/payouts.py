"""What an instructor is due for a booking: the instructor's part of what the school keeps for it, once it is settled.

Everything is integer cents. A payout run pays `due_cents` as a line and so brings it to zero; it becomes negative (a
claw-back in the next run) when something is given back after that, and positive again when more comes in.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from driveflow_desktop.domain.finance.rules.owing import BookingAccount
from driveflow_desktop.domain.finance.rules.packages import Use
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.kernel.money import half_up

_RETAINS = frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})
"""What came in for these and was not given back is kept, whether or not it was the whole price."""


class Part(NamedTuple):
    """The instructor's part of one payment that came in, and of the refunds of it that did not fail."""

    share_cents: int
    given_back_cents: int = 0


@dataclass(frozen=True, slots=True)
class Earning:
    """A booking as its instructor's account sees it.

    `share_cents` is the instructor's share of the price, `use` what the booking takes of a package, if it does.
    """

    account: BookingAccount
    share_cents: int
    parts: tuple[Part, ...] = ()
    use: Use | None = None

    @property
    def earned_cents(self) -> int:
        """What the booking has brought its instructor by now.

        A completed lesson counts once nothing of it is missing, a late cancellation and a no-show as far as money was
        kept; fees that came in count with their lesson. Of a lesson that a package pays it is the share, in the
        proportion of the minutes that stay used, because the package's sale was the income.
        """
        completed = self.account.status is BookingStatus.COMPLETED
        if self.account.status not in _RETAINS and not (completed and not self.account.due.lesson_cents):
            return 0
        kept = sum(part.share_cents - part.given_back_cents for part in self.parts)
        if self.use is None:
            return kept
        return kept + half_up(self.share_cents * self.use.used_minutes, self.use.minutes)

    def due_cents(self, line_cents: Iterable[int]) -> int:
        """What the next run has to pay, or to take back; `line_cents` are the live payout lines for the booking."""
        return self.earned_cents - sum(line_cents)

"""A desk whose reads wait until the test lets them be answered, over a real school; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar, cast
from uuid import UUID

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.unit_of_work import Command, Receipt
from driveflow_desktop.ui.calendar.snapshot import CalendarPage
from driveflow_desktop.ui.ports import OnError, Session
from driveflow_desktop.ui.screens.calendar.presenter import Refusal, Wish
from tests.helpers.school import DESK, ORG, SYDNEY, School

T = TypeVar("T")


class SlowDesk:
    """Answers a read only when told to; of reads with one key the newest alone is answered, as on the real desk."""

    def __init__(self, school: School, role: OrgRole = OrgRole.ADMIN, instructor_id: UUID | None = None) -> None:
        self.school = school
        self.session = Session(ORG, "Harbour", DESK, "Mia Petrov", role, SYDNEY, instructor_id=instructor_id)
        self.waiting: dict[str, tuple[Callable[[Connection], object], Callable[[object], None], OnError | None]] = {}
        self.labels: list[str] = []
        self.said: list[str] = []

    @property
    def clock(self) -> Clock:
        return self.school.clock

    def read(
        self,
        key: str,
        query: Callable[[Connection], T],
        on_result: Callable[[T], None],
        on_error: OnError | None = None,
    ) -> None:
        self.waiting[key] = (query, cast("Callable[[object], None]", on_result), on_error)

    def write(
        self,
        label: str,
        command: Command[T],
        on_done: Callable[[Receipt[T]], None] | None = None,
        on_error: OnError | None = None,
    ) -> None:
        try:
            receipt = self.school.run(command)
        except UserError as error:
            (on_error or (lambda refused: self.say(str(refused))))(error)
            return
        self.labels.append(label)
        if on_done is not None:
            on_done(receipt)

    def say(self, text: str) -> None:
        self.said.append(text)

    def open(self, screen_id: str, argument: object = None) -> None:
        raise AssertionError((screen_id, argument))

    def fetch(self, key: str) -> Callable[[], None]:
        """Run a waiting query now; the answer is delivered when the returned function is called."""
        query, on_result, on_error = self.waiting.pop(key)
        try:
            found = self.school.read(query)
        except UserError as error:
            refused = error
            return lambda: cast("OnError", on_error)(refused)
        return lambda: on_result(found)

    def answer(self, *keys: str) -> None:
        """Run and deliver these reads; all that wait, and what they ask for in turn, when none is named."""
        if keys:
            for key in keys:
                self.fetch(key)()
            return
        while self.waiting:
            self.fetch(next(iter(self.waiting)))()


@dataclass
class Shown:
    """A surface that remembers what it was told."""

    pages: list[tuple[CalendarPage, str, str]] = field(default_factory=list)
    instructors: list[tuple[tuple[tuple[UUID, str], ...], UUID | None]] = field(default_factory=list)
    failures: list[UserError] = field(default_factory=list)
    lessons: list[UUID] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    wishes: list[Wish] = field(default_factory=list)

    @property
    def title(self) -> str:
        """What the bar says."""
        return self.pages[-1][1]

    def show_page(self, page: CalendarPage, title: str, note: str) -> None:
        self.pages.append((page, title, note))

    def show_instructors(self, names: tuple[tuple[UUID, str], ...], chosen: UUID | None) -> None:
        self.instructors.append((names, chosen))

    def show_failure(self, error: UserError) -> None:
        self.failures.append(error)

    def show_lesson(self, booking_id: UUID) -> None:
        self.lessons.append(booking_id)

    def refuse_drop(self, refusal: Refusal) -> None:
        self.refusals.append(refusal)

    def edit_new(self, wish: Wish) -> None:
        self.wishes.append(wish)

"""The tasks of the tour: what a clerk does, and what must then be on screen and in the database."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QWidget

from driveflow_desktop.demo.tour.driver import Driver, Effort
from driveflow_desktop.domain.finance.queries import money_of
from driveflow_desktop.domain.overview.booking import booking_detail
from driveflow_desktop.domain.overview.calendar import CalendarData, calendar_day
from driveflow_desktop.domain.overview.entries import CalendarEntry
from driveflow_desktop.domain.people.queries.students import student
from driveflow_desktop.domain.scheduling.finding import verdict_at
from driveflow_desktop.domain.scheduling.queries import BookingFacts, require_booking
from driveflow_desktop.domain.scheduling.rules.diary import Slot
from driveflow_desktop.domain.scheduling.values import FINAL, BookingStatus
from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.sync.status import SyncState
from driveflow_desktop.ui.screens.calendar.screen import CalendarScreen
from driveflow_desktop.ui.shell.screen import Screen

T = TypeVar("T")


def on_one_call(effort: Effort) -> bool:
    """No mouse, and within 45 seconds."""
    return effort.clicks == 0 and effort.spent <= 45


# -- tasks --------------------------------------------------------------------------------------------------------


def look_at_today(driver: Driver) -> None:
    """Today is there when the program opens."""
    driver.program.window.open("today")
    driver.settle()
    driver.picture("today")


def when_is_my_lesson(driver: Driver) -> None:
    """Four letters of a name answer with the next lesson, without a click."""
    palette = driver.program.window.palette_
    driver.key("Ctrl+K")
    driver.type("etha")
    driver.settle()
    driver.effort.stop()
    shown = [result.spoken for result in palette.list.results]
    _check(any("Ethan Popescu" in words and "Highway 90" in words for words in shown), f"no lesson in {shown}")
    driver.picture("palette")
    driver.key("Escape")
    driver.settle()


def next_free(driver: Driver) -> None:
    """S, one line, Enter takes the best slot, Enter books it."""
    _calendar(driver)
    before = _bookings(driver)
    driver.effort = Effort()
    driver.key("S")
    driver.type("grace 60 newtown next week")
    driver.settle()
    driver.key("Return")
    driver.settle()
    driver.key("Return")
    driver.settle()
    driver.effort.stop()
    made = _only(_bookings(driver) - before, "one booking more")
    _check(
        driver.query(lambda c: require_booking(c, _org(driver), made)).status is BookingStatus.CONFIRMED, "confirmed"
    )
    driver.picture("next-free-booked")


def new_student(driver: Driver) -> None:
    """A caller's name, mobile and suburb, and the first lesson, without the mouse."""
    screen = _calendar(driver)
    before = _bookings(driver)
    driver.effort = Effort()
    driver.key("N")
    driver.settle()
    driver.type("Zoe Marlowe")
    driver.settle()
    driver.key("Tab")
    driver.type("0491 570 156")
    driver.key("Tab")
    driver.type("Newtown")
    driver.settle()
    if not _focus_is(driver, screen.editor.suburb):
        raise Bug("the third field is the suburb")
    screen.editor.suggestions.button(_first_chip(screen)).setFocus(Qt.FocusReason.TabFocusReason)
    driver.key("Space")
    driver.settle()
    screen.editor.suburb.setFocus(Qt.FocusReason.TabFocusReason)
    driver.key("Return")
    driver.settle()
    driver.effort.stop()
    made = _only(_bookings(driver) - before, "one booking more")
    booked = driver.query(lambda c: require_booking(c, _org(driver), made))
    name = driver.query(lambda c: student(c, _org(driver), booked.student_id)).full_name
    _check(name == "Zoe Marlowe", f"booked for {name}")
    driver.picture("new-student-booked")


def move_by_drag(driver: Driver) -> None:
    """A lesson is dragged to another instructor, with a verdict while it moves."""
    screen = _calendar(driver)
    entry, slot = _movable(driver, screen)
    screen.view.reveal(entry.id)
    driver.settle()
    start = _middle(screen, entry.id)
    end = _place_of(screen, slot, start)
    port = screen.view.viewport()
    driver.effort = Effort()
    driver.drag(port, start, end, drop=False)
    _check(screen.view.proposal() is not None, "a ghost follows the mouse")
    driver.drop(port, end)
    driver.settle()
    _overrule(driver, screen)
    driver.effort.stop()
    moved = _booking(driver, entry.id)
    _check(moved.instructor_id == slot.instructor_id, "the lesson has the other instructor")
    driver.picture("moved")
    driver.key("Ctrl+Z")
    driver.settle()
    _check(_booking(driver, entry.id).instructor_id == entry.instructor_id, "undo gave it back")


def move_by_keys(driver: Driver) -> None:
    """Alt+Down twice and Enter move the selected lesson by half an hour."""
    screen = _calendar(driver)
    entry = _later(driver)
    _select(driver, screen, entry)
    driver.effort = Effort()
    for keys in ("Alt+Down", "Alt+Down", "Return"):
        driver.key(keys)
    driver.settle()
    _overrule(driver, screen)
    driver.effort.stop()
    _check(_booking(driver, entry.id).start == entry.start + timedelta(minutes=30), "half an hour later")
    driver.key("Ctrl+Z")
    driver.settle()
    _check(_booking(driver, entry.id).start == entry.start, "undo")


def resize_by_keys(driver: Driver) -> None:
    """Alt+Shift+Down and Enter make the selected lesson a quarter longer."""
    screen = _calendar(driver)
    entry = _later(driver)
    _select(driver, screen, entry)
    driver.effort = Effort()
    driver.key("Alt+Shift+Down")
    driver.key("Return")
    driver.settle()
    _overrule(driver, screen)
    driver.effort.stop()
    _check(_booking(driver, entry.id).end == entry.end + timedelta(minutes=15), "a quarter longer")
    driver.key("Ctrl+Z")
    driver.settle()


def take_payment(driver: Driver) -> None:
    """P, C, Enter: cash for the selected lesson."""
    screen = _calendar(driver)
    entry = next(each for each in _entries(driver) if each.due_cents > 0 and each.status is BookingStatus.CONFIRMED)
    _select(driver, screen, entry)
    driver.effort = Effort()
    driver.key("P")
    driver.settle()
    driver.key("C")
    driver.key("Return")
    driver.settle()
    driver.effort.stop()
    kept = driver.query(lambda c: money_of(c, _org(driver), entry.id)).kept_cents
    _check(kept >= entry.due_cents, f"{kept} cents kept of {entry.due_cents}")
    driver.picture("paid")


def cancel(driver: Driver) -> None:
    """X, S: the refund is shown; Enter cancels."""
    screen = _calendar(driver)
    entry = _later(driver)
    _select(driver, screen, entry)
    driver.effort = Effort()
    driver.key("X")
    driver.settle()
    driver.key("S")
    driver.settle()
    _check(_booking(driver, entry.id).status is BookingStatus.CONFIRMED, "nothing happens before Enter")
    driver.picture("cancel-quote")
    driver.effort.resume()
    driver.key("Return")
    driver.settle()
    driver.effort.stop()
    _check(_booking(driver, entry.id).status is BookingStatus.CANCELLED, "cancelled")


def undo_and_redo(driver: Driver) -> None:
    """The cancelled lesson comes back, goes, and comes back."""
    screen = _calendar(driver)
    entry = _later(driver)
    _select(driver, screen, entry)
    driver.key("X")
    driver.settle()
    driver.key("I")
    driver.settle()
    driver.key("Return")
    driver.settle()
    driver.effort = Effort()
    driver.key("Ctrl+Z")
    driver.settle()
    _check(_booking(driver, entry.id).status is BookingStatus.CONFIRMED, "undo")
    driver.key("Ctrl+Y")
    driver.settle()
    driver.effort.stop()
    _check(_booking(driver, entry.id).status is BookingStatus.CANCELLED, "redo")
    driver.key("Ctrl+Z")
    driver.settle()


def done(driver: Driver) -> None:
    """D closes a lesson that was given."""
    screen = _calendar(driver)
    entry = _first_possible(driver, BookingStatus.COMPLETED)
    _select(driver, screen, entry)
    driver.effort = Effort()
    driver.key("D")
    driver.settle()
    driver.effort.stop()
    _check(_booking(driver, entry.id).status is BookingStatus.COMPLETED, "done")
    driver.picture("done")


def no_show(driver: Driver) -> None:
    """Shift+N marks a student who did not come."""
    screen = _calendar(driver)
    entry = _first_possible(driver, BookingStatus.NO_SHOW)
    _select(driver, screen, entry)
    driver.effort = Effort()
    driver.key("Shift+N")
    driver.settle()
    driver.effort.stop()
    _check(_booking(driver, entry.id).status is BookingStatus.NO_SHOW, "no-show")
    driver.key("Ctrl+Z")
    driver.settle()


def week(driver: Driver) -> None:
    """2 shows the second instructor's week."""
    screen = _calendar(driver)
    driver.effort = Effort()
    driver.key("2")
    driver.settle()
    driver.effort.stop()
    _check(len(screen.view.page.columns) == 7, "seven days")
    driver.picture("week")
    driver.key("Ctrl+1")
    driver.settle()
    driver.picture("calendar")


# -- sights -------------------------------------------------------------------------------------------------------


def students(driver: Driver) -> None:
    """The roster."""
    _sight(driver, "students")


def instructors(driver: Driver) -> None:
    """Hours, leave and holidays."""
    _sight(driver, "instructors")


def services(driver: Driver) -> None:
    """Services and their prices."""
    _sight(driver, "services")


def activity(driver: Driver) -> None:
    """Who did what, before and after."""
    _sight(driver, "activity")


def sync(driver: Driver) -> None:
    """Everything done so far is on the service, and nothing needs a decision."""
    status = driver.await_sync()
    _check(status.state in (SyncState.SYNCED, SyncState.LOCAL), f"the sync is {status.state.value}")
    _check(not status.waiting and not status.conflicts, "all work arrived and stands")
    _sight(driver, "sync")


def settings(driver: Driver) -> None:
    """The school, its rules, backups."""
    _sight(driver, "settings")


def keys(driver: Driver) -> None:
    """F1 shows every key."""
    driver.key("F1")
    driver.settle()
    sheet = driver.app.activeWindow()
    if sheet is not None and sheet is not driver.program.window:
        sheet.grab().save(str(driver.output / "keys.png"))
        sheet.close()
    driver.settle()


def _sight(driver: Driver, screen_id: str) -> None:
    driver.program.window.open(screen_id)
    driver.settle()
    _check(driver.program.window.host.current_id == screen_id, f"{screen_id} is on show")
    driver.picture(screen_id)


# -- looking things up --------------------------------------------------------------------------------------------


def _org(driver: Driver) -> UUID:
    return driver.program.desk.session.org_id


def _calendar(driver: Driver) -> CalendarScreen:
    """The calendar on today's day, with nothing beside it."""
    driver.program.window.open("calendar")
    driver.settle()
    screen: Screen | None = driver.program.window.host.current
    if not isinstance(screen, CalendarScreen):
        raise Bug("the calendar did not open")
    screen.presenter.today()
    driver.settle()
    screen.view.setFocus()
    return screen


def _page(driver: Driver) -> CalendarData:
    desk = driver.program.desk
    now = desk.clock.now()
    return driver.query(lambda c: calendar_day(c, _org(driver), local_date(now, desk.session.tz), now))


def _entries(driver: Driver) -> tuple[CalendarEntry, ...]:
    return _page(driver).entries


def _bookings(driver: Driver) -> frozenset[UUID]:
    found = driver.query(lambda c: c.exec_driver_sql("SELECT id FROM bookings").all())
    return frozenset(UUID(bytes=row[0]) for row in found)


def _booking(driver: Driver, booking_id: UUID) -> BookingFacts:
    return driver.query(lambda c: require_booking(c, _org(driver), booking_id))


def _later(driver: Driver) -> CalendarEntry:
    """A confirmed lesson of this afternoon with room after it, and no money taken: all of it can be undone."""
    entries, now = _entries(driver), driver.replica.clock.now()
    for entry in entries:
        soon = entry.start <= now + timedelta(hours=1)
        if entry.status is not BookingStatus.CONFIRMED or soon or entry.due_cents <= 0:
            continue
        own = [e for e in entries if e.instructor_id == entry.instructor_id and e.start >= entry.end]
        if all(other.start >= entry.end + timedelta(hours=1) for other in own):
            return entry
    raise Bug("the demo has a free afternoon hour")


def _first_possible(driver: Driver, target: BookingStatus) -> CalendarEntry:
    """The first lesson of today that could become `target` now."""
    session, now = driver.program.desk.session, driver.replica.clock.now()
    for entry in _entries(driver):
        detail = driver.query(
            lambda c, entry=entry: booking_detail(c, session.org_id, entry.id, session.user_id, now)  # type: ignore[misc]
        )
        if entry.status not in FINAL and target in detail.possible:
            return entry
    raise Bug(f"the demo has a lesson that could be {target.value}")


def _movable(driver: Driver, screen: CalendarScreen) -> tuple[CalendarEntry, Slot]:
    """A lesson, and another instructor who is free at its time."""
    page, now = _page(driver), driver.replica.clock.now()
    shown = {lesson.column_key for lesson in screen.view.page.lessons}
    for entry in page.entries:
        if entry.status is not BookingStatus.CONFIRMED or entry.start <= now + timedelta(hours=2):
            continue
        for column in page.columns:
            slot = Slot(column.instructor_id, entry.start, entry.end, entry.student_id, ignore=entry.id)
            if column.instructor_id == entry.instructor_id or str(column.instructor_id) not in shown:
                continue
            if driver.query(lambda c, slot=slot: verdict_at(c, _org(driver), slot, now)).hard is False:  # type: ignore[misc]
                return entry, slot
    raise Bug("the demo has an instructor who could take a lesson")


def _place_of(screen: CalendarScreen, slot: Slot, start: QPoint) -> QPoint:
    """The same height in the other instructor's column."""
    there = next(each for each in screen.view.page.lessons if each.column_key == str(slot.instructor_id))
    return QPoint(_middle(screen, there.id).x(), start.y())


def _middle(screen: CalendarScreen, lesson_id: UUID) -> QPoint:
    """The middle of a lesson in the viewport."""
    return screen.view.viewport().mapFromGlobal(screen.view.lesson_rect(lesson_id).center())


def _select(driver: Driver, screen: CalendarScreen, entry: CalendarEntry) -> None:
    screen.show_lesson(entry.id)
    driver.settle()
    screen.view.setFocus()


def _overrule(driver: Driver, screen: CalendarScreen) -> None:
    """Where the move is against advice, the refusal offers to do it anyway: one key more."""
    if not screen.refusal.isHidden():
        driver.key("Space")
        driver.settle()


def _first_chip(screen: CalendarScreen) -> str:
    keys = screen.editor.suggestions.chips()
    return _only(keys[:1], "a free time is offered")


def _focus_is(driver: Driver, widget: QWidget) -> bool:
    return driver.app.focusWidget() is widget


def _only(found: Iterable[T], what: str) -> T:
    rows = list(found)
    _check(len(rows) == 1, f"{what}, not {len(rows)}")
    return rows[0]


def _check(holds: bool, what: str) -> None:
    if not holds:
        raise AssertionError(what)

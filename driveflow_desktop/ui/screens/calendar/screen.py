"""The calendar's widgets: the bar, the painted view, and the panel beside it."""

from collections.abc import Callable
from datetime import date
from functools import partial
from uuid import UUID

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from driveflow_desktop.domain.scheduling.commands.booking import Moving
from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.calendar.snapshot import CalendarPage, Proposal
from driveflow_desktop.ui.calendar.view import CalendarView
from driveflow_desktop.ui.screens.booking.editor import BookingEditor
from driveflow_desktop.ui.screens.booking.panel import BookingPanel
from driveflow_desktop.ui.screens.calendar.bar import CalendarBar
from driveflow_desktop.ui.screens.calendar.new_time import NewTimeMode
from driveflow_desktop.ui.screens.calendar.next_free import NextFreeMode
from driveflow_desktop.ui.screens.calendar.pages import DAY, WEEK
from driveflow_desktop.ui.screens.calendar.presenter import CalendarPresenter, Refusal, Wish
from driveflow_desktop.ui.screens.calendar.refusal_bar import RefusalBar
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.shell.action_table import INSTRUCTOR_KEYS
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.theme import Tokens
from driveflow_desktop.ui.widgets.memory import Memory
from driveflow_desktop.ui.widgets.panels import EmptyState

NEW = "new"
_MINUTE_MS = 60_000
_FIRST_MINUTE = 7 * 60
_ZOOM = "calendar/zoom"


def calendar_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return CalendarScreen(context)


class CalendarScreen(Screen):
    """Day or week, with a lesson or the editor beside it."""

    tables = frozenset(
        {"bookings", "students", "instructors", "services", "payments", "refunds", "package_uses", "lessons", "orgs"}
        | {"availability_exceptions", "instructor_availabilities", "holidays", "guardians", "student_guardians"}
    )

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._context = context
        self.presenter = CalendarPresenter(context.desk, context.memory, self)
        self.view = CalendarView(clock_text=self.presenter.clock_text)
        self.view.set_tokens(context.theme.tokens)
        self.panel = BookingPanel(context.desk)
        self.editor = BookingEditor(context.desk)
        self.refusal = RefusalBar()
        self._empty = EmptyState(
            "car", self.tr("No instructors yet: the calendar has a column for each."), self.tr("Add one")
        )
        self._failed = EmptyState("warning-circle", self.tr("The calendar could not be read."), self.tr("Try again"))
        self.bar = CalendarBar()
        self._scrolled = False
        self._lay_out()
        self._connect()
        self._tick = QTimer(self)
        self._tick.setInterval(_MINUTE_MS)
        self._tick.timeout.connect(self.presenter.refresh)
        _keep_zoom(self.view, context.memory)

    # -- what the window asks -----------------------------------------------------------------------------------

    def top_bar(self) -> QWidget:
        """Today, arrows, title, day or week, search, New booking."""
        return self.bar

    def handlers(self) -> dict[str, Callable[[], None]]:
        """Keys and menu entries of the calendar and of the lesson beside it."""
        presenter, view = self.presenter, self.view
        found: dict[str, Callable[[], None]] = {
            "calendar.today": presenter.today,
            "calendar.back": partial(presenter.step, -1),
            "calendar.forward": partial(presenter.step, 1),
            "calendar.day": partial(presenter.set_view, DAY),
            "calendar.week": partial(presenter.set_view, WEEK),
            "booking.new": partial(self.edit_new, Wish()),
            "booking.next_free": self._ask_next_free,
            "calendar.zoom_in": partial(view.zoom_by, 1),
            "calendar.zoom_out": partial(view.zoom_by, -1),
            "calendar.zoom_reset": partial(view.zoom_by, 0),
        }
        if view.selected() is not None:
            found |= {
                "booking.earlier": partial(view.nudge, 0, -1),
                "booking.later": partial(view.nudge, 0, 1),
                "booking.left": partial(view.nudge, -1, 0),
                "booking.right": partial(view.nudge, 1, 0),
                "booking.shorter": partial(view.nudge, 0, -1, resize=True),
                "booking.longer": partial(view.nudge, 0, 1, resize=True),
            }
        for number in INSTRUCTOR_KEYS:
            found[f"calendar.instructor_{number}"] = partial(presenter.choose_nth, number)
        return found | self.panel.handlers()

    def refresh(self, changes: Changes) -> None:
        """Read the page and the lesson beside it again."""
        self.presenter.refresh()
        self.panel.presenter.load()

    def show_argument(self, argument: object) -> None:
        """A booking's id, a day, "new" for the editor, or a student's wish for a lesson."""
        if isinstance(argument, UUID):
            self.presenter.open_booking(argument)
        elif isinstance(argument, date):
            self.presenter.go(argument)
        elif argument == NEW:
            self.edit_new(Wish())
        elif isinstance(argument, Wish):
            self.edit_new(argument)

    def activated(self) -> None:
        """Read the page; the now-line moves each minute."""
        self.presenter.refresh()
        self._tick.start()
        self.view.setFocus()

    def deactivated(self) -> None:
        """No clock while nobody looks."""
        self._tick.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes what lies beside the calendar."""
        if event.key() == Qt.Key.Key_Escape and not self._side.isHidden():
            self._close_side()
            return
        super().keyPressEvent(event)

    # -- what the presenter says --------------------------------------------------------------------------------

    def show_page(self, page: CalendarPage, title: str, note: str) -> None:
        """Show a page; at first, scrolled to the morning."""
        self.bar.show_place(title, note, self.presenter.view)
        self._stack.setCurrentWidget(self.view if page.columns else self._empty)
        self.view.set_page(page)
        if not self._scrolled:
            self._scrolled = True
            self.view.scroll_to_minute(_FIRST_MINUTE)

    def show_instructors(self, names: tuple[tuple[UUID, str], ...], chosen: UUID | None) -> None:
        """Fill the picker of the week view."""
        self.bar.instructors.offer([(str(key), name) for key, name in names], str(chosen))

    def show_failure(self, error: UserError) -> None:
        """Say that the page could not be read, and offer to try again."""
        self._stack.setCurrentWidget(self._failed)
        self.message.emit(str(error), None)

    def show_lesson(self, booking_id: UUID) -> None:
        """Select a lesson and bring it into view."""
        self.view.select(booking_id)
        self.view.reveal(booking_id)
        self._select(booking_id)

    def refuse_drop(self, refusal: Refusal) -> None:
        """Say why, and offer the ways out."""
        self.view.proposal_cancelled()
        self.refusal.show_refusal(refusal)

    def edit_new(self, wish: Wish) -> None:
        """Open the editor beside the calendar."""
        self.refusal.hide()
        self._side.setCurrentWidget(self.editor)
        self._side.show()
        self.editor.open(wish)

    # -- parts --------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.view)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self._failed)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self._stack, 1)
        left.addWidget(self.refusal)
        self._side = QStackedWidget()
        self._side.addWidget(self.panel)
        self._side.addWidget(self.editor)
        self._side.setFixedWidth(self.panel.width())
        self._side.hide()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 1)
        row.addWidget(self._side)

    def _connect(self) -> None:
        self.bar.today_asked.connect(self.presenter.today)
        self.bar.step_asked.connect(self.presenter.step)
        self.bar.view_chosen.connect(self.presenter.set_view)
        self.bar.instructor_chosen.connect(self.presenter.choose_instructor)
        self.bar.new_asked.connect(partial(self.edit_new, Wish()))
        self._empty.acted.connect(partial(self.open_requested.emit, "instructors", NEW))
        self._failed.acted.connect(self.presenter.refresh)
        self.view.lessonSelected.connect(self._select)
        self.view.lessonActivated.connect(self._activate)
        self.view.proposed.connect(self._answer)
        self.view.dropped.connect(self._dropped)
        self.view.emptyActivated.connect(self.presenter.new_at)
        self.refusal.left.connect(self.view.setFocus)
        self.panel.closed.connect(self._close_side)
        self.panel.acts_changed.connect(self.handlers_changed)
        self.panel.form_closed.connect(self.view.setFocus)
        self.panel.new_time_asked.connect(self._ask_new_time)
        self.panel.student_asked.connect(partial(self.open_requested.emit, "students"))
        self.editor.closed.connect(self._close_editor)
        self.editor.saved_booking.connect(self._booked)
        self._context.theme.changed.connect(self._dress)

    def _dress(self, tokens: Tokens) -> None:
        self.view.set_tokens(tokens)

    def _answer(self, proposal: Proposal) -> None:
        self.view.set_verdict(self.presenter.verdict(proposal), proposal)

    def _dropped(self, proposal: Proposal) -> None:
        self.refusal.hide()
        self.presenter.drop(proposal)

    def _select(self, booking_id: UUID | None) -> None:
        self.handlers_changed.emit()
        editing = self._side.currentWidget() is self.editor and not self._side.isHidden()
        if booking_id is None or editing:
            return
        self._side.setCurrentWidget(self.panel)
        self._side.show()
        if self.panel.presenter.booking_id != booking_id:
            self.panel.presenter.show(booking_id)

    def _activate(self, booking_id: UUID) -> None:
        self._side.setCurrentWidget(self.panel)
        self._select(booking_id)
        self.panel.begin()

    def _booked(self, booking_id: UUID) -> None:
        self._side.setCurrentWidget(self.panel)
        self.presenter.open_booking(booking_id)
        self.panel.presenter.show(booking_id)
        self.view.setFocus()

    def _close_editor(self) -> None:
        """Back to the lesson that was shown before, or to the calendar alone."""
        selected = self.view.selected()
        if selected is None:
            self._close_side()
            return
        self.view.proposal_cancelled()
        self._side.setCurrentWidget(self.panel)
        self._select(selected)
        self.view.setFocus()

    def _close_side(self) -> None:
        self.view.proposal_cancelled()
        self.view.select(None)
        self.panel.presenter.show(None)
        self._side.setCurrentWidget(self.panel)
        self._side.hide()
        self.view.setFocus()
        self.handlers_changed.emit()

    def _ask_new_time(self) -> None:
        detail = self.panel.presenter.detail
        if detail is not None:
            self._context.open_palette(NewTimeMode(self._context.desk, detail.booking, detail.student.name, self._move))

    def _move(self, request: Moving) -> None:
        self.refusal.hide()
        self.presenter.move(self.tr("Lesson moved"), request)

    def _ask_next_free(self) -> None:
        self._context.open_palette(NextFreeMode(self._context.desk, self._edit_later))

    def _edit_later(self, wish: Wish) -> None:
        """Once the palette has closed and given the keyboard back, lest it takes it from the editor."""
        QTimer.singleShot(0, self, partial(self.edit_new, wish))


def _keep_zoom(view: CalendarView, memory: Memory) -> None:
    """Show the hours as tall as last time, and remember what they become."""
    kept = memory.read(_ZOOM) or ""
    if kept.isdecimal():
        view.set_zoom(int(kept))
    view.zoomChanged.connect(lambda pixels_per_hour: memory.write(_ZOOM, str(round(pixels_per_hour))))

"""Today: the next lessons, the day's load, and what waits for someone's decision."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.today.presenter import Line, Load, NextLesson, TodayPage, TodayPresenter
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton
from driveflow_desktop.ui.widgets.loadbar import Legend, LoadRow
from driveflow_desktop.ui.widgets.marks import Pill, PillTone
from driveflow_desktop.ui.widgets.panels import Card, CardColumns
from driveflow_desktop.ui.widgets.text import ElidedLabel, dress, label

_MINUTE_MS = 60_000
_PILL_WIDTH = 96


def today_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return TodayScreen(context)


class ClickRow(QWidget):
    """A row that acts on a click, on Enter and on Space, and is one control to a screen reader."""

    chosen = Signal()

    def __init__(self, spoken: str) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAccessibleName(spoken)
        dress(self, row="click")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click inside the row chooses it."""
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space choose the row."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit()
            return
        super().keyPressEvent(event)


class TodayScreen(Screen):
    """Two columns of cards; every row leads to its lesson or person."""

    tables = frozenset(
        {"bookings", "lessons", "payments", "refunds", "messages", "instructors", "students", "services"}
        | {"availability_exceptions", "instructor_availabilities", "holidays", "package_uses", "waitlist_entries"}
        | {"conflicts"}
    )

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._presenter = TodayPresenter(context.desk, self._show)
        self._bar = TopBar(self.tr("Today"))
        book = PrimaryButton(self.tr("New booking"), hint="N")
        book.clicked.connect(partial(context.desk.open, "calendar", "new"))
        self._bar.add_action(book)
        self._decide = Card(self.tr("Needs your decision"))
        self._next = Card(self.tr("Next lessons"))
        self._load = Card(self.tr("Today’s load"))
        self._close = Card(self.tr("To close"))
        self._calls = Card(self.tr("Call list"))
        self._owed = Card(self.tr("Money owed"))
        self._licences = Card(self.tr("Licences"))
        self._counts = {card: Pill("0") for card in (self._decide, self._close, self._calls, self._owed)}
        for card, pill in self._counts.items():
            card.add_to_title(pill, beside=True)
            pill.hide()  # until it is known
        self._close_all = Button(self.tr("Close all done"), kind="quiet")
        self._close_all.clicked.connect(self._presenter.close_all_done)
        self._close.add_to_title(self._close_all)
        self._close_all.hide()
        open_inbox = Button(self.tr("Open"), kind="quiet")
        open_inbox.setAccessibleName(self.tr("Open: needs your decision"))
        open_inbox.clicked.connect(self._presenter.open_inbox)
        self._decide.add_to_title(open_inbox)
        for card in (self._licences, self._decide):
            card.hide()
        self._lay_out()
        self._tick = QTimer(self)
        self._tick.setInterval(_MINUTE_MS)
        self._tick.timeout.connect(self._presenter.load)

    def top_bar(self) -> QWidget:
        """Greeting, search, New booking."""
        return self._bar

    def handlers(self) -> dict[str, Callable[[], None]]:
        """N makes a booking on the calendar."""
        return {"booking.new": self._new_booking}

    def load(self) -> None:
        """Read."""
        self._presenter.load()

    def activated(self) -> None:
        """Read, and read again each minute."""
        self.load()
        self._tick.start()

    def deactivated(self) -> None:
        """No clock while nobody looks."""
        self._tick.stop()

    def _new_booking(self) -> None:
        self.open_requested.emit("calendar", "new")

    def _lay_out(self) -> None:
        right = (self._decide, self._close, self._calls, self._owed, self._licences)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(CardColumns(((5, (self._next, self._load)), (4, right))))

    def _show(self, page: TodayPage) -> None:
        self._bar.set_title(page.greeting, page.subtitle)
        self._next.set_title(self.tr("Next lessons"), page.clock)
        self._fill(self._next, [self._lesson_row(each) for each in page.lessons], self.tr("No more lessons to come."))
        self._show_loads(page.loads)
        to_lesson, to_person = self._presenter.open_lesson, self._presenter.open_person
        self._decide.setVisible(bool(page.decisions))
        self._fill_lines(self._decide, page.decisions, "", "bad", self._presenter.open_decision)
        if page.decisions:
            self._counts[self._decide].set_state(f"{page.undecided:,}", "bad")
        self._fill_lines(self._close, page.to_close, self.tr("Every lesson is closed."), "warn", to_lesson)
        self._close_all.setVisible(bool(page.to_close))
        self._fill_lines(self._calls, page.calls, self.tr("Every message arrived."), "info", to_person)
        self._fill_lines(self._owed, page.owed, self.tr("Nobody owes money."), "neutral", to_lesson)
        if page.owed_total:
            self._counts[self._owed].set_state(page.owed_total, "neutral")
        self._licences.setVisible(bool(page.licences))
        self._fill(self._licences, [label(words) for words in page.licences], "")

    def _show_loads(self, loads: Sequence[Load]) -> None:
        self._load.clear_rows()
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 0, 14, 14)
        column.setSpacing(10)
        for each in loads:
            column.addWidget(
                LoadRow(each.name, each.figures, done=each.done, booked=each.booked, capacity=each.capacity)
            )
        if loads:
            column.addWidget(Legend(self.tr("done"), self.tr("booked")))
        else:
            column.addWidget(label(self.tr("Nobody works today."), tone="muted"))
        self._load.add_body(body)

    def _fill_lines(
        self, card: Card, lines: Sequence[Line], empty: str, tone: PillTone, act: Callable[[Line], None]
    ) -> None:
        pill = self._counts[card]
        pill.setVisible(bool(lines))
        pill.set_state(str(len(lines)), tone)
        self._fill(card, [self._line_row(line, act) for line in lines], empty)

    def _fill(self, card: Card, rows: Iterable[QWidget], empty: str) -> None:
        card.clear_rows()
        made = list(rows)
        for row in made:
            card.add_row(row)
        if not made and empty:
            card.add_row(label(empty, tone="muted"))

    def _line_row(self, line: Line, act: Callable[[Line], None]) -> QWidget:
        row = ClickRow(f"{line.title}, {line.remark}")
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(ElidedLabel(line.title), 1)
        inside.addWidget(label(line.remark, size="sm", tone="muted"))
        row.chosen.connect(partial(act, line))
        return row

    def _lesson_row(self, lesson: NextLesson) -> QWidget:
        row = ClickRow(lesson.spoken)
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        time = label(lesson.time, weight="bold")
        time.setFixedWidth(88)
        names = QVBoxLayout()
        names.setSpacing(1)
        names.addWidget(ElidedLabel(lesson.student, weight="bold"))
        names.addWidget(ElidedLabel(lesson.what, size="sm", tone="muted"))
        instructor = ElidedLabel(lesson.instructor, size="sm", tone="muted")
        pill = Pill(lesson.pill, lesson.tone)
        inside.addWidget(time)
        inside.addLayout(names, 3)
        inside.addWidget(instructor, 2)
        # As wide in every row, so that the names before it stand in a column.
        corner = QWidget()
        corner.setMinimumWidth(_PILL_WIDTH)
        right = QHBoxLayout(corner)
        right.setContentsMargins(0, 0, 0, 0)
        right.addStretch(1)
        right.addWidget(pill)
        inside.addWidget(corner)
        row.chosen.connect(partial(self._presenter.open_booking, lesson.id))
        return row

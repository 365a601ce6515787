"""The editor of weekly hours: seven days, each with a track of bars to drag, resize, add and remove."""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from uuid import UUID

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QColor,
    QContextMenuEvent,
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from driveflow_desktop.kernel.time import MINUTES_PER_DAY
from driveflow_desktop.ui.screens.instructors.week import (
    SNAP,
    WEEK,
    Bar,
    Edge,
    Span,
    Version,
    dragged,
    hours_words,
    new_span,
    next_gap,
    snapped,
    visible_range,
)
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.text import hairline, label

_TRACK_HEIGHT = 26
_EDGE = 7
_THRESHOLD = 4
_PAUSE_MS = 600
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F2)
_ARROWS = {Qt.Key.Key_Left: -SNAP, Qt.Key.Key_Right: SNAP}


def span_words(span: Span) -> str:
    """`8:00 – 12:00`, as it stands on a bar: without am and pm, which the place on the track tells."""
    return f"{_bare(span.start)} – {_bare(span.end)}"


def _bare(minute: int) -> str:
    return formats.clock(minute).rsplit(" ", 1)[0]


class HourBar(QWidget):
    """Working hours on a track. Arrows move, Shift+arrows resize, Enter types, Delete removes, Esc puts back."""

    changed = Signal(object)
    """The person gave it another `Span`."""
    removed = Signal()
    typed = Signal()
    """The person wants to type the times."""

    def __init__(self, track: "DayTrack", bar: Bar, day: str) -> None:
        super().__init__(track)
        self._track = track
        self._day = day
        self.bar = bar
        self.span = bar.span
        self._press: tuple[float, Edge] | None = None
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(_PAUSE_MS)
        self._pause.timeout.connect(self._ask)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.show_span(bar.span)

    def show_span(self, span: Span) -> None:
        """Draw other hours, without telling anybody."""
        self.span = span
        words = self.tr("{day} {start} to {end}").format(
            day=self._day, start=formats.clock(span.start), end=formats.clock(span.end)
        )
        if self.bar.effective_to is not None:
            words = self.tr("{hours}, until {day}").format(hours=words, day=formats.day(self.bar.effective_to))
        self.setAccessibleName(words)
        self.setAccessibleDescription(self.tr("Arrows move, Shift and arrows resize, Enter types, Delete removes."))
        self.setToolTip(words)
        self._track.place(self)
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Change the bar by keys."""
        key = Qt.Key(event.key())
        step = _ARROWS.get(key)
        if step is not None and self._track.editable:
            edge: Edge = "end" if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else "both"
            self._step(dragged(self.span, edge, step, self._track.others(self)))
        elif key in _ENTER and self._track.editable:
            self._ask()
            self.typed.emit()
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and self._track.editable:
            self._pause.stop()
            self.removed.emit()
        elif key is Qt.Key.Key_Escape and self.span != self.bar.span:
            self._press = None
            self._pause.stop()
            self.show_span(self.bar.span)
        else:
            super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of an edge or of the bar."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            if self._track.editable:
                self._press = (event.globalPosition().x(), self._edge_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse by quarters of an hour."""
        if self._press is None:
            edge = self._edge_at(event.position().x())
            shape = Qt.CursorShape.OpenHandCursor if edge == "both" else Qt.CursorShape.SizeHorCursor
            self.setCursor(shape if self._track.editable else Qt.CursorShape.ArrowCursor)
            return
        pressed, edge = self._press
        distance = event.globalPosition().x() - pressed
        if abs(distance) >= _THRESHOLD or self.span != self.bar.span:
            by = round(self._track.minutes_of(distance) / SNAP) * SNAP
            self.show_span(dragged(self.bar.span, edge, by, self._track.others(self)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go: the new hours are asked for."""
        if event.button() is Qt.MouseButton.LeftButton and self._press is not None:
            self._press = None
            self._ask()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Type the times."""
        if self._track.editable:
            self.typed.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Nothing of its own: the track does not add hours over a bar."""
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show the ring."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Hide the ring; what keys changed is asked for now."""
        super().focusOutEvent(event)
        if self._pause.isActive():
            self._ask()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the bar with its times, or what of them fits."""
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        width = 2.0 if self.hasFocus() else 1.0
        painter.setPen(QPen(QColor(worn.focus if self.hasFocus() else worn.accent), width))
        painter.setBrush(QColor(worn.accent_weak))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2), 4, 4)
        painter.setPen(QColor(worn.text))
        painter.setFont(font(worn.font_xs))
        words = painter.fontMetrics().elidedText(span_words(self.span), Qt.TextElideMode.ElideRight, self.width() - 4)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, words)

    def _edge_at(self, x: float) -> Edge:
        grip = min(_EDGE, self.width() / 4)
        if x <= grip:
            return "start"
        return "end" if x >= self.width() - grip else "both"

    def _step(self, span: Span) -> None:
        """Show what a key did at once; several presses in a row are asked for together."""
        if span != self.span:
            self.show_span(span)
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, self.accessibleName()))
            self._pause.start()

    def _ask(self) -> None:
        self._pause.stop()
        if self.span != self.bar.span:
            self.changed.emit(self.span)


class DayTrack(QWidget):
    """A day from morning to evening. A double-click, or Enter on the empty track, adds hours."""

    asked_new = Signal(object)
    """Add this `Span`."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.range = Span(6 * 60, 20 * 60)
        self.editable = True
        self.bars: list[HourBar] = []
        self.setFixedHeight(_TRACK_HEIGHT)
        self.setMinimumWidth(240)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def set_bars(self, bars: Sequence[HourBar], shown: Span, *, editable: bool) -> None:
        """Show these bars; they are the track's children already."""
        self.bars = list(bars)
        self.range = shown
        self.editable = editable
        total = hours_words((bar.span for bar in bars), self.tr("no hours"))
        self.setAccessibleName(self.tr("{day}, {hours}").format(day=self._name, hours=total))
        self.setAccessibleDescription(self.tr("Press Enter to add hours.") if editable else "")
        for bar in self.bars:
            self.place(bar)
            bar.show()
        self.update()

    def others(self, bar: HourBar) -> list[Span]:
        """The hours of the other bars."""
        return [each.span for each in self.bars if each is not bar]

    def place(self, bar: HourBar) -> None:
        """Lay a bar where its hours are."""
        left, right = round(self.x_of(bar.span.start)), round(self.x_of(bar.span.end))
        bar.setGeometry(left, 0, max(10, right - left), self.height())

    def x_of(self, minute: int) -> float:
        """Where a minute lies, in pixels."""
        return (minute - self.range.start) * self.width() / self.range.minutes

    def minutes_of(self, distance: float) -> float:
        """How many minutes a distance in pixels is."""
        return distance * self.range.minutes / max(1, self.width())

    def sizeHint(self) -> QSize:
        """As wide as it gets."""
        return QSize(420, _TRACK_HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Lay the bars anew."""
        super().resizeEvent(event)
        for bar in self.bars:
            self.place(bar)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Add hours from where the mouse is."""
        if event.button() is Qt.MouseButton.LeftButton and self.editable:
            minute = self.range.start + self.minutes_of(event.position().x())
            self._ask(new_span(snapped(minute), [bar.span for bar in self.bars]))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter or Insert adds hours."""
        if event.key() in (*_ENTER, Qt.Key.Key_Insert) and self.editable:
            self._ask(next_gap([bar.span for bar in self.bars]))
            return
        super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        """Redraw the ring when the focus comes or goes."""
        if event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
            self.update()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the track, with a fine line per three hours."""
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(worn.focus), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
        painter.setBrush(QColor(worn.closed))
        inset = 1.0 if self.hasFocus() else 0.0
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), 4, 4)
        painter.setPen(QPen(QColor(worn.border), 1))
        for minute in range(-(-self.range.start // 180) * 180, self.range.end, 180):
            x = round(self.x_of(minute)) + 0.5
            if 1 < x < self.width() - 1:
                painter.drawLine(QPointF(x, 3), QPointF(x, self.height() - 3))

    def _ask(self, span: Span | None) -> None:
        if span is not None and span.end <= MINUTES_PER_DAY:
            self.asked_new.emit(span)


class WeekEditor(QWidget):
    """Seven days with their tracks and totals."""

    add_asked = Signal(int, object)
    """Add a `Span` to a day of the week (0 = Sunday)."""
    change_asked = Signal(object, object)
    """Give a `Bar` another `Span`."""
    remove_asked = Signal(object)
    """Remove a `Bar`."""
    type_asked = Signal(object)
    """The person wants to type the times of a `Bar`."""

    def __init__(self, day_names: Sequence[tuple[str, str]]) -> None:
        """`day_names` are (long, short) names, Monday first."""
        super().__init__()
        self.setAccessibleName(self.tr("Weekly hours"))
        self._names = dict(zip(WEEK, day_names, strict=True))
        self.tracks: dict[int, DayTrack] = {}
        self._totals = {day: label(size="sm", tone="muted") for day in WEEK}
        self._wanted: tuple[int, UUID | None] | None = None
        grid = QGridLayout(self)
        grid.setContentsMargins(16, 0, 16, 10)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.setColumnMinimumWidth(0, 52)
        grid.setColumnMinimumWidth(2, 52)
        grid.setColumnStretch(1, 1)
        for row, day in enumerate(WEEK):
            long, short = self._names[day]
            track = DayTrack(long)
            track.asked_new.connect(partial(self.add_asked.emit, day))
            self.tracks[day] = track
            grid.addWidget(hairline(), 2 * row, 0, 1, 3)
            grid.addWidget(label(short, weight="bold"), 2 * row + 1, 0)
            grid.addWidget(track, 2 * row + 1, 1)
            grid.addWidget(self._totals[day], 2 * row + 1, 2)

    def bar(self, bar_id: UUID) -> HourBar | None:
        """The bar of a row."""
        return next((bar for track in self.tracks.values() for bar in track.bars if bar.bar.id == bar_id), None)

    def want_focus(self, day: int, bar_id: UUID | None = None) -> None:
        """Give the keyboard to a bar, or to a day's track, as soon as the week is shown anew."""
        self._wanted = (day, bar_id)

    def show_version(self, version: Version, *, editable: bool) -> None:
        """Show a week; bars that are there already stay, and with them the keyboard."""
        shown = visible_range(version.bars)
        kept = {bar.bar.id: bar for track in self.tracks.values() for bar in track.bars}
        for day, track in self.tracks.items():
            bars = [self._reuse(track, kept, bar) for bar in version.on(day)]
            track.set_bars(bars, shown, editable=editable)
            self._totals[day].setText(hours_words((bar.span for bar in bars), self.tr("off")))
        for bar in kept.values():
            bar.hide()
            bar.setParent(None)
            bar.deleteLater()
        self._order_tabs()
        self._give_focus()

    def _reuse(self, track: DayTrack, kept: dict[UUID, HourBar], bar: Bar) -> HourBar:
        old = kept.get(bar.id)
        if old is not None and old.parentWidget() is track:
            del kept[bar.id]
            old.bar = bar
            old.show_span(bar.span)
            return old
        made = HourBar(track, bar, self._names[bar.day][0])
        made.changed.connect(lambda span, made=made: self.change_asked.emit(made.bar, span))
        made.removed.connect(lambda made=made: self.remove_asked.emit(made.bar))
        made.typed.connect(lambda made=made: self.type_asked.emit(made.bar))
        return made

    def _order_tabs(self) -> None:
        order: list[QWidget] = []
        for track in self.tracks.values():
            order += [track, *track.bars]
        for before, after in pairwise(order):
            QWidget.setTabOrder(before, after)

    def _give_focus(self) -> None:
        if self._wanted is None:
            return
        day, bar_id = self._wanted
        bar = None if bar_id is None else self.bar(bar_id)
        if bar_id is None or bar is not None:
            (bar or self.tracks[day]).setFocus()
            self._wanted = None

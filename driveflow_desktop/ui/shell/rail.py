"""The navigation rail: brand, screens under their sections, badges, the person at the foot; folds to icons."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QEnterEvent, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.screen import ScreenSpec
from driveflow_desktop.ui.shell.theme import current_tokens, font
from driveflow_desktop.ui.widgets.buttons import Button
from driveflow_desktop.ui.widgets.marks import Avatar, PillTone, paint_pill, pill_colours, pill_width
from driveflow_desktop.ui.widgets.text import ElidedLabel, hairline, label, plain_tip

OPEN_WIDTH, FOLDED_WIDTH = 208, 60
_ROW = 34
_ICON = 18


@dataclass(frozen=True, slots=True)
class Badge:
    """A count beside a screen's name."""

    text: str
    tone: PillTone
    spoken: str


class RailButton(QPushButton):
    """A screen in the rail."""

    def __init__(self, spec: ScreenSpec) -> None:
        super().__init__(spec.title)
        self._spec = spec
        self._badge: Badge | None = None
        self._folded = False
        self.setCheckable(True)
        self.setProperty("kind", "rail")
        self.setFixedHeight(_ROW)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(spec.title)

    def set_badge(self, badge: Badge | None) -> None:
        """Show a count, or none."""
        self._badge = badge
        self.setAccessibleName(f"{self._spec.title}, {badge.spoken}" if badge else self._spec.title)
        self.set_folded(self._folded)
        self.update()

    def set_folded(self, folded: bool) -> None:
        """Icon only; the name is then told on hover."""
        self._folded = folded
        self.setToolTip(self.accessibleName() if folded else "")
        self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Light up under the mouse."""
        super().enterEvent(event)
        self.update()

    def sizeHint(self) -> QSize:
        """Icon and words."""
        return QSize(40 if self._folded else OPEN_WIDTH - 20, _ROW)

    def minimumSizeHint(self) -> QSize:
        """The icon."""
        return QSize(40, _ROW)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw ground, icon, words and badge."""
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        ground = worn.accent_weak if self.isChecked() else worn.hover if self.underMouse() else worn.surface
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(self.rect(), worn.radius_md, worn.radius_md)
        if self.hasFocus():
            painter.setPen(QColor(worn.focus))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), worn.radius_md, worn.radius_md)
        ink = worn.accent if self.isChecked() else worn.text_2
        left = (self.width() - _ICON) // 2 if self._folded else 9
        icon(self._spec.icon, ink).paint(painter, QRect(left, (_ROW - _ICON) // 2, _ICON, _ICON))
        if not self._folded:
            painter.setPen(QColor(ink))
            painter.setFont(font(worn.font_md, QFont.Weight.DemiBold if self.isChecked() else QFont.Weight.Medium))
            painter.drawText(self.rect().adjusted(36, 0, -40, 0), Qt.AlignmentFlag.AlignVCenter, self._spec.title)
        self._paint_badge(painter)

    def _paint_badge(self, painter: QPainter) -> None:
        if self._badge is None:
            return
        if self._folded:
            self._paint_small_badge(painter, self._badge)
            return
        width = pill_width(self._badge.text)
        paint_pill(
            painter, QRect(self.width() - width - 8, (_ROW - 17) // 2, width, 17), self._badge.text, self._badge.tone
        )

    def _paint_small_badge(self, painter: QPainter, badge: Badge) -> None:
        """A disc at the icon's shoulder; its colours are turned round to stand out over the icon."""
        front, back = pill_colours(badge.tone, current_tokens())
        small = font(9, QFont.Weight.Bold)
        width = max(15, QFontMetrics(small).horizontalAdvance(badge.text) + 7)
        spot = QRect(self.width() - width - 1, 1, width, 15)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(front))
        painter.drawRoundedRect(spot, 7.5, 7.5)
        painter.setPen(QColor(back))
        painter.setFont(small)
        painter.drawText(spot, Qt.AlignmentFlag.AlignCenter, badge.text)


# A road that runs to the horizon, in a square of 24: its two edges and the line in the middle.
_ROAD = (((6.5, 17.5), (10.5, 6.5), (13.5, 6.5), (17.5, 17.5)), ((12, 10.5), (12, 11.5)), ((12, 15), (12, 17.5)))


class _Brand(QWidget):
    """The sign of the program, and its name where there is room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.setFixedHeight(48)
        self.setAccessibleName(name)

    def paintEvent(self, _event: QPaintEvent) -> None:
        worn = current_tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(worn.accent))
        sign = QRect(8, 12, 24, 24)
        painter.drawRoundedRect(sign, 6, 6)
        painter.setPen(QPen(QColor(worn.on_accent), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        for line in _ROAD:
            painter.drawPolyline([QPointF(sign.left() + x, sign.top() + y) for x, y in line])
        if self.width() > 100:
            painter.setPen(QColor(worn.text))
            painter.setFont(font(worn.font_lg, QFont.Weight.DemiBold))
            painter.drawText(self.rect().adjusted(41, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self._name)


class Rail(QFrame):
    """All screens the person may open; the one on show is lit."""

    chosen = Signal(str)
    """The id of the screen the person wants."""
    fold_toggled = Signal()
    """The fold button was pressed."""

    def __init__(self, brand: str) -> None:
        super().__init__()
        self.setProperty("panel", "rail")
        self.setAccessibleName(self.tr("Screens"))
        self._group = QButtonGroup(self)
        self._buttons: dict[str, RailButton] = {}
        self._headings: list[QWidget] = []
        self._folded = False
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 4, 11, 10)
        column.setSpacing(0)
        column.addWidget(_Brand(brand))
        inner = QWidget()
        inner.setProperty("panel", "surface")
        self._list = QVBoxLayout(inner)
        self._list.setContentsMargins(0, 4, 0, 4)
        self._list.setSpacing(0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        column.addWidget(scroll, 1)
        column.addWidget(hairline())
        column.addSpacing(8)
        self._avatar = Avatar("", 30)
        self._name = ElidedLabel(size="sm", weight="bold")
        self._role = ElidedLabel(size="xs", tone="muted")
        self._fold = Button("", kind="mini", icon_name="caret-double-left")
        self._fold.clicked.connect(self.fold_toggled)
        self._foot = QHBoxLayout()
        column.addLayout(self._foot)
        self._build_foot()
        self.set_folded(False)

    @property
    def is_folded(self) -> bool:
        """Whether only icons show."""
        return self._folded

    def set_screens(self, specs: Iterable[ScreenSpec]) -> None:
        """Replace the entries."""
        while (item := self._list.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._buttons, self._headings = {}, []
        section = ""
        for spec in specs:
            if spec.section != section:
                section = spec.section
                self._add_heading(section)
            button = RailButton(spec)
            button.clicked.connect(lambda _checked=False, screen=spec.id: self.chosen.emit(screen))
            self._group.addButton(button)
            self._buttons[spec.id] = button
            self._list.addWidget(button)
        self._list.addStretch(1)
        self.set_folded(self._folded)

    def set_current(self, screen_id: str) -> None:
        """Light an entry."""
        self._buttons[screen_id].setChecked(True)

    def set_badge(self, screen_id: str, badge: Badge | None) -> None:
        """Show a count beside a screen, if the person has that screen."""
        if (button := self._buttons.get(screen_id)) is not None:
            button.set_badge(badge)

    def button(self, screen_id: str) -> RailButton:
        """The entry of a screen."""
        return self._buttons[screen_id]

    def set_person(self, name: str, role: str) -> None:
        """Who is signed in."""
        self._avatar.set_name(name)
        self._avatar.setToolTip(plain_tip(f"{name} · {role}"))
        self._name.setText(name)
        self._role.setText(role)

    def set_folded(self, folded: bool) -> None:
        """Show icons only, or words as well."""
        self._folded = folded
        self.setFixedWidth(FOLDED_WIDTH if folded else OPEN_WIDTH)
        for widget in (self._name, self._role, self._avatar, *self._headings):
            widget.setVisible(not folded)
        for button in self._buttons.values():
            button.set_folded(folded)
        words = self.tr("Unfold the side bar") if folded else self.tr("Fold the side bar")
        self._fold.setAccessibleName(words)
        self._fold.setToolTip(f"{words} (Ctrl+B)")
        self._fold.set_icon("caret-double-right" if folded else "caret-double-left")

    def _add_heading(self, section: str) -> None:
        self._list.addSpacing(12)
        heading = label(section, size="xs", tone="faint", weight="medium")
        heading.setContentsMargins(9, 4, 0, 6)
        self._headings.append(heading)
        self._list.addWidget(heading)

    def _build_foot(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self._name)
        words.addWidget(self._role)
        self._foot.setContentsMargins(4, 2, 0, 0)
        self._foot.setSpacing(9)
        self._foot.addWidget(self._avatar)
        self._foot.addLayout(words, 1)
        self._foot.addWidget(self._fold)

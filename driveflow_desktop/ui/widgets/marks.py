"""Small painted marks: initials, pills, key hints, dots; as widgets, and as painters for lists and tables."""

from functools import lru_cache
from typing import Literal

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from driveflow_desktop.ui.shell.icons import icon
from driveflow_desktop.ui.shell.theme import Tokens, current_tokens, font

PillTone = Literal["neutral", "accent", "ok", "warn", "bad", "info"]
PILL_HEIGHT = 18
_PILL_PADDING = 8
_PILL_ICON = 12
_BOLD = QFont.Weight.DemiBold


def initials(name: str) -> str:
    """Up to two letters for a name: first of the first word, first of the last."""
    words = [word for word in name.split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def pill_colours(tone: PillTone, worn: Tokens) -> tuple[str, str]:
    """(foreground, background) of a tone."""
    return {
        "neutral": (worn.text_2, worn.hover),
        "accent": (worn.accent, worn.accent_weak),
        "ok": (worn.ok, worn.ok_weak),
        "warn": (worn.warn, worn.warn_weak),
        "bad": (worn.bad, worn.bad_weak),
        "info": (worn.info, worn.info_weak),
    }[tone]


@lru_cache(maxsize=2048)
def _text_width(text: str, key: str) -> int:
    made = QFont()
    made.fromString(key)
    return QFontMetrics(made).horizontalAdvance(text)


def pill_width(text: str, *, with_icon: bool = False) -> int:
    """How wide a pill is drawn, in pixels."""
    made = font(current_tokens().font_xs, _BOLD)
    return _text_width(text, made.toString()) + 2 * _PILL_PADDING + (_PILL_ICON + 4 if with_icon else 0)


def paint_pill(painter: QPainter, rect: QRect, text: str, tone: PillTone, icon_name: str = "") -> None:
    """Draw a pill that fills `rect`: word first, colour only as a help."""
    worn = current_tokens()
    front, back = pill_colours(tone, worn)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(back))
    painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
    inner = rect.adjusted(_PILL_PADDING, 0, -_PILL_PADDING, 0)
    if icon_name:
        spot = QRect(inner.left(), inner.center().y() - _PILL_ICON // 2 + 1, _PILL_ICON, _PILL_ICON)
        icon(icon_name, front).paint(painter, spot)
        inner.setLeft(inner.left() + _PILL_ICON + 4)
    painter.setPen(QColor(front))
    made = font(worn.font_xs, _BOLD)
    painter.setFont(made)
    shown = QFontMetrics(made).elidedText(text, Qt.TextElideMode.ElideRight, inner.width() + 1)
    painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    painter.restore()


def paint_avatar(painter: QPainter, rect: QRect, name: str) -> None:
    """Draw a person's initials in a disc that fills the square `rect`."""
    worn = current_tokens()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(worn.accent_weak))
    painter.drawEllipse(rect)
    painter.setPen(QColor(worn.accent))
    painter.setFont(font(max(9, round(rect.width() * 0.37)), _BOLD))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, initials(name))
    painter.restore()


def key_hint_size(keys: str) -> QSize:
    """The room a key hint takes."""
    made = font(current_tokens().font_xs)
    return QSize(_text_width(keys, made.toString()) + 10, 18)


def paint_key_hint(painter: QPainter, rect: QRect, keys: str, colour: str, outline: str) -> None:
    """Draw a key's name in a small outlined box."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(outline), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    painter.setPen(QColor(colour))
    painter.setFont(font(current_tokens().font_xs))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, keys)
    painter.restore()


class Avatar(QWidget):
    """A person's initials in a disc."""

    def __init__(self, name: str, size: int = 28) -> None:
        super().__init__()
        self._name = name
        self.setFixedSize(size, size)
        self.setAccessibleName(name)

    def set_name(self, name: str) -> None:
        """Show another person."""
        self._name = name
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the disc."""
        paint_avatar(QPainter(self), self.rect(), self._name)


class Pill(QWidget):
    """A state in a word, with a tone and optionally an icon; never a colour alone."""

    def __init__(self, text: str, tone: PillTone = "neutral", icon_name: str = "") -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self._text, self._tone, self._icon = "", tone, icon_name
        self.set_state(text, tone, icon_name)

    @property
    def text(self) -> str:
        """The word shown."""
        return self._text

    @property
    def tone(self) -> PillTone:
        """The tone worn."""
        return self._tone

    def set_state(self, text: str, tone: PillTone, icon_name: str = "") -> None:
        """Show another state; a pill without a word is refused with `ValueError`."""
        if not text.strip():
            raise ValueError("a pill needs a word: colour alone says nothing")
        self._text, self._tone, self._icon = text, tone, icon_name
        self.setAccessibleName(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as the word."""
        return QSize(pill_width(self._text, with_icon=bool(self._icon)), PILL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Room for the rounding and a few letters."""
        return QSize(min(self.sizeHint().width(), 40), PILL_HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the pill."""
        paint_pill(QPainter(self), self.rect(), self._text, self._tone, self._icon)


class KeyHint(QWidget):
    """The name of a key in a small box."""

    def __init__(self, keys: str) -> None:
        super().__init__()
        self._keys = keys
        self.setFixedSize(key_hint_size(keys))
        self.setAccessibleName(keys)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the box."""
        worn = current_tokens()
        paint_key_hint(QPainter(self), self.rect(), self._keys, worn.text_3, worn.border_strong)


class Dot(QWidget):
    """A small round mark; whoever uses it sets words beside it."""

    def __init__(self, tone: PillTone = "neutral", size: int = 8) -> None:
        super().__init__()
        self._tone: PillTone = tone
        self.setFixedSize(size, size)

    def set_tone(self, tone: PillTone) -> None:
        """Change the colour."""
        self._tone = tone
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the disc."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(pill_colours(self._tone, current_tokens())[0]))
        radius = self.width() / 2
        painter.drawEllipse(QPointF(radius, radius), radius, radius)


class IconMark(QWidget):
    """An icon that says nothing by itself, in a tone of the theme."""

    def __init__(self, name: str, size: int = 16, tone: PillTone | None = None) -> None:
        super().__init__()
        self._name = name
        self._tone = tone
        self.setFixedSize(size, size)

    def set_icon(self, name: str, tone: PillTone | None = None) -> None:
        """Show another icon."""
        if (name, tone) != (self._name, self._tone):
            self._name, self._tone = name, tone
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw the icon."""
        worn = current_tokens()
        colour = worn.text_3 if self._tone is None else pill_colours(self._tone, worn)[0]
        icon(self._name, colour).paint(QPainter(self), self.rect())

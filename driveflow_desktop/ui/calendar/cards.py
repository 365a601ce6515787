"""Lesson cards, each drawn once into a pixmap and then only copied: what keeps a frame under its budget."""

from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from PySide6.QtCore import QCoreApplication, QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.ui.calendar.colours import CardInk, card_ink
from driveflow_desktop.ui.calendar.layout import Placed
from driveflow_desktop.ui.calendar.paint import CARD_RADIUS, SIGN_SIDE, Ink
from driveflow_desktop.ui.calendar.signs import SIGN_PX, Lettering
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson

_MEMORY_PIXELS = 8_000_000  # 32 MB: some twelve hundred cards at 100 %
_LEFT, _RIGHT, _TOP, _EDGE = 10, 7, 4, 3
_SIGN_GAP, _BADGE_GAP = 4, 8
_LEAST_TEXT = 22
_STRUCK = frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})


class _Badge(NamedTuple):
    sign: str
    word: str
    colour: str


class _Key(NamedTuple):
    lesson: UUID
    width: int
    height: int
    doubled: bool
    hovered: bool


class CardCache:
    """Draws cards and keeps those used last."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self._cards: OrderedDict[_Key, tuple[CalendarLesson, QPixmap]] = OrderedDict()
        self._pixels = 0

    def card(self, placed: Placed, hovered: bool) -> QPixmap:
        """The picture of a lesson at the size of its frame."""
        lesson, frame, doubled = placed
        key = _Key(lesson.id, frame.width, frame.height, doubled, hovered)
        found = self._cards.get(key)
        if found is not None and (found[0] is lesson or found[0] == lesson):
            self._cards.move_to_end(key)
            return found[1]
        picture = self._ink.pixmap(frame.width, frame.height)
        painter = QPainter(picture)
        _CardPainter(painter, self._ink, placed, hovered).paint()
        painter.end()
        self._keep(key, lesson, picture)
        return picture

    def _keep(self, key: _Key, lesson: CalendarLesson, picture: QPixmap) -> None:
        replaced = self._cards.pop(key, None)
        if replaced is not None:
            self._pixels -= _size(replaced[1])
        self._cards[key] = (lesson, picture)
        self._pixels += _size(picture)
        while self._pixels > _MEMORY_PIXELS:
            _, (_, oldest) = self._cards.popitem(last=False)
            self._pixels -= _size(oldest)


def _size(picture: QPixmap) -> int:
    return picture.width() * picture.height()


class _CardPainter:
    """Draws one card with its top left corner at (0, 0)."""

    def __init__(self, painter: QPainter, ink: Ink, placed: Placed, hovered: bool) -> None:
        self.painter = painter
        self.ink = ink
        self.lesson, self.frame, self.doubled = placed
        self.hovered = hovered
        faded = (self.lesson.past and not self.lesson.live) or self.lesson.status == BookingStatus.CANCELLED
        self.card: CardInk = card_ink(ink.tokens, self.lesson.palette, faded)

    def paint(self) -> None:
        """Body, then as many lines of text as fit: title; when and service; place and badges."""
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_body()
        title_height, small_height = self.ink.title.height, self.ink.small.height + 1
        room = self.frame.height - _TOP - 2
        badges = self._badges()
        if room < title_height + small_height:
            self._paint_line(self._single_line_top(title_height), self.lesson.title, badges, title=True)
            return
        self._paint_line(_TOP, self.lesson.title, [], title=True)
        lines = self._lines((room - title_height) // small_height, badges)
        for number, text in enumerate(lines):
            top = _TOP + title_height + 1 + number * small_height
            self._paint_line(top, text, badges if number == len(lines) - 1 else [], title=False)

    def _lines(self, limit: int, badges: list[_Badge]) -> list[str]:
        """The small lines: texts that would be cut get lines of their own where the card is high enough."""
        lesson, letters = self.lesson, self.ink.small
        width = self.frame.width - _LEFT - _RIGHT
        joined = [" · ".join(filter(None, (lesson.when_text, lesson.service)))]
        if limit > 2 and letters.width(joined[0]) > width:
            joined = [lesson.when_text, lesson.service]
        lines = [text for text in (*joined, lesson.place) if text]
        taken = letters.width(lines[-1]) + _BADGE_GAP if lines else 0
        if badges and (not lines or (len(lines) < limit and taken + self._badges_width(badges) > width)):
            lines.append("")
        return lines[: max(limit, 1)]

    def _single_line_top(self, title_height: int) -> int:
        return max(min(_TOP, (self.frame.height - title_height) // 2), -2)

    def _paint_body(self) -> None:
        area = QRectF(0, 0, self.frame.width, self.frame.height)
        radius = min(CARD_RADIUS, self.frame.height / 2)
        shape = QPainterPath()
        painter, lesson = self.painter, self.lesson
        fill = QColor(self.card.hover if self.hovered else self.card.fill)
        bad = QColor(self.ink.tokens.bad)
        if lesson.conflict:
            shape.addRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
            painter.fillPath(shape, fill)
            pen = QPen(bad, 1.2)
            pen.setDashPattern([3, 2.2])
            painter.strokePath(shape, pen)
            return
        shape.addRoundedRect(area, radius, radius)
        painter.fillPath(shape, fill)
        painter.setClipRect(QRectF(0, 0, _EDGE, self.frame.height))
        painter.fillPath(shape, bad if self.doubled else QColor(self.card.edge))
        painter.setClipping(False)

    def _badges(self) -> list[_Badge]:
        lesson, card = self.lesson, self.card
        badges = []
        if lesson.live:
            badges.append(_Badge("dot", _tr("live"), card.bad))
        if lesson.conflict:
            badges.append(_Badge("warning", _tr("conflict"), card.bad))
        elif self.doubled:
            badges.append(_Badge("warning", _tr("overlap"), card.bad))
        if lesson.badge:
            tones = {"ok": card.ok, "warn": card.warn, "bad": card.bad, "info": card.info}
            sign = "check" if lesson.badge_tone == "ok" and lesson.badge[0].isalnum() else ""
            badges.append(_Badge(sign, lesson.badge, tones.get(lesson.badge_tone, card.small)))
        return badges

    def _paint_line(self, top: int, text: str, badges: list[_Badge], *, title: bool) -> None:
        letters = self._title_letters() if title else self.ink.small
        right = self.frame.width - _RIGHT
        baseline = top + letters.ascent
        if badges:
            if not text:
                right = min(right, _LEFT + self._badges_width(badges))
            right = self._paint_badges(baseline, right, badges)
        if right - _LEFT < _LEAST_TEXT:
            return
        self.painter.setFont(letters.font)
        self.painter.setPen(QColor(self.card.title if title else self.card.small))
        self.painter.drawText(QPointF(_LEFT, baseline), letters.fitted(text, right - _LEFT))

    def _title_letters(self) -> Lettering:
        return self.ink.struck if self.lesson.status in _STRUCK else self.ink.title

    def _paint_badges(self, baseline: int, right: int, badges: list[_Badge]) -> int:
        """Draw badges from the right, as bare signs where words do not fit; returns where they begin."""
        fits = self._badges_width(badges) <= right - _LEFT
        painter = self.painter
        painter.setFont(self.ink.small.font)
        for badge in reversed(badges):
            if not fits and not badge.sign:
                continue
            width = self._badge_width(badge, words=fits)
            left = right - width
            if left < _EDGE + 2:
                break
            if badge.sign:
                colour = self.ink.tokens.now if badge.sign == "dot" else badge.colour
                top = round(baseline - (self.ink.small.x_height + SIGN_SIDE) / 2)
                painter.drawPixmap(left - 1, top, self.ink.sign(badge.sign, colour))
                left += SIGN_PX + _SIGN_GAP
            if fits:
                painter.setPen(QColor(badge.colour))
                painter.drawText(QPointF(left, baseline), badge.word)
            right -= width + _BADGE_GAP
        return right

    def _badges_width(self, badges: list[_Badge]) -> int:
        return sum(self._badge_width(badge, words=True) + _BADGE_GAP for badge in badges) - _BADGE_GAP

    def _badge_width(self, badge: _Badge, *, words: bool) -> int:
        sign = SIGN_PX if badge.sign else 0
        if not words:
            return sign
        return sign + (_SIGN_GAP if sign else 0) + self.ink.small.width(badge.word)


def _tr(text: str) -> str:
    return QCoreApplication.translate("Calendar", text)

"""Lesson cards, each drawn once into a pixmap and then only copied: what keeps a frame under its budget."""

from collections import OrderedDict
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen, QPixmap

from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.ui.calendar.colours import CardInk, card_ink
from driveflow_desktop.ui.calendar.layout import Placed
from driveflow_desktop.ui.calendar.paint import CARD_RADIUS, SIGN_SIDE, Ink
from driveflow_desktop.ui.calendar.signs import SIGN_PX, Lettering
from driveflow_desktop.ui.calendar.snapshot import CalendarLesson

_MEMORY_PIXELS = 8_000_000  # 32 MB: some twelve hundred cards at 100 %
_BODIES = 64  # more than a day has of lengths and colours
_LEFT, _RIGHT, _TOP, _EDGE = 10, 7, 4, 3
_SIGN_GAP, _BADGE_GAP = 4, 8
_LEAST_TEXT = 22
_STRUCK = frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})


class _Badge(NamedTuple):
    sign: str
    word: str
    colour: str


class _Body(NamedTuple):
    """All that a card's ground depends on; `dashed` is the colour of the line round a conflict."""

    width: int
    height: int
    fill: str
    edge: str
    dashed: str


_Key = tuple[int, int, int, bool, bool]
"""The lesson's id as a number (a UUID hashes in Python, and this runs for each card of each frame), width, height,
doubled, hovered."""


class CardCache:
    """Draws cards and keeps those used last."""

    def __init__(self, ink: Ink) -> None:
        self._ink = ink
        self._cards: OrderedDict[_Key, tuple[CalendarLesson, QPixmap]] = OrderedDict()
        self._pixels = 0
        self._sheet = QPixmap()
        self._bodies: dict[_Body, QPixmap] = {}

    def card(self, placed: Placed, hovered: bool) -> QPixmap:
        """The picture of a lesson at the size of its frame."""
        lesson, frame, doubled = placed
        key = (lesson.id.int, frame.width, frame.height, doubled, hovered)
        found = self._cards.get(key)
        if found is not None and (found[0] is lesson or found[0] == lesson):
            self._cards.move_to_end(key)
            return found[1]
        card = _colours(self._ink, lesson)
        picture = self._drawn(self._body(_body_of(self._ink, card, placed, hovered)), card, placed)
        self._keep(key, lesson, picture)
        return picture

    def _drawn(self, body: QPixmap, card: CardInk, placed: Placed) -> QPixmap:
        """The card on its body, drawn on the sheet and cut out: a paint engine for each card would take as long."""
        if self._sheet.width() < body.width() or self._sheet.height() < body.height():
            self._sheet = QPixmap(body.size().expandedTo(self._sheet.size()))
            self._sheet.setDevicePixelRatio(self._ink.scale)
            self._sheet.fill(Qt.GlobalColor.transparent)
        painter = QPainter(self._sheet)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawPixmap(0, 0, body)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
        _CardPainter(painter, self._ink, card, placed).paint()
        painter.end()
        return self._sheet.copy(body.rect())

    def _body(self, body: _Body) -> QPixmap:
        """The card without its texts; lessons of one length and colour share it."""
        found = self._bodies.get(body)
        if found is None:
            if len(self._bodies) >= _BODIES:
                self._bodies.clear()
            found = self._bodies[body] = self._ink.pixmap(body.width, body.height)
            painter = QPainter(found)
            _paint_body(painter, body)
            painter.end()
        return found

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


def _colours(ink: Ink, lesson: CalendarLesson) -> CardInk:
    faded = (lesson.past and not lesson.live) or lesson.status == BookingStatus.CANCELLED
    return card_ink(ink.tokens, lesson.palette, faded)


def _body_of(ink: Ink, card: CardInk, placed: Placed, hovered: bool) -> _Body:
    bad = ink.tokens.bad
    fill, edge = card.hover if hovered else card.fill, bad if placed.doubled else card.edge
    return _Body(placed.frame.width, placed.frame.height, fill, edge, bad if placed.lesson.conflict else "")


def _paint_body(painter: QPainter, body: _Body) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    area = QRectF(0, 0, body.width, body.height)
    radius = min(CARD_RADIUS, body.height / 2)
    shape = QPainterPath()
    if body.dashed:
        shape.addRoundedRect(area.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.fillPath(shape, QColor(body.fill))
        pen = QPen(QColor(body.dashed), 1.2)
        pen.setDashPattern([3, 2.2])
        painter.strokePath(shape, pen)
        return
    shape.addRoundedRect(area, radius, radius)
    painter.fillPath(shape, QColor(body.fill))
    painter.setClipRect(QRectF(0, 0, _EDGE, body.height))
    painter.fillPath(shape, QColor(body.edge))


class _CardPainter:
    """Writes the texts of one card, whose top left corner is at (0, 0)."""

    def __init__(self, painter: QPainter, ink: Ink, card: CardInk, placed: Placed) -> None:
        self.painter = painter
        self.ink = ink
        self.card = card
        self.lesson, self.frame, self.doubled = placed

    def paint(self) -> None:
        """As many lines as fit: title; when and service; place and badges."""
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)
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

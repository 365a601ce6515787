"""The canary for PySide6: a void call must not take a reference of `None` with it.

PySide6 6.12.0 on CPython 3.11 does, and the program aborts after some thousands of calls (docs/adr/0004). From Python
3.12 on `None` is immortal, and its count stands still.
"""

import gc
import sys
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QLine, QPoint, QRect, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QLabel, QWidget

CALLS = 200
ROUNDS = 3
Probe = Callable[[], object]


def lost_per_call(call: Probe) -> float:
    """References of None that one call loses (negative: gains), in the calmest of some rounds.

    A leak loses one at every call; what other threads and the collector move in between is not the call's doing.
    """
    call()
    return min((_lost_in_a_round(call) for _ in range(ROUNDS)), key=abs)


def _lost_in_a_round(call: Probe) -> float:
    before = sys.getrefcount(None)
    for _ in range(CALLS):
        call()
    return (before - sys.getrefcount(None)) / CALLS


@pytest.fixture(autouse=True)
def no_collector() -> Iterator[None]:
    """Keeps the collector from freeing other tests' garbage, and its references of None, in a round."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture
def spare_references() -> list[None]:
    """References of None to lose, so that a leak fails the test and does not abort the run."""
    return [None] * 100_000


@pytest.fixture
def painter(qapp) -> Iterator[QPainter]:
    image = QImage(100, 100, QImage.Format.Format_ARGB32_Premultiplied)
    painter = QPainter(image)
    yield painter
    painter.end()


def painter_probes(painter: QPainter) -> dict[str, Probe]:
    rect, colour, font, path = QRect(0, 0, 50, 50), QColor("red"), QFont(), QPainterPath()
    brush, pixel = QBrush(colour), QImage(1, 1, QImage.Format.Format_ARGB32_Premultiplied)
    return {
        "drawLine ints": lambda: painter.drawLine(0, 0, 1, 1),
        "drawLine points": lambda: painter.drawLine(QPoint(0, 0), QPoint(1, 1)),
        "drawLines": lambda: painter.drawLines([QLine(0, 0, 1, 1)]),
        "drawRect": lambda: painter.drawRect(rect),
        "drawRoundedRect": lambda: painter.drawRoundedRect(rect, 3, 3),
        "drawEllipse": lambda: painter.drawEllipse(rect),
        "drawPath": lambda: painter.drawPath(path),
        "drawImage": lambda: painter.drawImage(0, 0, pixel),
        "drawText at": lambda: painter.drawText(1, 1, "a"),
        "drawText in": lambda: painter.drawText(rect, 0, "a"),
        "fillRect": lambda: painter.fillRect(rect, colour),
        "setFont": lambda: painter.setFont(font),
        "setPen": lambda: painter.setPen(Qt.GlobalColor.white),
        "setBrush": lambda: painter.setBrush(brush),
        "save, restore": lambda: (painter.save(), painter.restore()),
        "translate": lambda: painter.translate(0, 0),
    }


def widget_probes(widget: QWidget, label: QLabel) -> dict[str, Probe]:
    model, item = QStandardItemModel(2, 2), QStandardItem("x")
    return {
        "update": widget.update,
        "resize": lambda: widget.resize(10, 10),
        "setGeometry": lambda: widget.setGeometry(0, 0, 5, 5),
        "setVisible": lambda: widget.setVisible(False),
        "setEnabled": lambda: widget.setEnabled(True),
        "setToolTip": lambda: widget.setToolTip("x"),
        "setAccessibleName": lambda: widget.setAccessibleName("x"),
        "setWindowTitle": lambda: widget.setWindowTitle("x"),
        "setText": lambda: label.setText("a"),
        "setItem": lambda: model.setItem(0, 0, QStandardItem("a")),
        "setData": lambda: item.setData("a", 0x100),
    }


def test_void_calls_lose_no_reference_of_none(qtbot, painter, spare_references):
    widget = QWidget()
    label = QLabel(widget)
    qtbot.addWidget(widget)
    probes = painter_probes(painter) | widget_probes(widget, label)
    losses = {name: lost_per_call(probe) for name, probe in probes.items()}
    assert {name: loss for name, loss in losses.items() if abs(loss) > 0.4} == {}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from Python 3.12 on")
def test_the_canary_sees_a_kept_reference():
    kept: list[None] = []
    assert lost_per_call(lambda: kept.append(None)) == pytest.approx(-1, abs=0.1)

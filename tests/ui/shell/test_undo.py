"""Undo over the bridge: there and back, refusals, depth, and the change of school."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from PySide6.QtTest import QSignalSpy
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell.bridge import Bridge
from driveflow_desktop.ui.shell.undo import Outcome, Step, UndoStack

ROW = UUID(int=7)


@pytest.fixture
def bridge(qtbot: QtBot) -> Iterator[Bridge]:
    made = Bridge(on_user_error=lambda error: pytest.fail(str(error)), on_bug=lambda report: pytest.fail(report.kind))
    yield made
    made.close()


class Value:
    """Something to change: each setting gives the step that sets it back."""

    def __init__(self) -> None:
        self.value = 0

    def set(self, value: int) -> Outcome:
        before, self.value = self.value, value
        return Outcome(Changes({"bookings": [ROW]}), lambda: self.set(before))


def inverse(outcome: Outcome) -> Step:
    assert outcome.inverse is not None
    return outcome.inverse


def test_there_and_back_and_there(bridge: Bridge) -> None:
    stack, value = UndoStack(bridge), Value()
    for number in (1, 2):
        stack.push(f"set {number}", inverse(value.set(number)))
    said, applied = QSignalSpy(stack.said), QSignalSpy(stack.applied)
    assert (stack.undo_label, stack.redo_label) == ("set 2", "")
    stack.undo()
    assert stack.undo_label == stack.redo_label == "", "one step at a time"
    stack.undo()
    assert bridge.wait_idle()
    assert (value.value, stack.undo_label, stack.redo_label) == (1, "set 1", "set 2")
    stack.redo()
    assert bridge.wait_idle()
    assert value.value == 2
    stack.undo()
    assert bridge.wait_idle()
    stack.undo()
    assert bridge.wait_idle()
    assert (value.value, stack.undo_label, stack.redo_label) == (0, "", "set 1")
    assert [said.at(at)[0] for at in range(said.count())] == [
        "Undone: set 2", "Done again: set 2", "Undone: set 2", "Undone: set 1"
    ]  # fmt: skip
    assert applied.at(0)[0].ids("bookings") == {ROW}


def test_a_new_thing_ends_redo(bridge: Bridge) -> None:
    stack, value = UndoStack(bridge), Value()
    stack.push("one", inverse(value.set(1)))
    stack.undo()
    assert bridge.wait_idle()
    stack.push("two", inverse(value.set(2)))
    assert stack.redo_label == ""
    stack.redo()
    assert bridge.is_idle


def test_a_refused_step_is_shown_and_dropped(bridge: Bridge) -> None:
    def refuse() -> Outcome:
        raise UserError("slot_taken", "Somebody took the old time.")

    stack, value = UndoStack(bridge), Value()
    stack.push("one", inverse(value.set(1)))
    stack.push("lesson moved", refuse)
    refused = QSignalSpy(stack.refused)
    stack.undo()
    assert bridge.wait_idle()
    assert refused.at(0)[0].code == "slot_taken"
    assert (stack.undo_label, stack.redo_label) == ("one", "")


def test_depth(bridge: Bridge) -> None:
    stack, value = UndoStack(bridge, depth=3), Value()
    for number in range(1, 6):
        stack.push(f"set {number}", inverse(value.set(number)))
    for _ in range(5):
        stack.undo()
        assert bridge.wait_idle()
    assert value.value == 2


def test_another_school_forgets_all_even_what_is_running(bridge: Bridge) -> None:
    stack, value = UndoStack(bridge), Value()
    stack.push("one", inverse(value.set(1)))
    stack.undo()
    stack.clear()
    assert bridge.wait_idle()
    assert (value.value, stack.undo_label, stack.redo_label) == (0, "", "")


def test_what_cannot_be_done_again_is_not_offered(bridge: Bridge) -> None:
    stack = UndoStack(bridge)
    stack.push("sent", lambda: Outcome(Changes(), None))
    stack.undo()
    assert bridge.wait_idle()
    assert (stack.undo_label, stack.redo_label) == ("", "")

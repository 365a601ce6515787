"""Undo and redo over commands: an undone command is its inverse command, run by the bridge's writer."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from driveflow_desktop.kernel.changes import Changes
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.shell.bridge import Bridge

DEPTH = 50


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step did: the rows it changed, and the step that takes it back (nothing when nothing can)."""

    changes: Changes
    inverse: "Step | None"


Step = Callable[[], Outcome]
"""Runs on the writer thread; raises `UserError` when the world has moved on and the step is refused."""


@dataclass(frozen=True, slots=True)
class _Entry:
    label: str
    step: Step


class UndoStack(QObject):
    """The last `depth` things done, each with the step that takes it back. One step runs at a time."""

    changed = Signal()
    """`undo_label` or `redo_label` is another one."""
    applied = Signal(object)
    """A step went through: its `Changes`, for the screens."""
    said = Signal(str)
    """Words for the person: “Undone: lesson moved”."""
    refused = Signal(object)
    """The `UserError` of a step that was refused; the entry is gone."""

    def __init__(self, bridge: Bridge, depth: int = DEPTH, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._depth = depth
        self._done: list[_Entry] = []
        self._undone: list[_Entry] = []
        self._running = False
        self._era = 0

    @property
    def undo_label(self) -> str:
        """What `undo` would take back, empty when it would do nothing now."""
        return self._done[-1].label if self._done and not self._running else ""

    @property
    def redo_label(self) -> str:
        """What `redo` would do again, empty when it would do nothing now."""
        return self._undone[-1].label if self._undone and not self._running else ""

    def push(self, label: str, inverse: Step) -> None:
        """Remember something done; what was undone before can then not be done again."""
        self._undone.clear()
        self._remember(self._done, _Entry(label, inverse))
        self.changed.emit()

    def undo(self) -> None:
        """Take the last thing back."""
        self._run(self._done, self._undone, self.tr("Undone: {label}"))

    def redo(self) -> None:
        """Do the last undone thing again."""
        self._run(self._undone, self._done, self.tr("Done again: {label}"))

    def clear(self) -> None:
        """Forget everything: another school is open. A step still running is not remembered."""
        self._era += 1
        self._running = False
        self._done.clear()
        self._undone.clear()
        self.changed.emit()

    def _run(self, source: list[_Entry], target: list[_Entry], words: str) -> None:
        if self._running or not source:
            return
        entry, era = source.pop(), self._era
        self._running = True
        self.changed.emit()

        def went_through(outcome: Outcome) -> None:
            if self._ended(era):
                if outcome.inverse is not None:
                    self._remember(target, _Entry(entry.label, outcome.inverse))
                self.changed.emit()
                self.said.emit(words.format(label=entry.label))
            self.applied.emit(outcome.changes)

        def was_refused(error: UserError) -> None:
            if self._ended(era):
                self.changed.emit()
            self.refused.emit(error)

        self._bridge.write(entry.step, went_through, was_refused)

    def _ended(self, era: int) -> bool:
        if era != self._era:
            return False
        self._running = False
        return True

    def _remember(self, entries: list[_Entry], entry: _Entry) -> None:
        entries.append(entry)
        del entries[: -self._depth]

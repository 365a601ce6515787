"""Checks what a screen reader meets: the accessible tree of a window, walked in process."""

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtWidgets import QAbstractItemView, QWidget


def unnamed_controls(window: QWidget) -> list[str]:
    """The visible controls under `window` that take the focus and have no name, as `Class (objectName)`."""
    found = []
    for each in _walk(QAccessible.queryAccessibleInterface(window)):
        thing = each.object()
        # What the accessible state says of focus and visibility, asked of the widget, whose answers have types.
        if not isinstance(thing, QWidget) or thing.focusPolicy() == Qt.FocusPolicy.NoFocus or not thing.isVisible():
            continue
        if not each.text(QAccessible.Text.Name).strip():
            found.append(f"{type(thing).__name__} ({thing.objectName()})")
    return found


def _walk(root: QAccessibleInterface | None) -> Iterator[QAccessibleInterface]:
    if root is None or not root.isValid():
        return
    yield root
    if isinstance(root.object(), QAbstractItemView):
        return  # its cells are named by the model; a test of the model is the place for them
    for at in range(root.childCount()):
        yield from _walk(root.child(at))

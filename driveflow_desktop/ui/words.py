"""Translated words for presenters, which know no Qt type but speak the program's language."""

from PySide6.QtCore import QCoreApplication


def tr(context: str, text: str) -> str:
    """`text` in the language of the program; `context` groups the words of one screen for the translators."""
    return QCoreApplication.translate(context, text)

"""The desktop program: the only home of PySide6."""

"""Instructors: people, their weekly hours, leave and holidays."""

from driveflow_desktop.ui.screens.instructors.screen import instructors_screen

__all__ = ["instructors_screen"]

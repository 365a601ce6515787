"""Services & rates: what the school offers, and what it costs on each rate card."""

from driveflow_desktop.ui.screens.services.screen import services_screen

__all__ = ["services_screen"]

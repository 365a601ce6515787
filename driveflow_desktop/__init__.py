"""DriveFlow Desktop: the offline-first office program for driving schools."""

__version__ = "0.1.0"

"""Changing people and cars: students, guardians, instructors, vehicles, and whole lists at once."""

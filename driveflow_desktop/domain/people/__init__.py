"""People: instructors, students and their guardians."""

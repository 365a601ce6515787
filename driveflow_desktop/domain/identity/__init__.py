"""Identity: schools, members and their roles."""

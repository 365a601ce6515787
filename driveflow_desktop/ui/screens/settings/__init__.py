"""Settings: the school, its rules, this PC's looks and backups."""

"""Activity: who did what, with before and after."""

"""Today: what the desk needs at a glance, and one key away."""

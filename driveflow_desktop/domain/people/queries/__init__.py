"""Frozen snapshots of people and cars."""

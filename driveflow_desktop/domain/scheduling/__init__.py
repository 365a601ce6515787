"""Scheduling: availability, bookings and their life."""

"""The small kit of widgets that every screen is built from."""

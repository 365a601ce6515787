"""Sync: how edits travel. `protocol` and `merge` are shared by both sides; `outbox` and `overlay` are the PC's."""

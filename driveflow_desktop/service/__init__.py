"""The sync service: it judges what PCs push, by the same rules as the desk, and hands out what others did.

Runs and is tested without PySide6. `push` and `pull` are plain functions over a Postgres connection; HTTP is a thin
layer above them.
"""

"""The store: how rows, the log (outbox, audit, base rows) and the replica file are kept. It knows no business rule."""

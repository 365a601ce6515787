"""Communication: messages and their templates."""

"""The guided tour: a scripted clerk at the real window, with real keys and clicks, checked against the database."""

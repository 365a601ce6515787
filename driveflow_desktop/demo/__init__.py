"""The demo school: a believable driving school of invented people, made anew around today."""

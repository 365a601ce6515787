"""The screens, a folder each: a presenter without Qt types, and the widgets."""

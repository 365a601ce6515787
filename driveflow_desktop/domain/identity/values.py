"""Who may do what."""

from enum import StrEnum


class OrgRole(StrEnum):
    """A member's role in one school."""

    OWNER = "owner"
    ADMIN = "admin"
    INSTRUCTOR = "instructor"
    STUDENT = "student"

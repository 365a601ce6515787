"""Driver errors in a person's words: full disks, broken files, and the constraints that both databases hold."""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

import sqlalchemy.exc
from sqlcipher3 import dbapi2 as sqlcipher

from driveflow_desktop.kernel.errors import UserError

_UNIQUE: Final = re.compile(r"UNIQUE constraint failed: (?P<columns>.+)|unique constraint \"(?P<name>\w+)\"")
_CHECK: Final = re.compile(r"CHECK constraint failed: (?P<sqlite>\w+)|check constraint \"(?P<postgres>\w+)\"")
_IMMUTABLE: Final = re.compile(r"immutable: (?P<what>[^\n]+)")

_PLAIN: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "No space left on device",
        "disk_full",
        "The disk is full, so nothing was saved.",
        "Free some space and try again.",
    ),
    ("Disk quota exceeded", "disk_full", "Your space on this disk is used up.", "Free some space and try again."),
    ("disk is full", "disk_full", "The disk is full, so nothing was saved.", "Free some space and try again."),
    ("Read-only file system", "read_only", "The disk is write-protected.", "Unlock it, or choose another folder."),
    ("readonly", "read_only", "The replica file cannot be written.", "Check the folder's permissions."),
    ("database is locked", "busy", "Another program is using the replica.", "Close it and try again."),
    ("malformed", "corrupt", "The replica file is damaged.", "Restore the last backup from Settings → Backups."),
    (
        "file is not a database",
        "not_a_replica",
        "This key opens no replica in that file.",
        "Choose another file.",
    ),
    ("insert or update on table", "missing_reference", "It refers to something that is not there.", ""),
    ("exclusion constraint", "slot_taken", "There already is a lesson at that time.", "Choose another time."),
    ("FOREIGN KEY constraint failed", "in_use", "Something else still refers to this, or it no longer exists.", ""),
    ("foreign key constraint", "in_use", "Something else still refers to this, or it no longer exists.", ""),
    ("disk I/O error", "disk_error", "The disk did not answer, so nothing was saved.", "Check the disk and try again."),
)


def translate(problem: Exception) -> UserError | None:
    """The `UserError` behind a driver error, or None when it is our bug."""
    source = problem.orig if isinstance(problem, sqlalchemy.exc.DBAPIError) and problem.orig is not None else problem
    message = str(source)
    immutable = _IMMUTABLE.search(message)
    if immutable:
        return UserError("immutable", "This cannot be changed once written.", hint="Record a correction instead.")
    unique = _UNIQUE.search(message)
    if unique:
        names = (unique["columns"] or unique["name"] or "").split(", ")
        column = names[-1].rpartition(".")[2]
        return UserError("already_exists", "There is one like this already.", column=column)
    check = _CHECK.search(message)
    if check:
        return UserError("invalid", "A value is out of range.", constraint=check["sqlite"] or check["postgres"])
    for fragment, code, words, hint in _PLAIN:
        if fragment in message:
            return UserError(code, words, hint=hint)
    return None


@contextlib.contextmanager
def plain_errors() -> Iterator[None]:
    """Turn errors of the driver and the disk that a person can act on into `UserError`."""
    try:
        yield
    except (sqlalchemy.exc.DBAPIError, sqlcipher.Error, OSError) as problem:
        known = translate(problem)
        if known is None:
            raise
        raise known from problem

"""What the service's refusals mean: from a status and a problem document to one kind of trouble, in plain words."""

from typing import Final

import msgspec

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.outcomes import Failure, Trouble
from driveflow_desktop.sync.session_protocol import Problem

_GATEWAY: Final = frozenset({502, 503, 504})

_BY_CODE: Final = {
    "token_expired": Trouble.EXPIRED,
    "unauthorised": Trouble.EXPIRED,
    "token_reused": Trouble.SIGNED_OUT,
    "epoch_changed": Trouble.EPOCH,
    "cursor_expired": Trouble.BEHIND,
    "not_current": Trouble.NOT_CURRENT,
    "too_large": Trouble.TOO_LARGE,
    "upgrade_required": Trouble.UPGRADE,
    "too_many_requests": Trouble.PAUSE,
    "unavailable": Trouble.UNREACHABLE,
}
_BY_STATUS: Final = {413: Trouble.TOO_LARGE, 426: Trouble.UPGRADE, 429: Trouble.PAUSE}

_WORDS: Final = {
    Trouble.UPGRADE: (
        "upgrade_required",
        "This DriveFlow is too old for your school's service.",
        "Update DriveFlow on this computer. Your work is saved here and goes on being sent.",
    ),
    Trouble.SIGNED_OUT: ("signed_out", "Your session has ended.", "Sign in again; your work on this PC is kept."),
    Trouble.EXPIRED: ("signed_out", "Your session has ended.", "Sign in again; your work on this PC is kept."),
    Trouble.REVOKED: (
        "device_revoked",
        "This PC may no longer read your school's data.",
        "Ask the owner of the school, or wipe the data from this PC.",
    ),
}


def failure_of(status: int, content: bytes, retry_after: str | None, *, is_service: bool, believed: bool) -> Failure:
    """The failure that an error answer means.

    `is_service` says whether the answer has the service's headers, `believed` whether it comes from the verified host
    of the epoch that this replica knows: nobody else can have this device locked.
    """
    problem = _problem(content) if is_service else None
    wait = _seconds(retry_after)
    if problem is None:
        return _without_problem(status, wait, is_service=is_service)
    if problem.code == "device_revoked":
        return _worded(Trouble.REVOKED, wait) if believed else foreign()
    trouble = _BY_CODE.get(problem.code) or _BY_STATUS.get(status)
    if trouble is None:
        trouble = Trouble.SERVICE if status >= 500 else Trouble.REFUSED
    if trouble in _WORDS:
        return _worded(trouble, wait)
    if trouble is Trouble.UNREACHABLE:
        return unreachable(wait)
    error = UserError(problem.code, problem.detail or problem.title, hint="Try again, or ask who runs the service.")
    return Failure(trouble, error, wait)


def _without_problem(status: int, wait: float | None, *, is_service: bool) -> Failure:
    if status in _BY_STATUS:
        # A proxy in front of the service may limit rates and sizes too.
        return _worded(_BY_STATUS[status], wait)
    if status in _GATEWAY:
        return unreachable(wait)
    return unreadable() if is_service else foreign()


def _worded(trouble: Trouble, wait: float | None) -> Failure:
    words = _WORDS.get(trouble)
    return Failure(trouble, None if words is None else UserError(words[0], words[1], hint=words[2]), wait)


def unreachable(wait: float | None = None) -> Failure:
    """No connection, or none that lasted."""
    words = UserError(
        "offline",
        "Your school's service cannot be reached.",
        hint="Go on working: everything is saved on this PC and sent when the network is back.",
    )
    return Failure(Trouble.UNREACHABLE, words, wait)


def foreign() -> Failure:
    """Someone else answered in the service's place."""
    words = UserError(
        "not_the_service",
        "Something else answers in place of your school's service.",
        hint="If this network asks for a sign-in (a hotel, a café), open a browser and do so. Your work is saved here.",
    )
    return Failure(Trouble.NOT_THE_SERVICE, words)


def unreadable() -> Failure:
    """The service answered in a way that cannot be read."""
    words = UserError(
        "unreadable",
        "Your school's service gave an answer that cannot be read.",
        hint="It is tried again. If this stays, tell who runs the service.",
    )
    return Failure(Trouble.SERVICE, words)


def _problem(content: bytes) -> Problem | None:
    try:
        return msgspec.json.decode(content, type=Problem)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; its other form, a date, is left to our own back-off."""
    if retry_after is None or not retry_after.strip().isascii() or not retry_after.strip().isdigit():
        return None
    return float(retry_after.strip()[:9])

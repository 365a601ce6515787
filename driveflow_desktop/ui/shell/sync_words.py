"""The engine's state in a few words, with a tone and an icon: for the line at the foot and the sync screen. No Qt."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from driveflow_desktop.sync.status import SyncState, SyncStatus
from driveflow_desktop.ui.words import tr

SyncTone = Literal["neutral", "ok", "warn", "bad", "info"]
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SyncWords:
    """What is said, and whether a click on it signs in. `counts` is whether the words count what waits already."""

    words: str
    tone: SyncTone
    icon: str
    signs_in: bool = False
    counts: bool = False


def sync_words(status: SyncStatus, now: datetime) -> SyncWords:
    """How the program stands, to a person at the front desk."""
    match status.state:
        case SyncState.LOCAL:
            return SyncWords(tr("Sync", "Saved on this PC"), "ok", "check-circle", counts=True)
        case SyncState.SIGNED_OUT:
            return SyncWords(tr("Sync", "Sign in…"), "warn", "sign-in", signs_in=True)
        case SyncState.FIRST_SYNC:
            return SyncWords(_first_sync(status.progress), "info", "cloud-arrow-down", counts=True)
        case SyncState.SYNCING:
            return SyncWords(tr("Sync", "Syncing…"), "info", "arrows-clockwise")
        case SyncState.SYNCED:
            return SyncWords(_synced(status.synced_at, now), "ok", "cloud-check")
        case SyncState.OFFLINE:
            words = tr("Sync", "Offline, {changes}").format(changes=waiting_words(status.waiting))
            return SyncWords(words, "warn", "cloud-slash", counts=True)
        case SyncState.BLOCKED:
            words = tr("Sync", "Sync has stopped") if status.problem is None else status.problem.message
            return SyncWords(words, "bad", "warning-circle")
        case SyncState.LOCKED:
            return SyncWords(tr("Sync", "This PC was signed out by the school"), "bad", "lock")


def waiting_words(waiting: int) -> str:
    """`1` → “1 change waiting”."""
    return (
        tr("Sync", "1 change waiting") if waiting == 1 else tr("Sync", "{n} changes waiting").format(n=f"{waiting:,}")
    )


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago something was: “12 s ago”, “3 min ago”, “2 h ago”, “5 days ago”."""
    if then is None:
        return tr("Sync", "never")
    passed = max(now - then, timedelta())
    if passed < _MINUTE:
        return tr("Sync", "{n} s ago").format(n=passed // timedelta(seconds=1))
    if passed < _HOUR:
        return tr("Sync", "{n} min ago").format(n=passed // _MINUTE)
    if passed < _DAY:
        return tr("Sync", "{n} h ago").format(n=passed // _HOUR)
    days = passed // _DAY
    return tr("Sync", "yesterday") if days == 1 else tr("Sync", "{n} days ago").format(n=days)


def _synced(at: datetime | None, now: datetime) -> str:
    return tr("Sync", "Synced") if at is None else tr("Sync", "Synced {ago}").format(ago=ago(at, now))


def _first_sync(progress: tuple[int, int] | None) -> str:
    if progress is None or progress[1] <= 0:
        return tr("Sync", "First sync…")
    percent = min(100, progress[0] * 100 // progress[1])
    return tr("Sync", "First sync {percent} %").format(percent=percent)

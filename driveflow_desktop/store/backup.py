"""Backups of a replica: made while it is in use, checked before they count; a day is kept by the hour, a week by day.

A backup is one file, encrypted with the replica's key. It helps against a damaged file and a wrong click; against a
lost PC helps the sync service, which has everything that was ever sent.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from driveflow_desktop.kernel.clock import Clock
from driveflow_desktop.store.copies import copy_replica
from driveflow_desktop.store.files import PARTIAL, ReplicaFiles
from driveflow_desktop.store.replica import Replica

EVERY: Final = timedelta(hours=1)
HOURS: Final = 24
DAYS: Final = 7
MIGRATIONS: Final = 3
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_NAME: Final = re.compile(r"(?P<kind>replica|before-(?P<revision>\w+))-(?P<at>\d{8}T\d{6}Z)\.db")


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of the program's own: taken at `at`; `revision` when it was taken before a migration away from it."""

    path: Path
    at: datetime
    revision: str | None = None


class Backups:
    """The backups in a replica's folder."""

    def __init__(self, files: ReplicaFiles, clock: Clock) -> None:
        self._folder = files.backups
        self._clock = clock

    def all(self) -> list[Backup]:
        """Every finished backup, newest first."""
        found = []
        for path in self._folder.glob("*.db") if self._folder.is_dir() else ():
            match = _NAME.fullmatch(path.name)
            if match:
                at = datetime.strptime(match["at"], _STAMP).replace(tzinfo=UTC)
                found.append(Backup(path, at, match["revision"]))
        return sorted(found, key=lambda backup: backup.at, reverse=True)

    def due(self) -> bool:
        """Whether the last hour has no backup; those from a clock that ran ahead do not count."""
        now = self._clock.now()
        return not any(now - EVERY < backup.at <= now for backup in self.all() if backup.revision is None)

    def make(self, replica: Replica) -> Backup:
        """Back the replica up now, and remove what has had its time."""
        return self._make(replica, "replica", None)

    def before_migration(self, replica: Replica, revision: str) -> Backup:
        """Back the replica up before it leaves `revision`."""
        return self._make(replica, f"before-{revision}", revision)

    def prune(self) -> None:
        """Remove the backups that `keep` does not name, and remains of unfinished ones."""
        backups = self.all()
        kept = keep([backup.at for backup in backups if backup.revision is None])
        kept_migrations = [backup for backup in backups if backup.revision is not None][:MIGRATIONS]
        for backup in backups:
            if backup not in kept_migrations and (backup.revision is not None or backup.at not in kept):
                backup.path.unlink()
        for remains in self._folder.glob(f"*{PARTIAL}*"):
            remains.unlink()

    def _make(self, replica: Replica, kind: str, revision: str | None) -> Backup:
        at = self._clock.now().astimezone(UTC).replace(microsecond=0)
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{kind}-{at.strftime(_STAMP)}.db"
        copy_replica(replica, path)
        self.prune()
        return Backup(path, at, revision)


class Upkeep:
    """What an open replica needs now and then. For a timer off the UI thread, once a minute: no save waits for it."""

    def __init__(self, replica: Replica, backups: Backups) -> None:
        self._replica = replica
        self._backups = backups

    def tick(self) -> Backup | None:
        """Move the log into the file, and make the hourly backup when it is due (about 1.5 s per 100 MB)."""
        self._replica.checkpoint()
        return self._backups.make(self._replica) if self._backups.due() else None


def keep(times: Collection[datetime]) -> frozenset[datetime]:
    """Which backups stay: the newest of each of the last 24 hours and of the last 7 days that have one.

    Hours and days without a backup do not count, so a PC that was off for a month keeps what it had.
    """
    return frozenset(_newest_per(times, "%Y%m%d%H", HOURS) | _newest_per(times, "%Y%m%d", DAYS))


def _newest_per(times: Collection[datetime], bucket: str, count: int) -> set[datetime]:
    newest: dict[str, datetime] = {}
    for time in sorted(times, reverse=True):
        newest.setdefault(time.astimezone(UTC).strftime(bucket), time)
    return set(list(newest.values())[:count])

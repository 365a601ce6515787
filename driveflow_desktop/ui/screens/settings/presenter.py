"""Settings in words, and what their forms mean. No Qt here."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from babel.dates import format_datetime

from driveflow_desktop import __version__
from driveflow_desktop.adapters.public_holidays import public_holidays
from driveflow_desktop.domain.contacts import display_phone
from driveflow_desktop.domain.identity.commands import SchoolChanges, edit_school, edit_settings
from driveflow_desktop.domain.identity.queries import Member, School, members, school
from driveflow_desktop.domain.identity.rules import Action, can
from driveflow_desktop.domain.identity.settings import SchoolSettings
from driveflow_desktop.domain.names import display_abn
from driveflow_desktop.domain.scheduling.commands.school import load_holidays, set_policy
from driveflow_desktop.domain.scheduling.queries import HolidayRow, active_policy, holidays
from driveflow_desktop.domain.scheduling.rules.cancellation import PolicyRow
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date
from driveflow_desktop.store.backup import Backup, Backups
from driveflow_desktop.store.base import Connection
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.unit_of_work import UnitOfWork
from driveflow_desktop.ui.ports import Desk, OnError
from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.words import tr

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class BackupLine:
    """A backup as it is listed."""

    path: Path
    when: str
    size: str
    remark: str


@dataclass(frozen=True, slots=True)
class SettingsPage:
    """Everything the screen shows. `texts` are the school form's texts; `locked` says why it may not be changed."""

    texts: Mapping[str, str]
    locked: str
    policy: tuple[PolicyRow, ...]
    policy_locked: str
    holidays: tuple[str, ...]
    region: str
    members: tuple[tuple[str, str], ...]
    backups: tuple[BackupLine, ...]
    about: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Found:
    school: School
    policy: tuple[PolicyRow, ...]
    holidays: tuple[HolidayRow, ...]
    members: tuple[Member, ...]
    backups: Sequence[Backup]


class SettingsPresenter:
    """Reads and writes the settings; `backups` is None where the school keeps none (tests)."""

    def __init__(
        self, desk: Desk, replica: Replica, backups: Backups | None, show: Callable[[SettingsPage], None]
    ) -> None:
        self._desk = desk
        self._replica = replica
        self._backups = backups
        self._show = show
        self._found: _Found | None = None

    def load(self) -> None:
        """Read everything again."""
        org_id = self._desk.session.org_id
        today = local_date(self._desk.clock.now(), self._desk.session.tz)
        backups = self._backups

        def query(connection: Connection) -> _Found:
            return _Found(
                school(connection, org_id),
                active_policy(connection, org_id),
                holidays(connection, org_id, today, date(today.year + 1, 12, 31)),
                members(connection, org_id),
                [] if backups is None else backups.all(),
            )

        self._desk.read("settings", query, self._loaded)

    def save_school(self, texts: Mapping[str, str], refuse: OnError) -> None:
        """Keep the school's details and booking rules as typed."""
        try:
            changes = SchoolChanges(
                name=texts["name"],
                abn=texts["abn"],
                address=texts["address"],
                phone=texts["phone"],
                email=texts["email"],
                gst_registered=bool(texts["gst"]),
                platform_fee_bp=_percent_bp(texts["fee"]),
            )
            settings = self._settings(texts)
        except UserError as error:
            refuse(error)
            return

        def save(uow: UnitOfWork) -> None:
            edit_school(uow, changes)
            edit_settings(uow, settings)

        self._desk.write(tr("Settings", "School details changed"), save, lambda _receipt: self.load(), refuse)

    def save_policy(self, actor: CancellationActor, rows: Sequence[PolicyRow], refuse: OnError) -> None:
        """Make `rows` the policy for cancellations by `actor`."""
        words = tr("Settings", "Cancellation policy changed")
        self._desk.write(words, lambda uow: set_policy(uow, actor, rows), on_error=refuse)

    def load_public_holidays(self) -> None:
        """Bring in the public holidays of this and the next year."""
        if self._found is None:
            return
        found, today = self._found.school, local_date(self._desk.clock.now(), self._desk.session.tz)
        known = public_holidays(found.country, found.region, (today.year, today.year + 1))
        self._desk.write(tr("Settings", "Public holidays loaded"), lambda uow: load_holidays(uow, known))

    def back_up(self) -> None:
        """Make a backup now."""
        backups, replica = self._backups, self._replica
        if backups is None:
            return

        def made(_backup: Backup) -> None:
            self._desk.say(tr("Settings", "Backed up and checked."))
            self.load()

        self._desk.say(tr("Settings", "Backing up …"))
        self._desk.read("settings/backup", lambda _connection: backups.make(replica), made)

    def _settings(self, texts: Mapping[str, str]) -> SchoolSettings:
        if self._found is None:
            raise UserError("busy", tr("Settings", "Still loading."))
        return replace(
            self._found.school.settings,
            notice_min=_whole(texts["notice"], "notice", 0, 14 * 24) * 60,
            horizon_days=_whole(texts["horizon"], "horizon", 1, 730),
            default_buffer_min=_whole(texts["buffer"], "buffer", 0, 60),
        )

    def _loaded(self, found: _Found) -> None:
        self._found = found
        role = self._desk.session.role
        owner_only = tr("Settings", "Only an owner can change this.")
        self._show(
            SettingsPage(
                texts=_texts(found.school),
                locked="" if can(role, Action.EDIT_ORG) else owner_only,
                policy=found.policy,
                policy_locked="" if can(role, Action.EDIT_POLICIES) else owner_only,
                holidays=tuple(_holiday(each) for each in found.holidays),
                region=found.school.region or found.school.country,
                members=tuple((each.full_name, _role(each)) for each in found.members),
                backups=tuple(self._backup(each) for each in found.backups),
                about=self._about(),
            )
        )

    def _backup(self, backup: Backup) -> BackupLine:
        session = self._desk.session
        when = format_datetime(backup.at, "EEE d MMM, h:mm a", tzinfo=session.tz, locale=session.locale)
        size = f"{backup.path.stat().st_size / _MEGABYTE:.1f} MB" if backup.path.exists() else ""
        remark = "" if backup.revision is None else tr("Settings", "before an update")
        return BackupLine(backup.path, when, size, remark)

    def _about(self) -> tuple[tuple[str, str], ...]:
        return (
            (tr("Settings", "Version"), __version__),
            (tr("Settings", "Data folder"), str(self._replica.path.parent)),
            (tr("Settings", "Encryption"), tr("Settings", "SQLCipher, 256-bit key")),
        )


def _texts(found: School) -> dict[str, str]:
    settings = found.settings
    return {
        "name": found.name,
        "abn": display_abn(found.abn) if found.abn else "",
        "address": found.address or "",
        "phone": display_phone(found.phone) if found.phone else "",
        "email": found.email or "",
        "gst": "yes" if found.gst_registered else "",
        "fee": f"{found.platform_fee_bp / 100:g}",
        "notice": f"{settings.notice_min / 60:g}",
        "horizon": str(settings.horizon_days),
        "buffer": str(settings.default_buffer_min),
    }


def _holiday(row: HolidayRow) -> str:
    closed = tr("Settings", "closed") if row.closed else tr("Settings", "open")
    return f"{formats.day(row.day)} · {row.name} · {closed}"


def _role(member: Member) -> str:
    return ", ".join(role.value for role in member.roles)


def _whole(text: str, column: str, least: int, most: int) -> int:
    try:
        value = int(float(text.strip()))
    except (ValueError, OverflowError):
        value = least - 1
    if not least <= value <= most:
        words = tr("Settings", "A whole number from {least} to {most}.").format(least=least, most=most)
        raise UserError("invalid", words, column=column)
    return value


def _percent_bp(text: str) -> int:
    try:
        value = round(float(text.strip().rstrip("%")) * 100)
    except (ValueError, OverflowError):
        value = -1
    if not 0 <= value <= 10_000:
        raise UserError("invalid", tr("Settings", "A percentage from 0 to 100."), column="fee")
    return value

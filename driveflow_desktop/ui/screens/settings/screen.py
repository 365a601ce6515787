"""Settings: cards for the school, its cancellation policy, holidays, people, looks, backups."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSpinBox, QVBoxLayout, QWidget

from driveflow_desktop.domain.scheduling.rules.cancellation import PolicyRow
from driveflow_desktop.domain.scheduling.values import CancellationActor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.ui.screens.context import ScreenContext
from driveflow_desktop.ui.screens.settings.access import Access
from driveflow_desktop.ui.screens.settings.presenter import BackupLine, SettingsPage, SettingsPresenter
from driveflow_desktop.ui.shell.screen import Screen
from driveflow_desktop.ui.shell.theme import Mode
from driveflow_desktop.ui.shell.topbar import TopBar
from driveflow_desktop.ui.widgets.buttons import Button, PrimaryButton, Segmented
from driveflow_desktop.ui.widgets.form import Line, QuickForm
from driveflow_desktop.ui.widgets.panels import Card, CardColumns, ErrorLine, FieldList
from driveflow_desktop.ui.widgets.text import ElidedLabel, label
from driveflow_desktop.ui.words import tr

_ACTORS = (CancellationActor.STUDENT, CancellationActor.GUARDIAN, CancellationActor.INSTRUCTOR)
_BACKUPS_SHOWN = 8
_BOX_WIDTH = 72


def settings_screen(context: ScreenContext) -> Screen:
    """Make the screen."""
    return SettingsScreen(context)


class SettingsScreen(Screen):
    """Two columns of cards; what a person may not change says why."""

    tables = frozenset({"orgs", "cancellation_policies", "holidays", "user_orgs"})

    def __init__(self, context: ScreenContext) -> None:
        super().__init__()
        self._context = context
        self._presenter = SettingsPresenter(context.desk, context.replica, context.backups, self._show)
        self._bar = TopBar(self.tr("Settings"))
        self._school = Card(self.tr("School"))
        self._policy = Card(self.tr("Cancellation policy"))
        self._holidays = Card(self.tr("Holidays"))
        self._members = Card(self.tr("People who sign in"))
        self._looks = Card(self.tr("Looks"))
        self._backups = Card(self.tr("Backups"))
        self._about = Card(self.tr("About"))
        load = Button(self.tr("Load public holidays"))
        load.clicked.connect(self._presenter.load_public_holidays)
        self._holidays.add_to_title(load)
        back_up = Button(self.tr("Back up now"))
        back_up.clicked.connect(self._presenter.back_up)
        self._backups.add_to_title(back_up)
        self._shown: Mapping[str, str] | None = None
        self._policy_shown: Sequence[PolicyRow] | None = None
        self._members_shown: tuple[str, ...] | None = None
        self.access = None if context.service is None else Access(context.desk, context.service, self._members)
        self._show_looks()
        self._lay_out()

    def top_bar(self) -> QWidget:
        """The title and the search field."""
        return self._bar

    def load(self) -> None:
        """Read."""
        self._presenter.load()
        if self.access is not None:
            self.access.presenter.load()

    def _lay_out(self) -> None:
        left = (self._school, self._policy)
        right = [self._looks, self._backups, self._holidays, self._members, self._about]
        if self.access is not None:
            right.insert(4, self.access.devices)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(CardColumns(((1, left), (1, right))))

    def _show(self, page: SettingsPage) -> None:
        self._show_school(page)
        self._show_policy(page)
        self._fill(self._holidays, page.holidays, self.tr("No holidays yet: load the public ones of your state."))
        self._holidays.set_title(self.tr("Holidays"), page.region)
        self._show_members(page)
        self._show_backups(page.backups)
        self._about.clear_rows()
        self._about.add_row(FieldList(page.about))

    def _show_members(self, page: SettingsPage) -> None:
        lines = tuple(f"{name} · {role}" for name, role in page.members)
        if lines != self._members_shown:
            # What is being typed into an invitation stays when something else changed.
            self._members_shown = lines
            if self.access is not None:
                self.access.invite.setParent(self._members)
            self._fill(self._members, lines, "")
            if self.access is not None and self.access.presenter.may_invite:
                self._members.add_row(self.access.invite)
                self.access.invite.show()

    def _save_school(self, form: QuickForm, typed: object) -> None:
        shown, self._shown = self._shown, None

        def refused(error: UserError) -> None:
            self._shown = shown
            form.refuse(error)

        self._presenter.save_school(cast("dict[str, str]", typed), refused)

    def _begin_anew(self) -> None:
        self._shown = None
        self._presenter.load()

    def _show_school(self, page: SettingsPage) -> None:
        texts = page.texts
        if texts == self._shown:
            return  # what is being typed stays when something else changed
        self._shown = texts
        lines = (
            Line("name", self.tr("Name"), text=texts["name"]),
            Line("abn", self.tr("ABN"), "51 824 753 556", texts["abn"]),
            Line("gst", self.tr("Registered for GST"), text=texts["gst"], flag=True),
            Line("address", self.tr("Address"), text=texts["address"]),
            Line("phone", self.tr("Phone"), text=texts["phone"]),
            Line("email", self.tr("E-mail"), text=texts["email"]),
            Line("fee", self.tr("School’s part of a lesson (%)"), text=texts["fee"], column="platform_fee_bp"),
            Line("notice", self.tr("Short notice is less than (hours)"), text=texts["notice"]),
            Line("horizon", self.tr("Bookings open ahead (days)"), text=texts["horizon"]),
            Line("buffer", self.tr("Gap between lessons (minutes)"), text=texts["buffer"]),
        )
        self._school.clear_rows()
        if page.locked:
            self._school.add_row(label(page.locked, size="sm", tone="muted"))
            ticks = {True: self.tr("Yes"), False: self.tr("No")}
            facts = [(line.caption, ticks[bool(line.text)] if line.flag else line.text) for line in lines]
            self._school.add_row(FieldList(facts))
            return
        form = QuickForm(self.tr("Details and booking rules"), lines, self.tr("Save"))
        form.submitted.connect(partial(self._save_school, form))
        form.cancelled.connect(self._begin_anew)
        self._school.add_row(form)

    def _show_policy(self, page: SettingsPage) -> None:
        if page.policy == self._policy_shown:
            return
        self._policy_shown = page.policy
        self._policy.clear_rows()
        if page.policy_locked:
            self._policy.add_row(label(page.policy_locked, size="sm", tone="muted"))
        for actor in _ACTORS:
            rows = [row for row in page.policy if row.actor is actor]
            self._policy.add_row(
                self._policy_facts(actor, rows) if page.policy_locked else PolicyEditor(actor, rows, self._save_policy)
            )

    def _policy_facts(self, actor: CancellationActor, rows: Sequence[PolicyRow]) -> QWidget:
        facts = QWidget()
        column = QVBoxLayout(facts)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(label(policy_title(actor), weight="bold"))
        before = self.tr("{hours} h before or more")
        back = self.tr("{percent} % back")
        column.addWidget(
            FieldList(
                (before.format(hours=row.hours_before_start), back.format(percent=row.refund_percent)) for row in rows
            )
        )
        return facts

    def _save_policy(self, editor: "PolicyEditor") -> None:
        editor.error.clear()
        self._presenter.save_policy(editor.actor, editor.rows(), editor.error.show_error)

    def _show_looks(self) -> None:
        names = ((Mode.LIGHT, self.tr("Light")), (Mode.DARK, self.tr("Dark")), (Mode.SYSTEM, self.tr("System")))
        choice = Segmented([(mode.value, words) for mode, words in names], self.tr("Colours"))
        choice.set_value(self._context.theme.mode.value)
        choice.chosen.connect(self._choose_looks)
        self._choice = choice
        self._context.theme.mode_changed.connect(self._mode_changed)
        self._looks.add_row(choice)

    def _mode_changed(self, mode: Mode) -> None:
        self._choice.set_value(mode.value)

    def _choose_looks(self, mode: str) -> None:
        self._context.theme.set_mode(Mode(mode))
        self._context.memory.write("theme", mode)

    def _show_backups(self, backups: Sequence[BackupLine]) -> None:
        self._backups.clear_rows()
        for backup in backups[:_BACKUPS_SHOWN]:
            self._backups.add_row(self._backup_row(backup))
        if not backups:
            self._backups.add_row(label(self.tr("None yet: the first is made within the hour."), tone="muted"))
        note = self.tr("Made hourly and before each update; 24 hours and 7 days are kept.")
        self._backups.add_row(label(note, size="sm", tone="muted", wrap=True))

    def _backup_row(self, backup: BackupLine) -> QWidget:
        row = QWidget()
        inside = QHBoxLayout(row)
        inside.setContentsMargins(0, 0, 0, 0)
        words = " · ".join(part for part in (backup.when, backup.size, backup.remark) if part)
        restore = Button(self.tr("Restore…"), kind="quiet")
        restore.setAccessibleName(self.tr("Restore the backup of {when}").format(when=backup.when))
        restore.clicked.connect(partial(self._confirm_restore, row, backup.path))
        inside.addWidget(ElidedLabel(words), 1)
        inside.addWidget(restore)
        return row

    def _confirm_restore(self, row: QWidget, path: Path) -> None:
        """The one act here without undo: a second button says what it does before it is done."""
        if row.findChild(PrimaryButton) is not None:
            return
        sure = PrimaryButton(self.tr("Close and restore"))
        sure.setToolTip(self.tr("The data of now is kept beside it."))
        sure.clicked.connect(partial(self._context.restore, path))
        layout = cast("QHBoxLayout", row.layout())
        layout.addWidget(sure)
        sure.setFocus()

    def _fill(self, card: Card, lines: Sequence[str], empty: str) -> None:
        card.clear_rows()
        for words in lines:
            card.add_row(ElidedLabel(words))
        if not lines and empty:
            card.add_row(label(empty, tone="muted", wrap=True))


def policy_title(actor: CancellationActor) -> str:
    """Whose cancellation a policy is about, as a heading."""
    return {
        CancellationActor.STUDENT: tr("Policy", "When the student cancels"),
        CancellationActor.GUARDIAN: tr("Policy", "When the guardian cancels"),
        CancellationActor.INSTRUCTOR: tr("Policy", "When the instructor cancels"),
    }[actor]


class PolicyEditor(QWidget):
    """What one party gets back, by hours before the start; saved as a whole."""

    def __init__(
        self, actor: CancellationActor, rows: Sequence[PolicyRow], save: Callable[["PolicyEditor"], None]
    ) -> None:
        super().__init__()
        self.actor = actor
        self._cells: list[tuple[QSpinBox, QSpinBox]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        title = policy_title(actor)
        column.addWidget(label(title, weight="bold"))
        grid = QGridLayout()
        grid.setColumnStretch(4, 1)
        for number, row in enumerate(rows):
            hours = _box(row.hours_before_start, 24 * 60, self.tr("{title}: hours before").format(title=title))
            percent = _box(row.refund_percent, 100, self.tr("{title}: percent back").format(title=title))
            self._cells.append((hours, percent))
            for place, widget in enumerate(
                (hours, label(self.tr("h before:"), tone="muted"), percent, label(self.tr("% back"), tone="muted"))
            ):
                grid.addWidget(widget, number, place)
        column.addLayout(grid)
        self.error = ErrorLine()
        column.addWidget(self.error)
        button = Button(self.tr("Save"))
        button.setAccessibleName(self.tr("Save: {title}").format(title=title))
        button.clicked.connect(partial(save, self))
        column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)

    def rows(self) -> list[PolicyRow]:
        """What stands in the boxes."""
        return [PolicyRow(self.actor, hours.value(), percent.value()) for hours, percent in self._cells]


def _box(value: int, most: int, name: str) -> QSpinBox:
    box = QSpinBox()
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setFixedWidth(_BOX_WIDTH)
    box.setRange(0, most)
    box.setValue(value)
    box.setAccessibleName(name)
    return box

"""`driveflow doctor` and `driveflow audit verify`: looking a school's data over, changing nothing."""

import os

from driveflow_desktop.adapters.keyring_store import keys_of
from driveflow_desktop.commands.answer import Answer, Plain
from driveflow_desktop.composition import AskPassphrase, open_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.clock import SystemClock
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.audit import audit_verify as verify
from driveflow_desktop.store.doctor import examine
from driveflow_desktop.store.open_replica import read_identity


def doctor(folder: DataFolder, ask: AskPassphrase) -> Answer:
    """Every check with its result; the school may be open in the desktop meanwhile."""
    files = folder.replica
    if not folder.has_school:
        raise UserError("missing", f"There is no school in {folder.path}.", hint="Choose its folder with --data-dir.")
    keys = keys_of(read_identity(files).key_kind, files, os.environ, ask)
    checks = examine(files, keys, SystemClock())
    lines = tuple(f"{'ok ' if found.ok else 'BAD'}  {found.check:<16} {found.detail}" for found in checks)
    rows: list[Plain] = [{"check": found.check, "ok": found.ok, "detail": found.detail} for found in checks]
    return Answer(lines, rows, ok=all(found.ok for found in checks))


def audit_verify(folder: DataFolder, ask: AskPassphrase) -> Answer:
    """Check every audit entry against its hash; erased entries are counted, not blamed."""
    with open_school(folder, "driveflow audit verify", ask) as replica:
        report = verify(replica)
    lines = (
        f"{report.entries:,} entries, {report.erased:,} of them erased.",
        "None was changed." if report.ok else f"{len(report.tampered):,} entries do not match their hash.",
    )
    tampered: list[Plain] = [str(entry) for entry in report.tampered]
    value: Plain = {"entries": report.entries, "erased": report.erased, "tampered": tampered}
    return Answer(lines, value, ok=report.ok)

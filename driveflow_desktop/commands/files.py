"""`driveflow backup`, `restore` and `export`."""

import os
from pathlib import Path

from driveflow_desktop.adapters.keyring_store import keys_of
from driveflow_desktop.commands.answer import Answer
from driveflow_desktop.composition import AskPassphrase, open_school, setting
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.copies import copy_replica, export_plain
from driveflow_desktop.store.open_replica import read_identity
from driveflow_desktop.store.restore import restore as restore_backup


def backup(folder: DataFolder, target: Path, ask: AskPassphrase) -> Answer:
    """Copy the school to `target`, encrypted with its own key, and check the copy."""
    _require_new(target)
    with open_school(folder, "driveflow backup", ask) as replica:
        report = copy_replica(replica, target)
    rows = sum(report.rows.values())
    words = (f"Backed up {rows:,} rows to {target}, and checked the copy.", "It opens with this PC's own key only.")
    return Answer(words, {"file": str(target), "rows": rows})


def restore(folder: DataFolder, source: Path, ask: AskPassphrase) -> Answer:
    """Put a backup in the place of the school's data; what it replaces is kept beside it."""
    files = folder.replica
    keys = keys_of(read_identity(files).key_kind, files, os.environ, ask)
    restored = restore_backup(source, files, keys, setting("driveflow restore"))
    lines = [f"Restored {source}."]
    if restored.kept_aside is not None:
        lines.append(f"The data it replaced is kept as {restored.kept_aside}.")
    aside = None if restored.kept_aside is None else str(restored.kept_aside)
    return Answer(tuple(lines), {"device_id": str(restored.device_id), "replaced": aside})


def export(folder: DataFolder, target: Path, ask: AskPassphrase) -> Answer:
    """Write a plain copy for other tools."""
    _require_new(target)
    with open_school(folder, "driveflow export", ask) as replica:
        rows = export_plain(replica, target)
    words = (f"Wrote {sum(rows.values()):,} rows to {target}.", "This file is NOT encrypted: keep it safe.")
    return Answer(words, {"file": str(target), "rows": dict(rows)})


def _require_new(target: Path) -> None:
    if target.exists():
        raise UserError("exists", f"{target} exists already.", hint="Choose another name: nothing is overwritten.")

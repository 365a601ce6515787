"""`driveflow import students`: a spreadsheet's students into the school, all or none."""

import argparse

from driveflow_desktop.adapters.csv_files import read_table
from driveflow_desktop.commands.answer import Answer, Plain
from driveflow_desktop.composition import AskPassphrase, default_actor, open_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.people.commands.importing import import_in_parts
from driveflow_desktop.domain.people.import_mapping import ColumnMapping, field_named, guess_mapping
from driveflow_desktop.domain.people.import_rules import Preview, Setting, check
from driveflow_desktop.domain.people.queries.students import known_students
from driveflow_desktop.domain.tabular import Table
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, zone
from driveflow_desktop.store.replica import Replica

_SHOWN = 20


def import_students(folder: DataFolder, arguments: argparse.Namespace, ask: AskPassphrase) -> Answer:
    """Read, check, report; write unless it is a dry run or a row is wrong (and was not told to be skipped)."""
    table = read_table(arguments.file, arguments.encoding, arguments.delimiter)
    mapping = _chosen(guess_mapping(table.headers), arguments.map)
    with open_school(folder, "driveflow import", ask) as replica:
        preview = _check(replica, table, mapping)
        wrong = bool(preview.errors) and not arguments.skip_errors
        imported = 0
        if not arguments.dry_run and not wrong:
            receipts = import_in_parts(replica, default_actor(replica), preview.without_duplicates())
            imported = sum(len(receipt.value.students) for receipt in receipts)
    return _answer(table, mapping, preview, imported, wrong=wrong, dry=arguments.dry_run)


def _check(replica: Replica, table: Table, mapping: ColumnMapping) -> Preview:
    actor = default_actor(replica)
    with replica.reader() as connection:
        found = school(connection, actor.org_id)
        today = local_date(replica.clock.now(), zone(found.time_zone))
        setting = Setting(found.country, today, known_students(connection, actor.org_id))
    return check(table, mapping, setting)


def _chosen(mapping: ColumnMapping, pairs: list[str]) -> ColumnMapping:
    for pair in pairs:
        header, separator, field = pair.rpartition("=")
        if not separator or not header:
            raise UserError("invalid", f"“{pair}” is not COLUMN=FIELD.", hint="Write it like --map 'Given=first_name'.")
        mapping = mapping.choose(header, field_named(field))
    return mapping


def _answer(table: Table, mapping: ColumnMapping, preview: Preview, imported: int, *, wrong: bool, dry: bool) -> Answer:
    fields = {column.header: column.field.value for column in mapping.columns if column.field is not None}
    skipped = preview.likely_duplicates
    ready = len(preview.rows) - len(skipped)
    lines = [
        f"Read as {table.encoding}, delimiter “{table.delimiter}”, {len(table.rows):,} rows.",
        "Columns: " + "; ".join(f"{header} → {field}" for header, field in fields.items()),
    ]
    for problem in preview.errors[:_SHOWN]:
        where = f"row {problem.row}" + (f", {problem.column}" if problem.column else "")
        lines.append(f"  {where}: {problem.message}")
    if len(preview.errors) > _SHOWN:
        lines.append(f"  … and {len(preview.errors) - _SHOWN:,} more rows with errors")
    for found in preview.duplicates[:_SHOWN]:
        same = "looks like" if found.row in skipped else "has the same phone as"
        lines.append(f"  row {found.row}: {same} {found.name}{', left out' if found.row in skipped else ''}")
    if wrong:
        lines.append("Nothing was imported: mend the rows above, or add --skip-errors.")
    elif dry:
        lines.append(f"Dry run: {ready:,} students would be imported.")
    else:
        lines.append(f"{imported:,} students imported.")
    problems: list[Plain] = [
        {"row": each.row, "column": each.column, "message": each.message} for each in preview.errors
    ]
    duplicates: list[Plain] = [
        {"row": found.row, "like": found.name, "by": found.likeness.value, "left_out": found.row in skipped}
        for found in preview.duplicates
    ]
    value: Plain = {
        "imported": imported,
        "ready": ready,
        "problems": problems,
        "duplicates": duplicates,
        "mapping": {**fields},
        "encoding": table.encoding,
        "delimiter": table.delimiter,
    }
    return Answer(tuple(lines), value, ok=not wrong)

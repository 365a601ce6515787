"""`driveflow import students`: a spreadsheet's students into the school, all or none."""

import argparse

from driveflow_desktop.adapters.csv_files import read_table
from driveflow_desktop.commands.answer import Answer, Plain
from driveflow_desktop.composition import AskPassphrase, DataFolder, default_actor, open_school
from driveflow_desktop.domain.identity.queries import school
from driveflow_desktop.domain.people.checks import Checker
from driveflow_desktop.domain.people.commands.importing import import_students as write
from driveflow_desktop.domain.people.importing import Preview, check_rows, guess_mapping
from driveflow_desktop.domain.people.queries.students import known_students
from driveflow_desktop.domain.tabular import Table
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.kernel.time import local_date, zone
from driveflow_desktop.store.replica import Replica

_SHOWN = 20


def import_students(folder: DataFolder, arguments: argparse.Namespace, ask: AskPassphrase) -> Answer:
    """Read, check, report; write unless it is a dry run or a row is wrong (and was not told to be skipped)."""
    table = read_table(arguments.file, arguments.encoding, arguments.delimiter)
    mapping = guess_mapping(table.headers) | _given(arguments.map)
    with open_school(folder, "driveflow import", ask) as replica:
        preview = _check(replica, table, mapping)
        wrong = bool(preview.problems) and not arguments.skip_errors
        imported = 0
        if not arguments.dry_run and not wrong and preview.candidates:
            actor = default_actor(replica)
            imported = len(replica.execute(lambda uow: write(uow, preview.candidates), actor).value)
    return _answer(table, mapping, preview, imported, wrong=wrong, dry=arguments.dry_run)


def _check(replica: Replica, table: Table, mapping: dict[str, str]) -> Preview:
    actor = default_actor(replica)
    with replica.reader() as connection:
        found = school(connection, actor.org_id)
        today = local_date(replica.clock.now(), zone(found.time_zone))
        known = [(each.full_name, each.traits) for each in known_students(connection, actor.org_id)]
    return check_rows(table, mapping, Checker(found.country, today), known)


def _given(pairs: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        header, separator, field = pair.rpartition("=")
        if not separator or not header:
            raise UserError("invalid", f"“{pair}” is not COLUMN=FIELD.", hint="Write it like --map 'Given=first_name'.")
        found[header] = field
    return found


def _answer(
    table: Table, mapping: dict[str, str], preview: Preview, imported: int, *, wrong: bool, dry: bool
) -> Answer:
    lines = [
        f"Read as {table.encoding}, delimiter “{table.delimiter}”, {len(table.rows):,} rows.",
        "Columns: " + "; ".join(f"{header} → {field}" for header, field in mapping.items()),
    ]
    for problem in preview.problems[:_SHOWN]:
        where = f"row {problem.row}" + (f", {problem.column}" if problem.column else "")
        lines.append(f"  {where}: {problem.message}")
    if len(preview.problems) > _SHOWN:
        lines.append(f"  … and {len(preview.problems) - _SHOWN:,} more rows with errors")
    lines += [f"  row {row}: looks like {name}, left out" for row, name in preview.duplicates[:_SHOWN]]
    if wrong:
        lines.append("Nothing was imported: mend the rows above, or add --skip-errors.")
    elif dry:
        lines.append(f"Dry run: {len(preview.candidates):,} students would be imported.")
    else:
        lines.append(f"{imported:,} students imported.")
    problems: list[Plain] = [
        {"row": each.row, "column": each.column, "message": each.message} for each in preview.problems
    ]
    duplicates: list[Plain] = [{"row": row, "like": name} for row, name in preview.duplicates]
    value: Plain = {
        "imported": imported,
        "ready": len(preview.candidates),
        "problems": problems,
        "duplicates": duplicates,
        "mapping": dict(mapping),
        "encoding": table.encoding,
        "delimiter": table.delimiter,
    }
    return Answer(tuple(lines), value, ok=not wrong)

"""The generated parts of docs/protocol.md: `python -m tests.helpers.protocol_doc` writes, a test holds them."""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.service.answers import STATUS_OF
from driveflow_desktop.service.rights import RIGHTS, Grant
from driveflow_desktop.store.rows import RowCodec, codec
from driveflow_desktop.store.types import EnumText, Hundredths, Id, JsonDoc, Microdegrees, UtcDateTime
from driveflow_desktop.sync.columns import ColumnClass, class_of, groups_of
from tests.helpers.pages import with_parts

PAGE: Final = Path(__file__).parents[2] / "docs" / "protocol.md"
_FORMS: Final = (
    (Id, "id"),
    (UtcDateTime, "time"),
    (sa.Date, "date"),
    (sa.Boolean, "true or false"),
    (Microdegrees, "decimal, 6 places"),
    (Hundredths, "decimal, 2 places"),
    (JsonDoc, "object or list"),
    (sa.LargeBinary, "bytes in hexadecimal"),
    (sa.Integer, "whole number"),
)


def render(page: str) -> str:
    """The page with its generated parts made anew."""
    parts = {"codes": _codes(), "columns": _columns(), "keys": _keys(), "rights": _rights(), "classes": _classes()}
    return with_parts(page, parts)


def _tables() -> Iterator[RowCodec]:
    return (codec(table) for table in sorted(synced_tables(), key=lambda table: str(table.name)))


def _words(columns: Collection[str]) -> str:
    return ", ".join(f"`{column}`" for column in columns)


def _codes() -> Iterator[str]:
    yield "| status | `code` |"
    yield "|---|---|"
    for status in sorted(set(STATUS_OF.values())):
        yield f"| {status.value} | {_words([code for code, found in STATUS_OF.items() if found == status])} |"


def _columns() -> Iterator[str]:
    yield "| table | column | holds | when an insert omits it | points to |"
    yield "|---|---|---|---|---|"
    for rows in _tables():
        defaults = rows.default_values()
        parents = {column: table for column, table, _ in rows.parents}
        for name in rows.carried:
            column = rows.table.columns[name]
            omitted = "refused"
            if defaults[name] is not None:
                omitted = _literal(defaults[name])
            elif column.nullable:
                omitted = "null"
            target = f"`{parents[name]}`" if name in parents else ""
            yield f"| `{rows.name}` | `{name}` | {_form(column)} | {omitted} | {target} |"


def _form(column: "sa.Column[object]") -> str:
    kind = column.type
    if isinstance(kind, EnumText):
        return " · ".join(f"`{member.value}`" for member in kind.enum)
    for known, form in _FORMS:
        if isinstance(kind, known):
            return form
    assert isinstance(kind, sa.String)
    return "text" if kind.length is None else f"text of {kind.length:,} characters"


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{}"
    return f"`{value}`" if isinstance(value, str) else str(value)


def _keys() -> Iterator[str]:
    yield "| table | no two rows of a school have the same |"
    yield "|---|---|"
    for rows in _tables():
        for key in sorted(rows.unique_keys):
            columns = _words((*key.columns, *key.folded))
            folded = f" (null counts as a value in {_words(key.folded)})" if key.folded else ""
            where = f", where {key.where}" if key.where else ""
            yield f"| `{rows.name}` | {columns}{folded}{where} |"


def _rights() -> Iterator[str]:
    yield "| table | role | insert | update | delete |"
    yield "|---|---|---|---|---|"
    for rows in _tables():
        for role in (OrgRole.OWNER, OrgRole.ADMIN, OrgRole.INSTRUCTOR):
            grant = RIGHTS[role].get(rows.name, Grant())
            insert, update = _allowed(rows, grant.insert), _allowed(rows, grant.update)
            yield f"| `{rows.name}` | {role.value} | {insert} | {update} | {'yes' if grant.delete else 'no'} |"


def _allowed(rows: RowCodec, columns: Collection[str]) -> str:
    """The columns that are granted, in the shorter of two ways to say it."""
    granted = [name for name in rows.carried if name in columns]
    missing = [name for name in rows.carried if name not in columns]
    if not granted:
        return "no"
    if not missing:
        return "all"
    return _words(granted) if len(granted) < len(missing) else f"all but {_words(missing)}"


def _classes() -> Iterator[str]:
    yield "| table | plain | text | guarded together |"
    yield "|---|---|---|---|"
    for rows in _tables():
        plain, text = (
            [name for name in rows.carried if class_of(rows.name, name) is kind]
            for kind in (ColumnClass.PLAIN, ColumnClass.TEXT)
        )
        groups = [group for group in groups_of(rows.name, rows.carried) if len(group) > 1]
        together = " · ".join(f"{{{_words(group)}}}" for group in groups)
        if plain or text or groups:
            yield f"| `{rows.name}` | {_words(plain)} | {_words(text)} | {together} |"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text("utf-8")), "utf-8")

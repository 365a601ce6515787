"""The generated parts of docs/schema.md: `python -m tests.helpers.schema_doc` writes, a test holds them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

import sqlalchemy as sa

from driveflow_desktop.domain.tables import MODULES, tables_for
from driveflow_desktop.store.base import Base, side_of
from driveflow_desktop.store.guards import APP_RIGHTS, AUTH_RIGHTS, IMMUTABLE
from tests.helpers.pages import with_parts

PAGE: Final = Path(__file__).parents[2] / "docs" / "schema.md"
_CONTEXTS: Final = {"log_tables": "the log", "service_tables": "the service"}


def render(page: str) -> str:
    """The page with its generated parts made anew."""
    return with_parts(page, {"immutable": _immutable(), "rights": _rights(), "tables": _tables()})


def _words(columns: tuple[str, ...]) -> str:
    return ", ".join(f"`{column}`" for column in columns if column not in {"org_id", "id"}) or "—"


def _immutable() -> Iterator[str]:
    yield "| table | never change (besides the key) | filled once | rows are kept |"
    yield "|---|---|---|---|"
    for guard in IMMUTABLE:
        fixed = _words((*guard.fixed, *guard.erasable, *guard.blankable))
        if guard.locked:
            fixed += f"; once it is no draft: {_words(guard.locked)}"
        yield f"| `{guard.table}` | {fixed} | {_words(guard.once)} | {'yes' if guard.kept else 'no'} |"
    yield "| `trip_points` | everything | — | with their trip |"


def _rights() -> Iterator[str]:
    yield "| table | `driveflow_app`, within its school | `driveflow_auth`, across schools |"
    yield "|---|---|---|"
    for name in sorted(table.name for table in tables_for("postgresql")):
        if name in APP_RIGHTS or name in AUTH_RIGHTS:
            app, auth = APP_RIGHTS.get(name, "everything"), AUTH_RIGHTS.get(name, "")
            yield f"| `{name}` | {app or '—'} | {auth or '—'} |"
    yield "| every other table | everything | — |"


def _tables() -> Iterator[str]:
    yield "| context | table | stands on | what a row is |"
    yield "|---|---|---|---|"
    for module in MODULES:
        file, context = module.__name__.rsplit(".", maxsplit=1)[-1], module.__name__.split(".")[-2]
        for owner in vars(module).values():
            if isinstance(owner, type) and issubclass(owner, Base) and owner.__module__ == module.__name__:
                table = cast("sa.Table", owner.__table__)
                stands = {"both": "both", "service": "service", "replica": "PC"}[side_of(table)]
                summary = " ".join((owner.__doc__ or "").split("\n\n", maxsplit=1)[0].split())
                yield f"| {_CONTEXTS.get(file, context)} | `{table.name}` | {stands} | {summary} |"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text("utf-8")), "utf-8")

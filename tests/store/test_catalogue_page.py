"""docs/schema.md says what the code says, and names every table."""

from driveflow_desktop.domain.tables import METADATA
from tests.helpers.schema_doc import PAGE, render


def test_the_generated_parts_are_current() -> None:
    page = PAGE.read_text("utf-8")
    assert render(page) == page, "run: make docs"


def test_every_table_is_on_the_page() -> None:
    page = PAGE.read_text("utf-8")
    assert [name for name in METADATA.tables if f"| `{name}` |" not in page] == []

"""The full-text index over people and bookings, on the replica; PostgreSQL has none.

Frozen: a released revision is never edited. The statements are in `../sql/0002_sqlite.sql`.

Revision ID: 0002
Revises: 0001
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        file = Path(__file__).parent.parent / "sql" / "0002_sqlite.sql"
        for statement in file.read_text("utf-8").split("\n\n")[1:]:
            op.execute(sa.text(statement.replace(":", r"\:")))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for watched in ("students", "students_bookings", "guardians", "instructors", "bookings"):
            for event in ("inserted", "updated", "deleted"):
                op.execute(f"DROP TRIGGER search_{watched}_{event}")
        op.execute("DROP TRIGGER search_students_erased")
        for name in ("search_people", "search_bookings"):
            op.execute(f"DROP VIEW {name}_source")
            # The triggers of a document table go with it.
            op.execute(f"DROP TABLE {name}")
            op.execute(f"DROP TABLE {name}_fts")

"""How SQLite means to run a query: which of its steps walk through all that a school has."""

import re
from collections.abc import Callable

import sqlalchemy as sa

from tests.helpers.school import School

_STEP = re.compile(r"^(?P<how>SCAN|SEARCH) (?!CONSTANT ROW)(?P<table>\w+)(?: AS \w+)?(?: USING .*?\((?P<terms>.*)\))?")


def plan_of(school: School, query: Callable[[sa.Connection], object]) -> list[str]:
    """The steps of every statement that a query runs."""
    steps: list[str] = []
    with school.replica.reader() as connection:
        cursor = connection.connection.cursor()

        def explain(_c, _cursor, statement, parameters, _context, _many):
            steps.extend(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

        sa.event.listen(connection.engine, "before_cursor_execute", explain)
        try:
            query(connection)
        finally:
            sa.event.remove(connection.engine, "before_cursor_execute", explain)
    return steps


def walked(steps: list[str]) -> set[str]:
    """The tables of which a step looks at every row of the school."""
    found = (_STEP.match(step) for step in steps)
    return {step["table"] for step in found if step and (step["how"] == "SCAN" or " AND " not in (step["terms"] or ""))}

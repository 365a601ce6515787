import psycopg
import pytest

pytestmark = pytest.mark.postgres


def test_a_fresh_database_is_empty_and_dropped_for_good(postgres_databases):
    first = postgres_databases.fresh()
    forgotten = psycopg.connect(first, autocommit=True)
    forgotten.execute("CREATE TABLE marks (n int)")
    postgres_databases.drop(first)
    forgotten.close()
    with psycopg.connect(postgres_databases.fresh()) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(first)


def test_a_template_is_prepared_once_and_copied(postgres_databases):
    prepared = []

    def prepare(url: str) -> None:
        prepared.append(url)
        with psycopg.connect(url) as connection:
            connection.execute("CREATE TABLE marks AS SELECT 7 AS n")

    copies = [postgres_databases.fresh(postgres_databases.template("marks", prepare)) for _ in range(2)]

    with psycopg.connect(copies[0]) as connection:
        connection.execute("UPDATE marks SET n = 8")
    with psycopg.connect(copies[1]) as connection:
        assert connection.execute("SELECT n FROM marks").fetchone() == (7,)
    assert len(prepared) == 1

"""The cluster in a data folder, with the real server: made, kept, shared, killed, half made, of another version."""

import contextlib
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from driveflow_desktop.adapters import postgres_embedded
from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
from driveflow_desktop.kernel.errors import Bug, UserError

pytestmark = pytest.mark.postgres

UNSAFE = {"fsync": "off"}


@pytest.fixture
def folder(tmp_path: Path):
    """A folder whose name needs quoting everywhere; its server is stopped whatever the test did."""
    folder = tmp_path / "Anna's école $HOME"
    yield folder
    pid = postmaster(folder)
    if pid is not None:
        pid.send_signal(signal.SIGQUIT)
        pid.wait(30)


def cluster(folder: Path, **settings: str) -> EmbeddedPostgres:
    return EmbeddedPostgres(folder, settings={**UNSAFE, **settings})


def postmaster(folder: Path) -> psutil.Process | None:
    """The running server of a folder."""
    try:
        process = psutil.Process(int((folder / "cluster/postmaster.pid").read_text().splitlines()[0]))
    except (FileNotFoundError, psutil.NoSuchProcess):
        return None
    return process if lives(process) and process.name() == "postgres" else None


def lives(process: psutil.Process) -> bool:
    """Whether a process still runs; a dead one may wait a while until the system forgets it."""
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


def value(url: str, query: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
        return row and row[0]


def write_mark(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE marks AS SELECT 7 AS n")


def test_the_first_start_makes_the_cluster_and_later_ones_keep_it(folder):
    with cluster(folder) as first:
        write_mark(first.url())
        server = postmaster(folder)
    assert postmaster(folder) is None
    assert not lives(server)

    with cluster(folder) as second:
        assert value(second.url(), "SELECT n FROM marks") == 7
        assert value(second.url(), "SELECT current_database()") == "driveflow"


def test_only_the_password_opens_it_and_only_its_owner_reads_the_password(folder):
    with cluster(folder) as server:
        url = server.url()
        password = (folder / "password").read_text()
        assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert not (folder / "password.new").exists()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(url.replace(password, "guess"))
        assert value(url, "SHOW listen_addresses") == "127.0.0.1"


def test_the_overlap_exclusion_of_bookings_can_be_built(folder):
    with cluster(folder) as server, psycopg.connect(server.url()) as connection:
        connection.execute("CREATE EXTENSION btree_gist")
        connection.execute("CREATE TABLE b (org uuid, span tstzrange, EXCLUDE USING gist (org WITH =, span WITH &&))")
        insert = "INSERT INTO b VALUES ('6f1d1c2e-8a5b-5c0e-9a4e-3d6f7e0d9b11', tstzrange(%s, %s))"
        connection.execute(insert, ("2026-11-24 09:00+00", "2026-11-24 10:00+00"))
        connection.execute(insert, ("2026-11-24 10:00+00", "2026-11-24 11:00+00"))
        with pytest.raises(psycopg.errors.ExclusionViolation):
            connection.execute(insert, ("2026-11-24 10:59+00", "2026-11-24 12:00+00"))


def test_text_sorts_alike_on_every_system_and_folds_unicode(folder):
    with cluster(folder) as server:
        assert value(server.url(), "SELECT upper('zoë')") == "ZOË"
        assert (
            value(server.url(), "SELECT string_agg(v, '' ORDER BY v) FROM (VALUES ('é'), ('z'), ('B')) t(v)") == "Bzé"
        )


def test_the_log_repeats_nothing_of_a_row(folder):
    with cluster(folder) as server, psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("CREATE TABLE people (email text UNIQUE, CHECK (email <> ''))")
        for _ in range(2):
            try:
                connection.execute("INSERT INTO people VALUES (%s)", ("mia@example.com",))
            except psycopg.errors.UniqueViolation:
                connection.execute("INSERT INTO people VALUES ('second@example.com')")
    logged = "".join(file.read_text() for file in (folder / "log").glob("postgresql-*.log"))
    assert "duplicate key" in logged
    assert "example.com" not in logged


def test_a_second_user_joins_and_the_last_one_stops_it(folder):
    first, second = cluster(folder), cluster(folder)
    assert first.start() == second.start()
    server = postmaster(folder)

    first.stop()
    assert value(second.url(), "SELECT 1") == 1
    second.stop()
    assert not lives(server)

    second.stop()
    with pytest.raises(Bug):
        second.url()


USER = """
import sys
from pathlib import Path
from driveflow_desktop.adapters.postgres_embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"}) as server:
    print(server.url(), flush=True)
    sys.stdin.readline()
"""


def start_user(folder: Path) -> subprocess.Popen[str]:
    """Another process that uses the cluster until it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_processes_that_start_at_once_share_one_server(folder):
    users = [start_user(folder) for _ in range(3)]
    urls = {user.stdout.readline() for user in users}
    assert len(urls) == 1
    assert urls != {""}
    for user in users[:-1]:
        user.communicate("\n", timeout=60)
        assert user.returncode == 0
        assert postmaster(folder) is not None
    users[-1].communicate("\n", timeout=60)
    assert postmaster(folder) is None


def test_a_killed_user_leaves_the_server_to_the_next_which_stops_it(folder):
    user = start_user(folder)
    url = user.stdout.readline().strip()
    write_mark(url)
    user.kill()
    user.communicate()

    with cluster(folder) as server:
        assert server.url() == url
        assert value(url, "SELECT n FROM marks") == 7
    assert postmaster(folder) is None


def kill_server(folder: Path) -> int:
    """Kill the server and all its processes as a power cut would; returns the dead server's process number."""
    server = postmaster(folder)
    family = [server, *server.children(recursive=True)]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):  # its helpers come and go by themselves
            process.kill()
    psutil.wait_procs(family, timeout=30)
    return server.pid


def test_a_killed_server_recovers_what_was_committed(folder):
    abandoned = cluster(folder, fsync="on")
    write_mark(abandoned.start())
    dead = kill_server(folder)

    with cluster(folder) as server:
        assert value(server.url(), "SELECT n FROM marks") == 7
        assert postmaster(folder).pid != dead
        abandoned.stop()
        assert value(server.url(), "SELECT n FROM marks") == 7


def test_a_dead_servers_number_that_another_program_got_does_not_block(folder):
    with cluster(folder) as server:
        write_mark(server.url())
        kill_server(folder)
        pid_file = folder / "cluster/postmaster.pid"
        # Alive, and not a PostgreSQL.
        with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
            _, *rest = pid_file.read_text().splitlines(keepends=True)
            pid_file.write_text("".join([f"{stranger.pid}\n", *rest]))
            with cluster(folder) as next_server:
                assert value(next_server.url(), "SELECT n FROM marks") == 7
                assert postmaster(folder).pid != stranger.pid
            stranger.communicate(b"\n")


def test_a_cluster_whose_making_was_cut_short_is_made_anew(folder):
    half_made = folder / "cluster.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    with cluster(folder) as server:
        assert value(server.url(), "SELECT 1") == 1
    assert not half_made.exists()


def test_settings_hold_for_the_start_that_starts_the_server(folder):
    with cluster(folder, application_name="it's \\ here", max_connections="17") as server:
        assert value(server.url(), "SHOW max_connections") == "17"
        assert (
            value(server.url(), "SELECT reset_val FROM pg_settings WHERE name = 'application_name'") == "it's \\ here"
        )
    with cluster(folder) as server:
        assert value(server.url(), "SHOW max_connections") == "60"


def test_a_cluster_of_another_version_is_refused_and_left_alone(folder):
    cluster(folder).__enter__().stop()
    (folder / "cluster/PG_VERSION").write_text("17\n")
    with pytest.raises(UserError, match="PostgreSQL 17") as refusal:
        cluster(folder).start()
    assert refusal.value.code == "postgres_version"
    assert list((folder / "users").iterdir()) == []


def test_a_lost_password_is_named(folder):
    cluster(folder).__enter__().stop()
    (folder / "password").unlink()
    with pytest.raises(UserError, match="password") as refusal:
        cluster(folder).start()
    assert refusal.value.code == "postgres_password"


def test_a_wrong_password_is_refused_at_once_and_leaves_nothing_running(folder):
    cluster(folder).__enter__().stop()
    (folder / "password").write_text("guess")
    with pytest.raises(UserError) as refusal:
        cluster(folder).start()
    assert refusal.value.code == "postgres_start"
    assert postmaster(folder) is None


def test_a_damaged_cluster_says_where_the_reason_is(folder):
    cluster(folder).__enter__().stop()
    (folder / "cluster/global/pg_control").unlink()
    with pytest.raises(UserError) as refusal:
        cluster(folder).start()
    assert refusal.value.code == "postgres_start"
    assert str(folder / "log") in refusal.value.hint
    assert "pg_control" in (folder / "log/startup.log").read_text()


def test_a_port_that_another_program_took_is_not_the_end(folder, monkeypatch):
    free = postgres_embedded._free_port
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", 0))
        stranger.listen()
        taken = stranger.getsockname()[1]
        ports = iter([taken])
        monkeypatch.setattr(postgres_embedded, "_free_port", lambda: next(ports, None) or free())
        with cluster(folder) as server:
            assert f":{taken}/" not in server.url()
            assert value(server.url(), "SELECT 1") == 1


def test_a_persons_postgres_variables_do_not_reach_it(folder, monkeypatch):
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    with cluster(folder) as server:
        assert value(server.url(), "SELECT 1") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root runs it as another account")
def test_root_runs_it_as_an_account_without_rights_even_where_that_account_may_not_enter(folder):
    folder.parent.chmod(0o700)
    with cluster(folder):
        server = postmaster(folder)
        assert server.uids().effective != 0
        assert (folder / "cluster").stat().st_uid == server.uids().effective


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root needs setpriv")
def test_root_without_setpriv_is_told_so(folder, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError) as refusal:
        cluster(folder).start()
    assert refusal.value.code == "postgres_root"

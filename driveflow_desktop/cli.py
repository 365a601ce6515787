"""The `driveflow` command: a public interface (docs/commands.md).

Exit status: 0 done, 1 failed, 2 wrong usage. With `--json` the last line of the output is one JSON value.
"""

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from getpass import getpass
from pathlib import Path
from typing import Final, TypeAlias

from driveflow_desktop import __version__
from driveflow_desktop.commands.answer import Answer
from driveflow_desktop.data_folder import DATA_DIR_VARIABLE, DataFolder, data_folder
from driveflow_desktop.kernel.collector import collector_paused
from driveflow_desktop.kernel.errors import UserError

DONE: Final = 0
FAILED: Final = 1
USAGE: Final = 2

Handler: TypeAlias = Callable[[argparse.Namespace], int]
SIZES: Final = ("small", "school", "large")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    handler: Handler = arguments.handler
    try:
        return handler(arguments)
    except UserError as error:
        _fail(error, as_json=bool(getattr(arguments, "json", False)))
        return FAILED
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        # The reader of our output went away (`driveflow doctor | head`): nothing to say, and no one to say it to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    parser = argparse.ArgumentParser(
        prog="driveflow",
        description="The office program for driving schools. Without a command it opens the desktop.",
        epilog=f"The folder of the school is --data-dir, else ${DATA_DIR_VARIABLE}, else the system's place for it.",
    )
    parser.add_argument("--version", action="version", version=f"driveflow {__version__}")
    _common(parser)
    parser.set_defaults(handler=_desktop)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    _add_demo(commands)
    _add_import(commands)
    _add_files(commands)
    _add_sync(commands)
    _add_checks(commands)
    _add_serve(commands)
    _add_schools(commands)
    return parser


_Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def _common(parser: argparse.ArgumentParser, *, as_json: bool = False) -> None:
    parser.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS, help="the folder of the school")
    if as_json:
        parser.add_argument("--json", action="store_true", help="answer with one JSON value, as the last line")


def _add_demo(commands: _Commands) -> None:
    demo = commands.add_parser("demo", help="open a demo school", description="Open a demo school in its own folder.")
    demo.add_argument("--size", choices=SIZES, default="small", help="how large a school (default: small)")
    demo.add_argument("--tour", metavar="DIR", help="play the guided tour and write screenshots and reports into DIR")
    demo.add_argument("--fresh", action="store_true", help="make the demo school anew")
    demo.add_argument("--second", choices=("owner", "instructor"), help="open a second window, on a replica of its own")
    # What the demo tells the process of its second window.
    demo.add_argument("--beside", metavar="URL", help=argparse.SUPPRESS)
    demo.add_argument("--email", help=argparse.SUPPRESS)
    _common(demo, as_json=True)
    demo.set_defaults(handler=_demo)


def _add_import(commands: _Commands) -> None:
    importing = commands.add_parser("import", help="bring data in", description="Bring data into the school.")
    kinds = importing.add_subparsers(required=True, metavar="WHAT")
    students = kinds.add_parser("students", help="students from a CSV file")
    students.add_argument("file", type=Path, help="the CSV file")
    students.add_argument("--map", action="append", default=[], metavar="COLUMN=FIELD", help="which column is what")
    students.add_argument("--encoding", help="the file's encoding, where the guess is wrong")
    students.add_argument("--delimiter", help="the file's delimiter, where the guess is wrong")
    students.add_argument("--dry-run", action="store_true", help="check and report, change nothing")
    students.add_argument("--skip-errors", action="store_true", help="import the good rows though others are not")
    _common(students, as_json=True)
    students.set_defaults(handler=_import_students)


def _add_files(commands: _Commands) -> None:
    backup = commands.add_parser("backup", help="write an encrypted, checked backup of the school")
    backup.add_argument("file", type=Path, help="where to write it")
    restore = commands.add_parser("restore", help="put a backup in the place of the school's data")
    restore.add_argument("file", type=Path, help="the backup")
    export = commands.add_parser("export", help="write a plain SQLite copy, NOT encrypted, for other tools")
    export.add_argument("file", type=Path, help="where to write it")
    for parser, handler in ((backup, _backup), (restore, _restore), (export, _export)):
        _common(parser, as_json=True)
        parser.set_defaults(handler=handler)


def _add_sync(commands: _Commands) -> None:
    join = commands.add_parser("join", help="fetch a school from its service into an empty folder")
    join.add_argument("--url", required=True, metavar="URL", help="the address of the school's service")
    who = join.add_mutually_exclusive_group(required=True)
    who.add_argument("--invitation", metavar="CODE", help="the code of an invitation; the password is chosen now")
    who.add_argument("--email", help="the address of an account that exists")
    join.add_argument("--name", help="your name, with an invitation")
    join.add_argument("--org", metavar="ID", help="which school, where you belong to several")
    _common(join, as_json=True)
    join.set_defaults(handler=_join)
    sync = commands.add_parser("sync", help="send and fetch what is new, without a window")
    sync.add_argument("--once", action="store_true", help="end when nothing is left to do")
    _common(sync, as_json=True)
    sync.set_defaults(handler=_sync)


def _add_checks(commands: _Commands) -> None:
    doctor = commands.add_parser("doctor", help="check the school's data on this PC")
    _common(doctor, as_json=True)
    doctor.set_defaults(handler=_doctor)
    audit = commands.add_parser("audit", help="check the audit trail")
    acts = audit.add_subparsers(required=True, metavar="ACT")
    verify = acts.add_parser("verify", help="check that no audit entry was changed")
    _common(verify, as_json=True)
    verify.set_defaults(handler=_audit_verify)
    bench = commands.add_parser("bench", help="measure this program on this PC, beside baselines of the same run")
    bench.add_argument("groups", nargs="*", metavar="GROUP", help="start, desk, sync (default: all)")
    bench.add_argument("--size", choices=SIZES, default="school", help="the school measured (default: school)")
    bench.add_argument("--json", action="store_true", help="answer with one JSON value, as the last line")
    bench.set_defaults(handler=_bench)


def _add_serve(commands: _Commands) -> None:
    serve = commands.add_parser(
        "serve",
        help="the sync service that joins the PCs of schools",
        description="The sync service that joins the PCs of schools, until Ctrl+C or SIGTERM.",
        epilog="Environment: DRIVEFLOW_DATABASE_URL or DATABASE_URL in place of --database-url, DRIVEFLOW_SIGNING_KEY, "
        "DRIVEFLOW_TRUSTED_PROXY (addresses of proxies with TLS), DRIVEFLOW_METRICS_TOKEN. Logs go to standard error.",
    )
    serve.add_argument("--host", default="127.0.0.1", help="the address to answer on (default: this machine only)")
    serve.add_argument("--port", type=_port, default=8787, help="the port (default: 8787; 0 takes a free one)")
    serve.add_argument("--database-url", metavar="URL", help="a PostgreSQL to use; without one, our own in the folder")
    serve.add_argument("--insecure-lan", action="store_true", help="answer other machines in clear text")
    serve.add_argument("--after-restore", action="store_true", help="the database was put back from a backup")
    _common(serve)
    serve.set_defaults(handler=_serve)


def _port(given: str) -> int:
    if not given.isdecimal() or int(given) > 65_535:
        raise argparse.ArgumentTypeError(f"“{given}” is not a port: 0 to 65535")
    return int(given)


def _add_schools(commands: _Commands) -> None:
    school = commands.add_parser("school", help="schools of a sync service")
    create = school.add_subparsers(required=True, metavar="ACT").add_parser("create", help="open a school")
    create.add_argument("--name", required=True, help="the school's name")
    create.add_argument("--owner-email", required=True, metavar="EMAIL", help="who is invited as its owner")
    create.add_argument("--time-zone", default="Australia/Sydney", metavar="ZONE", help="default: %(default)s")
    create.set_defaults(handler=_school_create)
    user = commands.add_parser("user", help="people of a sync service")
    invite = user.add_subparsers(required=True, metavar="ACT").add_parser("invite", help="invite somebody")
    invite.add_argument("--org", required=True, metavar="ID", help="the school")
    invite.add_argument("--email", required=True, help="whom to invite")
    invite.add_argument("--role", required=True, choices=("owner", "admin", "instructor", "student"))
    invite.add_argument("--instructor", metavar="ID", help="the instructor's record that is theirs")
    invite.set_defaults(handler=_user_invite)
    for parser in (create, invite):
        parser.add_argument("--database-url", metavar="URL", help="the service's PostgreSQL (default: its own)")
        _common(parser, as_json=True)


# -- handlers; their modules are imported when they run, so that `driveflow --help` answers at once


def _desktop(arguments: argparse.Namespace) -> int:
    with collector_paused():
        from driveflow_desktop.desktop_main import run_desktop

    return run_desktop(data_folder(getattr(arguments, "data_dir", None)))


def _demo(arguments: argparse.Namespace) -> int:
    with collector_paused():
        from driveflow_desktop.desktop_demo import run_demo, run_second

    tour = None if arguments.tour is None else Path(arguments.tour)
    given: str | None = getattr(arguments, "data_dir", None)
    if given and arguments.beside and arguments.second and arguments.email:
        return run_second(Path(given), arguments.beside, arguments.second, arguments.email)
    made = {"fresh": arguments.fresh, "second": arguments.second, "as_json": arguments.json}
    return run_demo(given, arguments.size, tour=tour, **made)


def _import_students(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.importing import import_students

    return _answer(arguments, import_students(_folder(arguments), arguments, _ask))


def _backup(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.files import backup

    return _answer(arguments, backup(_folder(arguments), arguments.file, _ask))


def _restore(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.files import restore

    return _answer(arguments, restore(_folder(arguments), arguments.file, _ask))


def _export(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.files import export

    return _answer(arguments, export(_folder(arguments), arguments.file, _ask))


def _join(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.syncing import join

    if arguments.invitation and not arguments.name:
        raise UserError("invalid", "An invitation needs your name.", hint="Add --name 'Ana Costa'.")
    return _answer(arguments, join(_folder(arguments), arguments, _ask_password, _ask))


def _sync(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.syncing import sync

    return _answer(arguments, sync(_folder(arguments), arguments, _ask_password, _ask))


def _doctor(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.checks import doctor

    return _answer(arguments, doctor(_folder(arguments), _ask))


def _audit_verify(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.checks import audit_verify

    return _answer(arguments, audit_verify(_folder(arguments), _ask))


def _school_create(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.schools import school_create

    return _answer(arguments, school_create(_folder(arguments), arguments))


def _user_invite(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.commands.schools import user_invite

    return _answer(arguments, user_invite(_folder(arguments), arguments))


def _bench(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.bench.run import run_bench

    return _answer(arguments, run_bench(arguments.groups, arguments.size))


def _serve(arguments: argparse.Namespace) -> int:
    from driveflow_desktop.service_main import ServeOptions, run_service

    options = ServeOptions(
        _folder(arguments),
        arguments.host,
        arguments.port,
        arguments.database_url,
        insecure_lan=arguments.insecure_lan,
        after_restore=arguments.after_restore,
    )
    served = run_service(options, lambda url: print(json.dumps({"ready": True, "url": url}), flush=True))
    return DONE if served else FAILED


def _folder(arguments: argparse.Namespace) -> DataFolder:
    return data_folder(getattr(arguments, "data_dir", None))


def _ask_password() -> str:
    """The password of whoever signs in, from the terminal or standard input."""
    if sys.stdin.isatty():
        return getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _ask() -> str:
    """The replica's passphrase, from the terminal or standard input."""
    if sys.stdin.isatty():
        return getpass("Passphrase: ")
    return sys.stdin.readline().rstrip("\r\n")


def _answer(arguments: argparse.Namespace, answer: Answer) -> int:
    for line in answer.lines:
        print(line, file=sys.stderr if arguments.json else sys.stdout)
    if arguments.json:
        print(json.dumps(answer.value, ensure_ascii=False))
    return DONE if answer.ok else FAILED


def _fail(error: UserError, *, as_json: bool) -> None:
    print(f"driveflow: {error}", file=sys.stderr)
    if as_json:
        print(json.dumps({"error": error.code, "message": error.message, "hint": error.hint}, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())

"""The first sync of a new PC, beside COPY and `executemany` into the same tables by hand."""

from collections.abc import Sequence
from typing import Final

from driveflow_desktop.bench.fetching import HAND, SYNC, Fetched
from driveflow_desktop.bench.figures import MB, SECONDS, Figure, figure
from driveflow_desktop.bench.online import OnlineSchool, in_child, seat_folder
from driveflow_desktop.composition import open_school
from driveflow_desktop.data_folder import DataFolder
from driveflow_desktop.domain.identity.queries import user_email

_RUNS: Final = 3
_MODULE: Final = "driveflow_desktop.bench.fetching"


def first_sync_figures(school: OnlineSchool) -> tuple[list[Figure], DataFolder]:
    """`first_sync`, `first_sync_wire` and `first_sync_memory`, medians of new processes, and the last replica made."""
    with open_school(school.folder, "the benchmark") as replica, replica.reader() as connection:
        email = user_email(connection, school.made.owner_id) or ""
    ours, theirs = list[Fetched](), list[Fetched]()
    for run in range(_RUNS):
        last = seat_folder(school, f"fetched-{run}")
        ours.append(_fetch(SYNC, last, school.url, str(school.made.org_id), email))
        theirs.append(_fetch(HAND, seat_folder(school, f"copied-{run}"), school.admin_url))
    return [
        figure("first_sync", ([one.seconds for one in ours], [one.seconds for one in theirs]), 50, SECONDS),
        figure("first_sync_wire", (_mb([one.wire for one in ours]), _mb([one.wire for one in theirs])), 50, MB),
        figure("first_sync_memory", (_mb([one.grown for one in ours]), _mb([one.grown for one in theirs])), 50, MB),
    ], last


def _fetch(way: str, folder: DataFolder, *rest: str) -> Fetched:
    return in_child(_MODULE, [way, str(folder.path), *rest], Fetched)


def _mb(sizes: Sequence[int]) -> list[float]:
    return [size / 1e6 for size in sizes]

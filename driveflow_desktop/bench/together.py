"""The group `sync`: a school on a service of its own, and two replicas of it on this PC."""

from driveflow_desktop.bench.figures import Figure
from driveflow_desktop.bench.first_sync import first_sync_figures
from driveflow_desktop.bench.live import live_figures, week_figure
from driveflow_desktop.bench.online import online_school, seated
from driveflow_desktop.bench.rates import local_edits_figure, push_and_pull_figures
from driveflow_desktop.data_folder import DataFolder


def sync_figures(folder: DataFolder) -> list[Figure]:
    """Everything about a school on a service: the service is a process of its own, the clients are this one."""
    with online_school(folder) as school:
        first, second = first_sync_figures(school)
        with (
            seated(school, school.folder, school.made.admin_id) as maker,
            seated(school, second, school.made.owner_id) as reader,
        ):
            return [
                *first,
                local_edits_figure(maker),
                *push_and_pull_figures(school, maker, reader),
                *live_figures(school, maker, reader),
                week_figure(maker),
            ]

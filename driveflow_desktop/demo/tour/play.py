"""Playing the tour: the tasks of the desk's day, each checked on screen and in the database."""

import json
import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from PySide6.QtWidgets import QApplication

from driveflow_desktop.demo.tour import tasks
from driveflow_desktop.demo.tour.driver import Driver, Effort, TaskResult
from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.ui.program import Program
from driveflow_desktop.ui.shell.theme import Theme

log = logging.getLogger(__name__)
Row: TypeAlias = Mapping[str, str | int | float | bool]


@dataclass(frozen=True, slots=True)
class Task:
    """A task: what it is called, its target in words, whether an effort meets it, and how it is done."""

    name: str
    target: str
    meets: Callable[[Effort], bool]
    act: Callable[[Driver], None]


def _at_most(keys: int, clicks: int = 0) -> Callable[[Effort], bool]:
    return lambda effort: effort.keys <= keys and effort.clicks <= clicks


TASKS: Final = (
    Task("look at today", "no click", _at_most(1), tasks.look_at_today),
    Task("when is my lesson?", "4 characters, no click", _at_most(5), tasks.when_is_my_lesson),
    Task("next free slot, booked", "S, one line, Enter, Enter", _at_most(40), tasks.next_free),
    Task("new student and first lesson", "no mouse, ≤ 45 s", tasks.on_one_call, tasks.new_student),
    Task("move a lesson, other instructor", "1 drag or ≤ 5 keys", _at_most(5, 1), tasks.move_by_drag),
    Task("move a lesson by keys", "≤ 5 keys", _at_most(5), tasks.move_by_keys),
    Task("make a lesson longer", "≤ 5 keys", _at_most(5), tasks.resize_by_keys),
    Task("take payment", "P, method letter, Enter", _at_most(3), tasks.take_payment),
    Task("cancel with the refund shown first", "X, letter, Enter", _at_most(3), tasks.cancel),
    Task("undo and redo", "1 key each", _at_most(2), tasks.undo_and_redo),
    Task("done", "1 key", _at_most(1), tasks.done),
    Task("no-show", "1 key with Shift", _at_most(2), tasks.no_show),
    Task("a week of one instructor", "1 key", _at_most(2), tasks.week),
)


@dataclass(frozen=True, slots=True)
class TourReport:
    """What the tour found."""

    results: tuple[TaskResult, ...]
    pictures: int
    failures: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether every step worked and every target was met."""
        return not self.failures and all(result.ok for result in self.results)

    @property
    def rows(self) -> list[Row]:
        """A row per task, for `--json`."""
        return [result.row() for result in self.results]

    @property
    def lines(self) -> list[str]:
        """The report in words."""
        found = [f"{'task':<38} {'keys':>4} {'clicks':>6} {'seconds':>7}  target"]
        for each in self.results:
            mark = "ok" if each.ok else "OVER"
            found.append(f"{each.task:<38} {each.keys:>4} {each.clicks:>6} {each.seconds:>7.2f}  {each.target}  {mark}")
        return [*found, f"{self.pictures} pictures", *(f"FAILED: {failure}" for failure in self.failures)]


def play(app: QApplication, theme: Theme, make: Callable[[], Program], replica: Replica, output: Path) -> TourReport:
    """Play every task on a real window and write pictures and `report.json` into `output`."""
    output.mkdir(parents=True, exist_ok=True)
    program = make()
    program.start()
    program.window.resize(1440, 900)
    program.window.activateWindow()
    driver = Driver(app, program, replica, theme, output)
    results: list[TaskResult] = []
    failures: list[str] = []
    try:
        driver.settle()
        for task in (*TASKS, *_sights()):
            _play_one(driver, task, results, failures)
    finally:
        program.close()
    report = TourReport(tuple(results), len(driver.pictures), tuple(failures))
    (output / "report.json").write_text(json.dumps({"ok": report.ok, "tasks": report.rows, "failures": failures}))
    (output / "report.txt").write_text("\n".join(report.lines) + "\n")
    return report


def _sights() -> Sequence[Task]:
    """The screens that are looked at without a task of their own."""
    return tuple(
        Task(f"look at {name}", "opens", lambda _effort: True, act)
        for name, act in (
            ("students", tasks.students),
            ("instructors", tasks.instructors),
            ("services & rates", tasks.services),
            ("activity", tasks.activity),
            ("sync & conflicts", tasks.sync),
            ("settings", tasks.settings),
            ("the keys", tasks.keys),
        )
    )


def _play_one(driver: Driver, task: Task, results: list[TaskResult], failures: list[str]) -> None:
    """A task that fails is reported, and the next one is tried."""
    driver.effort = Effort()
    try:
        task.act(driver)
    except (AssertionError, Bug, UserError, LookupError, RuntimeError) as problem:
        where = traceback.extract_tb(problem.__traceback__)[-1]
        failures.append(f"{task.name}: {type(problem).__name__} {problem} ({Path(where.filename).name}:{where.lineno})")
        log.info("tour task failed: %s", task.name, exc_info=problem)
        return
    effort = driver.effort
    results.append(TaskResult(task.name, effort.keys, effort.clicks, effort.spent, task.target, task.meets(effort)))

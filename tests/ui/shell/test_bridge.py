"""The bridge: order, latest wins, dead receivers, errors, shutdown under load."""

import gc
import logging
import threading
import weakref
from collections.abc import Iterator
from functools import partial

import pytest
import shiboken6
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.ui.shell.bridge import Bridge, BugReport


class Desk:
    """A bridge with its handlers recorded."""

    def __init__(self) -> None:
        self.refusals: list[UserError] = []
        self.bugs: list[BugReport] = []
        self.bridge = Bridge(
            on_user_error=self.refusals.append,
            on_bug=self.bugs.append,
            readers=2,
        )


class Listener(QObject):
    """A receiver that can die."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[int] = []

    def hear(self, value: int) -> None:
        self.heard.append(value)


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk()
    yield made
    made.bridge.close()


def refuse() -> int:
    raise UserError("slot_taken", "Dana has a lesson then.", hint="Choose another time.")


def test_results_come_on_the_ui_thread_from_other_threads(desk: Desk) -> None:
    seen: list[tuple[str, int]] = []

    def hear(worker: str) -> None:
        seen.append((worker, threading.get_ident()))

    desk.bridge.read("a", lambda: threading.current_thread().name, hear)
    desk.bridge.write(lambda: threading.current_thread().name, hear)
    assert seen == []
    assert desk.bridge.wait_idle()
    assert {name.split("-")[0] for name, _ in seen} == {"reader", "writer"}
    assert {ident for _, ident in seen} == {threading.get_ident()}


def test_writes_keep_their_order(desk: Desk) -> None:
    done: list[int] = []
    told: list[int] = []
    for number in range(200):
        desk.bridge.write(partial(done.append, number), lambda _none, number=number: told.append(number))
    assert desk.bridge.wait_idle()
    assert done == told == list(range(200))


def test_the_newest_read_of_a_key_wins_even_while_an_older_one_runs(desk: Desk) -> None:
    gate, running = threading.Event(), threading.Event()
    ran: list[int] = []
    answers: list[int] = []

    def slow() -> int:
        running.set()
        gate.wait(5)
        return 0

    def quick(number: int) -> int:
        ran.append(number)
        return number

    desk.bridge.read("other", lambda: gate.wait(5), lambda _ok: None)
    desk.bridge.read("day", slow, answers.append)
    assert running.wait(5)
    for number in (1, 2, 3):
        desk.bridge.read("day", partial(quick, number), answers.append)
    gate.set()
    assert desk.bridge.wait_idle()
    assert answers == [3]
    assert ran == [3], "waiting reads that were replaced are not even run"


def test_reads_of_different_keys_are_all_answered(desk: Desk) -> None:
    answers: set[int] = set()
    for number in range(50):
        desk.bridge.read(f"key {number}", partial(int, number), answers.add)
    assert desk.bridge.wait_idle()
    assert answers == set(range(50))


@pytest.mark.parametrize("how", ["method", "partial", "lambda"])
def test_a_dead_receiver_gets_nothing(desk: Desk, how: str) -> None:
    listener = Listener()
    heard = listener.heard
    closing_over = lambda number: listener.hear(number + 0)  # noqa: E731 - a lambda is what is tested
    callback = {"method": listener.hear, "partial": partial(listener.hear), "lambda": closing_over}[how]
    desk.bridge.read("a", lambda: 1, callback)
    assert desk.bridge.wait_idle()
    desk.bridge.read("a", lambda: 2, callback)
    desk.bridge.write(lambda: 3, callback)
    shiboken6.delete(listener)
    assert desk.bridge.wait_idle()
    assert heard == [1]


def test_a_refusal_goes_to_whoever_asked_else_to_the_bridge(desk: Desk) -> None:
    mine: list[str] = []
    desk.bridge.write(refuse, lambda _n: None, lambda error: mine.append(error.code))
    desk.bridge.write(refuse, lambda _n: None)
    assert desk.bridge.wait_idle()
    assert mine == ["slot_taken"]
    assert [error.hint for error in desk.refusals] == ["Choose another time."]
    assert desk.refusals[0].__traceback__ is None


def test_a_refused_write_is_told_even_when_its_screen_has_gone(desk: Desk) -> None:
    listener = Listener()
    desk.bridge.write(refuse, listener.hear, lambda _error: pytest.fail("its screen has gone"))
    shiboken6.delete(listener)
    assert desk.bridge.wait_idle()
    assert [error.code for error in desk.refusals] == ["slot_taken"]


@pytest.mark.logs(r"bug [0-9a-f]{8} in a background job")
def test_a_bug_is_logged_with_its_id_and_reported(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        desk.bridge.read("a", lambda: 1 // 0, lambda _n: pytest.fail("there is no result"))
        assert desk.bridge.wait_idle()
    (report,) = desk.bugs
    assert report.kind == "ZeroDivisionError"
    assert report.id in caplog.text
    assert "Traceback" in caplog.text
    desk.bridge.read("a", lambda: 1, lambda _n: None)
    assert desk.bridge.wait_idle(), "the worker lives on"


def test_what_a_job_holds_dies_on_the_ui_thread(desk: Desk) -> None:
    deaths: list[int] = []

    class Held:
        pass

    for number in range(300):
        held = Held()
        weakref.finalize(held, lambda: deaths.append(threading.get_ident()))
        desk.bridge.read(f"key {number % 7}", lambda held=held: str(held), lambda _text: None)
        desk.bridge.write(lambda held=held: str(held), lambda _text: None)
    del held
    assert desk.bridge.wait_idle()
    gc.collect()
    assert len(deaths) == 300
    assert set(deaths) == {threading.get_ident()}


def test_closing_finishes_writes_forgets_reads_and_ends_every_thread(desk: Desk) -> None:
    gate = threading.Event()
    saved: list[int] = []
    for number in range(100):
        desk.bridge.write(partial(saved.append, number), lambda _none: pytest.fail("callbacks are silent"))
        desk.bridge.read(f"k{number}", lambda: gate.wait(0.001), lambda _ok: pytest.fail("callbacks are silent"))
    desk.bridge.close()
    desk.bridge.close()
    assert saved == list(range(100))
    assert not {"reader-1", "reader-2", "writer"} & {thread.name for thread in threading.enumerate()}
    assert desk.bridge.is_idle
    with pytest.raises(Bug, match="closed"):
        desk.bridge.read("a", lambda: 1, lambda _n: None)


def test_many_bridges_open_and_close_under_load(qtbot: QtBot) -> None:
    before = threading.active_count()
    for _ in range(25):
        desk = Desk()
        for number in range(40):
            desk.bridge.read(f"key {number % 5}", lambda: 1, lambda _n: None)
            desk.bridge.write(lambda: 1, lambda _n: None)
        qtbot.waitSignal(desk.bridge.idle, timeout=1, raising=False)
        desk.bridge.close()
        desk.bridge.deleteLater()
    assert threading.active_count() == before


def test_other_threads_may_not_use_it(desk: Desk) -> None:
    caught: list[str] = []

    def misuse() -> None:
        try:
            desk.bridge.read("a", lambda: 1, lambda _n: None)
        except Bug as bug:
            caught.append(str(bug))

    thread = threading.Thread(target=misuse)
    thread.start()
    thread.join()
    assert caught == ["the bridge is used from the UI thread only"]


def test_waiting_for_idle_goes_on_when_more_is_asked_for_as_it_falls_idle(desk: Desk) -> None:
    """Read-ahead does this; the wait ended early and said that time was up."""
    answers: list[int] = []

    def ask_again() -> None:
        if len(answers) < 3:
            desk.bridge.read("again", lambda: 1, answers.append)

    desk.bridge.idle.connect(ask_again)
    desk.bridge.read("first", lambda: 0, answers.append)
    assert desk.bridge.wait_idle()
    assert answers == [0, 1, 1]

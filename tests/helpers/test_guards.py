"""The guards of every test are tests' own tests: each must fail what it is there to fail."""

import pytest

pytest_plugins = ["pytester"]

CONFTEST = 'pytest_plugins = ["tests.helpers.logfail", "tests.helpers.leftovers"]\n'


@pytest.fixture
def outcome(pytester: pytest.Pytester):
    """Runs a test file's text in a pytest of its own and gives the outcomes and the output."""
    pytester.makeconftest(CONFTEST)

    def run(text: str) -> tuple[dict[str, int], str]:
        pytester.makepyfile(text)
        result = pytester.runpytest_subprocess("-p", "no:randomly", "-p", "no:cacheprovider")
        return result.parseoutcomes(), result.stdout.str()

    return run


@pytest.fixture(autouse=True)
def find_helpers(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The inner pytest finds `tests.helpers` in this checkout."""
    monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))


def test_unexpected_warning_fails_and_allowed_ones_pass(outcome):
    outcomes, output = outcome("""
        import logging
        import pytest
        log = logging.getLogger("driveflow_desktop.somewhere")

        def test_unexpected(): log.warning("disk is %s", "full")
        def test_info(): log.info("fine")
        @pytest.mark.logs("disk is")
        def test_marked(): log.error("disk is full")
        @pytest.mark.logs("another")
        def test_marked_for_another_line(): log.error("disk is full")
        def test_allowed(allow_logs):
            allow_logs("^ERROR .*full$")
            log.error("disk is full")
        def test_foreign(): logging.getLogger("elsewhere").error("not ours")
    """)
    assert outcomes == {"passed": 6, "errors": 2}
    assert "WARNING driveflow_desktop.somewhere: disk is full" in output


def test_leftover_thread_fails(outcome):
    outcomes, output = outcome("""
        import threading, time
        import pytest
        import tests.helpers.leftovers as leftovers
        leftovers._GRACE_SECONDS = 0.1
        stop = threading.Event()

        def test_leaves_a_thread(): threading.Thread(target=stop.wait, name="forgotten").start()
        def test_leaves_a_daemon(): threading.Thread(target=stop.wait, daemon=True).start()
        def test_joins(): t = threading.Thread(target=time.time); t.start()
        @pytest.fixture(scope="module")
        def server(): threading.Thread(target=stop.wait, name="server").start()
        def test_uses_a_module_thread(server): pass
        def test_end(): stop.set()
    """)
    assert outcomes == {"passed": 5, "errors": 1}
    assert "left running: thread forgotten" in output


def test_leftover_window_and_timer_fail(outcome):
    outcomes, output = outcome("""
        import pytest
        from PySide6.QtCore import QTimer
        from PySide6.QtWidgets import QWidget
        kept = []

        def test_leaves_a_window(qtbot):
            kept.append(QWidget(windowTitle="forgotten"))
        def test_leaves_a_timer(qtbot):
            kept.append(QTimer()); kept[-1].start(1000)
        def test_added(qtbot):
            qtbot.addWidget(QWidget(windowTitle="added"))
        def test_dropped(qtbot):
            window = QWidget()
            window.me = window
        def test_stopped(qtbot):
            timer = QTimer(); timer.start(1000); timer.stop(); kept.append(timer)
        @pytest.fixture(scope="module")
        def window(qapp):
            window = QWidget(); timer = QTimer(window); timer.start(1000)
            yield window
            window.deleteLater()
        def test_module_window(window): pass
    """)
    assert outcomes == {"passed": 6, "errors": 2}
    assert "window QWidget “forgotten”" in output
    assert "left running: timer" in output

"""The house rules that a machine can check: who imports whom, how long a file may be, what is never called."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "driveflow_desktop"
MAX_LINES = 450
CONTEXTS = ("identity", "people", "catalog", "scheduling", "execution", "finance", "communication", "events")
KNOWN_PARTS = {"values", "rules", "queries"}
ACROSS = {"desk", "overview"}
"""Folders of the domain that put contexts together: `desk` composes commands, `overview` reads whole screens."""


@pytest.fixture(scope="module")
def imports() -> list[tuple[str, str]]:
    """Every import inside the package: who, and what."""
    graph = grimp.build_graph("driveflow_desktop", cache_dir=None)
    return [
        (who, what) for who in sorted(graph.modules) for what in sorted(graph.find_modules_directly_imported_by(who))
    ]


def sources() -> Iterator[Path]:
    yield from sorted(PACKAGE.rglob("*.py"))


def in_context(module: str) -> tuple[str, str] | None:
    """The context of a module and its part of it; None for modules outside the eight."""
    names = module.split(".")
    if names[:2] != ["driveflow_desktop", "domain"] or len(names) < 3 or names[2] not in CONTEXTS:
        return None
    return names[2], names[3] if len(names) > 3 else ""


def breaks_context(who: str, what: str) -> bool:
    """Whether an import reaches into a later context, or into an earlier one's tables or commands."""
    importer, imported = in_context(who), in_context(what)
    if importer is None or imported is None or importer[0] == imported[0]:
        return False
    is_earlier = CONTEXTS.index(imported[0]) < CONTEXTS.index(importer[0])
    return not is_earlier or imported[1] not in KNOWN_PARTS


def test_import_contracts_hold():
    result = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-logo",
            "--no-cache",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert ", 0 broken." in result.stdout


def test_contexts_know_only_values_rules_and_queries_of_earlier_ones(imports):
    assert [pair for pair in imports if breaks_context(*pair)] == []


@pytest.mark.parametrize(
    ("who", "what", "broken"),
    [
        ("scheduling.commands", "people.queries", False),
        ("scheduling.rules.travel", "people.rules.places", False),
        ("scheduling.commands", "scheduling.tables", False),
        ("scheduling.commands", "people.tables", True),
        ("finance.commands", "scheduling.commands", True),
        ("people.queries", "scheduling.queries", True),
        ("people.queries", "identity", True),
    ],
)
def test_the_context_check_tells_right_from_wrong(who, what, broken):
    assert breaks_context(f"driveflow_desktop.domain.{who}", f"driveflow_desktop.domain.{what}") is broken


def test_the_folders_of_the_contexts_are_the_ones_checked():
    assert {folder.parent.name for folder in (PACKAGE / "domain").glob("*/__init__.py")} == {*CONTEXTS, *ACROSS}


def test_contexts_do_not_know_what_puts_them_together_and_overview_only_reads(imports):
    across = tuple(f"driveflow_desktop.domain.{name}" for name in ACROSS)
    assert [pair for pair in imports if in_context(pair[0]) and pair[1].startswith(across)] == []
    writers = ("commands", "unit_of_work", "desk")
    reads_only = [pair for pair in imports if pair[0].startswith("driveflow_desktop.domain.overview")]
    assert reads_only
    assert [pair for pair in reads_only if set(writers) & set(pair[1].split("."))] == []


def test_presenters_know_no_qt():
    """Presenters are tested without a screen, so no Qt type may pass through them."""
    graph = grimp.build_graph("driveflow_desktop", include_external_packages=True, cache_dir=None)
    presenters = [module for module in graph.modules if "presenter" in module.rsplit(".", 1)[-1]]
    assert [name for name in presenters if "PySide6" in graph.find_modules_directly_imported_by(name)] == []


def test_files_stay_short_enough_to_read():
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in sources()}
    assert {file: lines for file, lines in lengths.items() if lines > MAX_LINES} == {}


def test_nothing_processes_events_by_hand():
    """A nested event loop runs other slots in the middle of this one; every such bug is found late.

    The bench drives frames itself and has no loop of its own to nest in.
    """
    calls = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sources()
        if "bench" not in file.relative_to(ROOT).parts
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "processEvents"
    ]
    assert calls == []


WITHOUT_QT = """
import importlib, importlib.util, pkgutil, sys

class NoQt:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"PySide6", "shiboken6", "qtawesome"}:
            raise ModuleNotFoundError(f"{name} is not installed here", name=name)

sys.meta_path.insert(0, NoQt())
count = 0
for root in ("driveflow_desktop.service", "driveflow_desktop.sync", "driveflow_desktop.service_main"):
    if importlib.util.find_spec(root) is None:
        continue
    package = importlib.import_module(root)
    for module in pkgutil.walk_packages(getattr(package, "__path__", []), root + "."):
        importlib.import_module(module.name)
        count += 1
try:
    import PySide6
except ModuleNotFoundError:
    print("without Qt:", count)
"""


def test_the_service_and_the_sync_engine_import_where_qt_is_not_installed():
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT_QT], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("without Qt:")


def test_there_is_one_kind_of_combo_box() -> None:
    """The style sheet takes the arrow away from a plain `QComboBox`; `Combo` paints it again."""
    made = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "QComboBox"
            derived = isinstance(node, ast.ClassDef) and any(
                getattr(base, "id", "") == "QComboBox" for base in node.bases
            )
            if called or derived:
                made.append(path.relative_to(PACKAGE).as_posix())
    assert made == ["ui/widgets/picker.py"]

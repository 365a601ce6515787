"""Where the data files that travel with the program lie: in a source checkout, in a wheel and in a frozen program."""

import sys
from importlib import resources as package_files
from pathlib import Path
from typing import Literal

from driveflow_desktop.kernel.errors import Bug

Bundle = Literal["resources", "migrations"]


def bundled(bundle: Bundle) -> Path:
    """The folder `resources` or `migrations` of this installation.

    A frozen program keeps it beside its modules (PyInstaller's `sys._MEIPASS`), a wheel inside the package as
    `_resources` and `_migrations`, a checkout at the top. Raises `Bug` when it is in none of them.
    """
    package = Path(str(package_files.files("driveflow_desktop")))
    frozen = getattr(sys, "_MEIPASS", None)
    candidates = [package / f"_{bundle}", package.parent / bundle]
    if isinstance(frozen, str):
        candidates = [Path(frozen) / bundle, Path(frozen) / "driveflow_desktop" / f"_{bundle}", *candidates]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise Bug(f"the {bundle} folder is missing from this installation; looked in {', '.join(map(str, candidates))}")

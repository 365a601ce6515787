"""docs/operations.md names what there is: figures, settings, limits."""

import re
from pathlib import Path

from driveflow_desktop import service_main
from driveflow_desktop.service.answers import BODY_SECONDS, MAX_BODY
from driveflow_desktop.service.auth import limits, tokens
from driveflow_desktop.service.auth.routes import MAX_BODY as MAX_SIGN_IN_BODY
from driveflow_desktop.service.metrics import Metrics
from driveflow_desktop.service.preparing import URL_VARIABLES
from driveflow_desktop.store.guards import APP_ROLE, AUTH_ROLE, OWNER_ROLE
from driveflow_desktop.store.provision import OLDEST_POSTGRESQL, SERVICE_LOGIN
from driveflow_desktop.sync.protocol import MAX_MUTATIONS

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text("utf-8")


def test_every_figure_is_on_the_page_and_no_other() -> None:
    counted = re.findall(r"# TYPE (driveflow_\w+)", Metrics().page().decode())
    there_is = {name for name in counted if not name.endswith("_created")}
    named = {name.split("{")[0] for name in re.findall(r"^\| `(driveflow_[^`]+)`", PAGE, re.MULTILINE)}
    assert named == there_is


def test_settings_roles_and_limits_are_the_codes() -> None:
    settings = {*URL_VARIABLES, service_main.METRICS_VARIABLE, service_main.PROXY_VARIABLE, tokens.KEY_VARIABLE}
    assert set(re.findall(r"DRIVEFLOW_[A-Z_]+", PAGE)) == {name for name in settings if name != "DATABASE_URL"}
    for name in (OWNER_ROLE, APP_ROLE, AUTH_ROLE, SERVICE_LOGIN, f"PostgreSQL {OLDEST_POSTGRESQL} or newer"):
        assert name in PAGE
    for limit in (
        f"{MAX_BODY // 2**20} MiB a body ({MAX_SIGN_IN_BODY // 2**10} KiB at sign-in)",
        f"{BODY_SECONDS / 60:.0f} minutes".replace("2 ", "two "),
        f"{MAX_MUTATIONS:,} mutations a push",
        f"{limits.DEVICE_RATE:.0f} requests a second for a device, {limits.DEVICE_BURST} at once",
        f"{limits.ADDRESS_PER_MINUTE} a minute for an address",
        f"{limits.FAILURES_PER_MINUTE} wrong passwords a minute",
    ):
        assert limit in PAGE, limit

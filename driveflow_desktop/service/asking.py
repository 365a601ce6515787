"""Reading what a request asks for: its query, its headers, its place in the protocol."""

import re
from typing import Final
from uuid import UUID

from starlette.requests import Request

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync.session_protocol import EPOCH_HEADER, SCHEMA_HEADER

SPOKEN: Final = ("0001", "0002")
"""The generations of the schema that a client may live in, oldest first; the last two of `migrations/`.

0002 differs on replicas only, so that both read and send the same rows and nothing is converted.
"""
_REVISION: Final = re.compile(r"[0-9]{4}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


def number(request: Request, name: str, default: int | None = None) -> int:
    """A whole number of the query; required without a default."""
    given = request.query_params.get(name)
    if given is None and default is not None:
        return default
    if given is None or not _NUMBER.fullmatch(given):
        raise UserError("invalid", "A whole number is needed.", column=name)
    return int(given)


def query_id(request: Request, name: str) -> UUID | None:
    """An id of the query, or None."""
    given = request.query_params.get(name)
    return None if given is None else _id(given, name)


def path_id(request: Request, name: str) -> UUID:
    """An id of the path."""
    return _id(request.path_params[name], name)


def epoch_told(request: Request) -> UUID | None:
    """The epoch that the client lives in, where it says so."""
    given = request.headers.get(EPOCH_HEADER)
    return None if given is None else _id(given, EPOCH_HEADER)


def require_spoken(request: Request) -> None:
    """Refuse (`upgrade_required`) a client that is more than one generation of the schema behind.

    A newer one is served: it knows ours, which every answer names.
    """
    given = request.headers.get(SCHEMA_HEADER)
    if given is None:
        return
    if not _REVISION.fullmatch(given):
        raise UserError("invalid", "There is no such schema.", column=SCHEMA_HEADER)
    if given < SPOKEN[0]:
        raise UserError("upgrade_required", "This DriveFlow is too old for the service.", hint="Update it.")


def _id(given: str, name: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise UserError("invalid", "That is not an id.", column=name) from None

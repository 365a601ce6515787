"""A campus per test: fresh schools on the migrated database that all service tests share."""

from collections.abc import Iterator

import pytest

from tests.service.auth.campus import Campus, open_campus


@pytest.fixture
def campus(service_url: str) -> Iterator[Campus]:
    """The routes of signing in over a real Postgres."""
    yield from open_campus(service_url)

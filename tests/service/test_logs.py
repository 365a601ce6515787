"""What the service's logs say of an error: kinds and places, never the values it is about."""

import io
import json
import logging
from uuid import uuid4

import psycopg
import pytest

from driveflow_desktop.kernel.errors import Bug
from driveflow_desktop.service.logs import JsonLines


def logged(work) -> dict[str, object]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    logger = logging.Logger("driveflow_desktop.test")
    logger.addHandler(handler)
    work(logger)
    return json.loads(stream.getvalue())


def test_fields_stand_beside_time_and_level() -> None:
    line = logged(lambda logger: logger.info("said", extra={"fields": {"route": "/healthz", "status": 200}}))
    assert (line["level"], line["route"], line["status"]) == ("info", "/healthz", 200)
    assert "message" not in line


def test_an_exception_is_named_and_not_quoted() -> None:
    def work(logger: logging.Logger) -> None:
        try:
            try:
                raise psycopg.errors.UniqueViolation("Key (email)=(zoe@example.com) already exists")
            except psycopg.Error as error:
                raise Bug("no such thing") from error
        except Bug:
            logger.exception("request %s failed", "abc")

    line = logged(work)
    assert line["message"] == "request abc failed"
    chain = line["exception"]
    assert isinstance(chain, list)
    assert [one["kind"].rpartition(".")[2] for one in chain] == ["Bug", "UniqueViolation"]
    assert chain[0]["message"] == "no such thing"
    assert chain[1]["sqlstate"] == "23505"
    assert "test_logs.py" in chain[1]["at"][0]
    assert "zoe@" not in json.dumps(line)


@pytest.mark.postgres
def test_a_servers_error_is_not_quoted_either(service_url: str) -> None:
    secret = f"zoe-{uuid4().hex}"

    def work(logger: logging.Logger) -> None:
        try:
            with psycopg.connect(service_url) as connection:
                connection.execute("SELECT %s::uuid", (secret,))
        except psycopg.Error:
            logger.exception("failed")

    assert secret not in json.dumps(logged(work))

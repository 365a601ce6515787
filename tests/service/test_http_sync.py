"""Pull and push over HTTP: what every answer carries, what is refused, and how errors look."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from typing import cast
from uuid import UUID, uuid4

import httpx
import msgspec
import psycopg
import pytest
import sqlalchemy as sa
import zstandard

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.kernel.resources import bundled
from driveflow_desktop.service import push as push_module
from driveflow_desktop.service import school_routes
from driveflow_desktop.service.apply import TransactionApplier
from driveflow_desktop.service.asking import SPOKEN
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.epochs import begin_epoch
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse
from tests.helpers.service import Service, service_of
from tests.helpers.world import Desk, World

pytestmark = pytest.mark.postgres


@pytest.fixture
def service(world: World) -> Service:
    return service_of(world)


def ask(service: Service, work: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> httpx.Response:
    """One request inside the process."""

    async def run() -> httpx.Response:
        async with service.client() as client:
            return await work(client)

    return asyncio.run(run())


def get(service: Service, desk: Desk, end: str, **headers: str) -> httpx.Response:
    return ask(service, lambda client: client.get(service.path(end), headers={**service.headers(desk), **headers}))


def post(service: Service, desk: Desk, body: bytes, **headers: str) -> httpx.Response:
    sent = {**service.headers(desk), **headers}
    return ask(service, lambda client: client.post(service.path("changes"), content=body, headers=sent))


def enlist(desk: Desk, *names: str) -> PushRequest:
    for name in names:
        desk.do(lambda uow, name=name: uow.insert(Student, {"full_name": name}))
    request = desk.take_push()
    assert request is not None
    return request


def push(service: Service, desk: Desk, request: PushRequest) -> PushResponse:
    response = post(service, desk, msgspec.json.encode(request))
    assert response.status_code == 200, response.text
    return msgspec.json.decode(response.content, type=PushResponse)


def code(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == response.status_code
    return response.status_code, problem["code"]


def test_a_push_and_a_pull_go_through(world: World, service: Service) -> None:
    office, other = world.desk("office"), world.desk("other")
    answer = push(service, office, enlist(office, "Ethan Popescu", "Chloe Dubois"))
    assert [result.status for result in answer.results] == ["applied", "applied"]
    office.answer(answer)
    response = get(service, other, "changes?since=1&limit=1")
    page = msgspec.json.decode(response.content, type=ChangesPage)
    assert (page.next, page.head, len(page.changes)) == (2, 3, 1)
    other.take(page)
    rest = msgspec.json.decode(get(service, other, "changes?since=2").content, type=ChangesPage)
    other.take(rest)
    assert other.digest() == world.digest()
    again = push(service, office, enlist(office, "Zoë Nguyen"))
    assert [result.status for result in again.results] == ["applied"]
    assert service.gate.touched == [(other.member.device_id, 1)]


def test_every_answer_says_who_it_is(world: World, service: Service) -> None:
    office = world.desk("office")
    good = get(service, office, "changes?since=1", **{"X-Request-Id": "abc-1"})
    assert good.headers["x-request-id"] == "abc-1"
    assert good.headers["x-driveflow-schema"] == SCHEMA_REVISION
    epoch = good.headers["x-driveflow-epoch"]
    for response in (
        get(service, office, "changes?since=1", **{"X-DriveFlow-Epoch": str(uuid4())}),
        get(service, office, "nothing"),
        get(service, office, "changes?since=1", **{"X-Request-Id": "x" * 65}),
    ):
        assert response.headers["x-driveflow-schema"] == SCHEMA_REVISION
        assert len(response.headers["x-request-id"]) == 32
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
    assert UUID(epoch)


@pytest.mark.parametrize(
    ("method", "end", "headers", "expected"),
    [
        ("GET", "nothing", {}, (404, "not_found")),
        ("DELETE", "changes", {}, (405, "method_not_allowed")),
        ("GET", "changes?since=1", {"Authorization": "Bearer nobody"}, (401, "unauthorised")),
        ("GET", "changes", {}, (422, "invalid")),
        ("GET", "changes?since=-1", {}, (422, "invalid")),
        ("GET", "changes?since=1&last=x", {}, (422, "invalid")),
        ("GET", "changes?since=99999999999999999999", {}, (422, "invalid")),
        ("GET", "changes?since=1", {"X-DriveFlow-Schema": "0000"}, (426, "upgrade_required")),
        ("GET", "changes?since=1", {"X-DriveFlow-Schema": "newest"}, (422, "invalid")),
        ("GET", "changes?since=1", {"X-DriveFlow-Epoch": str(UUID(int=1))}, (409, "epoch_changed")),
        ("GET", "../not-a-school/changes?since=1", {}, (422, "invalid")),
        ("GET", "changes/", {}, (404, "not_found")),
    ],
)
def test_refusals_are_problems(
    world: World, service: Service, method: str, end: str, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    office = world.desk("office")
    sent = {**service.headers(office), **headers}
    response = ask(service, lambda client: client.request(method, service.path(end), headers=sent))
    assert code(response) == expected


def test_a_newer_client_is_served_and_an_older_one_may_still_push(world: World, service: Service) -> None:
    office = world.desk("office")
    assert get(service, office, "changes?since=1", **{"X-DriveFlow-Schema": "0099"}).status_code == 200
    body = msgspec.json.encode(enlist(office, "Ethan Popescu"))
    assert post(service, office, body, **{"X-DriveFlow-Schema": "0000"}).status_code == 200


def test_another_school_is_not_entered(world: World, service: Service) -> None:
    office = world.desk("office")
    elsewhere = f"{service.url}/v1/orgs/{uuid4()}/changes?since=0"
    assert code(ask(service, lambda client: client.get(elsewhere, headers=service.headers(office)))) == (
        403,
        "forbidden",
    )


def deep(levels: int) -> bytes:
    return b'{"device_id":' + b"[" * levels + b"]" * levels + b"}"


@pytest.mark.parametrize(
    ("body", "headers", "expected"),
    [
        (b"", {}, (422, "invalid")),
        (b"{", {}, (422, "invalid")),
        (b"[]", {}, (422, "invalid")),
        (deep(100_000), {}, (422, "invalid")),
        (b'{"device_id": NaN}', {}, (422, "invalid")),
        (b'{"device_id": "\xff"}', {}, (422, "invalid")),
        (b" " * (8 * 1024 * 1024 + 1), {}, (413, "too_large")),
        (zstandard.compress(b" " * (64 * 1024 * 1024)), {"Content-Encoding": "zstd"}, (413, "too_large")),
        (zstandard.compress(b" " * 5000)[:-4], {"Content-Encoding": "zstd"}, (415, "encoding")),
        (b"not zstd", {"Content-Encoding": "zstd"}, (415, "encoding")),
        (b"not gzip", {"Content-Encoding": "gzip"}, (415, "encoding")),
        (b"{}", {"Content-Encoding": "br"}, (415, "encoding")),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_hostile_bodies_are_refused(
    world: World, service: Service, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    office = world.desk("office")
    assert code(post(service, office, body, **headers)) == expected


def test_a_gzip_bomb_is_refused(world: World, service: Service) -> None:
    import gzip

    office = world.desk("office")
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    assert code(post(service, office, bomb, **{"Content-Encoding": "gzip"})) == (413, "too_large")


def test_too_many_mutations_are_refused(world: World, service: Service) -> None:
    office = world.desk("office")
    request = enlist(office, "Ethan Popescu")
    first = request.transactions[0]
    many = msgspec.structs.replace(first, mutations=first.mutations * 5_001)
    assert code(post(service, office, msgspec.json.encode(msgspec.structs.replace(request, transactions=(many,))))) == (
        413,
        "too_large",
    )


@pytest.mark.parametrize(
    ("values", "column"),
    [
        ({"full_name": "\\ud800"}, "full_name"),
        ({"shoe_size": 1}, "shoe_size"),
        ({"full_name": {"a": 1}}, "full_name"),
        ({"full_name": "x\\u0000"}, "full_name"),
    ],
)
def test_hostile_values_cost_their_own_transaction_only(
    world: World, service: Service, values: dict[str, object], column: str
) -> None:
    office = world.desk("office")
    request = enlist(office, "Ethan Popescu", "Chloe Dubois")
    document = msgspec.to_builtins(request)
    document["transactions"][0]["mutations"][0]["values"] = values
    body = json.dumps(document).replace("\\\\u", "\\u").encode()
    response = post(service, office, body)
    if response.status_code == 422:
        # msgspec itself refuses text that is no Unicode.
        assert "ud800" in str(values)
        return
    results = response.json()["results"]
    assert [result["status"] for result in results] == ["rejected", "applied"]
    assert (results[0]["code"], results[0]["column"]) == ("invalid", column)


def test_answers_are_compressed_as_the_client_likes(world: World, service: Service) -> None:
    office = world.desk("office")
    push(service, office, enlist(office, *(f"Student {n}" for n in range(10))))
    response = get(service, office, "changes?since=0", **{"Accept-Encoding": "zstd"})
    assert response.headers["content-encoding"] == "zstd"
    assert msgspec.json.decode(response.content, type=ChangesPage).head == 11


def test_a_long_push_lets_others_in(world: World, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each slice commits: with no time at all for a hold, every transaction is one."""
    office = world.desk("office")
    monkeypatch.setattr(school_routes, "HOLD", school_routes.HOLD * 0)
    slices = []
    judge = push_module.push_slice

    def counted(connection, work, *, hold):
        judge(connection, work, hold=hold)
        slices.append(len(work.results))

    monkeypatch.setattr(school_routes, "push_slice", counted)
    request = enlist(office, "Ethan", "Chloe", "Zoë")
    answer = push(service, office, request)
    assert slices == [1, 2, 3]
    assert [result.status for result in answer.results] == ["applied"] * 3
    assert [result.status for result in push(service, office, request).results] == ["duplicate"] * 3


def test_a_deadlock_is_tried_again(world: World, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    office = world.desk("office")
    failures = [psycopg.errors.DeadlockDetected(), psycopg.errors.SerializationFailure()]
    judge = push_module.push_slice

    def unlucky(connection, work, *, hold):
        if failures:
            raise sa.exc.OperationalError("a statement", None, failures.pop())
        judge(connection, work, hold=hold)

    monkeypatch.setattr(school_routes, "push_slice", unlucky)
    assert [result.status for result in push(service, office, enlist(office, "Ethan")).results] == ["applied"]
    assert failures == []


def test_the_spoken_generations_are_the_last_two() -> None:
    revisions = sorted(file.name[:4] for file in (bundled("migrations") / "versions").glob("[0-9]*.py"))
    assert list(SPOKEN) == revisions[-2:]
    assert SPOKEN[-1] == SCHEMA_REVISION


@pytest.mark.logs("could not be judged")
def test_a_transaction_that_we_fail_on_stays_undecided(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = world.desk("office")
    first = office.do(lambda uow: uow.insert(Student, {"full_name": "Poison"})).value
    office.do(lambda uow: uow.update(Student, first, {"alert": "Glasses"}))
    request = enlist(office, "Chloe")
    run = TransactionApplier.run

    def poisoned(self):
        if any(edit.row_id == first for edit in self._edits):
            raise RuntimeError("a bug")
        return run(self)

    with monkeypatch.context() as patch:
        patch.setattr(TransactionApplier, "run", poisoned)
        answer = push(service, office, request)
    assert [(result.status, result.code) for result in answer.results] == [
        ("rejected", "internal"),
        ("rejected", "internal"),
        ("applied", None),
    ]
    assert "a bug" not in str(answer)
    office.answer(answer)
    office.pull()
    assert office.conflicts() == []
    assert office.waiting() == 2, "both wait for a better service"
    again = office.take_push()
    assert again is not None
    assert [result.status for result in push(service, office, again).results] == ["applied", "applied"]


@pytest.mark.logs("request .* failed")
def test_our_own_failure_says_nothing_internal(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    office = world.desk("office")

    def broken(*_args):
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(school_routes, "pull", broken)
    response = get(service, office, "changes?since=1", **{"X-Request-Id": "look-here"})
    assert code(response) == (500, "internal")
    assert "secret" not in response.text
    assert "look-here" in response.text
    record = next(record for record in caplog.records if "look-here failed" in record.getMessage())
    assert record.exc_info is not None


def test_a_restored_service_begins_a_new_epoch_when_a_replica_knows_better(
    world: World, service: Service, allow_logs: Callable[[str], None]
) -> None:
    office = world.desk("office")
    push(service, office, enlist(office, "Ethan"))
    entry = world.log()[1]
    right, wrong = f"changes?since=2&last={entry.id}", f"changes?since=2&last={uuid4()}"
    before = get(service, office, right).headers["x-driveflow-epoch"]
    allow_logs("has seen another history")
    refused = get(service, office, wrong)
    assert code(refused) == (409, "epoch_changed")
    after = refused.headers["x-driveflow-epoch"]
    assert after != before
    assert get(service, office, wrong).headers["x-driveflow-epoch"] == after, "once is enough"
    assert code(get(service, office, right, **{"X-DriveFlow-Epoch": before})) == (409, "epoch_changed")
    assert get(service, office, right, **{"X-DriveFlow-Epoch": after}).status_code == 200


def test_a_cursor_beyond_the_head_is_another_history(
    world: World, service: Service, allow_logs: Callable[[str], None]
) -> None:
    office = world.desk("office")
    allow_logs("has seen another history")
    assert code(get(service, office, "changes?since=77")) == (409, "epoch_changed")


def test_a_push_from_another_epoch_waits_for_the_snapshot(world: World, service: Service) -> None:
    office = world.desk("office")
    request = enlist(office, "Ethan")
    told = get(service, office, "changes?since=1").headers["x-driveflow-epoch"]
    with school_transaction(world.engine, world.org_id) as connection:
        begin_epoch(connection, world.org_id)
    response = post(service, office, msgspec.json.encode(request), **{"X-DriveFlow-Epoch": told})
    assert code(response) == (409, "epoch_changed")


def test_the_access_log_names_no_person(world: World, service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "driveflow_desktop.access")
    office = world.desk("office")
    get(service, office, "changes?since=1&secret=Ethan")
    ask(service, lambda client: client.get(f"{service.url}/Ethan/Popescu"))
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name.endswith("access")]
    assert [line["route"] for line in lines] == ["/v1/orgs/{org}/changes", "none"]
    assert lines[0]["org"] == str(world.org_id)
    assert lines[0]["user"] == str(office.member.user_id)
    assert (lines[0]["status"], lines[1]["status"], lines[1]["code"]) == (200, 404, "not_found")
    assert "Ethan" not in caplog.text


def test_figures_are_for_this_machine_only(world: World, service: Service) -> None:
    office = world.desk("office")
    get(service, office, "changes?since=1")

    def fetch(**headers: str) -> Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]:
        return lambda client: client.get(f"{service.url}/metrics", headers=headers)

    page = ask(service, fetch())
    assert 'driveflow_requests_total{method="GET",route="/v1/orgs/{org}/changes",status="200"} 1.0' in page.text
    assert str(world.org_id) not in page.text
    assert code(ask(service, fetch(**{"X-Forwarded-For": "10.0.0.1"}))) == (404, "not_found")


def test_health_and_readiness(world: World, service: Service) -> None:
    assert ask(service, lambda client: client.get(f"{service.url}/healthz")).json() == {"status": "ok"}
    ready = ask(service, lambda client: client.get(f"{service.url}/readyz"))
    assert ready.json() == {"status": "ready", "schema": SCHEMA_REVISION}


def test_an_instructor_reads_their_own_scope(world: World, service: Service) -> None:
    office = world.desk("office")
    things = world.furnish(office)
    ben = world.desk("ben", OrgRole.INSTRUCTOR, things.ben)
    page = msgspec.json.decode(get(service, ben, "changes?since=0").content, type=ChangesPage)
    assert page.scope == f"instructor:{things.ben}"
    assert {change.table for change in page.changes} == {
        "orgs",
        "services",
        "rate_cards",
        "rate_card_items",
        "instructors",
    }
    assert cast("UUID", things.dana) not in {change.id for change in page.changes}

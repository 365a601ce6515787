"""Every route about a school × every role × the own and another school: what is not granted is refused."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from starlette.routing import Route

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.service.auth.routes import auth_routes
from tests.service.auth.campus import Campus, Session, open_campus

pytestmark = pytest.mark.postgres

ROLES = (OrgRole.OWNER, OrgRole.ADMIN, OrgRole.INSTRUCTOR)
ASKS = {
    ("POST", "/v1/orgs/{org:uuid}/invitations"): {"owner": 201, "admin": 201, "instructor": 403},
    ("GET", "/v1/orgs/{org:uuid}/members"): {"owner": 200, "admin": 200, "instructor": 200},
    ("GET", "/v1/orgs/{org:uuid}/devices"): {"owner": 200, "admin": 200, "instructor": 200},
    ("DELETE", "/v1/orgs/{org:uuid}/devices/{device:uuid}"): {"owner": 204, "admin": 204, "instructor": 403},
}


@pytest.fixture(scope="module")
def world(service_url: str) -> Iterator[tuple[Campus, dict[str, UUID], dict[tuple[str, str], Session]]]:
    campus = next(made := open_campus(service_url))
    schools = {"own": campus.school("Own"), "other": campus.school("Other")}
    people = {(name, role.value): campus.member(org, role) for name, org in schools.items() for role in ROLES}
    yield campus, schools, people
    next(made, None)


def ask(campus: Campus, method: str, path: str, org: UUID | str, session: Session | None, target: str):
    where = path.replace("{org:uuid}", str(org)).replace("{device:uuid}", target)
    body = {"email": f"{uuid4().hex}@example.com", "role": "instructor"} if method == "POST" else None
    campus.seconds.now += 60
    return campus.client.request(method, where, json=body, headers=None if session is None else session.headers)


def some_device(campus: Campus, org: UUID) -> str:
    """A device that reads the school, of somebody who is not in the matrix."""
    session = campus.member(org, OrgRole.ADMIN)
    listed = session.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"]
    return next(row["id"] for row in listed if row["user_id"] == session.answer["user"]["id"])


def test_the_matrix_names_every_route(world):
    campus = world[0]
    routes = [route for route in auth_routes(campus.auth) if isinstance(route, Route) and "/orgs/" in route.path]
    assert {(min(set(route.methods or ()) - {"HEAD"}), route.path) for route in routes} == ASKS.keys()


@pytest.mark.parametrize("role", [role.value for role in ROLES])
@pytest.mark.parametrize(("method", "path"), list(ASKS))
def test_in_the_own_school_as_the_role_allows(world, method: str, path: str, role: str):
    campus, schools, people = world
    target = some_device(campus, schools["own"]) if method == "DELETE" else ""
    answer = ask(campus, method, path, schools["own"], people["own", role], target)
    assert answer.status_code == ASKS[method, path][role], answer.text


@pytest.mark.parametrize("role", [role.value for role in ROLES])
@pytest.mark.parametrize(("method", "path"), list(ASKS))
def test_another_school_is_as_closed_as_one_that_does_not_exist(world, method: str, path: str, role: str):
    campus, schools, people = world
    target = some_device(campus, schools["other"]) if method == "DELETE" else ""
    answers = [ask(campus, method, path, org, people["own", role], target) for org in (schools["other"], uuid4())]
    assert [answer.status_code for answer in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert ask(campus, method, path, "nonsense", people["own", role], target).status_code == 404


@pytest.mark.parametrize(("method", "path"), list(ASKS))
def test_nobody_and_students_get_nothing(world, method: str, path: str):
    campus, schools, _people = world
    assert ask(campus, method, path, schools["own"], None, str(uuid4())).status_code == 401
    student = campus.member(schools["own"], OrgRole.ADMIN)
    with campus.engine.begin() as connection:
        words = "UPDATE user_orgs SET role = 'student' WHERE user_id = %s"
        connection.exec_driver_sql(words, (UUID(student.answer["user"]["id"]),))
    answer = ask(campus, method, path, schools["own"], student, str(uuid4()))
    assert (answer.status_code, answer.json()["code"]) == (403, "no_desktop")


def test_a_device_of_another_school_is_not_there(world):
    campus, schools, people = world
    theirs = some_device(campus, schools["other"])
    owner = people["own", "owner"]
    for target in (theirs, str(uuid4())):
        answer = owner.ask("DELETE", f"/v1/orgs/{schools['own']}/devices/{target}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert campus.look("SELECT revoked_at FROM devices WHERE id = :id", id=theirs) == [{"revoked_at": None}]


def test_an_instructor_sees_and_ends_their_own_devices_only(world):
    campus, schools, _people = world
    org = schools["own"]
    email = campus.person(org, OrgRole.INSTRUCTOR)
    here, lost = campus.session(email), campus.session(email)
    for session in (here, lost):
        assert session.ask("GET", f"/v1/orgs/{org}/members").status_code == 200
    listed = here.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"]
    assert {row["user_id"] for row in listed} == {here.answer["user"]["id"]}
    assert len(listed) == 2
    for target in (some_device(campus, org), str(uuid4())):
        assert here.ask("DELETE", f"/v1/orgs/{org}/devices/{target}").status_code == 403
    for row in listed:
        assert here.ask("DELETE", f"/v1/orgs/{org}/devices/{row['id']}").status_code in {204, 401}


def test_who_left_keeps_a_device_but_no_name(world):
    campus, schools, people = world
    org = schools["own"]
    gone = campus.member(org, OrgRole.ADMIN)
    user = gone.answer["user"]["id"]
    assert gone.ask("GET", f"/v1/orgs/{org}/members").status_code == 200
    with campus.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM user_orgs WHERE user_id = %s", (UUID(user),))
    owner = people["own", "owner"]
    assert user not in {row["user_id"] for row in owner.ask("GET", f"/v1/orgs/{org}/members").json()["members"]}
    (row,) = (row for row in owner.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"] if row["user_id"] == user)
    assert row["user_name"] == ""
    assert owner.ask("DELETE", f"/v1/orgs/{org}/devices/{row['id']}").status_code == 204
    answer = gone.ask("GET", f"/v1/orgs/{org}/members")
    assert answer.json()["code"] == "device_revoked", "so that the PC locks"


def test_instructors_are_not_told_of_students(world):
    campus, schools, people = world
    org = schools["own"]
    student = campus.person(org, OrgRole.STUDENT)
    told = {}
    for role in ("owner", "admin", "instructor"):
        rows = people["own", role].ask("GET", f"/v1/orgs/{org}/members").json()["members"]
        told[role] = student in {row["email"] for row in rows}
    assert told == {"owner": True, "admin": True, "instructor": False}

"""Signing in, refreshing, and what a thief gets."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.guard import member_of
from driveflow_desktop.service.auth.sessions import refresh
from driveflow_desktop.service.auth.tokens import Identity
from driveflow_desktop.sync.session_protocol import RefreshRequest
from tests.service.auth.campus import PASSWORD, Campus

pytestmark = pytest.mark.postgres


def code_of(answer) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, answer.json()["code"]


def test_signing_in_tells_who_one_is_and_where(campus: Campus):
    harbour, bay = campus.school("Harbour"), campus.school("Bay")
    jo = campus.person(harbour, OrgRole.INSTRUCTOR, email=f"jo-{uuid4().hex}@example.com")
    campus.person(harbour, OrgRole.OWNER, email=jo)
    campus.person(bay, OrgRole.ADMIN, email=jo)
    campus.person(campus.school("Not to run"), OrgRole.STUDENT, email=jo)
    answer = campus.sign_in(f"  {jo.upper()} ")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["user"]["email"], body["user"]["full_name"], body["expires_in"]) == (jo, "Jo Citizen", 900)
    schools = [(each["org_id"], each["org_name"], each["role"]) for each in body["memberships"]]
    assert schools == [(str(bay), "Bay", "admin"), (str(harbour), "Harbour", "owner")]


@pytest.mark.parametrize("who", ["known", "unknown", "malformed", "pending", "nul"])
def test_a_refused_sign_in_says_nothing_and_costs_the_same(campus: Campus, who: str):
    org = campus.school()
    pending = f"p-{uuid4().hex}@example.com"
    with campus.engine.begin() as connection:
        words = "INSERT INTO users (id, email, full_name) VALUES (%s, %s, 'P')"
        connection.exec_driver_sql(words, (uuid4(), pending))
    known = campus.person(org, OrgRole.OWNER)
    address = {"known": known, "unknown": "no@example.com", "malformed": "not an address", "pending": pending}
    campus.hasher.asked.clear()
    answer = campus.sign_in(address.get(who, "a\0@example.com"), "wrong zebra battery")
    assert code_of(answer) == (401, "invalid_credentials")
    assert answer.json()["detail"] == "The e-mail address or the password is wrong."
    assert campus.hasher.asked == ["verify"]


def test_students_have_no_desktop(campus: Campus):
    student = campus.person(campus.school(), OrgRole.STUDENT)
    assert code_of(campus.sign_in(student)) == (403, "no_desktop")
    assert code_of(campus.sign_in(student, "wrong zebra battery")) == (401, "invalid_credentials")


def test_a_hash_with_old_parameters_is_made_anew(campus: Campus):
    jo = campus.person(campus.school(), OrgRole.OWNER)
    import argon2

    old = argon2.PasswordHasher(time_cost=2, memory_cost=8, parallelism=1).hash(PASSWORD)
    with campus.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET password_hash = %s WHERE email = %s", (old, jo))
    campus.session(jo)
    (row,) = campus.look("SELECT password_hash FROM users WHERE email = :email", email=jo)
    assert "t=1," in row["password_hash"]
    campus.session(jo)


def test_a_refresh_turns_the_pair(campus: Campus):
    org = campus.school()
    jo = campus.member(org)
    campus.later(minutes=15)
    assert code_of(jo.ask("GET", f"/v1/orgs/{org}/members")) == (401, "token_expired")
    answer = jo.refresh()
    assert answer.status_code == 200
    fresh = answer.json()
    assert fresh["refresh_token"] != jo.answer["refresh_token"]
    jo.answer |= fresh
    assert jo.ask("GET", f"/v1/orgs/{org}/members").status_code == 200
    for _ in range(3):
        campus.later(days=29)
        jo.answer |= jo.refresh().json()
    campus.later(days=30)
    assert code_of(jo.refresh()) == (401, "unauthorised")


def test_ended_tokens_do_not_pile_up(campus: Campus):
    jo = campus.member(campus.school())
    for _ in range(5):
        campus.later(days=20)
        jo.answer |= jo.refresh().json()
    (count,) = campus.look(
        "SELECT count(*) FROM refresh_tokens t JOIN devices d ON d.id = t.device_id WHERE d.user_id = :user",
        user=jo.answer["user"]["id"],
    )
    assert count["count"] <= 3


def test_a_lost_answer_is_given_again_for_a_minute(campus: Campus):
    jo = campus.member(campus.school())
    rotation = uuid4()
    first = jo.refresh(rotation).json()
    assert jo.refresh(rotation).json() == first
    campus.later(seconds=60)
    again = jo.refresh(rotation).json()
    assert {**again, "expires_in": 900} == first
    assert again["expires_in"] == 840
    assert jo.refresh(token=first["refresh_token"]).status_code == 200, "an honest PC goes on"


@pytest.mark.logs("dead refresh token")
def test_a_lost_answer_is_not_given_again_after_a_minute(campus: Campus):
    jo = campus.member(campus.school())
    rotation = uuid4()
    fresh = jo.refresh(rotation).json()
    campus.later(seconds=61)
    assert code_of(jo.refresh(rotation)) == (401, "token_reused")
    assert code_of(jo.refresh(token=fresh["refresh_token"])) == (401, "unauthorised")


@pytest.mark.logs("dead refresh token")
def test_a_stolen_token_ends_the_session_whoever_used_it_first(campus: Campus):
    jo = campus.member(campus.school())
    stolen = jo.answer["refresh_token"]
    first = jo.refresh(token=stolen).json()
    campus.later(seconds=1)
    assert code_of(jo.refresh(token=stolen)) == (401, "token_reused")
    assert code_of(jo.refresh(token=first["refresh_token"])) == (401, "unauthorised")
    assert code_of(jo.refresh(token=stolen)) == (401, "token_reused")
    jo = campus.session(jo.email, jo.device)
    assert jo.refresh().status_code == 200, "a password begins anew"


@pytest.mark.logs("dead refresh token")
def test_an_old_token_of_a_long_family_ends_it(campus: Campus):
    jo = campus.member(campus.school())
    old = jo.answer["refresh_token"]
    for _ in range(5):
        campus.later(hours=1)
        jo.answer |= jo.refresh().json()
    assert code_of(jo.refresh(token=old)) == (401, "token_reused")
    assert code_of(jo.refresh()) == (401, "unauthorised")


def test_a_token_is_of_no_use_at_another_pc(campus: Campus):
    jo = campus.member(campus.school())
    assert code_of(jo.refresh(device=uuid4())) == (401, "unauthorised")
    assert jo.refresh().status_code == 200, "and the honest PC does not suffer"
    assert code_of(jo.refresh(token="nonsense")) == (401, "unauthorised")


def in_parallel(campus: Campus, jo, rotations):
    requests = [RefreshRequest(jo.answer["refresh_token"], jo.device, rotation) for rotation in rotations]

    def ask(request):
        try:
            return refresh(campus.auth, request)
        except UserError as refused:
            return refused.code

    with ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(ask, requests))


def test_two_refreshes_in_parallel_with_one_rotation_agree(campus: Campus):
    jo = campus.member(campus.school())
    for _ in range(5):
        answers = in_parallel(campus, jo, [uuid4()] * 4)
        assert len(set(answers)) == 1
        jo.answer["refresh_token"] = answers[0].refresh_token


@pytest.mark.logs("dead refresh token")
def test_two_refreshes_in_parallel_that_do_not_agree_end_the_session(campus: Campus):
    jo = campus.member(campus.school())
    answers = in_parallel(campus, jo, [uuid4(), uuid4(), uuid4()])
    given = [each for each in answers if not isinstance(each, str)]
    assert len(given) == 1
    assert code_of(jo.refresh(token=given[0].refresh_token)) == (401, "unauthorised")


def test_signing_out_ends_the_session_and_may_be_repeated(campus: Campus):
    jo = campus.member(campus.school())
    for token in (jo.answer["refresh_token"], jo.answer["refresh_token"], "unknown"):
        assert campus.post("/v1/auth/sign-out", {"refresh_token": token}).status_code == 204
    assert code_of(jo.refresh()) == (401, "unauthorised")


def test_a_shared_pc_has_a_session_for_each_of_its_people(campus: Campus):
    org, device = campus.school(), uuid4()
    jo = campus.session(campus.person(org, OrgRole.OWNER), device)
    al = campus.session(campus.person(org, OrgRole.ADMIN), device)
    assert jo.ask("GET", f"/v1/orgs/{org}/members").status_code == 200
    assert jo.refresh().status_code == 200
    rows = {row["user_id"]: row for row in al.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"]}
    assert rows.keys() == {each.answer["user"]["id"] for each in (jo, al)}
    mine = rows[al.answer["user"]["id"]]
    assert jo.ask("DELETE", f"/v1/orgs/{org}/devices/{mine['id']}").status_code == 204
    assert code_of(al.ask("GET", f"/v1/orgs/{org}/members")) == (401, "device_revoked")
    assert jo.ask("GET", f"/v1/orgs/{org}/members").status_code == 200


def test_an_ended_device_is_out_at_once_and_for_good(campus: Campus):
    org, other = campus.school(), campus.school()
    owner = campus.member(org)
    email = campus.person(org, OrgRole.ADMIN)
    campus.person(other, OrgRole.OWNER, email=email)
    admin = campus.session(email)
    assert admin.ask("GET", f"/v1/orgs/{org}/members").status_code == 200
    listed = owner.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"]
    (row,) = (row for row in listed if row["user_id"] == admin.answer["user"]["id"])
    assert (row["name"], row["platform"], row["acked_seq"], row.get("revoked_at")) == ("Front desk", "linux", 0, None)
    assert owner.ask("DELETE", f"/v1/orgs/{org}/devices/{row['id']}").status_code == 204
    for school in (org, other):
        assert code_of(admin.ask("GET", f"/v1/orgs/{school}/members")) == (401, "device_revoked")
    assert code_of(admin.refresh()) == (401, "device_revoked")
    assert code_of(campus.sign_in(email, device=admin.device)) == (401, "device_revoked")
    fresh = campus.session(email)
    assert fresh.ask("GET", f"/v1/orgs/{org}/members").status_code == 200, "with a new replica, they may"
    listed = owner.ask("GET", f"/v1/orgs/{org}/devices").json()["devices"]
    assert [each["id"] for each in listed if each["revoked_at"]] == [row["id"]]


def test_a_role_that_changes_counts_from_the_next_request(campus: Campus):
    org = campus.school()
    admin = campus.member(org, OrgRole.ADMIN)
    who = Identity(UUID(admin.answer["user"]["id"]), admin.device)
    assert member_of(campus.runtime, who, org).role is OrgRole.ADMIN

    def change(statement: str) -> None:
        with campus.engine.begin() as connection:
            connection.exec_driver_sql(statement, (who.user_id,))

    change("UPDATE user_orgs SET role = 'instructor' WHERE user_id = %s")
    assert member_of(campus.runtime, who, org).role is OrgRole.INSTRUCTOR
    body = {"email": "x@example.com", "role": "student"}
    assert code_of(admin.ask("POST", f"/v1/orgs/{org}/invitations", body)) == (403, "forbidden")
    change("UPDATE user_orgs SET role = 'student' WHERE user_id = %s")
    assert code_of(admin.ask("GET", f"/v1/orgs/{org}/members")) == (403, "no_desktop")
    change("DELETE FROM user_orgs WHERE user_id = %s")
    assert code_of(admin.ask("GET", f"/v1/orgs/{org}/members")) == (403, "forbidden")
    assert campus.session(admin.email).answer["memberships"] == []

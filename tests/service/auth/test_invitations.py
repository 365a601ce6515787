"""Joining a school: by a code, once, in time, and with no more than was offered."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.guard import member_of
from driveflow_desktop.service.auth.invitations import accept
from driveflow_desktop.service.auth.tokens import Identity
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.journal import chain_hash
from driveflow_desktop.service.writing import ServiceWrites
from driveflow_desktop.store.log import AUDIT
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.sync.session_protocol import AcceptInvitationRequest
from tests.service.auth.campus import PASSWORD, Campus, Session
from tests.service.auth.test_sessions import code_of

pytestmark = pytest.mark.postgres


def address() -> str:
    return f"jo-{uuid4().hex}@example.com"


def instructor(campus: Campus, org: UUID) -> UUID:
    row_id = uuid4()
    with (
        school_transaction(campus.engine, org) as connection,
        ServiceWrites(connection, org, schema=SCHEMA_REVISION, now=campus.clock.now()) as writes,
    ):
        writes.insert(Instructor, row_id, {"display_name": "Ben Castellano"}, "instructors.insert")
    return row_id


def invite(session: Session, org: UUID, email: str, role: str, instructor_id: UUID | None = None):
    body = {"email": email, "role": role} | ({} if instructor_id is None else {"instructor_id": str(instructor_id)})
    return session.ask("POST", f"/v1/orgs/{org}/invitations", body)


def test_an_instructor_is_invited_joins_and_is_linked(campus: Campus):
    org = campus.school()
    owner = campus.member(org)
    ben, email = instructor(campus, org), address()
    made = invite(owner, org, email.upper(), "instructor", ben)
    assert made.status_code == 201
    code = made.json()["code"]
    (stored,) = campus.look("SELECT * FROM invitations WHERE email = :email", email=email)
    assert code.encode() not in bytes(stored["code_hash"])
    assert code not in str(stored)
    joined = campus.accept(code.lower(), name="Ben  Castellano")
    assert joined.status_code == 201
    assert joined.json()["email"] == email
    session = campus.session(email)
    assert session.answer["user"]["full_name"] == "Ben Castellano"
    who = Identity(UUID(session.answer["user"]["id"]), session.device)
    member = member_of(campus.runtime, who, org)
    assert (member.role, member.instructor_id, member.device_id) == (OrgRole.INSTRUCTOR, ben, session.device)
    link, joining = campus.log(org)[-1], campus.log(org)[-2]
    assert (joining.table_name, joining.topic, joining.audience_after) == ("user_orgs", "member.joined", [])
    assert (link.table_name, link.topic) == ("instructors", "instructor.linked")
    assert link.audience_before == link.audience_after == [str(ben)]
    assert link.payload["row"]["user_id"] == str(who.user_id)
    assert link.payload["row"]["version"] == link.seq
    assert {link.actor_user_id, joining.actor_user_id} == {who.user_id}
    assert link.transaction_id == joining.transaction_id


def test_the_log_stays_dense_and_the_audit_chain_whole(campus: Campus):
    org = campus.school()
    ben = instructor(campus, org)
    for role in (OrgRole.OWNER, OrgRole.ADMIN):
        campus.person(org, role)
    campus.person(org, OrgRole.INSTRUCTOR, ben)
    log = campus.log(org)
    assert [entry.seq for entry in log] == list(range(1, len(log) + 1))
    with school_transaction(campus.engine, org) as connection:
        audits = {row.id: row for row in connection.execute(sa.select(AUDIT).where(AUDIT.c.org_id == org))}
        head = connection.exec_driver_sql("SELECT head_seq, audit_hash FROM sync_heads").one()
    previous = None
    for entry in log:
        row = audits[entry.id]
        assert row.prev_hash == previous
        previous = chain_hash(previous, entry.seq, bytes(row.content_hash))
        assert bytes(row.hash) == previous
    assert (head.head_seq, bytes(head.audit_hash)) == (log[-1].seq, previous)


def test_a_code_opens_once_and_for_7_days(campus: Campus):
    org = campus.school()
    first, second = (campus.invitation(org, address(), OrgRole.ADMIN) for _ in range(2))
    assert campus.accept(first).status_code == 201
    assert code_of(campus.accept(first)) == (410, "invitation_gone")
    assert code_of(campus.accept("nonsense")) == (410, "invitation_gone")
    campus.later(days=7)
    assert code_of(campus.accept(second)) == (410, "invitation_gone")


def test_a_newer_invitation_voids_the_older(campus: Campus):
    org, email = campus.school(), address()
    old, new = campus.invitation(org, email, OrgRole.ADMIN), campus.invitation(org, email, OrgRole.ADMIN)
    assert code_of(campus.accept(old)) == (410, "invitation_gone")
    assert campus.accept(new).status_code == 201


def test_one_code_accepted_many_times_in_parallel_opens_once(campus: Campus):
    org, email = campus.school(), address()
    code = campus.invitation(org, email, OrgRole.ADMIN)

    def take(number: int) -> str:
        try:
            accept(campus.auth, AcceptInvitationRequest(code, f"Jo {number}", PASSWORD), "192.0.2.1")
        except UserError as refused:
            return refused.code
        return "joined"

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(take, range(4)))
    assert answers == ["invitation_gone"] * 3 + ["joined"]
    assert len([entry for entry in campus.log(org) if entry.topic == "member.joined"]) == 1


def test_two_schools_inviting_one_stranger_at_once_make_one_account(campus: Campus):
    email = address()
    codes = [campus.invitation(campus.school(), email, OrgRole.ADMIN) for _ in range(2)]

    def take(code: str) -> str:
        return str(accept(campus.auth, AcceptInvitationRequest(code, "Jo", PASSWORD), "192.0.2.1").user_id)

    with ThreadPoolExecutor(2) as pool:
        assert len(set(pool.map(take, codes))) == 1
    assert len(campus.session(email).answer["memberships"]) == 2


def test_whoever_has_an_account_joins_with_its_password(campus: Campus):
    jo = campus.person(campus.school("First"), OrgRole.OWNER)
    code = campus.invitation(campus.school("Second"), jo, OrgRole.ADMIN)
    assert code_of(campus.accept(code, "another zebra battery")) == (401, "invalid_credentials")
    assert campus.accept(code, name="Somebody Else").status_code == 201
    answer = campus.session(jo).answer
    assert answer["user"]["full_name"] == "Jo Citizen"
    assert [each["org_name"] for each in answer["memberships"]] == ["First", "Second"]


def test_guessing_a_password_by_an_invitation_is_limited_too(campus: Campus):
    jo = campus.person(campus.school(), OrgRole.OWNER)
    code = campus.invitation(campus.school(), jo, OrgRole.ADMIN)
    campus.seconds.now += 60
    body = {"code": code, "full_name": "Jo", "password": "another zebra battery"}
    path = "/v1/auth/invitations/accept"
    statuses = [campus.client.request("POST", path, json=body).status_code for _ in range(12)]
    assert statuses == [401] * 10 + [429] * 2


def test_a_poor_password_or_name_leaves_the_invitation_open(campus: Campus):
    code = campus.invitation(campus.school("Harbour Driving"), address(), OrgRole.OWNER)
    for password in ("short", "password1234", "Harbour-Driving-1"):
        assert code_of(campus.accept(code, password)) == (422, "invalid")
    assert campus.accept(code, name=" \u200b ").json()["column"] == "full_name"
    assert campus.accept(code).status_code == 201


def test_an_account_without_a_password_is_not_opened_by_a_lesser_invitation(campus: Campus):
    org, other, email, user = campus.school(), campus.school(), address(), uuid4()
    with campus.engine.begin() as connection:
        words = "INSERT INTO users (id, email, full_name) VALUES (%s, %s, 'P')"
        connection.exec_driver_sql(words, (user, email))
        words = "INSERT INTO user_orgs (org_id, id, user_id, role) VALUES (%s, %s, %s, 'owner')"
        connection.exec_driver_sql(words, (org, uuid4(), user))
    for school, role in ((other, OrgRole.OWNER), (org, OrgRole.INSTRUCTOR)):
        assert code_of(campus.accept(campus.invitation(school, email, role))) == (403, "forbidden")
    assert campus.accept(campus.invitation(org, email, OrgRole.OWNER)).status_code == 201


def test_an_invitation_is_worth_what_its_author_is_worth(campus: Campus):
    org = campus.school()
    admin = campus.member(org, OrgRole.ADMIN)
    code = invite(admin, org, address(), "instructor").json()["code"]
    with campus.engine.begin() as connection:
        words = "UPDATE user_orgs SET role = 'instructor' WHERE user_id = %s"
        connection.exec_driver_sql(words, (UUID(admin.answer["user"]["id"]),))
    assert code_of(campus.accept(code)) == (410, "invitation_gone")


def test_an_instructor_is_linked_to_one_person_only(campus: Campus):
    org = campus.school()
    owner, ben = campus.member(org), instructor(campus, org)
    first, second = (invite(owner, org, address(), "instructor", ben).json()["code"] for _ in range(2))
    assert code_of(invite(owner, org, address(), "student", ben)) == (422, "invalid")
    assert code_of(invite(owner, org, address(), "instructor", uuid4())) == (422, "missing_reference")
    assert code_of(invite(owner, org, address(), "instructor", instructor(campus, campus.school())))[1] == (
        "missing_reference"
    )
    assert campus.accept(first).status_code == 201
    assert code_of(campus.accept(second)) == (410, "invitation_gone")
    assert code_of(invite(owner, org, address(), "instructor", ben)) == (409, "already_exists")
    with campus.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM invitations WHERE org_id = %s AND accepted_at IS NULL", (org,))
        connection.exec_driver_sql("DELETE FROM instructors WHERE org_id = %s AND id = %s", (org, ben))


@pytest.mark.parametrize("role", list(OrgRole))
@pytest.mark.parametrize("inviter", [OrgRole.OWNER, OrgRole.ADMIN, OrgRole.INSTRUCTOR])
def test_only_an_owner_invites_owners_and_admins(campus: Campus, inviter: OrgRole, role: OrgRole):
    org = campus.school()
    session = campus.member(org, inviter)
    allowed = inviter is OrgRole.OWNER or (inviter is OrgRole.ADMIN and role in {OrgRole.INSTRUCTOR, OrgRole.STUDENT})
    answer = invite(session, org, address(), role.value)
    assert answer.status_code == (201 if allowed else 403)

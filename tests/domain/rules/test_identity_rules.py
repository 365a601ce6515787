import pytest

from driveflow_desktop.domain.identity.rules import Action, can, can_any, can_invite, require
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError

OWNER, ADMIN, INSTRUCTOR, STUDENT = OrgRole


def allowed(role: OrgRole) -> set[Action]:
    return {action for action in Action if can(role, action)}


def test_an_owner_may_do_everything() -> None:
    assert allowed(OWNER) == set(Action)


def test_the_front_desk_may_do_all_but_what_is_the_owners() -> None:
    assert allowed(OWNER) - allowed(ADMIN) == {
        Action.EDIT_ORG,
        Action.MANAGE_ROLES,
        Action.APPROVE_PAYOUT,
        Action.EDIT_FEES,
        Action.EDIT_BANK_DETAILS,
    }


def test_an_instructor_keeps_the_own_diary_and_touches_no_money() -> None:
    mine = allowed(INSTRUCTOR)
    assert {Action.BOOK, Action.CANCEL_BOOKING, Action.RECORD_LESSON, Action.SEE_PAYOUTS} <= mine
    assert not mine & {Action.TAKE_PAYMENT, Action.REFUND, Action.EDIT_RATES, Action.REOPEN_BOOKING, Action.SEE_AUDIT}
    assert mine < allowed(ADMIN)


def test_a_student_may_do_nothing_at_the_desk() -> None:
    assert allowed(STUDENT) == set()


def test_several_roles_add_up_and_none_is_nothing() -> None:
    assert can_any([STUDENT, ADMIN], Action.TAKE_PAYMENT)
    assert not can_any([], Action.VIEW_DIARY)
    require([INSTRUCTOR, OWNER], Action.EDIT_ORG)
    with pytest.raises(UserError) as refused:
        require([INSTRUCTOR], Action.TAKE_PAYMENT)
    assert (refused.value.code, refused.value.details["action"]) == ("forbidden", "take_payment")


def test_only_an_owner_invites_owners_and_admins() -> None:
    assert {role for role in OrgRole if can_invite(OWNER, role)} == set(OrgRole)
    assert {role for role in OrgRole if can_invite(ADMIN, role)} == {INSTRUCTOR, STUDENT}
    assert not any(can_invite(role, other) for role in (INSTRUCTOR, STUDENT) for other in OrgRole)

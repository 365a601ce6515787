"""Which role may do what at the desk; everything that is not granted is denied.

This decides what menus offer and commands accept. Which rows and columns a role may write, and which rows it may
see at all, is the rights table's business.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.kernel.errors import UserError


class Action(StrEnum):
    """What somebody does at the desk."""

    VIEW_DIARY = "view_diary"
    BOOK = "book"
    MOVE_BOOKING = "move_booking"
    CANCEL_BOOKING = "cancel_booking"
    OVERRULE_ADVICE = "overrule_advice"
    CHOOSE_REFUND = "choose_refund"
    RECORD_LESSON = "record_lesson"
    REOPEN_BOOKING = "reopen_booking"
    IMPORT_TRIP = "import_trip"
    EDIT_PEOPLE = "edit_people"
    EDIT_INSTRUCTORS = "edit_instructors"
    EDIT_AVAILABILITY = "edit_availability"
    EDIT_RATES = "edit_rates"
    EDIT_FEES = "edit_fees"
    EDIT_BANK_DETAILS = "edit_bank_details"
    EDIT_POLICIES = "edit_policies"
    EDIT_TEMPLATES = "edit_templates"
    EDIT_ORG = "edit_org"
    TAKE_PAYMENT = "take_payment"
    REFUND = "refund"
    SEE_PAYOUTS = "see_payouts"
    PREPARE_PAYOUT = "prepare_payout"
    APPROVE_PAYOUT = "approve_payout"
    SEND_MESSAGE = "send_message"
    SEE_AUDIT = "see_audit"
    RESOLVE_CONFLICTS = "resolve_conflicts"
    INVITE = "invite"
    MANAGE_DEVICES = "manage_devices"
    MANAGE_ROLES = "manage_roles"
    EXPORT_PERSON = "export_person"
    ERASE_PERSON = "erase_person"


_OWNER_ONLY = frozenset(
    {
        Action.EDIT_ORG,
        Action.EDIT_FEES,
        Action.EDIT_BANK_DETAILS,
        Action.MANAGE_ROLES,
        Action.APPROVE_PAYOUT,
    }
)
# An instructor's actions reach the own diary, students, lessons, trips and payouts; scope is checked elsewhere.
_INSTRUCTOR = frozenset(
    {
        Action.VIEW_DIARY,
        Action.BOOK,
        Action.MOVE_BOOKING,
        Action.CANCEL_BOOKING,
        Action.OVERRULE_ADVICE,
        Action.RECORD_LESSON,
        Action.IMPORT_TRIP,
        Action.EDIT_AVAILABILITY,
        Action.SEE_PAYOUTS,
        Action.RESOLVE_CONFLICTS,
    }
)

_GRANTS: Mapping[OrgRole, frozenset[Action]] = {
    OrgRole.OWNER: frozenset(Action),
    OrgRole.ADMIN: frozenset(Action) - _OWNER_ONLY,
    OrgRole.INSTRUCTOR: _INSTRUCTOR,
}
_INVITERS: Mapping[OrgRole, frozenset[OrgRole]] = {
    OrgRole.OWNER: frozenset(OrgRole),
    OrgRole.ADMIN: frozenset({OrgRole.INSTRUCTOR, OrgRole.STUDENT}),
}


def can(role: OrgRole, action: Action) -> bool:
    """Whether a role may do something."""
    return action in _GRANTS.get(role, frozenset())


def can_any(roles: Iterable[OrgRole], action: Action) -> bool:
    """Whether one of a member's roles may do something."""
    return any(can(role, action) for role in roles)


def require(roles: Iterable[OrgRole], action: Action) -> None:
    """Raise `UserError` "forbidden" unless one of the roles may do `action`."""
    if not can_any(roles, action):
        hint = "Ask the owner of the school." if action in _OWNER_ONLY else "Ask someone at the front desk."
        raise UserError("forbidden", "Your role does not allow this.", hint=hint, action=action.value)


def can_invite(inviter: OrgRole, invited: OrgRole) -> bool:
    """Whether a role may invite a new member with another: only an owner invites owners and admins."""
    return invited in _INVITERS.get(inviter, frozenset())

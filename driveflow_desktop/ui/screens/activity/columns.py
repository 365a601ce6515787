"""Every column of the school's tables as the desk calls it, and how its values are told. No Qt.

What is listed in neither table here would show up raw, so a test holds the two against the schema.
"""

from collections.abc import Mapping
from functools import cache
from typing import Final, Literal, NamedTuple

from driveflow_desktop.ui.words import tr

Kind = Literal[
    "text", "money", "instant", "day", "weekday", "clock", "minutes", "seconds", "metres", "flag", "points", "percent",
    "number", "choice", "phone", "colour", "settings",
]  # fmt: skip
"""How a value is told: `clock` in minutes of the day, `points` in hundredths of a per cent, `choice` by `choices`."""


class Told(NamedTuple):
    """A column's label and how its values are told."""

    label: str
    kind: Kind = "text"


@cache
def columns() -> Mapping[str, Told]:
    """The columns that say something to a person, what matters most first."""
    return {**_of_lessons(), **_of_people(), **_of_prices(), **_of_hours(), **_of_office()}


TECHNICAL: Final = frozenset(
    {
        "currency", "overrides", "status_changed_at", "status_changed_by", "cancelled_at", "series_id",
        "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "base_lat", "base_lng",
        "platform_fee_cents", "instructor_share_cents", "replaces_id", "payment_id", "package_id", "payout_run_id",
        "refund_id", "lesson_id", "checkout_url", "provider_id", "related_type", "related_id", "sha256", "size_bytes",
        "media_type", "stripe_account_id", "stripe_charge_id", "stripe_onboarding_status", "stripe_payment_intent_id",
        "stripe_refund_id", "stripe_transfer_id", "preferences", "skills", "source", "speed_limit_kph", "send_after",
    }
)  # fmt: skip
"""Columns for the program only: bookkeeping, shares that follow from a price, ids that name nothing to a person."""

FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "bookings": ("start_at", "service_id", "instructor_id", "price_cents"),
    "lessons": ("started_at", "duration_sec"),
    "students": ("phone", "pickup_address"),
    "guardians": ("phone", "email"),
    "student_guardians": ("guardian_id", "relation"),
    "instructors": ("phone", "email"),
    "vehicles": ("plate", "transmission"),
    "services": ("duration_min",),
    "rate_cards": ("valid_from", "valid_to"),
    "rate_card_items": ("rate_card_id", "price_cents"),
    "packages": ("minutes_bought", "price_cents"),
    "package_uses": ("minutes",),
    "payments": ("amount_cents", "method", "status"),
    "refunds": ("amount_cents", "reason"),
    "payouts": ("amount_cents", "booking_id"),
    "payout_runs": ("period_start", "period_end"),
    "instructor_availabilities": ("day_of_week", "start_minute", "end_minute"),
    "availability_exceptions": ("date", "start_minute", "end_minute", "note"),
    "holidays": ("date",),
    "waitlist_entries": ("service_id",),
    "messages": ("channel", "template_key"),
    "message_templates": ("key", "channel"),
    "documents": ("name",),
    "user_orgs": ("role",),
}
"""What of a new or removed row is told, without labels; of other tables everything is, with labels."""


def _of_lessons() -> dict[str, Told]:
    return {
        "status": Told(tr("Activity", "Status"), "choice"),
        "start_at": Told(tr("Activity", "Start"), "instant"),
        "end_at": Told(tr("Activity", "End"), "instant"),
        "service_id": Told(tr("Activity", "Service")),
        "instructor_id": Told(tr("Activity", "Instructor")),
        "student_id": Told(tr("Activity", "Student")),
        "booking_id": Told(tr("Activity", "Lesson"), "instant"),
        "price_cents": Told(tr("Activity", "Price"), "money"),
        "amount_cents": Told(tr("Activity", "Amount"), "money"),
        "method": Told(tr("Activity", "Paid by"), "choice"),
        "reason": Told(tr("Activity", "Reason")),
        "cancellation_reason": Told(tr("Activity", "Reason")),
        "cancelled_by": Told(tr("Activity", "On behalf of"), "choice"),
        "duration_sec": Told(tr("Activity", "Lasted"), "seconds"),
        "distance_meters": Told(tr("Activity", "Distance"), "metres"),
        "started_at": Told(tr("Activity", "Started"), "instant"),
        "ended_at": Told(tr("Activity", "Ended"), "instant"),
        "rating": Told(tr("Activity", "Rating"), "number"),
        "vehicle_id": Told(tr("Activity", "Car")),
        "rescheduled_from": Told(tr("Activity", "Moved from"), "instant"),
        "hold_until": Told(tr("Activity", "Held until"), "instant"),
        "dropoff_address": Told(tr("Activity", "Drop-off")),
    }


def _of_people() -> dict[str, Told]:
    return {
        "full_name": Told(tr("Activity", "Name")),
        "display_name": Told(tr("Activity", "Name")),
        "name": Told(tr("Activity", "Name")),
        "guardian_id": Told(tr("Activity", "Guardian")),
        "relation": Told(tr("Activity", "Relation")),
        "is_payer": Told(tr("Activity", "Pays"), "flag"),
        "phone": Told(tr("Activity", "Phone"), "phone"),
        "email": Told(tr("Activity", "E-mail")),
        "dob": Told(tr("Activity", "Born"), "day"),
        "pickup_address": Told(tr("Activity", "Pick-up")),
        "address": Told(tr("Activity", "Address")),
        "licence_class": Told(tr("Activity", "Licence"), "choice"),
        "licence_number": Told(tr("Activity", "Licence no.")),
        "licence_expires_on": Told(tr("Activity", "Licence to"), "day"),
        "license_id": Told(tr("Activity", "Licence no.")),
        "license_expires_on": Told(tr("Activity", "Licence to"), "day"),
        "transmission": Told(tr("Activity", "Gears"), "choice"),
        "logbook_minutes": Told(tr("Activity", "Logged hours"), "minutes"),
        "logbook_night_minutes": Told(tr("Activity", "Logged at night"), "minutes"),
        "gps_consent_at": Told(tr("Activity", "GPS consent"), "instant"),
        "gps_consent_by": Told(tr("Activity", "GPS consent by")),
        "contact_opt_out": Told(tr("Activity", "Not to be contacted by"), "settings"),
        "alert": Told(tr("Activity", "Alert")),
        "notes": Told(tr("Activity", "Notes")),
        "erased_at": Told(tr("Activity", "Erased"), "instant"),
        "user_id": Told(tr("Activity", "Signs in as")),
        "role": Told(tr("Activity", "Role"), "choice"),
        "plate": Told(tr("Activity", "Plate")),
        "abn": Told(tr("Activity", "ABN")),
        "bank_bsb": Told(tr("Activity", "BSB")),
        "bank_account": Told(tr("Activity", "Bank account")),
        "gst_registered": Told(tr("Activity", "Registered for GST"), "flag"),
        "fee_bp": Told(tr("Activity", "School’s share"), "points"),
        "travel_buffer_min": Told(tr("Activity", "Time between lessons"), "minutes"),
        "max_lessons_per_day": Told(tr("Activity", "Lessons a day"), "number"),
        "active": Told(tr("Activity", "Active"), "flag"),
    }


def _of_prices() -> dict[str, Told]:
    return {
        "rate_card_id": Told(tr("Activity", "Rate card")),
        "duration_min": Told(tr("Activity", "Duration"), "minutes"),
        "kind": Told(tr("Activity", "Kind"), "choice"),
        "colour": Told(tr("Activity", "Colour"), "colour"),
        "description": Told(tr("Activity", "Description")),
        "is_default": Told(tr("Activity", "Default"), "flag"),
        "valid_from": Told(tr("Activity", "Valid from"), "day"),
        "valid_to": Told(tr("Activity", "Valid to"), "day"),
        "minutes_bought": Told(tr("Activity", "Bought"), "minutes"),
        "minutes": Told(tr("Activity", "Used"), "minutes"),
        "expires_on": Told(tr("Activity", "Expires"), "day"),
        "received_at": Told(tr("Activity", "Received"), "instant"),
        "rounding_cents": Told(tr("Activity", "Rounding"), "money"),
        "period_start": Told(tr("Activity", "Period from"), "day"),
        "period_end": Told(tr("Activity", "Period to"), "day"),
        "approved_by": Told(tr("Activity", "Approved by")),
        "approved_at": Told(tr("Activity", "Approved"), "instant"),
        "signed_on": Told(tr("Activity", "Signed"), "day"),
        "ended_on": Told(tr("Activity", "Ended"), "day"),
    }


def _of_hours() -> dict[str, Told]:
    return {
        "date": Told(tr("Activity", "Date"), "day"),
        "day_of_week": Told(tr("Activity", "Day"), "weekday"),
        "start_minute": Told(tr("Activity", "From"), "clock"),
        "end_minute": Told(tr("Activity", "To"), "clock"),
        "is_available": Told(tr("Activity", "Teaches"), "flag"),
        "effective_from": Told(tr("Activity", "From day"), "day"),
        "effective_to": Told(tr("Activity", "Until day"), "day"),
        "note": Told(tr("Activity", "Note")),
        "closed": Told(tr("Activity", "Closed"), "flag"),
        "actor": Told(tr("Activity", "Who cancels"), "choice"),
        "hours_before_start": Told(tr("Activity", "Hours before"), "number"),
        "refund_percent": Told(tr("Activity", "Refund"), "percent"),
        "fee_cents": Told(tr("Activity", "Fee"), "money"),
        "is_active": Told(tr("Activity", "Active"), "flag"),
    }


def _of_office() -> dict[str, Told]:
    return {
        "time_zone": Told(tr("Activity", "Time zone")),
        "country": Told(tr("Activity", "Country")),
        "region": Told(tr("Activity", "State")),
        "platform_fee_bp": Told(tr("Activity", "School’s share"), "points"),
        "settings": Told(tr("Activity", "Settings"), "settings"),
        "channel": Told(tr("Activity", "Channel"), "choice"),
        "template_key": Told(tr("Activity", "Template"), "choice"),
        "key": Told(tr("Activity", "Template"), "choice"),
        "language": Told(tr("Activity", "Language")),
        "to_address": Told(tr("Activity", "To")),
        "subject": Told(tr("Activity", "Subject")),
        "body": Told(tr("Activity", "Text")),
        "error": Told(tr("Activity", "Error")),
    }


@cache
def choices() -> Mapping[str, str]:
    """Values that are one of few, as a person says them; the rest reads well as it is stored.

    Where a value means something else in one table, that table stands before it.
    """
    return {
        "pending_payment": tr("Activity", "waiting for payment"),
        "in_progress": tr("Activity", "in progress"),
        "no_show": tr("Activity", "no-show"),
        "intent_created": tr("Activity", "asked for"),
        "succeeded": tr("Activity", "received"),
        "queued": tr("Activity", "waiting"),
        "bank_transfer": tr("Activity", "bank transfer"),
        "eftpos": tr("Activity", "EFTPOS"),
        "sms": tr("Activity", "SMS"),
        "email": tr("Activity", "e-mail"),
        "whatsapp": tr("Activity", "WhatsApp"),
        "provisional_1": tr("Activity", "provisional P1"),
        "provisional_2": tr("Activity", "provisional P2"),
        "rcti": tr("Activity", "tax invoices by the school"),
        "admin": tr("Activity", "the school"),
        "user_orgs:admin": tr("Activity", "front desk"),
        "refunds:requested": tr("Activity", "asked for"),
        "refunds:succeeded": tr("Activity", "paid back"),
    }

"""The demo school itself and who works there, with the texts of its messages."""

from typing import Final, NamedTuple

from driveflow_desktop.domain.communication.values import MessageChannel
from driveflow_desktop.domain.identity.settings import SchoolSettings

SCHOOL_NAME: Final = "Harbour Driving School"
ABN: Final = "81555000142"
"""Passes the check of a business number; the school is invented."""
ADDRESS: Final = "12 Harbour Street, Sydney NSW 2000"
PHONE: Final = "+61255500142"
EMAIL: Final = "desk@harbourdriving.example.com"
SETTINGS: Final = SchoolSettings(
    document_footer="Fictional school for demonstration: people, phone numbers and business numbers are invented."
)


class StaffMember(NamedTuple):
    """Somebody in the office."""

    name: str
    email: str
    phone: str


OWNER: Final = StaffMember("Jo Hart", "jo.hart@harbourdriving.example.com", "+61255500143")
ADMIN: Final = StaffMember("Mia Petrov", "mia.petrov@harbourdriving.example.com", "+61255500144")


class Template(NamedTuple):
    """The words of a message."""

    key: str
    channel: MessageChannel
    subject: str | None
    body: str


REMINDER: Final = "lesson_reminder"
TEMPLATES: Final = (
    Template(
        REMINDER,
        MessageChannel.SMS,
        None,
        "Hi {student}, your lesson with {instructor} is tomorrow at {time}. Harbour Driving School, (02) 5550 0142",
    ),
    Template(
        "booking_confirmed",
        MessageChannel.EMAIL,
        "Your driving lesson on {date}",
        "Hi {student},\n\nyour lesson with {instructor} is booked for {date}, {time}. We pick you up at {pickup}.\n",
    ),
    Template(
        "booking_cancelled",
        MessageChannel.SMS,
        None,
        "Hi {student}, your lesson on {date} at {time} has been cancelled. Ring us on (02) 5550 0142 to rebook.",
    ),
    Template(
        "payment_link",
        MessageChannel.SMS,
        None,
        "Hi {student}, {amount} is due for your lesson on {date}. Pay here: {link}",
    ),
)
NUMBER_GONE: Final = "Number not in service"

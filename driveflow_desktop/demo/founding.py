"""Setting up the small demo school by the program's own commands, as an owner would on the first day."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from driveflow_desktop.demo.catalogue import ORG_FEE_BP, SERVICES
from driveflow_desktop.demo.opening import REGION
from driveflow_desktop.demo.plan import Absence, InstructorPlan, Plan
from driveflow_desktop.demo.sources import words
from driveflow_desktop.demo.staff import (
    ABN,
    ADDRESS,
    ADMIN,
    EMAIL,
    OWNER,
    PHONE,
    SCHOOL_NAME,
    SETTINGS,
    TEMPLATES,
    StaffMember,
)
from driveflow_desktop.domain.catalog.commands import (
    NewRateCard,
    NewService,
    create_rate_card,
    create_service,
    set_price,
)
from driveflow_desktop.domain.communication.tables import MessageTemplate
from driveflow_desktop.domain.finance.tables import Agreement
from driveflow_desktop.domain.identity.commands import (
    NewSchool,
    NewUser,
    SchoolChanges,
    add_member,
    create_school,
    edit_school,
)
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.commands.instructors import (
    NewInstructor,
    NewVehicle,
    create_instructor,
    create_vehicle,
)
from driveflow_desktop.domain.people.tables import Instructor
from driveflow_desktop.domain.people.values import OnboardingStatus, Transmission
from driveflow_desktop.domain.scheduling.commands.hours import Block, set_day
from driveflow_desktop.domain.scheduling.commands.school import PublicHoliday, load_holidays, seed_policies
from driveflow_desktop.domain.scheduling.tables import AvailabilityException
from driveflow_desktop.kernel.clock import FixedClock
from driveflow_desktop.kernel.time import from_micros
from driveflow_desktop.store.replica import Replica
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Actor, UnitOfWork

T = TypeVar("T")
WEEK: Final = range(7)


@dataclass(slots=True)
class Office:
    """The school's replica with a clock that is moved along, and the ids of what has been made so far."""

    replica: Replica
    clock: FixedClock
    org_id: UUID
    device_id: UUID | None
    owner_id: UUID
    admin_id: UUID
    users: list[UUID] = field(default_factory=list)
    """The instructors', in their order."""
    instructors: list[UUID] = field(default_factory=list)
    vehicles: list[dict[Transmission, UUID]] = field(default_factory=list)
    students: dict[int, UUID] = field(default_factory=dict)
    services: list[UUID] = field(default_factory=list)
    cards: list[UUID] = field(default_factory=list)
    bookings: dict[int, UUID] = field(default_factory=dict)
    packs: dict[tuple[int, int], UUID] = field(default_factory=dict)

    def at(self, micros: int) -> None:
        """Let it be that instant."""
        self.clock.set(from_micros(micros))

    def do(self, command: Callable[[UnitOfWork], T], user_id: UUID | None) -> T:
        """Run a command as somebody; None is the service, which acts by itself."""
        return self.replica.execute(command, Actor(self.org_id, user_id, self.device_id)).value


def found_school(office: Office, plan: Plan) -> None:
    """Everything that is there before the first student: school, staff, prices, rules, instructors, cars, hours."""
    office.at(plan.span.opened_us)
    office.do(lambda uow: _open(uow, office), office.owner_id)
    office.do(lambda uow: _set_rules(uow, plan), office.owner_id)
    office.do(lambda uow: _set_prices(uow, office, plan), office.owner_id)
    for number, instructor in enumerate(plan.instructors):
        office.clock.advance(timedelta(minutes=3))
        office.do(partial(_hire, office, plan, number, instructor), office.owner_id)


def new_user(user_id: UUID, person: StaffMember) -> NewUser:
    """A member of staff as identity takes them."""
    return NewUser(user_id, person.email, person.name, person.phone)


def _open(uow: UnitOfWork, office: Office) -> None:
    owner = new_user(office.owner_id, OWNER)
    create_school(
        uow,
        NewSchool(
            SCHOOL_NAME,
            owner,
            region=REGION,
            platform_fee_bp=ORG_FEE_BP,
            gst_registered=True,
            abn=ABN,
            settings=SETTINGS,
        ),
    )
    edit_school(uow, SchoolChanges(address=ADDRESS, phone=PHONE, email=EMAIL))
    add_member(uow, new_user(office.admin_id, ADMIN), OrgRole.ADMIN)


def _set_rules(uow: UnitOfWork, plan: Plan) -> None:
    seed_policies(uow)
    load_holidays(uow, [PublicHoliday(day, name, REGION) for day, name in plan.holidays.items()])
    uow.describe("template.created")
    uow.bulk(MessageTemplate, [dict(template._asdict()) for template in TEMPLATES])


def _set_prices(uow: UnitOfWork, office: Office, plan: Plan) -> None:
    for service in SERVICES:
        made = create_service(uow, NewService(service.name, service.minutes, service.kind, service.description))
        office.services.append(made)
    for card in plan.cards:
        card_id = create_rate_card(
            uow, NewRateCard(card.name, card.valid_from, card.valid_to, is_default=card.valid_from is None)
        )
        office.cards.append(card_id)
        for service_id, cents in zip(office.services, card.cents, strict=True):
            set_price(uow, card_id, service_id, cents)


def _hire(office: Office, plan: Plan, number: int, who: InstructorPlan, uow: UnitOfWork) -> None:
    user_id = uow.new_id()
    add_member(uow, NewUser(user_id, who.email, who.name, who.phone), OrgRole.INSTRUCTOR)
    instructor_id = create_instructor(uow, new_instructor(who, user_id))
    office.users.append(user_id)
    office.instructors.append(instructor_id)
    if who.stripe_ready:
        # What the service writes when Stripe says that the account may be paid.
        uow.describe("instructor.onboarded")
        account = {"stripe_account_id": f"acct_demo{number:04d}", "stripe_onboarding_status": OnboardingStatus.READY}
        uow.update(Instructor, instructor_id, account)
    if who.gst:
        uow.describe("agreement.signed")
        uow.insert(Agreement, {"instructor_id": instructor_id, "signed_on": plan.span.first - timedelta(days=10)})
    for day in WEEK:
        blocks = [Block(start, end) for of_day, start, end in who.weekly if of_day == day]
        if blocks:
            set_day(uow, instructor_id, day, blocks)
    uow.describe("availability.exception_set")
    uow.bulk(AvailabilityException, [_exception(instructor_id, absence) for absence in who.absences])
    office.vehicles.append(_buy_cars(uow, number, who))


def _exception(instructor_id: UUID, absence: Absence) -> dict[str, Value]:
    return {
        "instructor_id": instructor_id,
        "date": absence.day,
        "is_available": absence.is_available,
        "start_minute": absence.start,
        "end_minute": absence.end,
        "note": absence.note,
    }


def new_instructor(who: InstructorPlan, user_id: UUID) -> NewInstructor:
    """An instructor as people takes them."""
    bsb, account = who.bank or (None, None)
    return NewInstructor(
        display_name=who.name,
        phone=who.phone,
        email=who.email,
        user_id=user_id,
        license_id=who.licence,
        license_expires_on=who.licence_expires,
        base_place=who.base.place,
        travel_buffer_min=15,
        max_lessons_per_day=who.cap,
        fee_bp=who.fee_bp,
        abn=who.abn,
        gst_registered=who.gst,
        bank_bsb=bsb,
        bank_account=account,
    )


def _buy_cars(uow: UnitOfWork, number: int, who: InstructorPlan) -> dict[Transmission, UUID]:
    return {
        kind: create_vehicle(uow, NewVehicle(car_name(number, kind), kind, car_plate(number, kind)))
        for kind in who.transmissions
    }


def car_name(number: int, kind: Transmission) -> str:
    """The car of the number-th instructor."""
    models = [name for name, offers in words().vehicles if offers == kind.value]
    return models[number % len(models)]


def car_plate(number: int, kind: Transmission) -> str:
    """A plate of a form that NSW does not issue."""
    return f"DEMO-{number + 1:02d}{kind.value[0].upper()}"

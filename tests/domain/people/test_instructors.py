from datetime import date
from uuid import UUID

import pytest

from driveflow_desktop.domain.people.commands.instructors import (
    InstructorChanges,
    NewInstructor,
    NewVehicle,
    VehicleChanges,
    create_instructor,
    create_vehicle,
    edit_instructor,
    edit_vehicle,
)
from driveflow_desktop.domain.people.queries.instructors import instructor, instructors, vehicles
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.values import Transmission
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import DANA, DANA_USER, DESK, ETHAN, MANUAL_CAR, ORG, OTHER_ORG, OWNER, STRANGER, School


def facts(school: School, instructor_id: UUID):
    return school.read(lambda c: instructor(c, ORG, instructor_id))


def test_the_owner_adds_an_instructor_with_everything(school: School):
    request = NewInstructor(
        "Ben Castellano",
        "0491 570 156",
        "Ben@example.com",
        STRANGER,
        "ADI 20417",
        date(2027, 6, 30),
        "#2d5bd7",
        Place(-33.95, 151.1),
        None,
        8,
        1200,
        "51 824 753 556",
        True,
        "062 000",
        "1234 5678",
    )
    found = facts(school, school.run(lambda uow: create_instructor(uow, request), OWNER).value)
    assert (found.phone, found.email, found.abn) == ("+61491570156", "ben@example.com", "51824753556")
    assert (found.bank_bsb, found.bank_account, found.fee_bp) == ("062-000", "12345678", 1200)
    assert (found.travel_buffer_min, found.max_lessons_per_day, found.base_lat) == (15, 8, -33_950_000)
    assert found.active
    assert found.user_id == STRANGER


@pytest.mark.parametrize(
    "changes",
    [
        InstructorChanges(fee_bp=1000),
        InstructorChanges(bank_bsb="062000"),
        InstructorChanges(bank_account="12345"),
        InstructorChanges(user_id=DESK),
    ],
)
def test_money_and_sign_in_are_the_owners(school: School, changes: InstructorChanges):
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: edit_instructor(uow, DANA, changes))
    assert caught.value.code == "forbidden"
    assert school.run(lambda uow: edit_instructor(uow, DANA, changes), OWNER).value


def test_the_desk_adds_one_without_money_and_an_instructor_adds_nobody(school: School):
    made = school.run(lambda uow: create_instructor(uow, NewInstructor("Elif Demir"))).value
    assert facts(school, made).fee_bp is None
    with pytest.raises(UserError, match="does not allow"):
        school.run(lambda uow: create_instructor(uow, NewInstructor("Elif Demir")), DANA_USER)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        (InstructorChanges(display_name=""), "display_name"),
        (InstructorChanges(abn="12 345 678 901"), "abn"),
        (InstructorChanges(travel_buffer_min=61), "travel_buffer_min"),
        (InstructorChanges(max_lessons_per_day=0), "max_lessons_per_day"),
        (InstructorChanges(fee_bp=10_001), "fee_bp"),
        (InstructorChanges(bank_bsb="0620"), "bank_bsb"),
        (InstructorChanges(bank_account="12a4"), "bank_account"),
        (InstructorChanges(colour="red;background:url(x)"), "colour"),
        (InstructorChanges(base_place=Place(0, 0)), "base_place"),
        (InstructorChanges(license_expires_on=date(1901, 1, 1)), "license_expires_on"),
    ],
)
def test_a_bad_value_names_its_column(school: School, changes: InstructorChanges, column: str):
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: edit_instructor(uow, DANA, changes), OWNER)
    assert (caught.value.code, caught.value.column) == ("invalid", column)


def test_an_instructor_leaves_and_comes_back(school: School):
    school.run(lambda uow: edit_instructor(uow, DANA, InstructorChanges(active=False)))
    assert [each.id for each in school.read(lambda c: instructors(c, ORG))] == [ETHAN, DANA]
    assert [each.id for each in school.read(lambda c: instructors(c, ORG, active_only=True))] == [ETHAN]
    school.run(lambda uow: edit_instructor(uow, DANA, InstructorChanges(active=True)))
    assert [each.display_name for each in school.read(lambda c: instructors(c, ORG))] == ["Dana Reid", "Ethan Cole"]
    assert [entry["action"] for entry in school.rows(_audit()) if entry["entity_id"] == DANA][1:] == [
        "instructor.deactivated",
        "instructor.activated",
    ]


def _audit():
    from driveflow_desktop.store.log_tables import AuditLog

    return AuditLog


def test_cars_come_change_and_go(school: School):
    made = school.run(lambda uow: create_vehicle(uow, NewVehicle(" Mazda  2 ", Transmission.MANUAL, "abc 12d"))).value
    assert [(car.name, car.plate) for car in school.read(lambda c: vehicles(c, ORG)) if car.id == made] == [
        ("Mazda 2", "ABC 12D")
    ]
    school.run(lambda uow: edit_vehicle(uow, MANUAL_CAR, VehicleChanges(active=False, plate="")))
    assert [car.name for car in school.read(lambda c: vehicles(c, ORG, active_only=True))] == ["Corolla", "Mazda 2"]
    with pytest.raises(UserError, match="needs a name"):
        school.run(lambda uow: edit_vehicle(uow, MANUAL_CAR, VehicleChanges(name=" ")))


def test_another_schools_instructor_is_not_there(school: School):
    with pytest.raises(UserError, match="no longer there"):
        school.read(lambda c: instructor(c, OTHER_ORG, DANA))

from datetime import date

import pytest

from driveflow_desktop.domain.people.checks import Checker
from driveflow_desktop.domain.people.commands.guardians import (
    GuardianChanges,
    Link,
    NewGuardian,
    create_guardian,
    delete_guardian,
    edit_guardian,
    link_guardian,
    set_payer,
    unlink_guardian,
)
from driveflow_desktop.domain.people.commands.students import (
    NewStudent,
    StudentChanges,
    create_student,
    delete_student,
    edit_student,
    give_gps_consent,
    withdraw_gps_consent,
)
from driveflow_desktop.domain.people.matching import Likeness, Traits, fold_name
from driveflow_desktop.domain.people.queries.guardians import guardian, guardians, guardians_of
from driveflow_desktop.domain.people.queries.students import find_duplicates, student
from driveflow_desktop.domain.people.rules.places import Place
from driveflow_desktop.domain.people.tables import Guardian, Student
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.kernel.errors import UserError
from tests.helpers.school import DANA_USER, MIA, NOAH, ORG, OTHER_ORG, STRANGER, THEIR_STUDENT, ZOE, School

HOSTILE_NAMES = [
    "Zoë 🚗 O’Brien",
    "محمد الأحمد",
    "<b onmouseover=alert(1)>Bob</b>",
    "=HYPERLINK(1)",
    "Ng %_\\",
    "'; --",
]


def facts(school: School, student_id):
    return school.read(lambda c: student(c, ORG, student_id))


def refused(school: School, command, user=None) -> UserError:
    with pytest.raises(UserError) as caught:
        school.run(command) if user is None else school.run(command, user)
    return caught.value


def test_a_name_a_mobile_and_a_suburb_make_a_student(school: School):
    made = school.run(
        lambda uow: create_student(uow, NewStudent("  ella   Novak ", "0412 345 678", "", pickup_address="Newtown"))
    )
    found = facts(school, made.value)
    assert (found.full_name, found.phone, found.email, found.pickup_address) == (
        "ella Novak",
        "+61412345678",
        None,
        "Newtown",
    )
    assert made.changes == {"students": frozenset({made.value})}
    school.undo(made)
    with pytest.raises(UserError, match="no longer there"):
        facts(school, made.value)


def test_every_column_is_kept(school: School):
    request = NewStudent(
        "Ella Novak",
        "+44 20 7946 0958",
        "Ella@Example.COM",
        date(2008, 2, 29),
        "shy",
        "glasses",
        "4481 772",
        LicenceClass.LEARNER,
        date(2027, 1, 1),
        Transmission.MANUAL,
        "14 Gray St",
        Place(-33.9, 151.1000004),
        1890,
        360,
        {"sms": True},
    )
    found = facts(school, school.run(lambda uow: create_student(uow, request)).value)
    assert found.email == "ella@example.com"
    assert (found.pickup_lat, found.pickup_lng) == (-33_900_000, 151_100_000)
    assert (found.dob, found.licence_class, found.transmission) == (
        date(2008, 2, 29),
        LicenceClass.LEARNER,
        Transmission.MANUAL,
    )
    assert (found.logbook_minutes, found.logbook_night_minutes, found.contact_opt_out) == (1890, 360, {"sms": True})


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_names_are_kept_as_they_are(school: School, name: str):
    made = school.run(lambda uow: create_student(uow, NewStudent(name)))
    assert facts(school, made.value).full_name == name


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        (StudentChanges(full_name=" \u202e "), "full_name"),
        (StudentChanges(phone="12"), "phone"),
        (StudentChanges(email="a@b"), "email"),
        (StudentChanges(dob=date(2027, 1, 1)), "dob"),
        (StudentChanges(dob=date(1890, 1, 1)), "dob"),
        (StudentChanges(licence_expires_on=date(203, 1, 1)), "licence_expires_on"),
        (StudentChanges(logbook_minutes=-1), "logbook_minutes"),
        (StudentChanges(logbook_night_minutes=60), "logbook_night_minutes"),
        (StudentChanges(pickup_place=Place(151.2, -33.8)), "pickup_address"),
        (StudentChanges(notes="x" * 20_001), "notes"),
    ],
)
def test_a_bad_value_names_its_column_and_changes_nothing(school: School, changes: StudentChanges, column: str):
    before = school.rows(Student), school.log_sizes()
    problem = refused(school, lambda uow: edit_student(uow, MIA, changes))
    assert (problem.code, problem.column) == ("invalid", column)
    assert (school.rows(Student), school.log_sizes()) == before


def test_one_field_is_edited_cleared_and_restored(school: School):
    receipt = school.run(lambda uow: edit_student(uow, MIA, StudentChanges(phone="0412345678")))
    assert receipt.value
    assert facts(school, MIA).phone == "+61412345678"
    again = school.run(lambda uow: edit_student(uow, MIA, StudentChanges(phone="+61 412 345 678")))
    assert not again.value
    assert not again.changes
    school.run(lambda uow: edit_student(uow, MIA, StudentChanges(phone="")))
    assert facts(school, MIA).phone is None


def test_a_new_address_forgets_the_old_place(school: School):
    school.run(lambda uow: edit_student(uow, MIA, StudentChanges(pickup_address="9 New Rd")))
    assert facts(school, MIA).pickup_lat is None
    school.run(
        lambda uow: edit_student(uow, MIA, StudentChanges(pickup_address="9 New Rd", pickup_place=Place(-33.8, 151.2)))
    )
    school.run(lambda uow: edit_student(uow, MIA, StudentChanges(pickup_address=" 9 New Rd ", notes="gate")))
    assert facts(school, MIA).pickup_lat == -33_800_000


def test_who_may_edit(school: School):
    assert refused(school, lambda uow: edit_student(uow, MIA, StudentChanges(phone="0412345678")), DANA_USER).code == (
        "forbidden"
    )
    assert school.run(lambda uow: edit_student(uow, MIA, StudentChanges(notes="parks well")), DANA_USER).value
    assert refused(school, lambda uow: edit_student(uow, MIA, StudentChanges(notes="x")), STRANGER).code == "forbidden"
    assert refused(school, lambda uow: create_student(uow, NewStudent("A")), DANA_USER).code == "forbidden"
    assert refused(school, lambda uow: delete_student(uow, MIA), DANA_USER).code == "forbidden"


def test_another_schools_student_is_not_there(school: School):
    assert refused(school, lambda uow: edit_student(uow, THEIR_STUDENT, StudentChanges(notes="x"))).code == "gone"
    with pytest.raises(UserError):
        facts(school, THEIR_STUDENT)


def test_an_erased_student_is_not_edited(school: School):
    school.run(lambda uow: uow.update(Student, MIA, {"erased_at": uow.now}))
    assert refused(school, lambda uow: edit_student(uow, MIA, StudentChanges(full_name="Back"))).code == "erased"


def test_a_student_without_bookings_is_deleted_with_links_and_comes_back(school: School):
    parent = school.run(lambda uow: create_guardian(uow, NewGuardian("Ana Tran"))).value
    school.run(lambda uow: link_guardian(uow, Link(MIA, parent)))
    receipt = school.run(lambda uow: delete_student(uow, MIA))
    assert school.read(lambda c: guardian(c, ORG, parent)).wards == ()
    school.undo(receipt)
    assert [ward.student_id for ward in school.read(lambda c: guardian(c, ORG, parent)).wards] == [MIA]


def test_a_student_with_a_package_stays(school: School):
    from driveflow_desktop.domain.finance.tables import Package

    school.run(lambda uow: uow.insert(Package, {"student_id": MIA, "minutes_bought": 60, "price_cents": 1}))
    assert refused(school, lambda uow: delete_student(uow, MIA)).code == "in_use"
    assert facts(school, MIA).full_name == "Mia Tran"


def test_consent_is_given_by_somebody_and_withdrawn(school: School):
    assert refused(school, lambda uow: give_gps_consent(uow, MIA, " ")).code == "invalid"
    school.run(lambda uow: give_gps_consent(uow, MIA, "Ana Tran"))
    found = facts(school, MIA)
    assert (found.gps_consent_by, found.gps_consent_at) == ("Ana Tran", school.clock.now())
    school.run(lambda uow: withdraw_gps_consent(uow, MIA))
    found = facts(school, MIA)
    assert (found.gps_consent_by, found.gps_consent_at) == (None, None)


def test_likely_duplicates_are_told_of_not_refused(school: School):
    school.run(lambda uow: edit_student(uow, MIA, StudentChanges(phone="0412345678", dob=date(2008, 5, 1))))
    sibling = school.run(lambda uow: create_student(uow, NewStudent("Leo Tran", "0412 345 678")))
    assert sibling.warnings == ("Mia Tran has the same phone number.",)
    twin = school.run(lambda uow: create_student(uow, NewStudent("TRAN, Mía", dob=date(2008, 5, 1))))
    assert twin.warnings == ("There already is a Mia Tran with this birth date.",)
    assert not school.run(lambda uow: create_student(uow, NewStudent("Mia Tran"))).warnings
    found = school.read(lambda c: find_duplicates(c, ORG, Traits("mia tran", "+61412345678"), MIA))
    assert [(each.full_name, each.likeness) for each in found] == [("Leo Tran", Likeness.PHONE)]
    assert school.read(lambda c: find_duplicates(c, OTHER_ORG, Traits("mia tran", "+61412345678"))) == ()


def test_names_fold_without_case_accents_and_order():
    assert fold_name("Nguyễn, ZOË") == fold_name("zoe nguyen")
    assert fold_name("O’Brien") == fold_name("O'brien") == "obrien"
    assert fold_name("🚗") != fold_name("🚙")


def test_a_guardian_is_linked_once_and_one_pays(school: School):
    ana, bo = (school.run(lambda uow, n=name: create_guardian(uow, NewGuardian(n))).value for name in ("Ana", "Bo"))
    first = school.run(lambda uow: link_guardian(uow, Link(MIA, ana, "mother", True))).value
    assert school.run(lambda uow: link_guardian(uow, Link(MIA, ana, "aunt", True))).value == first
    school.run(lambda uow: link_guardian(uow, Link(MIA, bo, "father", True)))
    linked = school.read(lambda c: guardians_of(c, ORG, MIA))
    assert [(each.guardian.full_name, each.relation, each.is_payer) for each in linked] == [
        ("Bo", "father", True),
        ("Ana", "aunt", False),
    ]
    school.run(lambda uow: set_payer(uow, MIA, None))
    assert not any(each.is_payer for each in school.read(lambda c: guardians_of(c, ORG, MIA)))
    assert refused(school, lambda uow: set_payer(uow, NOAH, ana)).code == "gone"
    school.run(lambda uow: unlink_guardian(uow, MIA, bo))
    assert len(school.read(lambda c: guardians_of(c, ORG, MIA))) == 1


def test_guardians_are_edited_found_and_paged(school: School):
    ids = [school.run(lambda uow, n=n: create_guardian(uow, NewGuardian(f"Parent {n}"))).value for n in range(5)]
    school.run(lambda uow: edit_guardian(uow, ids[0], GuardianChanges("parent 9%", "0412345678", "p9@example.com")))
    first = school.read(lambda c: guardians(c, ORG, limit=3))
    rest = school.read(lambda c: guardians(c, ORG, after=first.next_key, limit=3))
    names = [row.guardian.full_name for row in (*first.rows, *rest.rows)]
    assert names == ["Parent 1", "Parent 2", "Parent 3", "Parent 4", "parent 9%"]
    assert rest.next_key is None
    for text in ("9%", "345", "P9@EX"):
        assert [row.guardian.id for row in school.read(lambda c, t=text: guardians(c, ORG, text=t)).rows] == [ids[0]]
    school.run(lambda uow: link_guardian(uow, Link(ZOE, ids[0])))
    school.run(lambda uow: delete_guardian(uow, ids[0]))
    assert len(school.rows(Guardian)) == 4
    assert school.read(lambda c: guardians_of(c, ORG, ZOE)) == ()


def test_a_birth_date_is_a_date():
    checker = Checker("AU", date(2026, 11, 24))
    with pytest.raises(UserError, match="not a date"):
        checker.clean({"dob": "1/2/2008"})

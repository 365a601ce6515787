import contextlib
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.adapters.csv_files import read_table, write_table
from driveflow_desktop.domain.people.commands import importing
from driveflow_desktop.domain.people.commands.guardians import Link, NewGuardian, create_guardian, link_guardian
from driveflow_desktop.domain.people.commands.importing import import_in_parts, import_students
from driveflow_desktop.domain.people.commands.students import NewStudent, create_student
from driveflow_desktop.domain.people.exporting import HEADERS, student_rows
from driveflow_desktop.domain.people.import_mapping import ImportField, field_named, guess_mapping
from driveflow_desktop.domain.people.import_rules import Preview, Setting, check
from driveflow_desktop.domain.people.matching import Likeness, Traits
from driveflow_desktop.domain.people.parsing import (
    is_day_first,
    parse_date,
    parse_licence,
    parse_minutes,
    parse_transmission,
)
from driveflow_desktop.domain.people.queries.guardians import guardians_of
from driveflow_desktop.domain.people.queries.students import Known, known_students, student
from driveflow_desktop.domain.people.tables import Guardian, Student
from driveflow_desktop.domain.people.values import LicenceClass, Transmission
from driveflow_desktop.domain.tabular import RowProblem, Table, TableRow
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.unit_of_work import Actor
from tests.helpers.school import DANA_USER, DESK, MIA, ORG, OTHER_ORG, School

TODAY = date(2026, 11, 24)
AU = Setting("AU", TODAY)


def table(headers: str, *rows: str) -> Table:
    cells = [tuple(row.split("|")) for row in rows]
    return Table(tuple(headers.split("|")), tuple(TableRow(n, row) for n, row in enumerate(cells, start=2)))


def preview(headers: str, *rows: str, setting: Setting = AU) -> Preview:
    made = table(headers, *rows)
    return check(made, guess_mapping(made.headers), setting)


def problems(found: Preview) -> list[tuple[int, str | None]]:
    return [(problem.row, problem.column) for problem in found.errors]


# -- mapping ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Name", ImportField.FULL_NAME),
        ("STUDENT NAME", ImportField.FULL_NAME),
        ("firstName", ImportField.FIRST_NAME),
        ("Given Name(s)", ImportField.FIRST_NAME),
        ("Surname", ImportField.LAST_NAME),
        ("Mobile No.", ImportField.PHONE),
        ("E-mail Address", ImportField.EMAIL),
        ("D.O.B.", ImportField.DOB),
        ("Date of Birth", ImportField.DOB),
        ("Licence Expiry Date", ImportField.LICENCE_EXPIRES_ON),
        ("Learner's licence number", ImportField.LICENCE_NUMBER),
        ("Pick-up address", ImportField.PICKUP_ADDRESS),
        ("Suburb", ImportField.SUBURB),
        ("Post Code", ImportField.POSTCODE),
        ("Log book hours", ImportField.LOGBOOK_HOURS),
        ("Parent/Guardian Phone", ImportField.GUARDIAN_PHONE),
        ("Trasmission", ImportField.TRANSMISSION),
        ("Shoe size", None),
        ("", None),
        ("🚗", None),
    ],
)
def test_headers_are_recognised(header: str, field: ImportField | None):
    assert guess_mapping([header]).columns[0].field is field


def test_a_field_goes_to_its_best_column_and_doubt_is_told():
    columns = guess_mapping(["Trasmission", "Name", "Contact", "Transmission"]).columns
    assert [(column.field, column.confidence) for column in columns] == [
        (None, 0.0),
        (ImportField.FULL_NAME, 1.0),
        (None, 0.0),
        (ImportField.TRANSMISSION, 1.0),
    ]
    assert guess_mapping(["Trasmission"]).columns[0].confidence < 1


def test_a_person_decides():
    mapping = guess_mapping(["Name", "Nick"]).choose("Nick", ImportField.FULL_NAME)
    assert [column.field for column in mapping.columns] == [None, ImportField.FULL_NAME]
    assert not mapping.choose("Nick", None).has_name
    for wrong in (lambda: mapping.choose("Nope", None), lambda: field_named("shoe")):
        with pytest.raises(UserError):
            wrong()
    assert field_named(" date of birth ") is field_named("dob") is ImportField.DOB


@given(st.lists(st.text(max_size=15), max_size=8))
def test_any_headers_map_each_field_once(headers: list[str]):
    columns = guess_mapping(headers).columns
    assert [column.header for column in columns] == headers
    fields = [column.field for column in columns if column.field is not None]
    assert len(fields) == len(set(fields))


# -- cells --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("31/12/2007", date(2007, 12, 31)),
        ("1.2.2008", date(2008, 2, 1)),
        ("2008-02-01", date(2008, 2, 1)),
        ("2008-02-01T00:00:00", date(2008, 2, 1)),
        ("1/02/2008 12:00:00 AM", date(2008, 2, 1)),
        ("1 Feb 2008", date(2008, 2, 1)),
        ("1st February, 2008", date(2008, 2, 1)),
        ("Feb 1, 2008", date(2008, 2, 1)),
        ("01-FEB-08", date(2008, 2, 1)),
        ("1/2/99", date(1999, 2, 1)),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, found: date):
    assert parse_date(text, latest=2026) == found


@pytest.mark.parametrize("text", ["", "soon", "31/2/2008", "13/13/2008", "1/2", "1 Foo 2008", "00/00/0000", "١/٢/٣x"])
def test_what_is_no_date_is_refused(text: str):
    with pytest.raises(ValueError, match="date"):
        parse_date(text)


def test_a_column_tells_whether_the_day_comes_first():
    assert is_day_first(["1/2/2008", "13/2/2008"], default=False)
    assert not is_day_first(["1/2/2008", "2/13/2008"], default=True)
    assert is_day_first(["1/2/2008"], default=True)
    found = preview("Name|DOB", "Ann|02/13/2008", "Bob|3/4/2008")
    assert [row.values["dob"] for row in found.rows] == [date(2008, 2, 13), date(2008, 3, 4)]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("31.5", 1890), ("31,5 h", 1890), ("31:30", 1890), ("31h 30m", 1890), ("90 min", 90), ("0", 0), ("12 hours", 720)],
)
def test_hours_are_read(text: str, minutes: int):
    assert parse_minutes(text) == minutes


@pytest.mark.parametrize("text", ["many", "-3", "nan", "1e5", "1:99", "9" * 400])
def test_what_is_no_number_of_hours_is_refused(text: str):
    with pytest.raises(ValueError, match="hours"):
        parse_minutes(text)


def test_choices_have_many_names():
    assert parse_licence("Learner's") is LicenceClass.LEARNER
    assert parse_licence("Provisional (P2)") is LicenceClass.PROVISIONAL_2
    assert parse_transmission("AUTO") is Transmission.AUTO
    for wrong in (parse_licence, parse_transmission):
        with pytest.raises(ValueError, match="is not a"):
            wrong("x" * 90)


@given(st.text(max_size=20))
def test_any_cell_is_read_or_refused(text: str):
    for parse in (parse_date, parse_minutes, parse_licence, parse_transmission):
        with contextlib.suppress(ValueError):
            parse(text)


# -- rows ---------------------------------------------------------------------------------------------------------


def test_names_come_from_one_column_or_two_and_addresses_are_put_together():
    found = preview(
        "First name|Surname|Address|Suburb|Postcode",
        "Ann|Lee|1 High St|Newtown|2042",
        "Bob||2 Low St, Newtown||2042",
        "|Cy||Auburn|",
    )
    assert [(row.full_name, row.values["pickup_address"]) for row in found.rows] == [
        ("Ann Lee", "1 High St, Newtown 2042"),
        ("Bob", "2 Low St, Newtown, 2042"),
        ("Cy", "Auburn"),
    ]


def test_every_fault_of_a_row_is_named_and_the_row_left_out():
    found = preview(
        "Name|Phone|Email|DOB|Licence class|Logbook hours|Night hours",
        "|12|nope|1/1/2999|Z|many|",
        "Ann|0412345678|a@example.com|1/1/2008|L|10|2",
        "Bob||||||5",
    )
    assert problems(found) == [
        (2, "Name"),
        (2, "Phone"),
        (2, "Email"),
        (2, "DOB"),
        (2, "Licence class"),
        (2, "Logbook hours"),
        (4, "Night hours"),
    ]
    assert [row.number for row in found.rows] == [3]
    assert found.rows[0].values["logbook_night_minutes"] == 120


def test_text_that_no_column_holds_is_a_fault_of_its_row():
    found = preview(
        "Name|Alert|Guardian|Guardian email", f"Ann|{'x' * 501}||", f"Bob||{'y' * 201}|", "Cy|||x@example.com"
    )
    assert problems(found) == [(2, "Alert"), (3, "Guardian"), (4, "Guardian")]


def test_faults_of_the_file_stay_in_the_list():
    made = table("Name", "Ann")
    broken = Table(made.headers, made.rows, (RowProblem(9, None, "broken"),))
    assert check(broken, guess_mapping(broken.headers), AU).errors == broken.problems


def test_without_a_name_column_nothing_is_checked():
    with pytest.raises(UserError, match="No column is the name"):
        preview("Phone", "0412345678")


def test_progress_stops_the_check():
    made = table("Name", "Ann")
    with pytest.raises(UserError) as caught:
        check(made, guess_mapping(made.headers), AU, progress=lambda done, total: False)
    assert caught.value.code == "cancelled"


def test_duplicates_are_found_in_the_file_and_in_the_school():
    known = Known(MIA, "Mia Tran", Traits("mia tran", "+61412345678", None, date(2008, 1, 1)))
    found = preview(
        "Name|Phone|DOB|Email",
        "TRAN, Mia|0412 345 678||",
        "Leo Tran|0412 345 678||",
        "Mía Tran|0412345679|1/1/2008|",
        "Ann Lee|||ann@example.com",
        "Lee Ann|||ANN@example.com",
        "Ann Lee|||",
        setting=Setting("AU", TODAY, (known,)),
    )
    assert [(each.row, each.likeness, each.other_row, each.student_id) for each in found.duplicates] == [
        (2, Likeness.PHONE_AND_NAME, None, MIA),
        (3, Likeness.PHONE, None, MIA),
        (4, Likeness.NAME_AND_BIRTHDAY, None, MIA),
        (6, Likeness.EMAIL_AND_NAME, 5, None),
    ]
    assert [row.number for row in found.without_duplicates().rows] == [3, 5, 7]


words = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.lists(words, min_size=5, max_size=5), max_size=5))
def test_every_row_is_ready_or_has_a_fault(rows: list[list[str]]):
    made = Table(
        ("Name", "Phone", "DOB", "Logbook hours", "Guardian"),
        tuple(TableRow(number, tuple(row)) for number, row in enumerate(rows, start=2)),
    )
    found = check(made, guess_mapping(made.headers), AU)
    ready, wrong = {row.number for row in found.rows}, {problem.row for problem in found.errors}
    assert ready | wrong == {row.number for row in made.rows}
    assert not ready & wrong


# -- writing ------------------------------------------------------------------------------------------------------

FAMILY = (
    "Name|Phone|Parent|Parent phone|Relationship",
    "Ann Lee|0412345678|Jo Lee|0498765432|mother",
    "Bob Lee||Jo LEE|0498 765 432|mum",
    "Cy 🚗 <b>||||",
)


def test_students_come_in_with_their_guardians_in_one_step_and_leave_in_one(school: School):
    before = school.rows(Student), school.rows(Guardian)
    receipt = school.run(lambda uow: import_students(uow, preview(*FAMILY)))
    assert len(receipt.value.students) == 3
    assert len(receipt.value.guardians) == 1
    for made, relation in zip(receipt.value.students, ("mother", "mum"), strict=False):
        (linked,) = school.read(lambda c, made=made: guardians_of(c, ORG, made))
        assert (linked.guardian.id, linked.relation, linked.is_payer) == (receipt.value.guardians[0], relation, False)
    assert school.read(lambda c: student(c, ORG, receipt.value.students[2])).full_name == "Cy 🚗 <b>"
    again = school.run(lambda uow: import_students(uow, preview("Name|Parent|Parent phone", "Dee|Jo Lee|0498765432")))
    assert again.value.guardians == ()
    school.undo(again)
    school.undo(receipt)
    assert (school.rows(Student), school.rows(Guardian)) == before


def test_only_the_desk_imports(school: School):
    with pytest.raises(UserError, match="does not allow"):
        school.run(lambda uow: import_students(uow, preview(*FAMILY)), DANA_USER)


def test_a_long_list_goes_in_parts_that_fit_a_push_and_one_that_fails_takes_all_back(
    school: School, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(importing, "MOST_ROWS", 4)
    actor, found = Actor(ORG, DESK, None), preview(*FAMILY)
    with pytest.raises(UserError) as caught:
        school.run(lambda uow: import_students(uow, found))
    assert caught.value.code == "too_large"
    receipts = import_in_parts(school.replica, actor, found)
    assert [len(receipt.value.students) for receipt in receipts] == [1, 2]
    assert sum(len(receipt.value.guardians) for receipt in receipts) == 1
    importing.take_back(school.replica, actor, receipts)
    before = school.rows(Student)
    with pytest.raises(UserError) as caught:
        import_in_parts(school.replica, actor, found, progress=lambda done, total: done == 0)
    assert caught.value.code == "cancelled"
    assert school.rows(Student) == before


def test_much_text_is_parted_too(school: School, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importing, "MOST_CHARACTERS", 100)
    found = preview("Name|Notes", *(f"N{number}|{'x' * 60}" for number in range(3)))
    assert len(import_in_parts(school.replica, Actor(ORG, DESK, None), found)) == 3


def test_an_export_is_an_import_again(school: School, tmp_path: Path):
    request = NewStudent(
        "=cmd|'/c calc'!A0",
        "+44 20 7946 0958",
        "x@example.com",
        date(2008, 2, 29),
        'two\nlines, "quoted"',
        "-glasses",
        "@448",
        LicenceClass.PROVISIONAL_1,
        date(2027, 1, 1),
        Transmission.MANUAL,
        "1 High St, Newtown NSW 2042",
        None,
        1891,
        61,
    )

    def fill(uow):
        made = create_student(uow, request)
        link_guardian(uow, Link(made, create_guardian(uow, NewGuardian("Jo", "0498765432")), "mother"))
        link_guardian(
            uow, Link(made, create_guardian(uow, NewGuardian("Payer", None, "p@example.com")), "father", True)
        )
        return made

    made: UUID = school.run(fill).value
    path = tmp_path / "out.csv"
    with school.replica.reader() as connection:
        assert write_table(path, HEADERS, student_rows(connection, Actor(ORG, DESK, None))) == 4
    read = read_table(path)
    mapping = guess_mapping(read.headers)
    assert all(column.field is not None and column.confidence == 1 for column in mapping.columns)
    found = check(read, mapping, AU)
    assert not found.errors
    row = next(each for each in found.rows if each.full_name.startswith("=cmd"))
    facts = school.read(lambda c: student(c, ORG, made))
    assert row.values == {name: value for name in StudentColumns if (value := getattr(facts, name)) is not None}
    assert row.guardian is not None
    assert (row.guardian.full_name, row.guardian.email, row.guardian.relation) == ("Payer", "p@example.com", "father")
    known = school.read(lambda c: known_students(c, ORG))
    assert {each.row for each in check(read, mapping, Setting("AU", TODAY, known)).duplicates} >= {row.number}


StudentColumns = (
    "full_name",
    "phone",
    "email",
    "dob",
    "notes",
    "alert",
    "licence_number",
    "licence_class",
    "licence_expires_on",
    "transmission",
    "pickup_address",
    "logbook_minutes",
    "logbook_night_minutes",
)


def test_instructors_take_no_lists_out_and_schools_are_apart(school: School):
    with school.replica.reader() as connection:
        with pytest.raises(UserError, match="does not allow"):
            student_rows(connection, Actor(ORG, DANA_USER, None))
        with pytest.raises(UserError, match="does not allow"):
            student_rows(connection, Actor(OTHER_ORG, DESK, None))

"""Search finds what a person means, treats everything typed as data, and its index always equals the rows."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driveflow_desktop.domain.people.tables import Guardian, Instructor, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.resources import bundled
from driveflow_desktop.store import search_index
from driveflow_desktop.store.replica import connect
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.search import Found, find
from driveflow_desktop.store.types import Value
from driveflow_desktop.store.unit_of_work import Revert, UnitOfWork
from tests.helpers.desk import MONDAY, Desk, booking_values, open_desk

NOW = MONDAY + timedelta(days=2)


def look(desk: Desk, typed: str, *, now: datetime = NOW, people: int = 20, bookings: int = 20) -> Found:
    with desk.replica.reader() as connection:
        return find(connection, desk.school.org, typed, now=now, people=people, bookings=bookings)


def people(desk: Desk, typed: str) -> list[str]:
    return [hit.name for hit in look(desk, typed).people]


def add(desk: Desk, kind: type = Student, **values: Value) -> UUID:
    return desk.run(lambda unit: unit.insert(kind, values)).value


def require_right_index(desk: Desk) -> None:
    with desk.replica.maintenance() as connection, connection.begin():
        assert search_index.drift(connection) == []
        search_index.check_index(connection)


@pytest.fixture
def town(desk: Desk) -> Desk:
    """A few people whose names, numbers and places are easy to confuse."""
    add(
        desk,
        full_name="Mia Smith",
        phone="+61 412 345 678",
        email="mia.s@example.com",
        pickup_address="12 Gum St, Ryde",
    )
    add(desk, full_name="Liam Smithers", phone="0498 765 432", pickup_address="3 Mia Lane, Parramatta NSW 2150")
    add(desk, full_name="Łukasz Müller-Götz", phone="(02) 9555 0199")
    add(desk, full_name="Li Na", phone="+64 21 555 077")
    add(desk, Guardian, full_name="Siobhán O’Connor", phone="0412 000 222", email="siobhan@example.net")
    add(desk, Instructor, display_name="Lin Nakamura", email="lin@school.example")
    return desk


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("m", "Mia Chen"),
        ("mia", "Mia Chen"),
        ("MIA SM", "Mia Smith"),
        ("smith mia", "Mia Smith"),
        ("smith", "Mia Smith"),
        ("li", "Li Na"),
        ("lia", "Liam Smithers"),
        ("muller", "Łukasz Müller-Götz"),
        ("MÜLLER", "Łukasz Müller-Götz"),
        ("gotz", "Łukasz Müller-Götz"),
        ("nguyen", "Anh Nguyễn"),
        ("jose o'b", "José O'Brien"),
        ("obrien", "José O'Brien"),
        ("oconnor", "Siobhán O’Connor"),
        ("siobhan@example.net", "Siobhán O’Connor"),
        ("mia.s@ex", "Mia Smith"),
        ("gum st", "Mia Smith"),
        ("parramatta", "Liam Smithers"),
        ("2150", "Liam Smithers"),
        ("nakam", "Lin Nakamura"),
        ("678", "Mia Smith"),
        ("5678", "Mia Smith"),
        ("0412 345 678", "Mia Smith"),
        ("0412345678", "Mia Smith"),
        ("+61 412 345", "Mia Smith"),
        ("412345", "Mia Smith"),
        ("(02) 9555", "Łukasz Müller-Götz"),
        ("0199", "Łukasz Müller-Götz"),
        ("021 555", "Li Na"),
        ("077", "Li Na"),
        ("liam 432", "Liam Smithers"),
    ],
)
def test_what_is_typed_finds_whom_it_means(town: Desk, typed: str, first: str) -> None:
    assert people(town, typed)[0] == first


def test_whole_names_come_before_beginnings_and_names_before_addresses(town: Desk) -> None:
    assert people(town, "li")[:3] == ["Li Na", "Liam Smithers", "Lin Nakamura"]
    assert people(town, "smith") == ["Mia Smith", "Liam Smithers"]
    assert people(town, "mia") == ["Mia Chen", "Mia Smith", "Liam Smithers"]


def test_kinds_tell_people_apart(town: Desk) -> None:
    kinds = {hit.name: hit.kind for hit in look(town, "n").people}
    assert (kinds["Lin Nakamura"], kinds["Li Na"]) == ("instructor", "student")
    assert look(town, "oconnor").people[0].kind == "guardian"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        '"',
        "'",
        "*",
        "-",
        "()",
        '""""',
        "^",
        ":",
        "name:",
        "\0",
        "\u0301",
        "👩🏽‍🦱",
        "\ud83d",
        "</>",
        "%_",
        "--",
        "\\",
    ],
)
def test_signs_alone_find_nothing_and_break_nothing(town: Desk, typed: str) -> None:
    found = look(town, typed)
    assert found == Found()


@pytest.mark.parametrize(
    "typed",
    [
        "mia AND smith",
        "mia OR liam",
        "NOT mia",
        "NEAR(mia smith)",
        'mia" OR "liam',
        "name : mia",
        "{name} : mia",
        "mia'; DROP TABLE students; --",
    ],
)
def test_operators_are_words(town: Desk, typed: str) -> None:
    assert people(town, typed) == []
    assert people(town, "mia")


@pytest.mark.parametrize("typed", ["mia*", "^mia", '"mia"', "(mia)", "-mia", "mia:", "mia\0", "  mia  "])
def test_signs_beside_a_word_do_not_hide_it(town: Desk, typed: str) -> None:
    assert people(town, typed)[0] == "Mia Chen"


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=60))
def test_nothing_that_can_be_typed_is_an_error(search_desk: Desk, typed: str) -> None:
    look(search_desk, typed)


def test_markup_in_a_row_is_data(desk: Desk) -> None:
    add(desk, full_name="<script>alert(1)</script>")
    assert people(desk, "script") == ["<script>alert(1)</script>"]


def test_a_long_paste_is_cut_to_a_few_words(town: Desk) -> None:
    assert people(town, "mia " * 5_000)[0] == "Mia Chen"
    assert look(town, "x" * 1_000_000).people == ()


# -- bookings -------------------------------------------------------------------------------------------------------


def test_bookings_are_found_by_note_place_and_student_the_next_first(desk: Desk) -> None:
    made = [desk.book(number * 24, notes="hill start", pickup_address="9 Beach Rd") for number in range(10)]
    now = MONDAY + timedelta(days=2, minutes=1)
    upcoming, past = made[5:], made[:5][::-1]
    for typed in ("hill", "beach", "hill beach 9"):
        assert [hit.row_id for hit in look(desk, typed, now=now).bookings] == [*upcoming, *past]
    mias = look(desk, "mia hill", now=now).bookings
    assert {hit.name for hit in mias} == {"Mia Chen"}
    assert [hit.row_id for hit in look(desk, "hill", now=now, bookings=6).bookings] == [*upcoming, past[0]]


def test_bookings_of_one_minute_are_all_there(desk: Desk) -> None:
    same = booking_values(desk.school, 1)
    made = desk.run(lambda unit: unit.bulk(Booking, [same] * 12)).value
    late = desk.book(1)
    assert {hit.row_id for hit in look(desk, "booking").bookings} == {*made, late}
    require_right_index(desk)


def test_a_booking_goes_with_its_students_new_name_and_its_own_new_time(desk: Desk) -> None:
    booking, other = desk.book(0), desk.book(3 * 48)
    desk.run(lambda unit: unit.update(Student, desk.school.students[0], {"full_name": "Zoë Quill"}))
    assert {hit.row_id for hit in look(desk, "quill").bookings} == {booking, other}
    assert look(desk, "mia").bookings == ()
    desk.run(lambda unit: unit.update(Booking, other, {"start_at": MONDAY - timedelta(days=9), "notes": None}))
    assert [hit.row_id for hit in look(desk, "quill").bookings] == [booking, other]
    require_right_index(desk)


# -- forgetting -----------------------------------------------------------------------------------------------------


def test_deleted_rows_vanish(desk: Desk) -> None:
    booking, student = desk.book(0, notes="xylophone"), add(desk, full_name="Xavier Xu")
    desk.run(lambda unit: (unit.delete(Booking, booking), unit.delete(Student, student)))
    assert look(desk, "x") == Found()


def _stored_words(desk: Desk) -> bytes:
    with desk.replica.reader() as connection:
        blocks = connection.exec_driver_sql(
            "SELECT block FROM search_people_fts_data UNION ALL SELECT block FROM search_bookings_fts_data"
        )
        return b"".join(block for (block,) in blocks)


def test_an_erased_student_leaves_the_answers_and_the_index_itself(desk: Desk) -> None:
    student = add(desk, full_name="Zyggurath Zyx", phone="0477 123 999")
    booking = desk.book(0, student_id=student, notes="zqwertz at the lights")
    desk.run(lambda unit: unit.update(Student, student, {"full_name": "Zyggurath Zyxx"}))
    assert look(desk, "zyggurath").bookings[0].row_id == booking
    assert b"yggurath" in _stored_words(desk), "what is looked for below can be found"
    erased = desk.run(lambda unit: unit.update(Student, student, {"erased_at": NOW}))
    for typed in ("zyggurath", "zqwertz", "999", "zyxx"):
        assert look(desk, typed) == Found()
    for word in (b"yggurath", b"qwertz", b"999321"):
        assert word not in _stored_words(desk)
    require_right_index(desk)
    desk.run(lambda unit: unit.revert(erased.inverse))
    assert people(desk, "zyggurath")
    require_right_index(desk)


# -- the index equals the rows --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def search_desk(fast_folder: Path) -> Iterator[Desk]:
    """One school for many examples."""
    desk = open_desk(fast_folder / "search")
    yield desk
    desk.replica.close()


NAMES = st.sampled_from(["Mia Chen", "O'Brien", "José", "", " ", "Müller-Götz", "x" * 200]) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20
)
PHONES = st.none() | st.from_regex(r"\A\+?[0-9 ()./-]{0,18}\Z") | NAMES.map(lambda text: text[:20])
NOTES = st.none() | NAMES
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["add", "change", "move", "rename", "erase", "delete", "replace", "sync", "undo", "fail", "vacuum"]
        ),
        NAMES,
        PHONES,
        NOTES,
        st.integers(-3, 3),
    ),
    max_size=12,
)


class Storm:
    """Random writes by every path that there is, on what the school has at the moment."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.last: Revert | None = None

    def ids(self, kind: type) -> list[UUID]:
        with self.desk.replica.reader() as connection:
            return list(connection.execute(sa.select(kind.id).order_by(kind.id)).scalars())

    def newest(self, kind: type) -> UUID:
        return self.ids(kind)[-1]

    def add(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        def command(unit: UnitOfWork) -> None:
            student = unit.insert(Student, {"full_name": name, "phone": phone, "pickup_address": notes})
            unit.bulk(Booking, [booking_values(self.desk.school, at) | {"student_id": student, "notes": notes}] * 2)
            unit.insert(Guardian, {"full_name": name, "email": notes, "phone": phone})
            unit.insert(Instructor, {"display_name": name, "phone": phone})

        self.last = self.desk.run(command).inverse

    def change(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        for kind, column in ((Guardian, "full_name"), (Instructor, "display_name")):
            values = {column: name, "phone": phone, "email": notes}
            self.last = self.desk.run(partial(_update, kind, self.newest(kind), values)).inverse

    def move(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        if bookings := self.ids(Booking):
            start = MONDAY + timedelta(minutes=at)
            values = {"start_at": start, "end_at": start + timedelta(hours=1), "notes": notes, "dropoff_address": name}
            self.last = self.desk.run(partial(_update, Booking, bookings[at % len(bookings)], values)).inverse

    def rename(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        values = {"full_name": name, "phone": phone, "email": notes}
        self.last = self.desk.run(partial(_update, Student, self.newest(Student), values)).inverse

    def erase(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        self.last = self.desk.run(partial(_update, Student, self.newest(Student), {"erased_at": NOW})).inverse

    def delete(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        if bookings := self.ids(Booking):
            self.last = self.desk.run(lambda unit: unit.delete(Booking, bookings[at % len(bookings)])).inverse

    def undo(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        if self.last:
            inverse, self.last = self.last, None
            self.desk.run(lambda unit: unit.revert(inverse))

    def fail(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        """A command that is rolled back after it wrote."""

        def command(unit: UnitOfWork) -> None:
            unit.update(Student, self.newest(Student), {"full_name": "Nobody At All"})
            raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError):
            self.desk.run(command)

    def replace(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        """Rows pushed out by REPLACE, which no DELETE announces."""
        columns = ", ".join(column.name for column in Booking.__table__.columns)
        with self.desk.replica.maintenance() as connection, connection.begin():
            connection.exec_driver_sql(f"REPLACE INTO bookings ({columns}) SELECT {columns} FROM bookings")

    def sync(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        """A booking that comes before its student, and a student that goes before the bookings."""
        desk, new = self.desk, self.desk.replica.ids.new
        student, stamp = new(), {"org_id": desk.school.org, "created_at": NOW, "updated_at": NOW, "version": 7}
        booking = booking_values(desk.school, at) | {"student_id": student, "notes": notes}
        with desk.replica.sync_transaction() as connection:
            rows = codec(Booking.__table__)
            rows.insert(connection, [rows.complete(booking) | stamp | {"id": new()}])
            people = codec(Student.__table__)
            people.insert(connection, [people.complete({"full_name": name, "phone": phone}) | stamp | {"id": student}])
            people.delete(connection, desk.school.org, [student] if at < 0 else [])
            if at < 0:
                ids = connection.execute(sa.select(Booking.id).where(Booking.student_id == student)).scalars().all()
                rows.delete(connection, desk.school.org, ids)

    def vacuum(self, name: str, phone: str | None, notes: str | None, at: int) -> None:
        """Tables without an integer key get new row numbers."""
        with self.desk.replica.maintenance() as connection:
            connection.connection.cursor().execute("VACUUM")


def _update(kind: type, row_id: UUID, values: dict[str, Value], unit: UnitOfWork) -> bool:
    return unit.update(kind, row_id, values)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(STEPS)
def test_after_any_writes_the_index_equals_a_rebuild(
    search_desk: Desk, steps: list[tuple[str, str, str | None, str | None, int]]
) -> None:
    _only_the_first_school(search_desk)
    storm = Storm(search_desk)
    for verb, name, phone, notes, at in steps:
        act: Callable[..., None] = getattr(storm, verb)
        act(name, phone, notes, at)
    require_right_index(search_desk)
    kept = _documents(search_desk)
    with search_desk.replica.maintenance() as connection, connection.begin():
        search_index.rebuild(connection)
    assert _documents(search_desk) == kept
    require_right_index(search_desk)


def _only_the_first_school(desk: Desk) -> None:
    """Every example begins with the same rows; the log of earlier ones may stay."""
    first = {
        "students": desk.school.students,
        "instructors": (desk.school.instructor,),
        "bookings": (),
        "guardians": (),
    }
    with desk.replica.maintenance() as connection, connection.begin():
        connection.exec_driver_sql("PRAGMA defer_foreign_keys = ON")
        connection.exec_driver_sql("DELETE FROM student_guardians")
        for name in ("bookings", "guardians", "students", "instructors"):
            kept = ", ".join(f"x'{row_id.hex}'" for row_id in first[name])
            connection.exec_driver_sql(f"DELETE FROM {name} WHERE id NOT IN ({kept})")
        connection.exec_driver_sql("UPDATE students SET erased_at = NULL")
    desk.run(lambda unit: unit.insert(Guardian, {"full_name": "Wei Chen"}))


def _documents(desk: Desk) -> set[tuple[object, ...]]:
    """Every document and every word of the index by its row; the documents' own numbers do not count."""
    found: set[tuple[object, ...]] = set()
    with connect(desk.files.database, desk.replica.key) as raw:
        for name in ("search_people", "search_bookings"):
            raw.execute(f"CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', '{name}_fts', 'instance')")
            query = f"SELECT '{name}', row_id, term, col, offset FROM temp.words JOIN {name} USING (doc)"
            found.update(raw.execute(query))
            columns = "row_id, name, more"
            found.update(raw.execute(f"SELECT '{name}', {columns} FROM {name}"))
            raw.execute("DROP TABLE temp.words")
    raw.close()
    return found


def test_a_rebuild_mends_any_index(desk: Desk) -> None:
    desk.book(1)
    with desk.replica.maintenance() as connection, connection.begin():
        connection.exec_driver_sql("DROP TRIGGER search_bookings_inserted")
        connection.exec_driver_sql("DELETE FROM search_people WHERE name LIKE 'Mia%'")
        connection.exec_driver_sql("INSERT INTO search_bookings_fts(search_bookings_fts) VALUES ('delete-all')")
    desk.book(2)
    with desk.replica.reader() as connection:
        assert search_index.drift(connection)
    with desk.replica.maintenance() as connection, connection.begin():
        search_index.rebuild(connection)
    require_right_index(desk)
    assert people(desk, "mia") == ["Mia Chen"]
    desk.book(3)
    require_right_index(desk)


def test_a_bulk_load_may_drop_the_index_and_rebuild_it(desk: Desk) -> None:
    with desk.replica.maintenance() as connection, connection.begin():
        search_index.drop(connection)
    rows = [booking_values(desk.school, number) for number in range(300)]
    desk.run(lambda unit: unit.bulk(Booking, rows))
    with desk.replica.maintenance() as connection, connection.begin():
        search_index.rebuild(connection)
    require_right_index(desk)


def test_the_frozen_migration_makes_what_the_code_says(desk: Desk) -> None:
    """A change of the index needs a revision of its own: revision 0002 is frozen."""
    frozen = (bundled("migrations") / "sql" / "0002_sqlite.sql").read_text("utf-8").split("\n\n")[1:]
    assert [_flat(text) for text in frozen] == [
        _flat(text) for text in (*search_index.tables(), *search_index.FILL, *search_index.triggers())
    ]


def _flat(text: str) -> str:
    return " ".join(text.split())

"""A power cut loses no acknowledged transaction and leaves no half of one; weaker settings are caught doing so."""

from collections import Counter
from pathlib import Path

import pytest

from driveflow_desktop.domain.people.tables import Guardian, Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.domain.scheduling.values import BookingStatus
from driveflow_desktop.store.log import BASE_ROWS, OUTBOX
from driveflow_desktop.store.rows import codec
from tests.helpers.desk import Desk, booking_values, found_school, open_desk
from tests.helpers.power_cut import Day, Film, cut, filmed, recorded

CUTS = 500
MANY_CUTS = 10_000
CONTROL_CUTS = 80


@pytest.fixture(scope="module")
def day(fast_folder: Path) -> Day:
    """A busy day at the desk, with sync at work between."""
    desk = open_desk(fast_folder / "desk", found=False)
    with recorded(desk) as day:
        desk.school = desk.replica.execute(found_school, desk.school.actor).value
        _work(desk)
    desk.replica.close()
    assert len(day.transactions) > 100
    return day


def _work(desk: Desk) -> None:
    school = desk.school
    for number in range(30):
        booking = desk.book(number, notes=f"Booking {number}. " + "Reverse parking, hill start. " * (number % 9))
        moved = desk.run(lambda unit, row=booking, to=number + 100: unit.update(Booking, row, _times(desk, to)))
        if number % 3 == 0:
            desk.run(lambda unit, inverse=moved.inverse: unit.revert(inverse))
        if number % 4 == 0:
            desk.run(lambda unit, row=booking: unit.update(Booking, row, {"status": BookingStatus.CANCELLED}))
        if number % 7 == 0:
            desk.run(lambda unit, row=booking: unit.delete(Booking, row))
        if number % 5 == 0:
            name = f"Mia Chen-Lopez {number}"
            desk.run(lambda unit, name=name: unit.update(Student, school.students[0], {"full_name": name}))
            _sync(desk, number)
    desk.run(lambda unit: unit.bulk(Student, [{"full_name": f"Imported {n}", "notes": "x" * 300} for n in range(80)]))
    for number in range(30):
        desk.run(lambda unit, name=f"Guardian {number}": unit.insert(Guardian, {"full_name": name}))


def _times(desk: Desk, number: int) -> dict[str, object]:
    return {name: booking_values(desk.school, number)[name] for name in ("start_at", "end_at")}


def _sync(desk: Desk, seq: int) -> None:
    """As the sync engine does: acknowledgements, base rows gone, a row that came from another PC."""
    with desk.replica.sync_transaction() as connection:
        connection.execute(OUTBOX.update().where(OUTBOX.c.acked_seq.is_(None)).values(acked_seq=seq))
        connection.execute(OUTBOX.update().values(processed_at=desk.setting.clock.now()))
        connection.execute(BASE_ROWS.delete())
        values = {"display_name": f"Priya Raman {seq}", "version": seq}
        table = "instructors"
        codec(desk.setting.tables.tables[table]).update(connection, desk.school.org, desk.school.instructor, values)


def _tally(film: Film, folder: Path, seeds: range) -> Counter[str]:
    folder.mkdir(exist_ok=True)
    found: Counter[str] = Counter()
    for seed in seeds:
        result = cut(film, folder, seed)
        found["cuts"] += 1
        found["lost"] += result.lost
        found["torn"] += result.torn
        if result.survived is not None:
            assert result.survived <= result.acknowledged + 1, "a transaction that nobody asked for"
    return found


@pytest.fixture(scope="module")
def film(day: Day, fast_folder: Path) -> Film:
    return filmed(day, fast_folder / "film")


def test_the_store_itself_asks_for_full_durability(day: Day) -> None:
    assert "PRAGMA synchronous = 2" in day.pragmas
    assert "PRAGMA journal_mode = wal" in day.pragmas


def test_a_cut_after_the_day_leaves_all_of_it(film: Film, fast_folder: Path) -> None:
    assert len(set(film.states)) == len(film.states), "every transaction changes something, so states tell them apart"
    folder = fast_folder / "after"
    folder.mkdir()
    for seed in range(20):
        assert cut(film, folder, seed, len(film.acts)).survived == len(film.states) - 1


def test_500_power_cuts_lose_nothing_that_was_acknowledged(film: Film, fast_folder: Path) -> None:
    found = _tally(film, fast_folder / "cuts", range(CUTS))
    assert found == {"cuts": CUTS, "lost": 0, "torn": 0}


@pytest.mark.long
def test_10000_power_cuts_lose_nothing_that_was_acknowledged(film: Film, fast_folder: Path) -> None:
    found = _tally(film, fast_folder / "many", range(CUTS, CUTS + MANY_CUTS))
    assert found == {"cuts": MANY_CUTS, "lost": 0, "torn": 0}


def test_the_simulation_catches_a_store_that_does_not_wait_for_the_disk(day: Day, fast_folder: Path) -> None:
    """`NORMAL` keeps the file whole and loses commits, `OFF` breaks the file: a test that cannot tell is no test."""
    normal = _tally(filmed(day, fast_folder / "normal", synchronous="NORMAL"), fast_folder / "n", range(CONTROL_CUTS))
    assert normal["lost"] > CONTROL_CUTS // 5
    assert normal["torn"] == 0
    off = _tally(filmed(day, fast_folder / "off", synchronous="OFF"), fast_folder / "o", range(CONTROL_CUTS))
    assert off["lost"] + off["torn"] > CONTROL_CUTS // 5
    assert off["torn"] > 0

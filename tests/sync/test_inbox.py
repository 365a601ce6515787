"""The inbox and its ways out: after each, both desks and the service agree, and nothing is lost or doubled."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from driveflow_desktop.domain.catalog.tables import RateCardItem, Service
from driveflow_desktop.domain.identity.tables import UserOrg
from driveflow_desktop.domain.identity.values import OrgRole
from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.domain.scheduling.tables import Booking
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.store.log import AUDIT, OUTBOX
from driveflow_desktop.store.unit_of_work import Actor, Receipt
from driveflow_desktop.sync.conflicts import CONFLICTS, OVERWRITTEN
from driveflow_desktop.sync.deciding import Place, accept, apply_again, discard, place_elsewhere, placing
from driveflow_desktop.sync.inbox import Counts, Entry, Named, Way, counts, entry_of, inbox
from tests.helpers.world import START, Desk, Furniture, World
from tests.sync.deciders import with_people

pytestmark = pytest.mark.postgres
HOUR = timedelta(hours=1)


@dataclass
class Two:
    """Jo's and Mia's desks, which have seen the same, and a school to work with."""

    world: World
    jo: Desk
    mia: Desk
    things: Furniture

    def entries(self, *, notices: bool = False, limit: int = 50) -> list[Entry]:
        """Mia's inbox."""
        with self.mia.replica.reader() as connection:
            return list(inbox(connection, self.world.org_id, notices=notices, limit=limit).rows)

    def settle(self) -> None:
        """Everyone syncs; then all agree, and nothing waits anywhere."""
        for _round in range(2):
            for desk in (self.mia, self.jo):
                desk.sync()
        assert self.jo.digest() == self.mia.digest() == self.world.digest()
        assert self.jo.waiting() == self.mia.waiting() == 0
        log = self.world.log()
        assert len({entry.id for entry in log}) == len(log)

    def check_accounts(self) -> None:
        """Every transaction of Mia's is applied, or has its place in the inbox, decided or not; never both."""
        applied = {entry.transaction_id for entry in self.world.log()}
        with self.mia.replica.reader() as connection:
            kept = sa.select(CONFLICTS.c.transaction_id).where(CONFLICTS.c.code != OVERWRITTEN)
            in_inbox = set(connection.execute(kept).scalars())
            acked = OUTBOX.c.acked_seq.is_not(None)
            entries = connection.execute(sa.select(OUTBOX.c.transaction_id, acked.label("acked"))).all()
        for entry in entries:
            # What already was as it wanted is accepted without an entry in the log.
            assert (entry.transaction_id in applied or entry.acked) != (entry.transaction_id in in_inbox)

    def audited(self) -> list[str]:
        """What Mia's audit trail says of conflicts, oldest first."""
        found = sa.select(AUDIT.c.action).where(AUDIT.c.entity_type == "conflicts").order_by(AUDIT.c.id)
        with self.mia.replica.reader() as connection:
            return list(connection.execute(found).scalars())

    def undo(self, receipt: Receipt[int]) -> Receipt[None]:
        inverse = receipt.inverse
        assert inverse is not None
        return self.mia.do(lambda uow: uow.revert(inverse))


@pytest.fixture
def two(world: World) -> Two:
    return two_desks(world)


def two_desks(world: World) -> Two:
    jo, mia = world.desk("jo"), world.desk("mia", OrgRole.ADMIN)
    things = world.furnish(jo)
    with_people(world, (jo, "Jo Hart", OrgRole.OWNER), (mia, "Mia Petrov", OrgRole.ADMIN))
    return Two(world, jo, mia, things)


def book(desk: Desk, values: dict[str, object]) -> UUID:
    def command(uow: object) -> UUID:
        uow.describe("booking.created")  # type: ignore[attr-defined]
        return uow.insert(Booking, values)  # type: ignore[attr-defined]

    return desk.do(command).value


def slot_taken(two: Two) -> tuple[UUID, UUID, Entry]:
    """Jo's booking stands, Mia's does not: (theirs, mine, entry)."""
    theirs = book(two.jo, two.things.booking(two.things.chloe, two.things.dana, 26))
    mine = book(two.mia, two.things.booking(two.things.ethan, two.things.dana, 26.5))
    two.jo.sync()
    two.mia.sync()
    (entry,) = two.entries()
    return theirs, mine, entry


def test_both_versions_stand_side_by_side_with_names_and_authors(two: Two) -> None:
    theirs, mine, entry = slot_taken(two)
    assert (entry.code, entry.topic, entry.is_notice) == ("slot_taken", "booking.created", False)
    assert (entry.mine.name, entry.theirs.name) == ("Mia Petrov", "Jo Hart")
    assert entry.theirs.at is not None
    assert (entry.subject, entry.start) == ("Dana Whitlock", START + 26.5 * HOUR)
    (versions,) = entry.versions
    assert (versions.row_id, versions.other_id) == (mine, theirs)
    fields = {field.column: field for field in versions.fields}
    assert fields["student_id"].mine == Named(two.things.ethan, "Ethan Popescu")
    assert fields["student_id"].theirs == Named(two.things.chloe, "Chloe Dubois")
    assert [field.column for field in versions.fields if field.differs] == ["student_id", "start_at", "end_at"]
    assert entry.ways == frozenset(Way)


def test_discarding_leaves_what_stands_and_can_be_taken_back(two: Two) -> None:
    theirs, mine, entry = slot_taken(two)
    receipt = two.mia.do(lambda uow: discard(uow, entry.transaction_id))
    assert receipt.value == 1
    assert receipt.changes.ids("conflicts") == {entry.transaction_id}
    assert two.entries() == []
    two.settle()
    assert set(two.jo.rows(Booking)) == {theirs}
    redo = two.undo(receipt)
    assert [one.transaction_id for one in two.entries()] == [entry.transaction_id]
    assert redo.inverse is not None
    two.undo(redo)  # type: ignore[arg-type]
    assert two.entries() == []
    assert two.audited() == ["conflict.discarded", "conflict.reopened", "conflict.discarded"]
    assert mine not in two.mia.rows(Booking)


def test_applying_again_is_refused_while_the_slot_is_taken(two: Two) -> None:
    _theirs, mine, entry = slot_taken(two)
    with pytest.raises(UserError) as refused:
        two.mia.do(lambda uow: apply_again(uow, entry.transaction_id))
    assert refused.value.code == "slot_taken"
    assert [one.transaction_id for one in two.entries()] == [entry.transaction_id]
    assert two.audited() == []
    assert mine not in two.mia.rows(Booking)


def test_applying_again_works_once_the_slot_is_free(two: Two) -> None:
    theirs, mine, entry = slot_taken(two)
    two.jo.do(lambda uow: uow.delete(Booking, theirs))
    two.jo.sync()
    two.mia.sync()
    receipt = two.mia.do(lambda uow: apply_again(uow, entry.transaction_id))
    assert receipt.transaction_id != entry.transaction_id
    two.settle()
    assert set(two.jo.rows(Booking)) == {mine}
    assert [one.topic for one in two.world.log() if one.row_id == mine] == ["bookings.insert"]
    two.undo(receipt)
    two.settle()
    assert two.jo.rows(Booking) == {}
    assert [one.transaction_id for one in two.entries()] == [entry.transaction_id]


def test_the_kept_booking_goes_elsewhere_by_the_rules_of_the_diary(two: Two) -> None:
    theirs, mine, entry = slot_taken(two)
    with two.mia.replica.reader() as connection:
        found = placing(connection, two.world.org_id, entry.transaction_id, two.mia.clock.now())
    assert found is not None
    assert (found.booking_id, found.wanted.instructor_id) == (mine, two.things.dana)
    taken = Place(mine, START + 26 * HOUR, START + 27 * HOUR, two.things.dana, override=True)
    with pytest.raises(UserError, match="already has a lesson"):
        two.mia.do(lambda uow: place_elsewhere(uow, entry.transaction_id, [taken]))
    outside = Place(mine, START + 27 * HOUR, START + 28 * HOUR, two.things.ben)
    with pytest.raises(UserError):  # nobody works at that hour: advice, which a person may overrule
        two.mia.do(lambda uow: place_elsewhere(uow, entry.transaction_id, [outside]))
    there = Place(mine, START + 27 * HOUR, START + 28 * HOUR, two.things.ben, override=True)
    receipt = two.mia.do(lambda uow: place_elsewhere(uow, entry.transaction_id, [there]))
    two.settle()
    row = two.jo.row(Booking, mine)
    assert (row["start_at"], row["instructor_id"], row["price_cents"]) == (there.start, two.things.ben, 9500)
    assert "outside_hours" in row["overrides"]
    assert set(two.jo.rows(Booking)) == {theirs, mine}
    assert two.entries() == []
    two.undo(receipt)
    two.settle()
    assert set(two.jo.rows(Booking)) == {theirs}


def moved_twice(two: Two) -> tuple[UUID, Entry]:
    booking = book(two.jo, two.things.booking(two.things.ethan, two.things.ben, 26))
    two.jo.sync()
    two.mia.sync()
    for desk, shift in ((two.jo, HOUR), (two.mia, 2 * HOUR)):
        row = desk.row(Booking, booking)
        times = {"start_at": row["start_at"] + shift, "end_at": row["end_at"] + shift}
        desk.do(lambda uow, times=times: uow.update(Booking, booking, times))
    two.jo.sync()
    two.mia.sync()
    (entry,) = two.entries()
    return booking, entry


def test_a_booking_moved_twice_can_be_moved_again(two: Two) -> None:
    booking, entry = moved_twice(two)
    assert entry.code == "version_conflict"
    (versions,) = entry.versions
    assert [field.column for field in versions.fields if field.differs] == ["start_at", "end_at"]
    assert entry.theirs.name == "Jo Hart"
    two.mia.do(lambda uow: apply_again(uow, entry.transaction_id))
    two.settle()
    assert two.jo.row(Booking, booking)["start_at"] == START + 28 * HOUR
    assert two.entries() == []


def test_what_cannot_stand_alone_goes_with_what_it_needs(two: Two) -> None:
    two.jo.do(lambda uow: uow.insert(Service, {"name": "Night"}))
    mine = two.mia.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    item = {"rate_card_id": two.things.card, "service_id": mine, "price_cents": 12000}
    two.mia.do(lambda uow: uow.insert(RateCardItem, item))
    two.jo.sync()
    two.mia.sync()
    by_code = {entry.code: entry for entry in two.entries()}
    root, follower = by_code["already_exists"], by_code["missing_reference"]
    assert root.followers == (follower.transaction_id,)
    assert (follower.needs, follower.ways) == (root.transaction_id, {Way.DISCARD})
    with pytest.raises(UserError, match="no longer there"):
        two.mia.do(lambda uow: apply_again(uow, follower.transaction_id))
    with pytest.raises(UserError, match="one like this already"):
        two.mia.do(lambda uow: apply_again(uow, root.transaction_id))
    assert two.mia.do(lambda uow: discard(uow, root.transaction_id)).value == 2
    assert two.entries() == []
    two.settle()


def test_followers_are_made_again_with_what_they_need(two: Two) -> None:
    theirs = two.jo.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    mine = two.mia.do(lambda uow: uow.insert(Service, {"name": "Night"})).value
    item = {"rate_card_id": two.things.card, "service_id": mine, "price_cents": 12000}
    priced = two.mia.do(lambda uow: uow.insert(RateCardItem, item)).value
    two.jo.sync()
    two.mia.sync()
    two.jo.do(lambda uow: uow.update(Service, theirs, {"name": "Evening"}))
    two.jo.sync()
    two.mia.sync()
    root = next(entry for entry in two.entries() if entry.code == "already_exists")
    assert two.mia.do(lambda uow: apply_again(uow, root.transaction_id)).value == 2
    two.settle()
    assert two.jo.row(Service, mine)["name"] == "Night"
    assert two.jo.row(RateCardItem, priced)["service_id"] == mine


def overwritten(two: Two) -> Entry:
    """Mia's phone number for Ethan gave way to Jo's later one."""
    two.mia.do(lambda uow: uow.update(Student, two.things.ethan, {"phone": "+61400000001"}))
    two.jo.do(lambda uow: uow.update(Student, two.things.ethan, {"phone": "+61400000002"}))
    two.jo.sync()
    two.mia.sync()
    assert two.entries() == []
    (notice,) = two.entries(notices=True)
    return notice


def test_a_notice_stands_apart_and_is_read(two: Two) -> None:
    notice = overwritten(two)
    assert notice.is_notice
    assert notice.subject == "Ethan Popescu"
    (phone,) = [field for field in notice.versions[0].fields if field.differs]
    assert (phone.column, phone.mine, phone.theirs) == ("phone", "+61400000001", "+61400000002")
    with two.mia.replica.reader() as connection:
        assert counts(connection, two.world.org_id) == Counts(0, 1)
    receipt = two.mia.do(lambda uow: accept(uow, [notice.transaction_id]))
    assert receipt.value == 1
    assert two.entries(notices=True) == []
    two.undo(receipt)
    assert len(two.entries(notices=True)) == 1
    two.settle()


def test_a_replaced_value_can_be_written_again(two: Two) -> None:
    notice = overwritten(two)
    two.mia.do(lambda uow: apply_again(uow, notice.transaction_id))
    two.settle()
    assert two.jo.row(Student, two.things.ethan)["phone"] == "+61400000001"
    assert two.entries(notices=True) == []


def test_an_edit_of_what_is_gone_can_only_be_given_up(two: Two) -> None:
    two.jo.do(lambda uow: uow.delete(Student, two.things.chloe))
    two.mia.do(lambda uow: uow.update(Student, two.things.chloe, {"full_name": "Chloe D."}))
    two.jo.sync()
    two.mia.sync()
    (entry,) = two.entries()
    assert (entry.code, entry.ways) == ("gone", {Way.DISCARD})
    assert not entry.versions[0].has_theirs
    with pytest.raises(UserError, match="no longer there"):
        two.mia.do(lambda uow: apply_again(uow, entry.transaction_id))


def test_deciding_twice_is_refused_and_so_is_a_stranger(two: Two) -> None:
    _theirs, _mine, entry = slot_taken(two)
    nobody = Actor(two.world.org_id, uuid4(), two.mia.member.device_id)
    with pytest.raises(UserError, match="role does not allow"):
        two.mia.replica.execute(lambda uow: discard(uow, entry.transaction_id), nobody)
    teacher = Actor(two.world.org_id, two.jo.member.user_id, two.mia.member.device_id)
    roles = [key for key, row in two.jo.rows(UserOrg).items() if row["user_id"] == two.jo.member.user_id]
    two.mia.do(lambda uow: uow.update(UserOrg, roles[0], {"role": OrgRole.INSTRUCTOR}))
    with pytest.raises(UserError, match="someone else's change"):
        two.mia.replica.execute(lambda uow: discard(uow, entry.transaction_id), teacher)
    two.mia.do(lambda uow: discard(uow, entry.transaction_id))
    for way in (discard, apply_again):
        with pytest.raises(UserError, match="decided already"):
            two.mia.do(lambda uow, way=way: way(uow, entry.transaction_id))
    with two.mia.replica.reader() as connection:
        assert entry_of(connection, two.world.org_id, entry.transaction_id) is None


def test_the_inbox_is_read_in_pages(two: Two) -> None:
    for number in range(5):
        day = 24 * (number + 1)
        book(two.jo, two.things.booking(two.things.chloe, two.things.dana, day))
        book(two.mia, two.things.booking(two.things.ethan, two.things.dana, day))
    two.jo.sync()
    two.mia.sync()
    whole = [entry.transaction_id for entry in two.entries()]
    assert len(whole) == 5
    found: list[UUID] = []
    key = None
    with two.mia.replica.reader() as connection:
        while True:
            page = inbox(connection, two.world.org_id, after=key, limit=2)
            found += [entry.transaction_id for entry in page.rows]
            key = page.next_key
            if key is None:
                break
    assert found == whole


_ACTS = st.lists(
    st.tuples(st.sampled_from(["book", "move", "phone", "rename"]), st.integers(0, 1), st.integers(0, 5)),
    min_size=2,
    max_size=8,
)
_WAYS = st.lists(st.sampled_from(["discard", "again", "place", "undo"]), min_size=6, max_size=6)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(acts=_ACTS, ways=_WAYS, number=st.integers(0, 2**64))
def test_whatever_is_decided_all_agree_and_nothing_stands_twice(
    service_url: str,
    tmp_path_factory: pytest.TempPathFactory,
    acts: list[tuple[str, int, int]],
    ways: list[str],
    number: int,
) -> None:
    world = World(service_url, tmp_path_factory.mktemp("inbox"), seed=number)
    try:
        two = two_desks(world)
        first = book(two.jo, two.things.booking(two.things.ethan, two.things.ben, 20))
        two.settle()
        made = [first]
        for act, who, what in acts:
            with contextlib.suppress(UserError):
                _act(two, made, act, who, what)
        two.jo.sync()
        two.mia.sync()
        for way in ways:
            waiting = two.entries() + two.entries(notices=True)
            if not waiting:
                break
            with contextlib.suppress(UserError):
                _decide(two, way, waiting[0])
        two.settle()
        two.check_accounts()
    finally:
        world.close()


def _act(two: Two, made: list[UUID], act: str, who: int, what: int) -> None:
    desk = (two.jo, two.mia)[who]
    if act == "book":
        student = (two.things.ethan, two.things.chloe)[what % 2]
        made.append(book(desk, two.things.booking(student, two.things.ben, 26 + what / 2)))
    elif act == "move":
        start = START + (22 + what) * HOUR
        desk.do(lambda uow: uow.update(Booking, made[0], {"start_at": start, "end_at": start + HOUR}))
    elif act == "phone":
        desk.do(lambda uow: uow.update(Student, two.things.chloe, {"phone": f"+6140000000{what}{who}"}))
    else:
        desk.do(lambda uow: uow.insert(Service, {"name": f"Night {what}"}))


def _decide(two: Two, way: str, entry: Entry) -> None:
    if way == "discard":
        two.mia.do(lambda uow: discard(uow, entry.transaction_id))
    elif way == "again":
        two.mia.do(lambda uow: apply_again(uow, entry.transaction_id))
    elif way == "place":
        row = entry.versions[0].row_id
        there = Place(row, START + 40 * HOUR, START + 41 * HOUR, two.things.dana, override=True)
        two.mia.do(lambda uow: place_elsewhere(uow, entry.transaction_id, [there]))
    else:
        two.undo(two.mia.do(lambda uow: discard(uow, entry.transaction_id)))

"""Each check of a demo school sees a school that breaks its rule."""

import contextlib
import shutil
from pathlib import Path

import pytest

from driveflow_desktop.store.cipher import PUBLIC_DEMO_KEY
from driveflow_desktop.store.files import ReplicaFiles
from driveflow_desktop.store.replica import DOOR_SYNC, connect
from tests.demo import checks
from tests.demo.conftest import Made

A_BOOKING = "(SELECT id FROM bookings WHERE status = 'completed' ORDER BY id LIMIT 1)"
A_PAYMENT = "(SELECT id FROM payments WHERE booking_id IS NOT NULL AND status = 'succeeded' ORDER BY id LIMIT 1)"
MINUTE = 60_000_000
LAST = "(SELECT id FROM bookings ORDER BY id DESC LIMIT 1)"
SAME_TEACHER = f"instructor_id = (SELECT instructor_id FROM bookings WHERE id = {LAST})"
TAKEN = f"SELECT start_at FROM bookings WHERE status = 'completed' AND {SAME_TEACHER} ORDER BY id LIMIT 1"
DOUBLE = f"UPDATE bookings SET status = 'completed', start_at = ({TAKEN}) WHERE id = {LAST}"
DEARER = "UPDATE bookings SET price_cents = price_cents + 1, platform_fee_cents = platform_fee_cents + 1"
EARLIER = f"UPDATE bookings SET start_at = start_at - {600 * MINUTE}, end_at = end_at - {600 * MINUTE}"
CANCELLED = "SELECT p.id FROM payments p JOIN bookings b ON b.id = p.booking_id WHERE b.status = 'cancelled'"
LESS = "UPDATE refunds SET amount_cents = amount_cents - 1, platform_fee_cents = platform_fee_cents - 1"
BROKEN = [
    (checks.overlaps, DOUBLE),
    (checks.references, f"UPDATE bookings SET student_id = randomblob(16) WHERE id = {A_BOOKING}"),
    (checks.prices, f"{DEARER} WHERE id = {A_BOOKING}"),
    (checks.diaries, f"{EARLIER} WHERE id = {A_BOOKING}"),
    (checks.states, f"UPDATE bookings SET status = 'confirmed' WHERE id = {A_BOOKING}"),
    (checks.payments, f"UPDATE payments SET rounding_cents = 1 WHERE id = {A_PAYMENT}"),
    (checks.refunds, f"{LESS} WHERE payment_id IN ({CANCELLED})"),
    (checks.payouts, "UPDATE payouts SET amount_cents = amount_cents + 1"),
    (checks.packs, "UPDATE package_uses SET minutes = 601"),
    (checks.people, "UPDATE students SET phone = '0412 555 018'"),
]


@pytest.mark.parametrize(("check", "damage"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_sees_what_is_broken(small: Made, tmp_path: Path, check: checks.Check, damage: str) -> None:
    shutil.copytree(small.folder, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.lock", "*.holder*"))
    broken = Made(tmp_path, small.demo)
    with contextlib.closing(connect(ReplicaFiles(tmp_path).database, PUBLIC_DEMO_KEY)) as connection:
        connection.create_function("driveflow_door", 0, lambda: DOOR_SYNC)
        connection.execute("PRAGMA foreign_keys = OFF")
        assert connection.execute(damage).rowcount > 0
    with broken.reading() as reader:
        assert next(check(reader, small.demo), None) is not None


def test_the_balance_is_asked_of_every_cent(small: Made) -> None:
    with small.reading() as connection:
        assert list(checks.balance(connection, small.demo)) == []
        came = sum(row.amount_cents for row in checks.all_rows(connection, checks.Payment))
        assert came > 1_000_000

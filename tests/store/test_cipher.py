"""Where replica keys come from, and that a key can be tried on a file without SQLite."""

import json
import secrets
from pathlib import Path
from uuid import uuid4

import pytest

from driveflow_desktop.kernel.errors import Bug, UserError
from driveflow_desktop.store.cipher import (
    KEY_VARIABLE,
    PAGE_BYTES,
    PUBLIC_DEMO_KEY,
    Argon2Cost,
    DemoKeys,
    EnvironmentKeys,
    PassphraseKeys,
    key_fits,
    random_key,
)
from driveflow_desktop.store.replica import ReplicaKey
from tests.helpers.desk import Desk

QUICK = Argon2Cost(time_cost=1, memory_kib=64, lanes=1)
WORDS = "correct horse battery"


def code_of(act: object, *arguments: object) -> str:
    assert callable(act)
    with pytest.raises(UserError) as refused:
        act(*arguments)
    return refused.value.code


def test_the_demos_key_is_one_public_constant() -> None:
    assert DemoKeys().create(uuid4()) == DemoKeys().load(uuid4()) == PUBLIC_DEMO_KEY
    assert "public" in DemoKeys().description


def test_a_key_may_come_from_the_environment() -> None:
    given = secrets.token_hex(32)
    keys = EnvironmentKeys({KEY_VARIABLE: given})
    assert keys.create(uuid4()) == keys.load(uuid4()) == ReplicaKey(bytes.fromhex(given))


@pytest.mark.parametrize(
    ("given", "code"),
    [("", "key_missing"), ("ab", "invalid_key"), ("x" * 64, "invalid_key"), ("ab " * 32, "invalid_key")],
)
def test_the_environment_must_hold_a_key(given: str, code: str) -> None:
    assert code_of(EnvironmentKeys({KEY_VARIABLE: given}).load, uuid4()) == code
    assert code_of(EnvironmentKeys({}).load, uuid4()) == "key_missing"


def test_keys_have_32_bytes() -> None:
    assert len({random_key().raw for _ in range(50)}) == 50
    with pytest.raises(Bug):
        ReplicaKey(b"short")


def test_a_passphrase_makes_the_same_key_again_and_is_kept_nowhere(tmp_path: Path) -> None:
    side, replica_id = tmp_path / "replica.kdf.json", uuid4()
    key = PassphraseKeys(side, lambda: WORDS, QUICK).create(replica_id)
    assert PassphraseKeys(side, lambda: WORDS).load(replica_id) == key, "the cost comes from the side file"
    assert PassphraseKeys(side, lambda: WORDS + "!").load(replica_id) != key
    content = side.read_text("utf-8")
    assert WORDS not in content
    assert key.raw.hex() not in content
    assert PassphraseKeys(tmp_path / "other", lambda: WORDS, QUICK).create(replica_id) != key, "salted"


def test_composed_and_decomposed_accents_are_one_passphrase(tmp_path: Path) -> None:
    side, replica_id = tmp_path / "kdf", uuid4()
    key = PassphraseKeys(side, lambda: "caf\u00e9 caf\u00e9 caf\u00e9", QUICK).create(replica_id)
    assert PassphraseKeys(side, lambda: "cafe\u0301 cafe\u0301 cafe\u0301").load(replica_id) == key


def test_the_default_cost_is_what_rfc_9106_recommends(tmp_path: Path) -> None:
    side = tmp_path / "kdf"
    PassphraseKeys(side, lambda: WORDS).create(uuid4())
    note = json.loads(side.read_bytes())
    assert (note["time_cost"], note["memory_kib"], note["lanes"], note["kdf"]) == (3, 65536, 4, "argon2id")


def test_a_short_passphrase_and_a_second_one_are_refused(tmp_path: Path) -> None:
    side = tmp_path / "kdf"
    assert code_of(PassphraseKeys(side, lambda: "short", QUICK).create, uuid4()) == "invalid"
    assert not side.exists()
    keys = PassphraseKeys(side, lambda: WORDS, QUICK)
    keys.create(uuid4())
    content = side.read_bytes()
    assert code_of(keys.create, uuid4()) == "exists"
    assert side.read_bytes() == content


@pytest.mark.parametrize(
    "change",
    [
        {"salt": "00"},
        {"salt": "zz"},
        {"time_cost": 0},
        {"memory_kib": 2**40},
        {"lanes": 10_000},
        {"kdf": "md5"},
        {"replica_id": str(uuid4())},
        None,
    ],
)
def test_a_damaged_or_hostile_side_file_is_refused_before_any_work(tmp_path: Path, change: dict[str, object]) -> None:
    side, replica_id = tmp_path / "kdf", uuid4()
    keys = PassphraseKeys(side, lambda: WORDS, QUICK)
    keys.create(replica_id)
    note = json.loads(side.read_bytes())
    side.write_text(json.dumps(note | change) if change else "{", "utf-8")
    asked = PassphraseKeys(side, lambda: pytest.fail("nobody is asked"))
    assert code_of(asked.load, replica_id) == "key_missing"


def test_forgetting_removes_the_salt(tmp_path: Path) -> None:
    side, replica_id = tmp_path / "kdf", uuid4()
    keys = PassphraseKeys(side, lambda: WORDS, QUICK)
    keys.create(replica_id)
    keys.forget(replica_id)
    keys.forget(replica_id)
    assert code_of(keys.load, replica_id) == "key_missing"


def _fits(content: bytes, path: Path, key: ReplicaKey) -> bool:
    path.write_bytes(content)
    with path.open("rb") as file:
        return key_fits(file, len(content), key)


def test_only_its_own_key_fits_a_file(desk: Desk, tmp_path: Path) -> None:
    desk.replica.close()
    content, path = desk.files.database.read_bytes(), tmp_path / "copy"
    assert _fits(content, path, PUBLIC_DEMO_KEY)
    assert not _fits(content, path, random_key())
    assert not _fits(secrets.token_bytes(3 * PAGE_BYTES), path, PUBLIC_DEMO_KEY)
    assert not _fits(b"", path, PUBLIC_DEMO_KEY)


def test_a_torn_first_page_does_not_make_the_key_wrong(desk: Desk, tmp_path: Path) -> None:
    desk.replica.close()
    torn = bytearray(desk.files.database.read_bytes())
    torn[512:1024] = secrets.token_bytes(512)
    assert _fits(bytes(torn), tmp_path / "copy", PUBLIC_DEMO_KEY)

"""Access tokens that are not ours, not yet or no longer good; keys that several processes agree on."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import jwt
import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.auth.tokens import KEY_VARIABLE, LIFE, Identity, Key, TokenSigner, load_signer
from driveflow_desktop.service.database import auth_transaction, make_engine
from tests.conftest import NOW

KEY = Key(Ed25519PrivateKey.generate())
SIGNER = TokenSigner([KEY])
WHO = Identity(uuid4(), uuid4())


def claims(**changed: object) -> dict[str, object]:
    issued = int(NOW.timestamp())
    good = {"iss": "driveflow", "aud": "driveflow-service", "sub": str(WHO.user_id), "dev": str(WHO.device_id)}
    return {**good, "iat": issued, "nbf": issued, "exp": issued + 900, **changed}


def signed(words: dict[str, object], key: Ed25519PrivateKey = KEY.private, kid: str | None = KEY.kid) -> str:
    return jwt.encode(words, key, "EdDSA", headers={} if kid is None else {"kid": kid})


def refusal(token: str, signer: TokenSigner = SIGNER, *, later: timedelta = timedelta()) -> str:
    with pytest.raises(UserError) as refused:
        signer.read(token, NOW + later)
    return refused.value.code


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_token_says_who_and_where_for_15_minutes():
    token = SIGNER.mint(WHO.user_id, WHO.device_id, NOW)
    assert SIGNER.read(token, NOW) == WHO
    assert SIGNER.read(token, NOW + LIFE - timedelta(seconds=1)) == WHO
    assert refusal(token, later=LIFE) == "token_expired"
    assert SIGNER.read(signed(claims()), NOW) == WHO, "the forgeries below differ from a good one in one thing only"


@pytest.mark.parametrize(
    "words",
    [
        claims(aud="another"),
        claims(aud=["another"]),
        claims(iss="another"),
        claims(sub="root"),
        claims(sub=None),
        claims(dev=7),
        claims(nbf=int(NOW.timestamp()) + 120),
        claims(iat=int(NOW.timestamp()) + 120, exp=int(NOW.timestamp()) + 900),
        claims(exp=int(NOW.timestamp()) + 10**6),
        claims(exp=10**40),
        claims(exp="tomorrow"),
        *({name: value for name, value in claims().items() if name != missing} for missing in claims()),
    ],
)
def test_words_that_are_not_ours_are_refused_though_our_key_signed_them(words):
    assert refusal(signed(words)) == "unauthorised"


def test_forged_signatures_are_refused():
    public = KEY.private.public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    good_header, body, signature = signed(claims()).split(".")
    unsigned = f"{part({'alg': 'none', 'kid': KEY.kid})}.{part(claims())}."
    import hashlib
    import hmac

    words = f"{part({'alg': 'HS256', 'kid': KEY.kid})}.{part(claims())}"
    by_hmac = [
        f"{words}.{base64.urlsafe_b64encode(hmac.digest(secret, words.encode(), hashlib.sha256)).rstrip(b'=').decode()}"
        for secret in (pem, public.public_bytes_raw())
    ]
    other = Ed25519PrivateKey.generate()
    moved = f"{good_header}.{part(claims(sub=str(uuid4())))}.{signature}"
    forged = [unsigned, *by_hmac, signed(claims(), other), signed(claims(), other, Key(other).kid)]
    forged += [signed(claims(), kid=None), moved, f"{good_header}.{body}.", "", "a.b.c", "é", "x" * 100_000]
    assert {refusal(token) for token in forged} == {"unauthorised"}


def test_a_retired_key_verifies_until_its_tokens_have_ended():
    old, new = Key(KEY.private, retired_at=NOW + timedelta(minutes=1)), Key(Ed25519PrivateKey.generate())
    signer = TokenSigner([new, old])
    token = SIGNER.mint(WHO.user_id, WHO.device_id, NOW)
    assert signer.read(token, NOW + timedelta(minutes=10)) == WHO
    late = SIGNER.mint(WHO.user_id, WHO.device_id, NOW + timedelta(minutes=20))
    assert refusal(late, signer, later=timedelta(minutes=21)) == "unauthorised"
    assert refusal(signer.mint(WHO.user_id, WHO.device_id, NOW)) == "unauthorised", "the new key's, to those before it"


@pytest.mark.postgres
class TestStoredKeys:
    @pytest.fixture
    def engine(self, service_url):
        engine = make_engine(service_url)
        yield engine
        with auth_transaction(engine) as connection:
            connection.exec_driver_sql("UPDATE signing_keys SET retired_at = '2020-01-01'")
        engine.dispose()

    def test_processes_that_start_together_agree(self, engine):
        with ThreadPoolExecutor(4) as pool:
            signers = list(pool.map(lambda _: load_signer(engine, {}, NOW), range(4)))
        token = signers[0].mint(WHO.user_id, WHO.device_id, NOW)
        assert [signer.read(token, NOW) for signer in signers] == [WHO] * 4

    def test_a_key_of_the_environment_takes_over(self, engine):
        before = load_signer(engine, {}, NOW)
        old = before.mint(WHO.user_id, WHO.device_id, NOW)
        given = Key(Ed25519PrivateKey.generate())
        after = load_signer(engine, {KEY_VARIABLE: given.pem.replace("\n", "\\n")}, NOW)
        assert after.read(old, NOW) == WHO
        assert TokenSigner([given]).read(after.mint(WHO.user_id, WHO.device_id, NOW), NOW) == WHO
        much_later = load_signer(engine, {KEY_VARIABLE: given.pem}, NOW + LIFE)
        assert refusal(old, much_later) == "unauthorised"

    @pytest.mark.parametrize("text", ["nonsense", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
    def test_a_key_that_is_none_is_refused(self, engine, text):
        with pytest.raises(UserError, match="Ed25519"):
            load_signer(engine, {KEY_VARIABLE: text}, NOW)

    @pytest.mark.parametrize("secret", ["SELECT * FROM signing_keys", "SELECT password_hash FROM users"])
    def test_the_app_role_reads_no_secrets(self, engine, secret):
        load_signer(engine, {}, NOW)
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET LOCAL ROLE driveflow_app")
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.exec_driver_sql(secret)

    def test_the_app_role_reads_no_refresh_tokens(self, engine):
        with engine.connect() as connection, connection.begin():
            connection.exec_driver_sql("SET LOCAL ROLE driveflow_app")
            with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
                connection.exec_driver_sql("SELECT * FROM refresh_tokens")

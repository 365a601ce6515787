"""The transport against a real socket: every bad answer becomes one kind of trouble, and none a large memory."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest
import zstandard

from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.sync import transport
from driveflow_desktop.sync.outcomes import Answer, Failure, Trouble
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse, WireTransaction
from driveflow_desktop.sync.service_port import Interrupted
from driveflow_desktop.sync.session_protocol import Problem
from driveflow_desktop.sync.transport import Caller, HttpService

ORG = UUID(int=1)
EPOCH = "0d1f5c0a-0000-4000-8000-000000000001"
PAGE = msgspec.json.encode(ChangesPage((), 5, 5, "all"))
PACKED = zstandard.ZstdCompressor().compress(PAGE)
OURS = {"X-DriveFlow-Schema": "0002", "X-DriveFlow-Epoch": EPOCH, "Content-Type": "application/json"}


class Host:
    """A host on the loopback that answers every connection with prepared bytes, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.asked: list[bytes] = []
        self.hold = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(_read_request(connection))
                if not self.answers:
                    self.hold.wait(10)
                    continue
                connection.sendall(self.answers.pop(0))

    def close(self) -> None:
        self.hold.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


def _read_request(connection: socket.socket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found:
        found += connection.recv(65536)
    head, _blank, body = found.partition(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@pytest.fixture
def host() -> Iterator[Host]:
    made = Host()
    yield made
    made.close()


@pytest.fixture
def service(host: Host) -> Iterator[HttpService]:
    made = HttpService(host.url, Caller("0002", "0.1", lambda: EPOCH), ORG)
    yield made
    made.close()


def http(body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, length: int | None = None) -> bytes:
    named = {**(OURS if headers is None else headers), "Content-Length": str(len(body) if length is None else length)}
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in named.items()), "Connection: close"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def problem(code: str, status: int, headers: dict[str, str] | None = None) -> bytes:
    body = msgspec.json.encode(Problem("about:blank", code, status, code, "Words."))
    return http(body, status, {**OURS, **(headers or {})})


def pull(service: HttpService) -> Answer[ChangesPage] | Failure:
    return service.pull("token", 5, 100, None)


def test_a_page_comes_plain_and_compressed(host: Host, service: HttpService):
    host.answers = [http(PAGE), http(PACKED, headers={**OURS, "Content-Encoding": "zstd"})]
    for _answer in range(2):
        found = pull(service)
        assert isinstance(found, Answer)
        assert (found.value.next, found.epoch) == (5, EPOCH)
    assert b"authorization: bearer token" in host.asked[0].lower()
    assert b"x-driveflow-schema: 0002" in host.asked[0].lower()
    assert b"x-request-id: " in host.asked[0].lower()


def test_a_large_push_goes_compressed(host: Host, service: HttpService):
    host.answers = [http(msgspec.json.encode(PushResponse((), 5)))]
    now = datetime(2026, 11, 24, tzinfo=UTC)
    many = tuple(WireTransaction(UUID(int=number), "0002", now, None, ()) for number in range(100))
    request = PushRequest(UUID(int=2), now, many)
    assert isinstance(service.push("token", request), Answer)
    head, _blank, body = host.asked[0].partition(b"\r\n\r\n")
    assert b"content-encoding: zstd" in head.lower()
    assert msgspec.json.decode(zstandard.ZstdDecompressor().decompress(body), type=PushRequest) == request


SIGN_IN_PAGE = b"<html><body>Welcome to the hotel</body></html>"
HTML = {"Content-Type": "text/html"}


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (http(SIGN_IN_PAGE, 200, HTML), Trouble.NOT_THE_SERVICE),
        (http(SIGN_IN_PAGE, 511, HTML), Trouble.NOT_THE_SERVICE),
        (http(PAGE, 200, {"Content-Type": "application/json"}), Trouble.NOT_THE_SERVICE),
        (http(b"", 302, {"Location": "http://example.org/"}), Trouble.NOT_THE_SERVICE),
        (http(b"", 302, {**OURS, "Location": "http://example.org/"}), Trouble.SERVICE),
        (http(b"Bad gateway", 502, HTML), Trouble.UNREACHABLE),
        (http(b"{}"), Trouble.SERVICE),
        (http(b'{"next": 1'), Trouble.SERVICE),
        (http(b"[" * 100_000), Trouble.SERVICE),
        (http(b"\xff\xfe"), Trouble.SERVICE),
        (http(PAGE, length=len(PAGE) + 10), Trouble.UNREACHABLE),
        (http(PACKED[:-5], headers={**OURS, "Content-Encoding": "zstd"}), Trouble.SERVICE),
        (http(PAGE, headers={**OURS, "Content-Encoding": "zstd"}), Trouble.SERVICE),
        (http(PAGE, headers={**OURS, "Content-Encoding": "br"}), Trouble.SERVICE),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Trouble.UNREACHABLE),
        (b"", Trouble.UNREACHABLE),
        (problem("token_expired", 401), Trouble.EXPIRED),
        (problem("token_reused", 401), Trouble.SIGNED_OUT),
        (problem("device_revoked", 401), Trouble.REVOKED),
        (problem("epoch_changed", 409), Trouble.EPOCH),
        (problem("cursor_expired", 410), Trouble.BEHIND),
        (problem("too_large", 413), Trouble.TOO_LARGE),
        (http(b"too large", 413, HTML), Trouble.TOO_LARGE),
        (problem("upgrade_required", 426), Trouble.UPGRADE),
        (problem("too_many_requests", 429), Trouble.PAUSE),
        (problem("internal", 500), Trouble.SERVICE),
        (problem("unavailable", 503), Trouble.UNREACHABLE),
        (problem("forbidden", 403), Trouble.REFUSED),
        (problem("something_new", 422), Trouble.REFUSED),
    ],
)  # fmt: skip
def test_every_bad_answer_is_one_kind_of_trouble(host: Host, service: HttpService, answer: bytes, trouble: Trouble):
    host.answers = [answer]
    found = pull(service)
    assert isinstance(found, Failure)
    assert found.trouble is trouble


@pytest.mark.parametrize("headers", [{"X-DriveFlow-Epoch": "another"}, {"X-DriveFlow-Epoch": ""}])
def test_only_the_known_service_can_lock_this_device(host: Host, service: HttpService, headers: dict[str, str]):
    host.answers = [problem("device_revoked", 401, headers)]
    found = pull(service)
    assert isinstance(found, Failure)
    assert found.trouble is Trouble.NOT_THE_SERVICE


def test_retry_after_is_heard(host: Host, service: HttpService):
    host.answers = [problem("too_many_requests", 429, {"Retry-After": "17"})]
    found = pull(service)
    assert isinstance(found, Failure)
    assert found.retry_after == 17.0


def test_a_bomb_is_given_up_at_the_limit(host: Host, service: HttpService, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(transport, "MAX_ANSWER", 1024 * 1024)
    bomb = zstandard.ZstdCompressor().compress(b"0" * (200 * 1024 * 1024))
    host.answers = [http(bomb, headers={**OURS, "Content-Encoding": "zstd"})]
    found = pull(service)
    assert isinstance(found, Failure)
    assert found.trouble is Trouble.SERVICE


def test_a_hanging_host_is_cut_at_once_by_another_thread(host: Host, service: HttpService):
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(pull(service)))
    thread.start()
    while not host.asked:
        thread.join(0.01)
    service.abort()
    thread.join(5)
    assert not thread.is_alive()
    assert isinstance(found[0], Failure)


def test_nobody_there_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    service = HttpService(f"http://127.0.0.1:{port}", Caller("0002", "0.1"), ORG)
    found = pull(service)
    service.close()
    assert isinstance(found, Failure)
    assert found.trouble is Trouble.UNREACHABLE
    assert found.error is not None


@pytest.mark.parametrize("url", ["", "ftp://x", "https://", "http://user:secret@host", "https://host?x=1", "not a url"])
def test_what_is_no_address_is_refused(url: str):
    with pytest.raises(UserError):
        HttpService(url, Caller("0002", "0.1"))


def test_the_stream_says_heads_and_ends(host: Host, service: HttpService):
    host.answers = [http(b': hello\n\nevent: head\ndata: {"head": 7}\n\nevent: head\ndata: {"head": 9}\n\n')]
    heads: list[int] = []
    assert service.listen("token", heads.append) is None
    assert heads == [7, 9]


def test_a_stream_of_nonsense_is_trouble(host: Host, service: HttpService):
    host.answers = [http(b"data: {}\n\n"), problem("token_expired", 401)]
    for trouble in (Trouble.SERVICE, Trouble.EXPIRED):
        found = service.listen("token", lambda _head: None)
        assert found is not None
        assert found.trouble is trouble


@contextmanager
def snapshot(service: HttpService) -> Iterator[list[bytes]]:
    with service.snapshot("token", None) as answer:
        assert not isinstance(answer, Failure)
        assert answer.epoch == EPOCH
        found: list[bytes] = []
        yield found
        found += answer


def test_a_snapshot_comes_line_by_line_and_drops_a_torn_one(host: Host, service: HttpService):
    host.answers = [http(b'{"head": 1}\n{"table": "orgs"}\n{"tab')]
    with snapshot(service) as lines:
        pass
    assert lines == [b'{"head": 1}', b'{"table": "orgs"}']


def test_a_cut_snapshot_gives_what_came_and_then_says_so(host: Host, service: HttpService):
    host.answers = [http(b"one\ntwo\nthr", length=1000)]
    with service.snapshot("token", None) as answer:
        assert not isinstance(answer, Failure)
        came: list[bytes] = []
        with pytest.raises(Interrupted) as cut:
            came.extend(answer)
    assert cut.value.failure.trouble is Trouble.UNREACHABLE

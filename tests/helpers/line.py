"""The line between a simulated PC and the in-process service: the port of the engine's worker, with faults to order."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar, cast
from uuid import UUID

import msgspec
import sqlalchemy as sa

from driveflow_desktop.domain.tables import synced_tables
from driveflow_desktop.kernel.errors import UserError
from driveflow_desktop.service.answers import STATUS_OF
from driveflow_desktop.service.database import school_transaction
from driveflow_desktop.service.journal import HEADS
from driveflow_desktop.service.members import Member
from driveflow_desktop.service.scope import ScopeReader, may_see
from driveflow_desktop.store.migrate import SCHEMA_REVISION
from driveflow_desktop.store.rows import codec
from driveflow_desktop.store.types import Json, dump_json
from driveflow_desktop.sync.outcomes import Answer, Failure, Trouble
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse
from driveflow_desktop.sync.refusals import failure_of, unreachable
from driveflow_desktop.sync.service_port import Interrupted
from driveflow_desktop.sync.session_protocol import MemberRow, MembersAnswer, Problem, RefreshAnswer, RefreshRequest
from driveflow_desktop.sync.snapshot_protocol import (
    DigestAnswer,
    SnapshotBatch,
    SnapshotEnd,
    SnapshotHeader,
    TableDigest,
)
from driveflow_desktop.sync.unpacking import lines
from tests.helpers.world import World, read_all

T = TypeVar("T")
BATCH = 3


@dataclass
class Faults:
    """What the line does to requests; probabilities, and a partition that lasts."""

    random: Random = field(default_factory=lambda: Random(0))
    lose_request: float = 0.0
    lose_answer: float = 0.0
    repeat: float = 0.0
    refuse: float = 0.0
    """Someone else answers, the service fails, or asks for a pause."""
    cut: float = 0.0
    no_way_out: bool = False
    no_way_in: bool = False

    def heal(self) -> None:
        """No faults any more."""
        self.lose_request = self.lose_answer = self.repeat = self.refuse = self.cut = 0.0
        self.no_way_out = self.no_way_in = False

    def hits(self, chance: float) -> bool:
        return self.random.random() < chance


class Killed(BaseException):
    """The PC went off between the service's commit and its own."""


class Line:
    """The service as one desk reaches it."""

    def __init__(self, world: World, member: Member, faults: Faults | None = None) -> None:
        self.world = world
        self.member = member
        self.faults = faults or Faults()
        self.calls: list[str] = []
        self.people: list[MemberRow] = []
        self.cut_snapshots_at: list[int] = []
        """Bytes after which the next snapshots are cut, one for each."""
        self.mangle: Callable[[bytes], bytes] = lambda body: body
        self.replays: list[UUID] = []
        self.kill_next = False

    # -- the port -----------------------------------------------------------------------------------------------

    def push(self, token: str, request: PushRequest) -> Answer[PushResponse] | Failure:
        self.replays += [transaction.id for transaction in request.transactions if transaction.replay]
        return self._call("push", lambda: self.world.serve_push(self.member, request))

    def pull(self, token: str, since: int, limit: int, last: UUID | None) -> Answer[ChangesPage] | Failure:
        return self._call("pull", lambda: self.world.serve_pull(self.member, since, limit))

    def digest(self, token: str, at: int) -> Answer[DigestAnswer] | Failure:
        def serve() -> DigestAnswer:
            head, tables = self._state()
            if head != at:
                raise UserError("not_current", "That is not the head.")
            return DigestAnswer(head, {name: fold(rows) for name, rows in tables.items()})

        return self._call("digest", serve)

    def members(self, token: str) -> Answer[MembersAnswer] | Failure:
        return self._call("members", lambda: MembersAnswer(tuple(self.people)))

    def refresh(self, request: RefreshRequest) -> Answer[RefreshAnswer] | Failure:
        return self._call("refresh", lambda: RefreshAnswer("access", 900, "refresh"))

    @contextlib.contextmanager
    def snapshot(self, token: str, after: str | None) -> Iterator["_Lines | Failure"]:
        self.calls.append(f"snapshot {after}")
        failure = self._trouble_out()
        if failure is not None or self.faults.no_way_in:
            yield failure or unreachable()
            return
        body = self.mangle(self.snapshot_body(after))
        if self.cut_snapshots_at:
            body = body[: self.cut_snapshots_at.pop(0)]
        elif self.faults.hits(self.faults.cut):
            body = body[: self.faults.random.randrange(len(body))]
        yield _Lines(body, self.epoch())

    def abort(self) -> None:
        """Nothing is ever under way here."""

    # -- the service --------------------------------------------------------------------------------------------

    def epoch(self) -> str:
        with school_transaction(self.world.engine, self.world.org_id, read_only=True) as connection:
            where = HEADS.c.org_id == self.world.org_id
            return str(connection.execute(sa.select(HEADS.c.epoch).where(where)).scalar_one())

    def snapshot_body(self, after: str | None = None) -> bytes:
        """A whole snapshot as NDJSON."""
        head, tables = self._state()
        counts = {name: len(rows) for name, rows in tables.items()}
        header = SnapshotHeader(head, SCHEMA_REVISION, UUID(self.epoch()), self.member.scope, counts)
        found = [msgspec.json.encode(header)]
        passed = after is None
        after_table, _colon, after_id = (after or "").partition(":")
        count = 0
        for name, rows in tables.items():
            if not passed and name != after_table:
                continue
            ordered = sorted(rows, key=lambda row: str(row["id"]))
            if not passed:
                ordered = [row for row in ordered if str(row["id"]) > after_id]
                passed = True
            for start in range(0, len(ordered), BATCH):
                part = ordered[start : start + BATCH]
                columns = tuple(part[0])
                batch = SnapshotBatch(name, columns, [[row[column] for column in columns] for row in part])
                found.append(msgspec.json.encode(batch))
                count += len(part)
        found.append(msgspec.json.encode(SnapshotEnd(True, count)))
        return b"\n".join(found) + b"\n"

    def _state(self) -> tuple[int, dict[str, list[dict[str, Json]]]]:
        """The head, and the rows in the member's scope in wire form, by table."""
        with school_transaction(self.world.engine, self.world.org_id, read_only=True) as connection:
            where = HEADS.c.org_id == self.world.org_id
            head = connection.execute(sa.select(HEADS.c.head_seq).where(where)).scalar_one()
            scope = ScopeReader(connection, self.world.org_id)
            found: dict[str, list[dict[str, Json]]] = {}
            for table in synced_tables():
                rows = read_all(connection, table).values()
                found[str(table.name)] = [
                    codec(table).to_wire(row)
                    for row in rows
                    if self.member.sees_all or may_see(scope.audience(str(table.name), row), self.member.instructor_id)
                ]
        return head, found

    # -- faults -------------------------------------------------------------------------------------------------

    def _call(self, name: str, serve: Callable[[], T]) -> Answer[T] | Failure:
        self.calls.append(name)
        failure = self._trouble_out()
        if failure is not None:
            return failure
        answer = self._serve(serve)
        if self.faults.hits(self.faults.repeat):
            answer = self._serve(serve)
        if self.kill_next:
            self.kill_next = False
            raise Killed
        if self.faults.no_way_in or self.faults.hits(self.faults.lose_answer):
            return unreachable()
        return answer

    def _trouble_out(self) -> Failure | None:
        if self.faults.no_way_out or self.faults.hits(self.faults.lose_request):
            return unreachable()
        if self.faults.hits(self.faults.refuse):
            troubles = [Trouble.NOT_THE_SERVICE, Trouble.SERVICE, Trouble.PAUSE, Trouble.EXPIRED]
            return Failure(self.faults.random.choice(troubles), UserError("trouble", "Trouble."), 1.0)
        return None

    def _serve(self, serve: Callable[[], T]) -> Answer[T] | Failure:
        epoch = self.epoch()
        try:
            return Answer(serve(), epoch, SCHEMA_REVISION)
        except UserError as error:
            status = STATUS_OF.get(error.code, 422)
            problem = Problem("about:blank", error.code, int(status), error.code, error.message)
            return failure_of(int(status), msgspec.json.encode(problem), None, is_service=True, believed=True)


class _Lines:
    def __init__(self, body: bytes, epoch: str) -> None:
        self._body = body
        self.epoch: str | None = epoch

    def __iter__(self) -> Iterator[bytes]:
        yield from lines([self._body[at : at + 997] for at in range(0, len(self._body), 997)], 1 << 24)
        if not self._body.endswith(b"\n"):
            raise Interrupted(unreachable())


def fold(rows: list[dict[str, Json]]) -> TableDigest:
    """Rows of one table as the digest names them."""
    import hashlib

    folded = 0
    for row in rows:
        folded ^= int.from_bytes(hashlib.sha256(dump_json(cast("Json", row)).encode()).digest(), "big")
    return TableDigest(len(rows), f"{folded:064x}")

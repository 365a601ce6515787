"""docs/protocol.md says what the code says."""

import re

import msgspec

from driveflow_desktop.domain.people.tables import Student
from driveflow_desktop.store.rows import codec
from driveflow_desktop.sync.protocol import ChangesPage, PushRequest, PushResponse
from driveflow_desktop.sync.session_protocol import Problem
from tests.helpers.protocol_doc import PAGE, render

KINDS = (PushRequest, PushResponse, ChangesPage, PushResponse, Problem)


def test_the_generated_parts_are_current() -> None:
    page = PAGE.read_text("utf-8")
    assert render(page) == page, "run: make docs"


def test_the_examples_are_what_the_service_reads_and_writes() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    push, answer, page, *_ = (msgspec.json.decode(block, type=kind) for block, kind in zip(blocks, KINDS, strict=True))
    (mutation,) = push.transactions[0].mutations
    (change,) = page.changes
    assert (change.mutation_id, change.id) == (mutation.id, mutation.row_id)
    assert change.seq == answer.results[0].seq
    rows = codec(Student.__table__)
    assert set(change.row) == set(rows.columns)
    complete = rows.to_wire(rows.complete(rows.from_wire(mutation.values)))
    assert {name: change.row[name] for name in rows.carried} == complete

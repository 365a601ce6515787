"""A table as text, between files that people bring and the rules that read them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from driveflow_desktop.kernel.errors import UserError

Progress: TypeAlias = Callable[[int, int], bool]
"""Told (done, total) now and then during long work; answering False stops the work, and nothing is kept."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """A row of cells. `number` is what a spreadsheet shows beside it; the header stands in row 1."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be taken, in plain words; `column` is the header of the cell at fault, where there is one."""

    row: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Table:
    """A file's table: every row has as many cells as there are headers; rows that could not be read are `problems`.

    `encoding` and `delimiter` say how the file was read, `encoding_certain` whether the file itself told; when it did
    not, let the person look at the preview and choose another.
    """

    headers: tuple[str, ...]
    rows: tuple[TableRow, ...]
    problems: tuple[RowProblem, ...] = ()
    encoding: str = "utf-8"
    encoding_certain: bool = True
    delimiter: str = ","


def advance(progress: Progress | None, done: int, total: int) -> None:
    """Report progress; `UserError` "cancelled" when the person stopped the work."""
    if progress is not None and not progress(done, total):
        raise UserError("cancelled", "Stopped. Nothing was changed.")

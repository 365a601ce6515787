"""CSV files as people have them: from Excel, old programs and phones, in any usual encoding, also broken or hostile.

A file is never trusted: its size is looked at before it is read, a bad row is a problem with its number, and a cell
that a spreadsheet would run as a formula is written with an apostrophe before it (and read back without).
"""

import csv
import io
import os
import re
import stat
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import charset_normalizer

from driveflow_desktop.domain.tabular import Progress, RowProblem, Table, TableRow, advance
from driveflow_desktop.kernel.errors import UserError

MAX_FILE_BYTES: Final = 50 * 1024 * 1024
MAX_CELL_CHARS: Final = 64 * 1024
MAX_ROWS: Final = 100_000
MAX_COLUMNS: Final = 200
_SINGLE_BYTE: Final = ("cp1252", "cp1250", "mac_roman")
ENCODINGS: Final = ("utf-8", "utf-16", *_SINGLE_BYTE)
"""What a person may choose from when the file does not say; Python's names."""
DELIMITERS: Final = (",", ";", "\t")

_SAMPLE_BYTES: Final = 256 * 1024
_SAMPLE_RECORDS: Final = 30
_REPORT_EVERY: Final = 1_000
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_NOT_TEXT: Final = (
    (b"PK\x03\x04", "an Excel or ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"%PDF", "a PDF"),
)
_FORMULA: Final = r"[=+\-@\t\r\n＝＋－＠]"
_DANGEROUS: Final = re.compile(rf"'*{_FORMULA}")
_NEUTRALISED: Final = re.compile(rf"'+{_FORMULA}")
_EXCEL_SEPARATOR: Final = re.compile(r"sep=(.)\r?\n?")


# -- reading --------------------------------------------------------------------------------------------------------


def read_table(
    path: Path, encoding: str | None = None, delimiter: str | None = None, *, progress: Progress | None = None
) -> Table:
    """The table in a CSV file; encoding and delimiter are found out where they are not given.

    Raises `UserError`: `not_found`, `not_a_table` (a folder, a workbook, nothing in it), `too_large` (bytes, rows or
    columns), `wrong_encoding`, `cancelled`. Rows with faults of their own become `Table.problems`.
    """
    data = _read_limited(path)
    chosen, certain = (encoding, True) if encoding is not None else _find_encoding(data)
    text = _decode(data, chosen)
    del data
    separator = _EXCEL_SEPARATOR.match(text)
    if separator is not None:
        text = text[separator.end() :]
        delimiter = delimiter or separator[1]
    delimiter = delimiter or _find_delimiter(text)
    return _parse(text, delimiter, chosen, certain, progress)


def _read_limited(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _not_a_table("This is not a file.")
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise UserError("not_found", "That file is not there.", hint="Choose another file.") from None
    except IsADirectoryError:
        raise _not_a_table("This is a folder.") from None
    except OSError:
        raise UserError("unreadable", "That file cannot be read.", hint="Check its permissions.") from None
    if len(data) > MAX_FILE_BYTES:
        raise UserError(
            "too_large", "That file is larger than 50 MB.", hint="Split it into several files.", limit=MAX_FILE_BYTES
        )
    for magic, what in _NOT_TEXT:
        if data.startswith(magic):
            raise _not_a_table(f"This is {what}, not a CSV file.")
    return data


def _find_encoding(data: bytes) -> tuple[str, bool]:
    """The encoding, and whether the file itself leaves no doubt."""
    for bom, name in _BOMS:
        if data.startswith(bom):
            return name, True
    half = _utf16_by_zeros(data[:_SAMPLE_BYTES])
    if half is not None:
        return half, False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _guess_single_byte(data[:_SAMPLE_BYTES]), False
    return "utf-8", True


def _guess_single_byte(sample: bytes) -> str:
    """The likeliest of the single-byte encodings; of equals, the one that Windows writes in the west."""
    found = charset_normalizer.from_bytes(sample, cp_isolation=list(_SINGLE_BYTE))
    ranked = sorted(
        (round(match.chaos, 2), -round(match.coherence, 3), _SINGLE_BYTE.index(name))
        for match in found
        for name in match.could_be_from_charset
    )
    return _SINGLE_BYTE[ranked[0][2]] if ranked else _SINGLE_BYTE[0]


def _utf16_by_zeros(sample: bytes) -> str | None:
    """UTF-16 without a mark: mostly Latin text has a zero in nearly every second byte."""
    if len(sample) < 4:
        return None
    even, odd = sample[0::2].count(0) / len(sample) * 2, sample[1::2].count(0) / len(sample) * 2
    if max(even, odd) < 0.6 or min(even, odd) > 0.1:
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError):
        raise UserError(
            "wrong_encoding",
            f"That file cannot be read as {encoding}.",
            hint="Choose another encoding, or save the file as CSV UTF-8.",
            encoding=encoding,
        ) from None


def _find_delimiter(text: str) -> str:
    """The delimiter under which the first records have the most even number of cells, a comma in doubt."""
    # A cell may be as long as the file, so the sample is cut by characters, not by lines.
    sample = text[:_SAMPLE_BYTES]
    best, best_score = ",", 0.0
    for delimiter in DELIMITERS:
        widths = Counter(len(record) for record in _first_records(sample, delimiter) if record)
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        score = (times / widths.total()) * min(width, 20) if width > 1 else 0.0
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _first_records(sample: str, delimiter: str) -> Iterator[list[str]]:
    reader = _reader(io.StringIO(sample, newline=""), delimiter)
    for _, record in zip(range(_SAMPLE_RECORDS), reader, strict=False):
        yield record


def _reader(lines: Iterable[str], delimiter: str, *, strict: bool = False) -> Iterator[list[str]]:
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise UserError("invalid", "A delimiter is one character.", column="delimiter")
    # The module's own limit cuts a record in the middle and goes on with garbage; ours is looked at afterwards. It is
    # safe to lift, because no cell is longer than a file, and files are limited.
    csv.field_size_limit(MAX_FILE_BYTES)
    return csv.reader(lines, delimiter=delimiter, strict=strict)


@dataclass(slots=True)
class _Lines:
    """The lines of a text, remembering those of the record being read."""

    source: Iterator[str]
    record: list[str]

    def __iter__(self) -> "Iterator[str]":
        for line in self.source:
            self.record.append(line)
            yield line


def _parse(text: str, delimiter: str, encoding: str, certain: bool, progress: Progress | None) -> Table:
    lines = _Lines(io.StringIO(text, newline=""), [])
    headers: tuple[str, ...] = ()
    rows: list[TableRow] = []
    problems: list[RowProblem] = []
    done = 0
    for number, record in enumerate(_reader(lines, delimiter), start=1):
        done += sum(map(len, lines.record))
        if number % _REPORT_EVERY == 0:
            advance(progress, done, len(text))
        last_lines = lines.record.copy()
        lines.record.clear()
        if not any(cell.strip() for cell in record):
            continue
        if not headers:
            headers = _headers(record)
            continue
        problem = _row_problem(number, record, headers)
        if problem is None and done >= len(text) and _never_closed(last_lines, delimiter):
            problem = RowProblem(number, None, "A quote is opened here and never closed.")
        if problem is not None:
            problems.append(problem)
        else:
            rows.append(TableRow(number, _cells(record, len(headers))))
        if len(rows) + len(problems) > MAX_ROWS:
            raise UserError("too_large", "That file has more than 100,000 rows.", hint="Split it up.", limit=MAX_ROWS)
    if not headers:
        raise _not_a_table("There is nothing in that file.")
    advance(progress, len(text), len(text))
    return Table(headers, tuple(rows), tuple(problems), encoding, certain, delimiter)


def _headers(record: Sequence[str]) -> tuple[str, ...]:
    """Trimmed headers; empty ones get the column's number, repeated ones too, so that a column can be named."""
    if len(record) > MAX_COLUMNS:
        raise UserError("too_large", "That file has more than 200 columns.", hint="Remove those you do not need.")
    found: list[str] = []
    for index, cell in enumerate(record, start=1):
        name = " ".join(restore(cell).replace("\0", "").split())[:200]
        if not name:
            name = f"Column {index}"
        found.append(f"{name} ({index})" if name in found else name)
    return tuple(found)


def _row_problem(number: int, record: Sequence[str], headers: Sequence[str]) -> RowProblem | None:
    for index, cell in enumerate(record):
        column = headers[index] if index < len(headers) else None
        if len(cell) > MAX_CELL_CHARS:
            return RowProblem(number, column, f"This cell has {len(cell):,} characters; at most 65,536 are read.")
        if "\0" in cell:
            return RowProblem(number, column, "This cell holds characters that are not text.")
        if column is None and cell.strip():
            return RowProblem(number, None, f"The row has more than the header's {len(headers)} cells.")
    return None


def _never_closed(lines: Sequence[str], delimiter: str) -> bool:
    """Whether the last record ends inside a quoted cell."""
    try:
        list(_reader(lines, delimiter, strict=True))
    except csv.Error as problem:
        return "unexpected end of data" in str(problem)
    return False


def _cells(record: Sequence[str], width: int) -> tuple[str, ...]:
    cells = [restore(cell) for cell in record[:width]]
    return (*cells, *([""] * (width - len(cells))))


def _not_a_table(message: str) -> UserError:
    return UserError("not_a_table", message, hint="In Excel, use Save as → CSV UTF-8.")


# -- writing --------------------------------------------------------------------------------------------------------


def write_table(
    path: Path, headers: Sequence[str], rows: Iterable[Sequence[str]], *, progress: Progress | None = None
) -> int:
    """Write a CSV file for spreadsheets (UTF-8 with a mark, CRLF, formulas neutralised); returns the number of rows.

    The file appears whole or not at all. Raises `UserError` "unwritable" or "cancelled".
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8-sig", newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as file:
            temporary = Path(file.name)
            try:
                count = _write_rows(file, headers, rows, progress)
            except BaseException:
                file.close()
                temporary.unlink()
                raise
        temporary.replace(path)
    except OSError:
        raise UserError(
            "unwritable", "The file cannot be written there.", hint="Close it in other programs or choose a folder."
        ) from None
    return count


def _write_rows(
    file: "tempfile._TemporaryFileWrapper[str]",
    headers: Sequence[str],
    rows: Iterable[Sequence[str]],
    progress: Progress | None,
) -> int:
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([neutralise(name) for name in headers])
    count = 0
    for row in rows:
        writer.writerow([neutralise(cell) for cell in row])
        count += 1
        if count % _REPORT_EVERY == 0:
            advance(progress, count, 0)
    return count


def neutralise(cell: str) -> str:
    """A cell that no spreadsheet runs: an apostrophe goes before what would begin a formula."""
    return f"'{cell}" if _DANGEROUS.match(cell) else cell


def restore(cell: str) -> str:
    """What `neutralise` was given."""
    return cell[1:] if _NEUTRALISED.match(cell) else cell

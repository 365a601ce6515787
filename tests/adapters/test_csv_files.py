import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.adapters.csv_files import (
    MAX_CELL_CHARS,
    MAX_FILE_BYTES,
    neutralise,
    read_table,
    restore,
    write_table,
)
from driveflow_desktop.kernel.errors import UserError

NAMES = "Name,Note\r\nZoë Müller,naïve café\r\nBjörn Ångström,crème brûlée\r\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "students.csv"


def cells(path: Path, **kwargs) -> list[tuple[str, ...]]:
    return [row.cells for row in read_table(path, **kwargs).rows]


def refusal(path: Path, **kwargs) -> str:
    with pytest.raises(UserError) as caught:
        read_table(path, **kwargs)
    return caught.value.code


@pytest.mark.parametrize(
    ("written", "certain"),
    [
        ("utf-8", True),
        ("utf-8-sig", True),
        ("utf-16", True),
        ("utf-16-le", False),
        ("utf-16-be", False),
        ("cp1252", False),
    ],
)
def test_the_encoding_is_found_and_doubt_is_told(file: Path, written: str, certain: bool):
    file.write_bytes(NAMES.encode(written))
    table = read_table(file)
    assert table.headers == ("Name", "Note")
    assert [row.cells for row in table.rows] == [
        ("Zoë Müller", "naïve café"),
        ("Björn Ångström", "crème brûlée"),
    ]
    assert table.encoding_certain is certain


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("cp1250", "Name,Note\nŁukasz Żak,święta\nJiří Dvořák,Škoda\nBožena Němcová,čtvrtek\n"),
        ("mac_roman", "Name,Note\rZoë Müller,naïve café\rBjörn,crème brûlée – ok\r"),
        ("cp1252", "Name,Note\nO’Brien – x,José\n"),
    ],
)
def test_single_byte_encodings_are_told_apart_by_their_text(file: Path, written: str, text: str):
    file.write_bytes(text.encode(written))
    table = read_table(file)
    assert (table.encoding, table.encoding_certain) == (written, False)
    assert ",".join(table.rows[0].cells) == text.splitlines()[1]


def test_a_person_may_choose_the_encoding(file: Path):
    file.write_bytes("Name\nŁukasz Żak\n".encode("cp1250"))
    assert cells(file, encoding="cp1250") == [("Łukasz Żak",)]
    assert read_table(file, "cp1250").encoding_certain
    assert refusal(file, encoding="utf-8") == "wrong_encoding"
    assert refusal(file, encoding="no-such") == "wrong_encoding"


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found(file: Path, delimiter: str):
    file.write_text(f'Name{delimiter}Born{delimiter}Pay\n"Lee{delimiter} Ann"{delimiter}1/2/2008{delimiter}1.5\n')
    table = read_table(file)
    assert table.delimiter == delimiter
    assert table.rows[0].cells == (f"Lee{delimiter} Ann", "1/2/2008", "1.5")


def test_a_single_column_and_excels_own_hint(file: Path):
    file.write_text("Name\nAnn\nBob\n")
    assert cells(file) == [("Ann",), ("Bob",)]
    file.write_text("sep=|\r\nName|Note\r\nAnn|a,b;c\r\n")
    assert cells(file) == [("Ann", "a,b;c")]
    assert refusal(file, delimiter="ab") == "invalid"


def test_quoted_lines_belong_to_one_row_and_rows_are_counted_as_a_spreadsheet_does(file: Path):
    file.write_bytes(b'Name,Note\r\nAnn,"one\r\ntwo ""2"""\r\n\r\n,\r\nBob,x\r\n')
    table = read_table(file)
    assert [(row.number, row.cells) for row in table.rows] == [(2, ("Ann", 'one\r\ntwo "2"')), (5, ("Bob", "x"))]


def test_short_rows_are_filled_and_long_ones_refused(file: Path):
    file.write_text("A,B\n1\n1,2,\n1,2,3\n4,5\n")
    table = read_table(file)
    assert [row.cells for row in table.rows] == [("1", ""), ("1", "2"), ("4", "5")]
    assert [(problem.row, problem.column) for problem in table.problems] == [(4, None)]


def test_headers_can_be_named_even_when_empty_or_repeated(file: Path):
    file.write_text(" Name ,,Phone,Phone\nAnn,x,1,2\n")
    assert read_table(file).headers == ("Name", "Column 2", "Phone", "Phone (4)")


def test_a_row_with_a_huge_cell_or_nul_is_named_and_the_others_stay(file: Path):
    huge = "x" * (10 * 1024 * 1024)
    file.write_text(f'Name,Note\nAnn,ok\nBob,"{huge}"\nC\0y,z\nDee,{"y" * MAX_CELL_CHARS}\n')
    table = read_table(file)
    assert [row.number for row in table.rows] == [2, 5]
    assert [(problem.row, problem.column) for problem in table.problems] == [(3, "Note"), (4, "Name")]


def test_a_quote_that_is_never_closed_is_told(file: Path):
    file.write_text('Name,Note\nAnn,ok\nBob,"never closed\nCy,x\n')
    table = read_table(file)
    assert [row.number for row in table.rows] == [2]
    assert [(problem.row, problem.message) for problem in table.problems] == [
        (3, "A quote is opened here and never closed.")
    ]


def test_a_stray_quote_inside_a_cell_is_just_a_quote(file: Path):
    file.write_text('Name,Note\nAnn,5" tyre\nBob,"a"b\n')
    assert cells(file) == [("Ann", '5" tyre'), ("Bob", "ab")]


@pytest.mark.parametrize("content", [b"", b"\n\n", b",,\n", b"PK\x03\x04rest", b"%PDF-1.7", b"\xd0\xcf\x11\xe0x"])
def test_what_is_no_table_is_refused(file: Path, content: bytes):
    file.write_bytes(content)
    assert refusal(file) == "not_a_table"


def test_folders_pipes_and_missing_files_are_refused(tmp_path: Path):
    assert refusal(tmp_path) == "not_a_table"
    assert refusal(tmp_path / "none.csv") == "not_found"
    assert refusal(Path(os.devnull)) == "not_a_table"


def test_a_file_too_large_is_refused_by_size(file: Path):
    with file.open("wb") as handle:
        handle.truncate(MAX_FILE_BYTES + 1)
    assert refusal(file) == "too_large"


def test_too_many_rows_or_columns_are_refused(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("driveflow_desktop.adapters.csv_files.MAX_ROWS", 10)
    file.write_text("Name\n" + "x\n" * 11)
    assert refusal(file) == "too_large"
    file.write_text(",".join(f"c{number}" for number in range(201)) + "\n")
    assert refusal(file) == "too_large"


def test_progress_is_told_and_can_stop(file: Path):
    file.write_text("Name\n" + "x\n" * 5_000)
    told: list[tuple[int, int]] = []

    def watch(done: int, total: int) -> bool:
        told.append((done, total))
        return True

    read_table(file, progress=watch)
    assert told == sorted(told)
    assert told[-1] == (10_005, 10_005)
    assert refusal(file, progress=lambda done, total: False) == "cancelled"


@pytest.mark.parametrize("danger", ["=1+1", "+61", "-1", "@x", "\tx", "\rx", "＝1"])
def test_formulas_are_written_as_text(file: Path, danger: str):
    write_table(file, ["Name"], [[danger]])
    raw = file.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfName\r\n")
    assert f"'{danger}" in raw.decode("utf-8-sig")
    assert cells(file) == [(danger,)]


def test_a_failed_export_leaves_the_old_file_and_nothing_else(file: Path):
    file.write_text("old")

    def rows():
        yield ["a"]
        raise UserError("gone", "x")

    with pytest.raises(UserError):
        write_table(file, ["A"], rows())
    assert file.read_text() == "old"
    assert list(file.parent.iterdir()) == [file]
    with pytest.raises(UserError) as caught:
        write_table(file.parent / "none" / "x.csv", ["A"], [])
    assert caught.value.code == "unwritable"


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(texts)
def test_neutralising_can_always_be_taken_back(text: str):
    assert restore(neutralise(text)) == text
    assert neutralise(text)[:1] not in tuple("=+-@\t\r\n")


@given(st.integers(1, 4).flatmap(lambda width: st.lists(st.lists(texts, min_size=width, max_size=width), max_size=6)))
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]):
    path = tmp_path_factory.mktemp("csv") / "round.csv"
    width = len(rows[0]) if rows else 1
    headers = tuple(f"H{number}" for number in range(width))
    assert write_table(path, headers, rows) == len(rows)
    table = read_table(path, delimiter=",")
    assert table.headers == headers
    assert not table.problems
    assert [list(row.cells) for row in table.rows] == [row for row in rows if any(cell.strip() for cell in row)]


@given(st.binary(max_size=300))
def test_any_bytes_are_a_table_or_a_refusal(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    path = tmp_path_factory.mktemp("csv") / "any.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
    except UserError:
        return
    assert all(len(row.cells) == len(table.headers) for row in table.rows)

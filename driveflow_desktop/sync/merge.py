"""Deciding by value what an edit does to a row that may have changed since: pure, and the same on both sides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from driveflow_desktop.store.rows import Row
from driveflow_desktop.store.types import Value
from driveflow_desktop.sync.columns import ColumnClass, class_of, groups_of


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one row: columns to write, groups whose edit lost to a later one, columns in conflict."""

    values: dict[str, Value]
    lost: tuple[tuple[str, ...], ...]
    """Groups of plain columns in which the edit that stands is later than this one."""
    replaced: tuple[tuple[str, ...], ...]
    """Groups of plain columns in which this edit is later than one that its device had not seen."""
    conflicts: tuple[str, ...]
    beside_another: bool
    """Whether someone else changed other columns, or the same ones harmlessly, in the meantime."""


def merge_update(table: str, current: Row, before: Row, values: Row, mine_is_later: Callable[[str], bool]) -> Merged:
    """Lay an edit (`before` → `values`) over `current`.

    A group conflicts when a current value differs from both what the device saw and what it wants. `mine_is_later`
    tells, for a plain column, whether this edit happened after the one that stands.
    """
    written: dict[str, Value] = {}
    lost: list[tuple[str, ...]] = []
    replaced: list[tuple[str, ...]] = []
    conflicts: list[str] = []
    beside = False
    for group in groups_of(table, values):
        clashing = [name for name in group if current[name] not in (before.get(name), values[name])]
        if not clashing:
            written.update({name: values[name] for name in group})
            continue
        beside = True
        kind = class_of(table, clashing[0])
        if kind is ColumnClass.GUARDED:
            conflicts.extend(clashing)
        elif kind is ColumnClass.TEXT:
            name = clashing[0]
            written[name] = merge_text(_text(before.get(name)), _text(current[name]), _text(values[name]))
        elif mine_is_later(clashing[0]):
            written.update({name: values[name] for name in group})
            replaced.append(group)
        else:
            lost.append(group)
    return Merged(written, tuple(lost), tuple(replaced), tuple(conflicts), beside)


def merge_text(base: str, theirs: str, mine: str) -> str:
    """Three-way merge of notes by line; where both changed the same lines, both versions are kept, theirs first."""
    if mine in (theirs, base):
        return theirs
    if theirs == base:
        return mine
    base_lines, their_lines, my_lines = (text.splitlines() for text in (base, theirs, mine))
    out: list[str] = []
    position = their_position = my_position = 0
    anchors = [*_anchors(base_lines, their_lines, my_lines), (0, len(base_lines), len(their_lines), len(my_lines))]
    for length, at, their_at, my_at in anchors:
        theirs_here, mine_here = their_lines[their_position:their_at], my_lines[my_position:my_at]
        out += _merge_gap(base_lines[position:at], theirs_here, mine_here)
        out += base_lines[at : at + length]
        position, their_position, my_position = at + length, their_at + length, my_at + length
    return "\n".join(out)


_Anchor = tuple[int, int, int, int]


def _anchors(base: Sequence[str], theirs: Sequence[str], mine: Sequence[str]) -> list[_Anchor]:
    """Stretches (length, base, theirs, mine) of lines that neither side changed, in order."""
    found: list[_Anchor] = []
    in_theirs = SequenceMatcher(None, base, theirs, autojunk=False).get_matching_blocks()
    in_mine = SequenceMatcher(None, base, mine, autojunk=False).get_matching_blocks()
    for one in in_theirs:
        for two in in_mine:
            start, end = max(one.a, two.a), min(one.a + one.size, two.a + two.size)
            if start < end:
                found.append((end - start, start, one.b + start - one.a, two.b + start - two.a))
    return found


def _merge_gap(base: Sequence[str], theirs: Sequence[str], mine: Sequence[str]) -> list[str]:
    if mine in (theirs, base):
        return list(theirs)
    if theirs == base:
        return list(mine)
    return [*theirs, *(line for line in mine if line not in theirs)]


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""

"""What a command answers: lines for a person, one value for a script."""

from dataclasses import dataclass
from typing import TypeAlias

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"


@dataclass(frozen=True, slots=True)
class Answer:
    """`value` is what `--json` prints; `ok` decides the exit status."""

    lines: tuple[str, ...]
    value: Plain
    ok: bool = True

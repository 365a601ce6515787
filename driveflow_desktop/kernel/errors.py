"""The two kinds of failure: what a person can mend, and what we must.

A `UserError` is shown to the person as it is: plain words and what to do next. A `Bug` is logged with an id and
shown as "something went wrong, report it with this id". Nothing else is raised on purpose.
"""

from collections.abc import Mapping


class UserError(Exception):
    """A refusal that the person can act on.

    `code` is stable and machine-readable (the codes of docs/protocol.md and docs/rules.md), `message` says what is
    wrong in plain words, `hint` says what to do next, and `details` carries the values behind it (ids, times) for
    screens that offer ways out. Details never hold personal data, because codes and details may be logged.
    """

    def __init__(
        self, code: str, message: str, *, hint: str = "", column: str | None = None, **details: object
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.column = column
        self.details: Mapping[str, object] = details

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class Bug(Exception):
    """A broken promise inside the program: never caused by what a person typed."""

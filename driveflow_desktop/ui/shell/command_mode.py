"""What Ctrl+K answers: dates, people and bookings (from an injected search), actions, screens."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import TypeVar

from PySide6.QtCore import QCoreApplication

from driveflow_desktop.ui.shell import formats
from driveflow_desktop.ui.shell.actions import Actions
from driveflow_desktop.ui.shell.matching import fit
from driveflow_desktop.ui.shell.palette import How, PaletteAnswer
from driveflow_desktop.ui.shell.screen import ScreenSpec
from driveflow_desktop.ui.shell.typed_date import parse_date
from driveflow_desktop.ui.widgets.lookup import Ask
from driveflow_desktop.ui.widgets.results import Result

T = TypeVar("T")
_MOST_COMMANDS = 6
_STRONG = 71
Command = Callable[[], None]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Palette", text)


class CommandMode:
    """Every row's payload is a function without arguments; taking the row closes the palette and calls it."""

    def __init__(
        self,
        actions: Actions,
        screens: Callable[[], Sequence[ScreenSpec]],
        *,
        search: Ask,
        today: Callable[[], date],
        open_screen: Callable[[str], None],
        open_date: Callable[[date], None],
        run_later: Callable[[Command], None],
    ) -> None:
        """`run_later` calls a command once the palette has closed and the focus is back on the screen."""
        self._actions = actions
        self._screens = screens
        self._search = search
        self._today = today
        self._open_screen = open_screen
        self._open_date = open_date
        self._run_later = run_later

    @property
    def placeholder(self) -> str:
        """What to type."""
        return _tr("Name, phone ending, date, command")

    @property
    def footer(self) -> Sequence[tuple[str, str]]:
        """Keys and what they do."""
        return (("↵", _tr("open")), ("↑ ↓", _tr("choose")), ("Alt 1–9", _tr("open by number")), ("Esc", _tr("close")))

    def ask(self, text: str, answer: Callable[[PaletteAnswer], None]) -> None:
        """Commands at once, people and bookings when the search answers."""
        commands = self._commands(text)
        if not text:
            answer(PaletteAnswer([result for _, result in commands]))
            return
        strong = [*self._dates(text), *(result for score, result in commands if score >= _STRONG)]
        weak = [result for score, result in commands if score < _STRONG]
        answer(PaletteAnswer([*strong, *weak], final=False))
        self._search(text, lambda found: answer(PaletteAnswer([*strong, *found, *weak])))

    def choose(self, result: Result, _how: How) -> bool:
        """Run the row's command after closing; every way of taking it does the same."""
        if callable(result.payload):
            self._run_later(result.payload)
        return True

    def _dates(self, text: str) -> list[Result]:
        day = parse_date(text, self._today())
        if day is None:
            return []
        return [
            Result(formats.day(day), _tr("Go to this day"), payload=_call(self._open_date, day), icon="calendar-blank")
        ]

    def _commands(self, text: str) -> list[tuple[int, Result]]:
        """(score, row) of the actions that can be done now and of the screens, best first."""
        found: list[tuple[int, Result]] = []
        for spec in self._actions.available():
            score = fit(text, spec.label) if text else 1
            if score is not None and spec.id != "palette":
                menu = spec.menu.replace("&", "").replace("/", " · ")
                run = _call(self._actions.run, spec.id)
                found.append((score, Result(spec.label, menu, payload=run, icon=spec.icon, keys=spec.keys)))
        for screen in self._screens():
            score = fit(text, screen.title) if text else 2
            if score is not None:
                go = _call(self._open_screen, screen.id)
                found.append((score, Result(screen.title, _tr("Screen"), payload=go, icon=screen.icon)))
        found.sort(key=lambda each: -each[0])
        return found[: _MOST_COMMANDS if text else None]


def _call(function: Callable[[T], object], argument: T) -> Command:
    def command() -> None:
        function(argument)

    return command

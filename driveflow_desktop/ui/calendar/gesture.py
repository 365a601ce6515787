"""The drag, click and nudge machine: a pure function from (state, event) to (state, effects). No Qt.

    Idle ──press──▶ Pressed ──10 px──▶ Dragging ──release──▶ Settling ──settle──▶ Idle
      └───nudge (Alt+arrows)──────────▶ Nudging ──confirm───────┘
    Escape leaves every state for Idle.

`Settling` keeps the dropped ghost on the screen until the page that answers it has come.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from math import ceil, floor, hypot
from uuid import UUID

from driveflow_desktop.ui.calendar.snapshot import MINUTES_PER_DAY, Proposal, ProposalKind

SNAP_MIN = 15
THRESHOLD_PX = 10


class Edge(Enum):
    """The part of a lesson that was taken hold of."""

    BODY = auto()
    START = auto()
    END = auto()


@dataclass(frozen=True, slots=True)
class Grip:
    """A lesson, as it stands now, and the part that is held."""

    lesson: UUID
    column_key: str
    start_min: int
    end_min: int
    edge: Edge = Edge.BODY


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where the pointer is: content pixels, what they mean on the grid, and the lesson under it."""

    x: float
    y: float
    column_key: str
    minute: float
    grip: Grip | None = None


@dataclass(frozen=True, slots=True)
class Grid:
    """What a proposal must respect: the columns from left to right and the length of the day."""

    column_keys: tuple[str, ...]
    day_minutes: int = MINUTES_PER_DAY


# Events --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Press:
    """The main button went down."""

    at: Pointer


@dataclass(frozen=True, slots=True)
class Move:
    """The pointer moved, or the content under it did."""

    at: Pointer


@dataclass(frozen=True, slots=True)
class Release:
    """The main button went up."""

    at: Pointer


@dataclass(frozen=True, slots=True)
class DoubleClick:
    """The main button went down for the second time."""

    at: Pointer


@dataclass(frozen=True, slots=True)
class Escape:
    """The person, or a page without the lesson, calls it off."""


@dataclass(frozen=True, slots=True)
class Nudge:
    """Alt+arrows: `columns` to the right and `steps` of a quarter hour for the part that the grip holds."""

    grip: Grip
    columns: int = 0
    steps: int = 0


@dataclass(frozen=True, slots=True)
class Confirm:
    """Enter: drop what was nudged, else open the selected lesson."""

    selected: UUID | None


@dataclass(frozen=True, slots=True)
class Settle:
    """The answer to a drop is on the screen."""


Event = Press | Move | Release | DoubleClick | Escape | Nudge | Confirm | Settle


# Effects -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Proposed:
    """The ghost has a new place."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Dropped:
    """The person means it."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Selected:
    """Select this lesson, or none."""

    lesson: UUID | None


@dataclass(frozen=True, slots=True)
class Opened:
    """Open this lesson."""

    lesson: UUID


@dataclass(frozen=True, slots=True)
class EmptyOpened:
    """A free place was double-clicked; the minute is snapped."""

    column_key: str
    minute: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The proposal was called off."""


Effect = Proposed | Dropped | Selected | Opened | EmptyOpened | Withdrawn


# States --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is held."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """The button is down but has not moved far enough to mean a drag."""

    origin: Pointer


@dataclass(frozen=True, slots=True)
class Dragging:
    """The ghost follows the pointer."""

    origin: Pointer
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Nudging:
    """The ghost follows the keys."""

    grip: Grip
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Settling:
    """Dropped; the ghost waits for its answer."""

    proposal: Proposal


State = Idle | Pressed | Dragging | Nudging | Settling
Step = tuple[State, tuple[Effect, ...]]


def ghost(state: State) -> Proposal | None:
    """The proposal to draw."""
    return state.proposal if isinstance(state, Dragging | Nudging | Settling) else None


def held(state: State) -> tuple[tuple[str, UUID | None], ...]:
    """The columns, each with the lesson if any, that must stay on the page for the gesture to go on."""
    found = []
    if isinstance(state, Pressed | Dragging):
        found.append((state.origin.column_key, state.origin.grip.lesson if state.origin.grip else None))
    proposal = ghost(state)
    if proposal:
        found.append((proposal.column_key, proposal.lesson))
    return tuple(found)


def step(state: State, event: Event, grid: Grid) -> Step:
    """The next state and what happened on the way."""
    match event:
        case Press(at):
            return _press(state, at)
        case Move(at):
            return _move(state, at, grid)
        case Release(at):
            return _release(state, at, grid)
        case DoubleClick(at):
            return Idle(), (Opened(at.grip.lesson) if at.grip else EmptyOpened(at.column_key, _floor(at.minute, grid)),)
        case Nudge():
            return _nudge(state, event, grid)
        case Confirm(selected):
            return _confirm(state, selected)
        case Escape():
            return Idle(), (Withdrawn(),) if isinstance(state, Dragging | Nudging) else ()
        case Settle():
            return (Idle() if isinstance(state, Settling) else state), ()


def _press(state: State, at: Pointer) -> Step:
    effects: tuple[Effect, ...] = (Withdrawn(),) if isinstance(state, Nudging) else ()
    if at.grip:
        effects += (Selected(at.grip.lesson),)
    return Pressed(at), effects


def _move(state: State, at: Pointer, grid: Grid) -> Step:
    if isinstance(state, Pressed):
        origin = state.origin
        if hypot(at.x - origin.x, at.y - origin.y) < THRESHOLD_PX:
            return state, ()
        proposal = _drag(origin, at, grid)
    elif isinstance(state, Dragging):
        origin = state.origin
        proposal = _drag(origin, at, grid)
        if proposal == state.proposal:
            return state, ()
    else:
        return state, ()
    return Dragging(origin, proposal), (Proposed(proposal),)


def _release(state: State, at: Pointer, grid: Grid) -> Step:
    state, effects = _move(state, at, grid)
    if isinstance(state, Pressed):
        return Idle(), () if state.origin.grip else (Selected(None),)
    if not isinstance(state, Dragging):
        return state, ()
    after, dropped = _drop(state.proposal, state.origin.grip)
    return after, effects + dropped


def _confirm(state: State, selected: UUID | None) -> Step:
    if isinstance(state, Nudging):
        return _drop(state.proposal, state.grip)
    if isinstance(state, Idle | Settling) and selected:
        return state, (Opened(selected),)
    return state, ()


def _drop(proposal: Proposal, grip: Grip | None) -> Step:
    if grip and (grip.column_key, grip.start_min, grip.end_min) == (
        proposal.column_key,
        proposal.start_min,
        proposal.end_min,
    ):
        return Idle(), (Withdrawn(),)
    return Settling(proposal), (Dropped(proposal),)


# Where the ghost goes ------------------------------------------------------------------------------------------------


def _drag(origin: Pointer, at: Pointer, grid: Grid) -> Proposal:
    if origin.grip is None:
        return _created(origin, at, grid)
    target = _snapped(_held_minute(origin.grip), at.minute - origin.minute)
    if origin.grip.edge is Edge.BODY:
        return _moved(origin.grip, target, at.column_key, grid)
    return _resized(origin.grip, target, grid)


def _created(origin: Pointer, at: Pointer, grid: Grid) -> Proposal:
    low, high = sorted((origin.minute, at.minute))
    start = _floor(low, grid)
    end = min(max(ceil(high / SNAP_MIN) * SNAP_MIN, start + SNAP_MIN), grid.day_minutes)
    return Proposal(ProposalKind.CREATE, None, origin.column_key, start, end)


def _moved(grip: Grip, target: int, column_key: str, grid: Grid) -> Proposal:
    length = grip.end_min - grip.start_min
    start = max(0, min(target, grid.day_minutes - length))
    return Proposal(ProposalKind.MOVE, grip.lesson, column_key, start, start + length)


def _resized(grip: Grip, target: int, grid: Grid) -> Proposal:
    start, end = grip.start_min, grip.end_min
    if grip.edge is Edge.START:
        start = max(0, min(target, end - SNAP_MIN))
    else:
        end = min(grid.day_minutes, max(target, start + SNAP_MIN))
    return Proposal(ProposalKind.RESIZE, grip.lesson, grip.column_key, start, end)


def _held_minute(grip: Grip) -> int:
    return grip.end_min if grip.edge is Edge.END else grip.start_min


def _nudge(state: State, event: Nudge, grid: Grid) -> Step:
    if isinstance(state, Pressed | Dragging):
        return state, ()
    origin, held = event.grip, event.grip
    kind = ProposalKind.MOVE if held.edge is Edge.BODY else ProposalKind.RESIZE
    if isinstance(state, Nudging) and state.grip.lesson == held.lesson:
        now = state.proposal
        origin = state.grip
        held = replace(held, column_key=now.column_key, start_min=now.start_min, end_min=now.end_min)
        kind = ProposalKind.MOVE if ProposalKind.MOVE in (kind, now.kind) else kind
    target = _on_grid(_held_minute(held), event.steps)
    if held.edge is Edge.BODY:
        proposal = _moved(held, target, _beside(held.column_key, event.columns, grid), grid)
    else:
        proposal = _resized(held, target, grid)
    proposal = replace(proposal, kind=kind)
    return Nudging(origin, proposal), (Proposed(proposal),)


def _beside(column_key: str, by: int, grid: Grid) -> str:
    index = grid.column_keys.index(column_key) + by
    return grid.column_keys[max(0, min(index, len(grid.column_keys) - 1))]


def _on_grid(minute: int, steps: int) -> int:
    """`steps` quarter hours on; from between two quarter hours, the first step ends on the next one."""
    if not steps:
        return minute
    below, odd = divmod(minute, SNAP_MIN)
    return (below + steps + (1 if odd and steps < 0 else 0)) * SNAP_MIN


def _snapped(minute: int, by: float) -> int:
    """`minute + by` on the quarter hours; a lesson that hardly moved keeps its odd minute."""
    if abs(by) < SNAP_MIN / 2:
        return minute
    return round((minute + by) / SNAP_MIN) * SNAP_MIN


def _floor(minute: float, grid: Grid) -> int:
    """The quarter hour that holds a minute, inside the day."""
    return max(0, min(floor(minute / SNAP_MIN) * SNAP_MIN, grid.day_minutes - SNAP_MIN))

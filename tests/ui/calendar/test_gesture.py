"""The gesture machine, event by event."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from driveflow_desktop.ui.calendar.gesture import (
    Confirm,
    DoubleClick,
    Dragging,
    Dropped,
    Edge,
    Effect,
    EmptyOpened,
    Escape,
    Event,
    Grid,
    Grip,
    Idle,
    Move,
    Nudge,
    Nudging,
    Opened,
    Pointer,
    Press,
    Pressed,
    Proposed,
    Release,
    Selected,
    Settle,
    Settling,
    State,
    Withdrawn,
    ghost,
    held,
    step,
)
from driveflow_desktop.ui.calendar.snapshot import Proposal, ProposalKind
from tests.ui.calendar.pages import lesson_id

GRID = Grid(("a", "b", "c"))
LESSON = lesson_id(1)
GRIP = Grip(LESSON, "b", 600, 660)
CREATE, MOVE, RESIZE = ProposalKind.CREATE, ProposalKind.MOVE, ProposalKind.RESIZE


def at(column: str, minute: float, grip: Grip | None = None) -> Pointer:
    """A pointer at one pixel per minute, columns 100 pixels apart."""
    return Pointer(GRID.column_keys.index(column) * 100, minute, column, minute, grip)


def run(*events: Event, state: State | None = None, grid: Grid = GRID) -> tuple[State, list[Effect]]:
    now: State = state or Idle()
    happened: list[Effect] = []
    for event in events:
        now, effects = step(now, event, grid)
        happened += effects
    return now, happened


def test_a_click_on_a_lesson_selects_it_and_nothing_more() -> None:
    assert run(Press(at("b", 630, GRIP)), Release(at("b", 630, GRIP))) == (Idle(), [Selected(LESSON)])


def test_a_click_beside_all_lessons_selects_none() -> None:
    assert run(Press(at("a", 100)), Release(at("a", 100))) == (Idle(), [Selected(None)])


def test_under_ten_pixels_is_a_click_still() -> None:
    state, effects = run(Press(at("b", 630, GRIP)), Move(at("b", 639.9, GRIP)))
    assert isinstance(state, Pressed)
    assert effects == [Selected(LESSON)]
    assert isinstance(run(Move(at("b", 640, GRIP)), state=state)[0], Dragging)


def test_dragging_free_space_creates_on_the_quarter_hours() -> None:
    state, effects = run(Press(at("a", 487)), Move(at("a", 520)), Move(at("b", 553)), Release(at("b", 553)))
    wanted = Proposal(CREATE, None, "a", 480, 555)
    assert state == Settling(wanted)
    assert effects[-2:] == [Proposed(wanted), Dropped(wanted)]


def test_dragging_upwards_creates_too() -> None:
    _, effects = run(Press(at("a", 520)), Move(at("a", 470)))
    assert effects == [Proposed(Proposal(CREATE, None, "a", 465, 525))]


def test_a_lesson_moves_across_columns_and_keeps_its_length() -> None:
    state, effects = run(Press(at("b", 630, GRIP)), Move(at("c", 665)), Release(at("c", 665)))
    wanted = Proposal(MOVE, LESSON, "c", 630, 690)
    assert state == Settling(wanted)
    assert effects == [Selected(LESSON), Proposed(wanted), Dropped(wanted)]


def test_moving_sideways_keeps_an_odd_minute() -> None:
    odd = replace(GRIP, start_min=605, end_min=650)
    _, effects = run(Press(at("b", 630, odd)), Move(at("a", 634)))
    assert effects[-1] == Proposed(Proposal(MOVE, LESSON, "a", 605, 650))
    _, effects = run(Press(at("b", 630, odd)), Move(at("b", 641)))
    assert effects[-1] == Proposed(Proposal(MOVE, LESSON, "b", 615, 660))


@pytest.mark.parametrize(
    ("edge", "to", "start", "end"),
    [
        (Edge.END, 700, 600, 705),
        (Edge.END, 300, 600, 615),
        (Edge.END, 9999, 600, 1440),
        (Edge.START, 560, 555, 660),
        (Edge.START, 900, 645, 660),
        (Edge.START, -999, 0, 660),
    ],
)
def test_edges_resize(edge: Edge, to: float, start: int, end: int) -> None:
    grip = replace(GRIP, edge=edge)
    taken = 660 if edge is Edge.END else 600
    _, effects = run(Press(at("b", taken, grip)), Move(at("c", to)))
    assert effects[-1] == Proposed(Proposal(RESIZE, LESSON, "b", start, end))


def test_only_a_new_place_is_proposed() -> None:
    _, effects = run(Press(at("b", 630, GRIP)), Move(at("b", 645)), Move(at("b", 646)), Move(at("b", 647)))
    assert len([effect for effect in effects if isinstance(effect, Proposed)]) == 1


def test_dropping_where_it_was_changes_nothing() -> None:
    state, effects = run(Press(at("b", 630, GRIP)), Move(at("b", 660)), Release(at("b", 631)))
    assert state == Idle()
    assert effects[-1] == Withdrawn()
    assert not any(isinstance(effect, Dropped) for effect in effects)


@pytest.mark.parametrize("begun", [Press(at("b", 630, GRIP)), Nudge(GRIP, 1, 0)])
def test_escape_calls_a_proposal_off(begun: Event) -> None:
    state, effects = run(begun, Move(at("b", 700)), Escape())
    assert (state, effects[-1]) == (Idle(), Withdrawn())
    # What the mouse still does afterwards means nothing.
    assert run(Move(at("a", 100)), Release(at("a", 100)), state=state) == (Idle(), [])


def test_escape_with_nothing_to_call_off_is_silent() -> None:
    assert run(Escape()) == (Idle(), [])
    assert run(Press(at("a", 10)), Escape()) == (Idle(), [])


def test_double_clicks_open() -> None:
    assert run(DoubleClick(at("b", 630, GRIP))) == (Idle(), [Opened(LESSON)])
    assert run(DoubleClick(at("c", 497.5))) == (Idle(), [EmptyOpened("c", 495)])
    assert run(DoubleClick(at("c", 1439))) == (Idle(), [EmptyOpened("c", 1425)])


def test_a_dropped_ghost_stays_until_it_is_settled() -> None:
    proposal = Proposal(MOVE, LESSON, "b", 660, 720)
    assert ghost(Settling(proposal)) == proposal
    assert run(Settle(), state=Settling(proposal)) == (Idle(), [])
    dragging = Dragging(at("b", 630, GRIP), proposal)
    assert run(Settle(), state=dragging) == (dragging, [])


def test_keys_move_step_by_step_and_enter_drops() -> None:
    state, effects = run(Nudge(GRIP, 0, 1), Nudge(GRIP, 0, 1), Nudge(GRIP, 1, 0), Nudge(GRIP, 1, 0))
    assert effects[-1] == Proposed(Proposal(MOVE, LESSON, "c", 630, 690))
    state, effects = run(Confirm(LESSON), state=state)
    assert effects == [Dropped(Proposal(MOVE, LESSON, "c", 630, 690))]
    assert isinstance(state, Settling)


def test_keys_resize_the_end_and_a_move_on_top_stays_a_move() -> None:
    end = replace(GRIP, edge=Edge.END)
    _, effects = run(Nudge(end, 0, 1), Nudge(end, 0, 1))
    assert effects[-1] == Proposed(Proposal(RESIZE, LESSON, "b", 600, 690))
    _, effects = run(Nudge(end, 0, -9))
    assert effects[-1] == Proposed(Proposal(RESIZE, LESSON, "b", 600, 615))
    _, effects = run(Nudge(GRIP, 1, 0), Nudge(end, 0, 1))
    assert effects[-1] == Proposed(Proposal(MOVE, LESSON, "c", 600, 675))


@pytest.mark.parametrize(("steps", "start"), [(1, 615), (2, 630), (-1, 600), (-2, 585)])
def test_the_first_step_from_an_odd_minute_ends_on_the_grid(steps: int, start: int) -> None:
    _, effects = run(Nudge(replace(GRIP, start_min=605, end_min=665), 0, steps))
    assert effects == [Proposed(Proposal(MOVE, LESSON, "b", start, start + 60))]


def test_enter_without_a_proposal_opens_the_selected_lesson() -> None:
    assert run(Confirm(LESSON)) == (Idle(), [Opened(LESSON)])
    assert run(Confirm(None)) == (Idle(), [])


def test_nudging_back_to_the_start_and_enter_changes_nothing() -> None:
    state, effects = run(Nudge(GRIP, 0, 1), Nudge(GRIP, 0, -1), Confirm(LESSON))
    assert (state, effects[-1]) == (Idle(), Withdrawn())


def test_a_press_calls_off_what_keys_proposed_and_keys_do_not_disturb_a_drag() -> None:
    state, effects = run(Nudge(GRIP, 0, 1), Press(at("a", 100)))
    assert isinstance(state, Pressed)
    assert effects[-1] == Withdrawn()
    dragging, _ = run(Press(at("b", 630, GRIP)), Move(at("b", 700)))
    assert run(Nudge(GRIP, 0, 1), Confirm(LESSON), state=dragging) == (dragging, [])


def test_another_lesson_is_nudged_from_its_own_place() -> None:
    other = Grip(lesson_id(2), "a", 300, 330)
    state, effects = run(Nudge(GRIP, 0, 1), Nudge(other, 0, 1))
    assert effects[-1] == Proposed(Proposal(MOVE, lesson_id(2), "a", 315, 345))
    assert isinstance(state, Nudging)
    assert state.grip == other


def test_what_a_gesture_holds() -> None:
    assert held(Idle()) == ()
    assert held(run(Press(at("a", 10)))[0]) == (("a", None),)
    dragging, _ = run(Press(at("b", 630, GRIP)), Move(at("c", 700)))
    assert held(dragging) == (("b", LESSON), ("c", LESSON))
    assert held(run(Nudge(GRIP, 1, 0))[0]) == (("c", LESSON),)


pointers = st.builds(
    at,
    st.sampled_from(GRID.column_keys),
    st.floats(-500, 2000),
    st.none() | st.builds(Grip, st.just(LESSON), st.just("b"), st.just(600), st.just(660), st.sampled_from(Edge)),
)
events = st.one_of(
    *(st.builds(kind, pointers) for kind in (Press, Move, Release, DoubleClick)),
    st.just(Escape()),
    st.just(Settle()),
    st.builds(Confirm, st.sampled_from([None, LESSON])),
    st.builds(
        Nudge,
        st.builds(
            Grip, st.just(LESSON), st.just("b"), st.just(600), st.just(660), st.sampled_from([Edge.BODY, Edge.END])
        ),
        st.integers(-2, 2),
        st.integers(-50, 50),
    ),
)


@given(st.lists(events, max_size=30), st.sampled_from([1380, 1440, 1500]))
def test_whatever_happens_proposals_lie_inside_the_day_and_drops_were_proposed(steps: list[Event], day: int) -> None:
    grid = Grid(GRID.column_keys, day)
    state: State = Idle()
    last: Proposal | None = None
    for event in steps:
        state, effects = step(state, event, grid)
        for effect in effects:
            if isinstance(effect, Proposed):
                last = effect.proposal
                assert 0 <= last.start_min < last.end_min <= day
                assert last.end_min - last.start_min >= 15
                assert last.column_key in GRID.column_keys
            if isinstance(effect, Dropped):
                assert effect.proposal == last
        shown = ghost(state)
        assert shown is None or shown == last

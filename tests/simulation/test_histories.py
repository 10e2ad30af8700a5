"""rtcd's own code in a simulated world: nothing is lost, doubled or silently overruled."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from simulation.plan import SHORT, Plan
from simulation.running import simulate, simulate_all

# Daemons that were killed in a history have destructors that find their world gone.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FOUND_BUGS = {
    5: "a save from a version older than the daemon's start",
    9: "a save from a version older than the room",
    16: "a clock that was set back by a year stopped all writing",
    39: "a guest was not in a room that had been open before it came",
    56: "a failing disk ended the look at swapped-out files",
    58: "what others typed was on this disk only when an old buffer overwrote it",
    59: "a room was joined while an editor had just emptied the file",
    143: "a base that is no version, and a save from an older one",
    2001: "what was typed while a daemon waited for its turn was taken back",
    2076: "the document library told nobody of edits beyond a gap in a client's edits",
    2091: "a line that could be told to stand beside a deleted one counted as not known",
    2094: "the same gap, where the server's store came back without its newest rows",
    10000: "a disk that failed at the start was called a bug",
    10028: "the server came back without what a failing disk had not taken yet",
    10072: "the close of the file before was taken for that of a new file, half written",
    200065: "a name that went away for a moment, while its room was joined, was a deletion",
    20552: "what was merged while a connection hung was taken for a save of long ago",
    400538: "a line that both sides put in place of another was there twice",
    800223: "a line that the server had lost, brought back and edited by two, was there twice",
    1000388: "the save that a host's room was made of was not known when others typed in it first",
    1000738: "a short file that then went away for a moment was taken for deleted",
    1000844: "a new line lost its end to the deletion of another one that ended alike",
    145: "half a save was taken for a whole one where leases do not work",
}
"""Seeds that failed once, and what was wrong in rtcd."""

FOUND_WITH_MOVES = {
    50120: "a save into the file that was just written was taken for what was written",
    50131: "the same, where the watcher had ended",
    50143: "a file made while the server was away was never shared",
    50310: "a room made of a stale save counted as somebody's deletion",
    600026: "lines that came twice were not known where others had deleted around them",
    600376: "a room stayed open whose file was deleted and made again while nobody told",
    300000: "a rename of a file that had come back was taken for a new file",
    300008: "a file that came back on a host was written over by the room of the deleted one",
    300063: "what was deleted everywhere was in no version",
    300431: "a daemon made a file again on the server that was just renamed there",
    300100: "a file was created over the one that was just renamed to its name",
    300180: "two lines in place of one were glued together",
    900123: "nobody was told that a file deleted on the server was written again on the host",
    1100432: "a host stayed in the room of a file that was deleted and at once saved again",
    1200069: "a host whose events were lost missed a rename that was made through the server",
    50206: "a full disk at a deletion was called a bug",
}
"""The same, where people delete and rename files too."""

SLOW_WITH_MOVES = {
    900247: "a rename by others was not tried again after the disk had been full",
    1100124: "a file that was deleted here while others renamed it was neither deleted nor there",
    1100341: "word of a deletion from before a file was made again removed the new one",
    1100461: "a rename by others on a failing disk left two files of one document",
    1600047: "what a room held was lost with it when somebody else had created the file meanwhile",
    1100493: "who deleted a file that was saved again did not hear of what came then",
}
"""The same, in histories that take seconds."""

SLOW = {
    1500005: "a guest that had left a quiet room heard of an edit on the host only half a minute later"
}
"""The same, without deletions and renames."""

FOUND_SHORT = {
    8000079: "a file that could not be read when its room was joined was held until its next save"
}
"""The same, in short histories."""

CALM = range(1_000, 1_003)
STORMY = range(2_000, 2_005)
STORMY_WITH_MOVES = range(3_000, 3_003)
SHORT_ONES = range(4_000, 4_024)
SHORT_ONES_WITH_MOVES = range(4_100, 4_116)
WITHOUT_ROOM = range(4_000, 4_003)
MOST_TAKEN_BACK = 0.02
"""Of all tokens: saves whose base cannot be known, because reads were missed. All in the history."""


def broken(seeds: Iterable[int], plan: Plan) -> list[dict[str, object]]:
    """What was broken, by history."""
    return [result.to_json() for result in simulate_all(seeds, plan) if not result.is_good]


@pytest.mark.parametrize("seed", FOUND_BUGS, ids=str)
def test_a_history_that_failed_once_holds(seed: int) -> None:
    assert broken([seed], Plan()) == []


@pytest.mark.parametrize("seed", FOUND_WITH_MOVES, ids=str)
def test_a_history_with_moves_that_failed_once_holds(seed: int) -> None:
    assert broken([seed], Plan(moves=True)) == []


@pytest.mark.parametrize("seed", FOUND_SHORT, ids=str)
def test_a_short_history_that_failed_once_holds(seed: int) -> None:
    assert broken([seed], Plan(SHORT)) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", [*SLOW, *SLOW_WITH_MOVES], ids=str)
def test_a_slow_history_that_failed_once_holds(seed: int) -> None:
    assert broken([seed], Plan(moves=seed in SLOW_WITH_MOVES)) == []


def test_without_faults_nothing_is_lost_doubled_or_left_different() -> None:
    assert broken(CALM, Plan(faults=0)) == []


@pytest.mark.timeout(900)
def test_under_faults_nothing_is_lost_doubled_or_left_different() -> None:
    results = list(simulate_all(STORMY, Plan()))
    assert [result.to_json() for result in results if not result.is_good] == []
    taken_back = sum(len(result.taken_back) for result in results)
    assert taken_back <= MOST_TAKEN_BACK * sum(result.tokens for result in results)


def test_under_faults_and_with_deletions_and_renames_nothing_is_lost() -> None:
    assert broken(STORMY_WITH_MOVES, Plan(moves=True)) == []


def test_where_changes_go_without_a_room_nothing_is_lost() -> None:
    assert broken(WITHOUT_ROOM, Plan(without_room=True, host=True)) == []


def test_the_same_seed_gives_the_same_history() -> None:
    one, other = (simulate(seed) for seed in (17, 17))
    assert one.trace == other.trace
    assert one.trace != simulate(18).trace


@pytest.mark.parametrize(
    ("seeds", "moves"),
    [(SHORT_ONES, False), (SHORT_ONES_WITH_MOVES, True)],
    ids=["edits", "deletions and renames"],
)
def test_in_short_histories_nothing_is_lost(seeds: range, moves: bool) -> None:
    assert broken(seeds, Plan(SHORT, moves=moves)) == []


@pytest.mark.long
@pytest.mark.timeout(14_400)
@pytest.mark.parametrize(
    ("seeds", "plan"),
    [
        (range(900), Plan(SHORT)),
        (range(900), Plan(SHORT, moves=True)),
        (range(100), Plan()),
        (range(100), Plan(moves=True)),
    ],
    ids=["short", "short, moves", "long", "long, moves"],
)
def test_two_thousand_histories(seeds: range, plan: Plan) -> None:
    assert broken(seeds, plan) == []

"""The states of our end of a room, as a table.

Whatever decides about the state is in this file, and the file does no more than that. A connection
pulls the server's whole document into nothing (an old document is never pushed), lives, and ends;
it never comes back: a new connection is a new object.

An event that has no entry is a mistake in rtcd, raises, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class State(Enum):
    """Where a connection stands."""

    PULLING = "pulling"
    LIVE = "live"
    LEAVING = "leaving"
    CLOSED = "closed"


class Turn(Enum):
    """What can happen to it."""

    PULLED = "the server sent its whole document"
    LEFT = "we said goodbye"
    LOST = "the connection is gone, or is of no use any more"


TRANSITIONS: Mapping[State, Mapping[Turn, State]] = {
    State.PULLING: {
        Turn.PULLED: State.LIVE,
        Turn.LEFT: State.LEAVING,
        Turn.LOST: State.CLOSED,
    },
    State.LIVE: {Turn.LEFT: State.LEAVING, Turn.LOST: State.CLOSED},
    State.LEAVING: {Turn.LOST: State.CLOSED},
    State.CLOSED: {},
}


class IllegalTurnError(RuntimeError):
    """A bug: something happened that cannot happen in this state."""


def move(state: State, turn: Turn) -> State:
    """The state after a turn.

    Raises:
        IllegalTurnError: the table has no such turn.
    """
    try:
        return TRANSITIONS[state][turn]
    except KeyError:
        raise IllegalTurnError(f"{turn.value!r} cannot happen while {state.value}") from None

"""The states of the exchange by which a guest proves the code, as tables.

Three machines, each with its own table. Whatever decides about a state is in this file, and the file
does no more than that. An event that has no entry raises and changes nothing.

* The *guest's end* and the *host's end* of one attempt. Both follow the order that gives a guesser
  the least: the guest shows first that it knows the code (``CONFIRMED``), so a wrong guess is always
  seen by the host; the host shows it after that, together with what the guest came for.
* The *offer*: one code's life. One success uses it up, one wrong guess burns it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar


class GuestState(Enum):
    """Where the guest's end stands."""

    NEW = "nothing sent"
    GREETED = "our share of the key is sent"
    CONFIRMED = "our proof of the code is sent"
    JOINED = "the host's proof was right"
    FAILED = "over, nothing was learned"


class GuestTurn(Enum):
    """What can happen to the guest's end."""

    GREET = "send our share of the key"
    HOST_SHARE = "the host's share of the key came"
    HOST_PROOF = "the host's proof came and was right"
    WRONG = "what came was wrong, or the host refused"


class HostState(Enum):
    """Where the host's end stands."""

    NEW = "nothing received"
    ANSWERED = "our share of the key is sent"
    ADMITTED = "the guest's proof was right"
    FAILED = "over, nothing was told"


class HostTurn(Enum):
    """What can happen to the host's end."""

    GUEST_SHARE = "the guest's share of the key came"
    GUEST_PROOF = "the guest's proof came and was right"
    WRONG = "what came was wrong"


class OfferState(Enum):
    """Where a code stands."""

    OPEN = "open"
    USED = "used"
    BURNED = "burned"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class OfferTurn(Enum):
    """What can happen to a code."""

    ADMITTED = "somebody proved it"
    WRONG_GUESS = "somebody guessed, and wrong"
    TIME_IS_UP = "its ten minutes are over"
    TAKEN_BACK = "the host does not want it any more"


GUEST: Mapping[GuestState, Mapping[GuestTurn, GuestState]] = {
    GuestState.NEW: {GuestTurn.GREET: GuestState.GREETED},
    GuestState.GREETED: {
        GuestTurn.HOST_SHARE: GuestState.CONFIRMED,
        GuestTurn.WRONG: GuestState.FAILED,
    },
    GuestState.CONFIRMED: {
        GuestTurn.HOST_PROOF: GuestState.JOINED,
        GuestTurn.WRONG: GuestState.FAILED,
    },
    GuestState.JOINED: {},
    GuestState.FAILED: {},
}

HOST: Mapping[HostState, Mapping[HostTurn, HostState]] = {
    HostState.NEW: {
        HostTurn.GUEST_SHARE: HostState.ANSWERED,
        HostTurn.WRONG: HostState.FAILED,
    },
    HostState.ANSWERED: {
        HostTurn.GUEST_PROOF: HostState.ADMITTED,
        HostTurn.WRONG: HostState.FAILED,
    },
    HostState.ADMITTED: {},
    HostState.FAILED: {},
}

OFFER: Mapping[OfferState, Mapping[OfferTurn, OfferState]] = {
    OfferState.OPEN: {
        OfferTurn.ADMITTED: OfferState.USED,
        OfferTurn.WRONG_GUESS: OfferState.BURNED,
        OfferTurn.TIME_IS_UP: OfferState.EXPIRED,
        OfferTurn.TAKEN_BACK: OfferState.WITHDRAWN,
    },
    OfferState.USED: {},
    OfferState.BURNED: {},
    OfferState.EXPIRED: {},
    OfferState.WITHDRAWN: {},
}


class IllegalTurnError(RuntimeError):
    """Something happened that cannot happen in this state."""


S = TypeVar("S", bound=Enum)
T = TypeVar("T", bound=Enum)


def move(table: Mapping[S, Mapping[T, S]], state: S, turn: T) -> S:
    """The state after a turn.

    Raises:
        IllegalTurnError: the table has no such turn.
    """
    try:
        return table[state][turn]
    except KeyError:
        raise IllegalTurnError(f"{turn.value!r} cannot happen while {state.value!r}") from None

"""Who is here, without IO: the Yjs awareness protocol (y-protocols, ``awareness.js``).

Every client has an id, a clock that grows with each of its messages, and a state: a JSON object,
or null when it left. States are not replayed to newcomers and a cut connection sends no goodbye,
so everybody renews their own state now and then and forgets others that went silent. Time comes in
as an argument, in seconds of any steady clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rtcd.content import JsonObject
from rtcd.crdt.wire import Reader, write_bytes, write_integer, write_string
from rtcd.errors import UpdateRefusedError

AWARENESS = 1

RENEW_SECONDS = 15.0
EXPIRE_SECONDS = 30.0
MAX_CLIENTS = 1000
MAX_STATE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class ClientState:
    """What one client says of itself at one tick of its clock; None means it left."""

    client_id: int
    clock: int
    state: JsonObject | None


@dataclass(frozen=True, slots=True)
class Arrivals:
    """What a message changed: ids that appeared, changed, renewed unchanged, or went away."""

    added: tuple[int, ...] = ()
    changed: tuple[int, ...] = ()
    renewed: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()

    @property
    def is_change(self) -> bool:
        """True when somebody came, went or said something new."""
        return bool(self.added or self.changed or self.removed)


def encode_awareness(clients: Iterable[ClientState]) -> bytes:
    """A whole message of type AWARENESS."""
    entries = [
        write_integer(client.client_id)
        + write_integer(client.clock)
        + write_string(json.dumps(client.state, ensure_ascii=False, separators=(",", ":")))
        for client in clients
    ]
    return bytes((AWARENESS,)) + write_bytes(write_integer(len(entries)) + b"".join(entries))


def decode_awareness(message: bytes) -> list[ClientState]:
    """The reverse of ``encode_awareness``.

    Raises:
        UpdateRefusedError: it is no awareness message, or one over the limits.
    """
    reader = Reader(message)
    if reader.byte() != AWARENESS:
        raise UpdateRefusedError("this is not an awareness message")
    reader = Reader(reader.payload())
    count = reader.integer()
    if count > MAX_CLIENTS:
        raise UpdateRefusedError(f"an awareness message of {count} clients was refused")
    clients = []
    for _ in range(count):
        client_id, clock = reader.integer(), reader.integer()
        clients.append(ClientState(client_id, clock, _parse_state(reader.payload())))
    return clients


def _parse_state(data: bytes) -> JsonObject | None:
    if len(data) > MAX_STATE_BYTES:
        raise UpdateRefusedError(f"an awareness state of {len(data)} bytes was refused")
    try:
        state = json.loads(data)
    except (ValueError, RecursionError):
        raise UpdateRefusedError("an awareness state is not JSON") from None
    if state is None or isinstance(state, Mapping):
        return state
    raise UpdateRefusedError("an awareness state is no JSON object")


@dataclass(slots=True)
class _Known:
    clock: int
    state: JsonObject | None
    heard_at: float


@dataclass(slots=True)
class Awareness:
    """What we know of everybody in one room, and what we say of ourselves.

    ``renew_seconds`` and ``expire_seconds`` are how often we speak at least, and how long others
    may be silent (15 s and 30 s in the protocol). When for ``break_seconds`` nothing we said came
    back, others may have taken us for gone.
    """

    client_id: int
    renew_seconds: float = RENEW_SECONDS
    expire_seconds: float = EXPIRE_SECONDS
    break_seconds: float = float("inf")
    _known: dict[int, _Known] = field(default_factory=dict)
    _clock: int = 0
    _state: JsonObject | None = None
    _said_at: float | None = None
    _unconfirmed: dict[int, float] = field(default_factory=dict)
    _confirmed_at: float | None = None
    _unbroken_since: float | None = None

    @property
    def own_state(self) -> JsonObject | None:
        """What we say of ourselves now."""
        return self._state

    @property
    def confirmed_at(self) -> float | None:
        """When we said the latest of our messages that came back; None before the first.

        Everybody hears everything in one order. So whoever had spoken before that message was
        relayed has been heard by us.
        """
        return self._confirmed_at

    @property
    def unbroken_since(self) -> float | None:
        """From when on our messages have come back without a break; None before the first did."""
        return self._unbroken_since

    def heard_at(self) -> dict[int, float | None]:
        """When we last heard of each client; None for those who said goodbye."""
        return {
            client_id: known.heard_at if known.state is not None else None
            for client_id, known in self._known.items()
        }

    def states(self) -> dict[int, JsonObject]:
        """The state of everybody else who is here, by client id."""
        return {
            client_id: known.state
            for client_id, known in self._known.items()
            if known.state is not None
        }

    def state_of(self, client_id: int) -> JsonObject | None:
        """What one other client says of itself; None when it is not here."""
        known = self._known.get(client_id)
        return known.state if known is not None else None

    def say(self, state: JsonObject | None, now: float) -> bytes:
        """The message that tells others our new state; None says goodbye."""
        self._state = state
        self._said_at = now
        self._clock += 1
        self._unconfirmed[self._clock] = now
        return encode_awareness([ClientState(self.client_id, self._clock, state)])

    def renew(self, now: float) -> bytes | None:
        """Our state once more with a new clock; None when we have none."""
        return None if self._state is None else self.say(self._state, now)

    def hear(self, clients: Iterable[ClientState], now: float) -> Arrivals:
        """Take in a message; an echo of our own only confirms it."""
        found: dict[str, list[int]] = {"added": [], "changed": [], "renewed": [], "removed": []}
        for client in clients:
            if client.client_id == self.client_id:
                self._confirm(client.clock, now)
                continue
            word = self._hear_one(client, now)
            if word is not None:
                found[word].append(client.client_id)
        return Arrivals(**{word: tuple(ids) for word, ids in found.items()})

    def _confirm(self, clock: int, now: float) -> None:
        said_at = self._unconfirmed.get(clock)
        if said_at is None:
            return
        if self._confirmed_at is None:
            self._unbroken_since = said_at
        elif now - self._confirmed_at >= self.break_seconds:
            self._unbroken_since = now
        self._confirmed_at = said_at
        # What was said earlier came back earlier, or never will.
        self._unconfirmed = {at: when for at, when in self._unconfirmed.items() if at > clock}

    def _hear_one(self, client: ClientState, now: float) -> str | None:
        known = self._known.get(client.client_id)
        if known is None:
            if client.state is None or len(self._known) >= MAX_CLIENTS:
                return None
            self._known[client.client_id] = _Known(client.clock, client.state, now)
            return "added"
        is_goodbye = client.state is None and client.clock == known.clock
        if client.clock <= known.clock and not (is_goodbye and known.state is not None):
            return None
        before = known.state
        known.clock, known.state, known.heard_at = client.clock, client.state, now
        if client.state is None:
            return "removed" if before is not None else None
        if before is None:
            return "added"
        return "renewed" if before == client.state else "changed"

    def expire(self, now: float) -> tuple[int, ...]:
        """Forget those who went silent; their ids."""
        silent = [
            client_id
            for client_id, known in self._known.items()
            if now - known.heard_at >= self.expire_seconds
        ]
        gone = tuple(client_id for client_id in silent if self._known[client_id].state is not None)
        for client_id in silent:
            # The clock is forgotten too, else dead ids would pile up for ever; who speaks after so
            # long a silence counts as new.
            del self._known[client_id]
        return gone

    def next_deadline(self) -> float | None:
        """When ``renew`` or ``expire`` is due next; None when never."""
        deadlines = [known.heard_at + self.expire_seconds for known in self._known.values()]
        if self._state is not None and self._said_at is not None:
            deadlines.append(self._said_at + self.renew_seconds)
        return min(deadlines, default=None)

    def must_renew(self, now: float) -> bool:
        """True when others would soon take us for gone."""
        return (
            self._state is not None
            and self._said_at is not None
            and now - self._said_at >= self.renew_seconds
        )

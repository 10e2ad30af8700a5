"""``RoomProtocol``: our end of a room, without the socket and without a clock.

The seam is that of sans-IO protocols: ``receive`` takes a message and gives events, what is to be
sent waits in ``next_message``, ``next_deadline`` says when ``tick`` wants to be called. The shell
moves bytes and waits; it decides nothing.

Two rules shape it. Nothing is ever pushed unasked: the server's STEP1 ("what do you have?") gets
no answer, because it may have rebuilt the document under the same ids and our history would
corrupt it (server reference 3.3); the stock server does not wait for one (tried). And what cannot
be read ends the connection: a lost update would be a silent difference, a fresh pull is not.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rtcd.content import JsonObject
from rtcd.crdt.acknowledgements import Acknowledgements
from rtcd.crdt.awareness import AWARENESS, Awareness, decode_awareness
from rtcd.crdt.sync_protocol import (
    EMPTY_STATE_VECTOR,
    SYNC,
    Step1,
    Step2,
    Update,
    decode_sync,
)
from rtcd.crdt.update_limits import check_update
from rtcd.crdt.wire import Reader, write_integer, write_string
from rtcd.errors import UpdateRefusedError
from rtcd.rooms.events import (
    AwarenessChanged,
    RoomClosed,
    RoomEvent,
    RoomPulled,
    RoomUpdated,
    SaveReplied,
)
from rtcd.rooms.person import Person, parse_person
from rtcd.rooms.states import State, Turn, move

RAW = 2

LEFT, GOING_AWAY, CUT, UNREADABLE = 1000, 1001, 1006, 1007
REPUBLISH_SECONDS = 1.0
SLOWEST_LINK = 16 * 1024  # bytes per second


@dataclass(slots=True)
class RoomProtocol:
    """One connection to one room. Times are seconds of a steady clock, passed in.

    ``echo_seconds``: how long an update may stay unacknowledged on a link that moves nothing else.
    """

    awareness: Awareness
    echo_seconds: float = 10.0
    state: State = State.PULLING
    _outgoing: deque[bytes] = field(default_factory=deque)
    _acknowledgements: Acknowledgements | None = None
    _moved_at: float = float("-inf")
    _saves: int = 0
    _said_at: float = float("-inf")
    _republish_at: float | None = None
    _persons: dict[int, tuple[JsonObject, Person | None]] = field(default_factory=dict)
    _people: tuple[Person, ...] | None = ()

    @property
    def unacknowledged(self) -> int:
        """Updates sent and not echoed yet."""
        return 0 if self._acknowledgements is None else len(self._acknowledgements)

    def start(self) -> None:
        """Ask for everything; the first thing to do on a new connection."""
        self._outgoing.append(Step1(EMPTY_STATE_VECTOR).encode())

    def next_message(self) -> bytes | None:
        """The next message to send, taken out; None when there is none."""
        return self._outgoing.popleft() if self._outgoing else None

    def receive(self, message: bytes, now: float) -> list[RoomEvent]:
        """A message came; what it means."""
        if self.state in (State.LEAVING, State.CLOSED) or not message:
            return []
        try:
            if message[0] == SYNC:
                return self._receive_sync(message, now)
            if message[0] == AWARENESS:
                return self._receive_awareness(message, now)
            if message[0] == RAW:
                return self._receive_raw(message)
        except UpdateRefusedError as error:
            return self.lose(UNREADABLE, error.message, retry=True)
        return []

    def send_update(self, update: bytes, now: float) -> list[RoomEvent]:
        """Send a change of ours; events when it holds nothing that is new to the server.

        Raises:
            UpdateRefusedError: it is no update.
        """
        if self._acknowledgements is None:
            raise UpdateRefusedError("nothing can be sent before the document was pulled")
        done = self._acknowledgements.sent(update, now)
        self._outgoing.append(Update(update).encode())
        return [RoomUpdated(one, own=True) for one in done]

    def request_save(self) -> int:
        """Ask the server to write the file; the number that its answer will bear."""
        self._saves += 1
        self._outgoing.append(bytes((RAW,)) + write_string("save") + write_integer(self._saves))
        return self._saves

    def set_awareness(self, state: JsonObject | None, now: float) -> None:
        """Tell others about us; None says that we left."""
        if state is not None or self.awareness.own_state is not None:
            self._said_at, self._republish_at = now, None
            self._outgoing.append(self.awareness.say(state, now))

    def people(self) -> tuple[Person, ...]:
        """Everybody else who is here and has a name.

        Asked at every edit, and a cursor that moves is a new state: who has said nothing new is not
        looked at again.
        """
        if self._people is None:
            self._persons = {
                client_id: (state, self._person(client_id, state))
                for client_id, state in self.awareness.states().items()
            }
            found = (person for _, person in self._persons.values())
            self._people = tuple(person for person in found if person is not None)
        return self._people

    def _is_new(self, client_id: int) -> bool:
        """True when this client says something new of itself; a cursor that moved is nothing new."""
        state = self.awareness.state_of(client_id)
        if state is None:
            return True
        _, before = self._persons.get(client_id, (None, None))
        person = parse_person(client_id, state)
        self._persons[client_id] = (state, person)
        return person != before

    def _person(self, client_id: int, state: JsonObject) -> Person | None:
        before, person = self._persons.get(client_id, (None, None))
        return person if before is state else parse_person(client_id, state)

    def leave(self, now: float) -> None:
        """Say goodbye."""
        if self.state in (State.PULLING, State.LIVE):
            self.set_awareness(None, now)
            self.state = move(self.state, Turn.LEFT)

    def lose(self, code: int, reason: str, *, retry: bool) -> list[RoomEvent]:
        """The connection is over; the last event, or nothing if it was over before."""
        if self.state is State.CLOSED:
            return []
        self.state = move(self.state, Turn.LOST)
        return [RoomClosed(code, reason, retry)]

    @property
    def is_to_speak_up(self) -> bool:
        """True when ``tick`` is due earlier than it was, because somebody came."""
        return self._republish_at is not None

    def moved(self, now: float) -> None:
        """Bytes moved that are no message yet: an echo may be late for a good reason."""
        self._moved_at = now

    def next_deadline(self) -> float | None:
        """When ``tick`` is due; None when nothing is."""
        due = (self.awareness.next_deadline(), self._republish_at, self._echo_deadline())
        return min((at for at in due if at is not None), default=None)

    def tick(self, now: float) -> list[RoomEvent]:
        """Do what is due."""
        if self.state is not State.LIVE:
            return []
        echo = self._echo_deadline()
        if echo is not None and now >= echo:
            return self.lose(CUT, "the server did not confirm an update in time", retry=True)
        if self.awareness.must_renew(now) or (
            self._republish_at is not None and now >= self._republish_at
        ):
            self.set_awareness(self.awareness.own_state, now)
        if self.awareness.expire(now):
            self._people = None
            return [AwarenessChanged(self.people())]
        return []

    def _echo_deadline(self) -> float | None:
        oldest = self._acknowledgements.oldest if self._acknowledgements is not None else None
        if oldest is None:
            return None
        # A buffer somewhere on the way may hide that a slow link is still carrying it.
        carrying = len(oldest.update) / SLOWEST_LINK
        return max(oldest.at, self._moved_at) + self.echo_seconds + carrying

    def _receive_sync(self, message: bytes, now: float) -> list[RoomEvent]:
        sync = decode_sync(message)
        if isinstance(sync, Step1):
            return []
        try:
            check_update(sync.update)
        except UpdateRefusedError as error:
            # It will be the same next time, so trying again at once helps nobody.
            return self.lose(UNREADABLE, error.message, retry=False)
        if self._acknowledgements is None:
            return self._receive_before_live(sync)
        events = self._receive_update(sync.update, self._acknowledgements)
        if any(isinstance(event, RoomUpdated) and event.own for event in events):
            self.moved(now)
        return events

    def _receive_before_live(self, sync: Step2 | Update) -> list[RoomEvent]:
        if isinstance(sync, Update):
            # The answer to our question comes after it and holds it too.
            return []
        self._acknowledgements = Acknowledgements(sync.update)
        self.state = move(self.state, Turn.PULLED)
        return [RoomPulled(sync.update)]

    def _receive_update(self, update: bytes, sent: Acknowledgements) -> list[RoomEvent]:
        heard = sent.heard(update)
        events: list[RoomEvent] = [RoomUpdated(one, own=True) for one in heard.acknowledged]
        if not heard.is_ours:
            events.insert(0, RoomUpdated(update, own=False))
        return events

    def _receive_awareness(self, message: bytes, now: float) -> list[RoomEvent]:
        try:
            clients = decode_awareness(message)
        except UpdateRefusedError:
            # Presence is no content: one bad neighbour must not cost us the connection.
            return []
        arrivals = self.awareness.hear(clients, now)
        if arrivals.added or arrivals.removed or any(map(self._is_new, arrivals.changed)):
            self._people = None
        states = self.awareness.states()
        if any(states.get(client_id) for client_id in arrivals.added):
            # Newcomers are told nothing by the server: whoever is here speaks up.
            self._republish_at = max(now, self._said_at + REPUBLISH_SECONDS)
        return [AwarenessChanged(self.people())] if arrivals.is_change else []

    def _receive_raw(self, message: bytes) -> list[RoomEvent]:
        value = _parse_json(Reader(message, 1).string())
        if value.get("type") == "conflict":
            return self.lose(LEFT, "the server could not apply an update of ours", retry=True)
        request = value.get("responseTo")
        if value.get("type") == "save" and isinstance(request, int):
            return [SaveReplied(request, ok=value.get("status") == "success")]
        return []


def _parse_json(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise UpdateRefusedError("the server sent a note that is not JSON") from None
    return value if isinstance(value, Mapping) else {}

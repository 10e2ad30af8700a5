"""Who made the edits that arrive in a room, as far as the room tells. Pure.

JupyterLab tells its document's client id in its awareness state, and every insertion in an update
bears the client id of its writer; so most edits have a name. What cannot be told (a deletion, a
program that uses several ids) is put down to everybody who was there. People are remembered after
they have left: a conflict is often found when the other one has closed the tab.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from rtcd.crdt.edit_span import span_of
from rtcd.errors import RtcdError
from rtcd.rooms.person import RTCD, Person

NOBODY = "the shared document"
WORTH_READING_BYTES = 64 * 1024
MANY_CLIENTS = 1_000
MANY_NAMES = 4


class Authors:
    """The people of one room and when they edited; times are seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._names: dict[int, str] = {}
        self._daemons: set[int] = set()
        self._seen: dict[str, float] = {}
        self._edited: dict[str, float] = {}

    def meet(self, people: Iterable[Person]) -> None:
        """These are in the room now."""
        now = self._clock()
        for person in people:
            name = f"{person.name} ({person.client})"
            if len(self._names) < MANY_CLIENTS:
                self._names[person.client_id] = name
            if person.client == RTCD:
                self._daemons.add(person.client_id)
            self._seen[name] = now

    def edited(self, update: bytes, people: Collection[Person]) -> None:
        """An update came in while ``people`` were there."""
        self.meet(people)
        now = self._clock()
        for name in self._writers(update, people):
            self._edited[name] = now

    def since(self, at: float) -> str:
        """Who edited since then; when that is not known who was there since, or anybody at all."""
        for times in (self._edited, self._seen):
            names = sorted(name for name, time in times.items() if time >= at)
            if names:
                return _listed(names)
        return _listed(sorted(self._edited or self._seen)) or NOBODY

    def _writers(self, update: bytes, people: Collection[Person]) -> set[str]:
        clients = _clients(update)
        known = {self._names[client] for client in clients if client in self._names}
        if known and all(client in self._names for client in clients):
            return known
        here = {person.client_id: f"{person.name} ({person.client})" for person in people}
        # A daemon's documents have ids of their own; whoever is left of the others tells his.
        daemons = {name for client, name in here.items() if client in self._daemons}
        return known | (daemons if clients and daemons else set(here.values()))


def _clients(update: bytes) -> frozenset[int]:
    if len(update) > WORTH_READING_BYTES:
        return frozenset()
    try:
        return frozenset(span_of(update).inserted)
    except RtcdError:
        return frozenset()


def _listed(names: list[str]) -> str:
    if len(names) > MANY_NAMES:
        return f"{', '.join(names[: MANY_NAMES - 1])} and {len(names) - MANY_NAMES + 1} others"
    return ", ".join(names)

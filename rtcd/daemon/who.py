"""Who is at the server: by name, program, network address, and what they look at."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

from rtcd.errors import RtcdError
from rtcd.rooms.person import RTCD, Person
from rtcd.server.client import ServerClient
from rtcd.sync.project import Project
from rtcd.sync.server_side import ServerSide
from rtcd.sync.shown_person import ShownPerson


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One person in one program.

    ``address`` is None where the server cannot tell; ``paths`` are what they edit, as the server
    names it. Names are what people call themselves.
    """

    name: str
    client: str
    address: str | None
    paths: tuple[str, ...] = ()
    is_you: bool = False

    def to_json(self) -> dict[str, Any]:
        """One item of ``peers``."""
        return {
            "name": self.name,
            "client": self.client,
            "from": self.address,
            "paths": list(self.paths),
            "you": self.is_you,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The reverse of ``to_json``."""
        return cls(
            name=value["name"],
            client=value["client"],
            address=value["from"],
            paths=tuple(value["paths"]),
            is_you=value["you"],
        )


class Who:
    """Asks the room in which everybody is listed, and the server for their addresses."""

    def __init__(
        self,
        *,
        project: Project,
        person: ShownPerson,
        client: ServerClient,
        server: ServerSide,
        name: str,
    ) -> None:
        self._project = project
        self._server = server
        self._person = person
        self._client = client
        self._name = name

    @property
    def is_known(self) -> bool:
        """False while the server is away: nobody can tell then."""
        return self._server.connected

    async def is_here(self) -> list[Peer]:
        """Everybody, ourselves first, then by name; only ourselves while the server is away."""
        if not self.is_known:
            return [self._you()]
        addresses: dict[int, str] = {}
        with suppress(RtcdError):
            addresses = await self._client.where_from()
        others = [
            Peer(
                name=person.name,
                client=person.client,
                address=addresses.get(person.client_id),
                paths=_paths(person),
            )
            for person in self._person.people()
            # A connection that was cut says no goodbye; the server knows that it is gone.
            if not addresses or person.client_id in addresses
        ]
        others.sort(key=lambda peer: (peer.name, peer.client, peer.paths))
        return [self._you(), *others]

    def _you(self) -> Peer:
        own = tuple(sorted(str(path) for path in self._project.bindings))
        return Peer(name=self._name, client=RTCD, address=None, paths=own, is_you=True)


def _paths(person: Person) -> tuple[str, ...]:
    current = (person.current or "").partition(":")[2]
    return tuple(sorted({*person.documents, *((current,) if current else ())}))

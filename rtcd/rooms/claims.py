"""Who may go first: a mutual exclusion lock between daemons, by the server's order. Pure.

Daemons write claims into one shared list of a transient room. The server tells everybody of all
changes in one order. When the echo of our claim arrives, the list holds exactly the claims that were
made before it (those that are in the room's document when we join are older, too). Ours is held
when all of these are gone: released, or their owners dead.

An owner is dead when it said goodbye, or when it was silent for ``lease`` seconds *of a link that
worked*: that is, when a message that we said ``lease`` after its last one has come back to us. By
the server's order it had not spoken before that. In turn a claim of our own is held only while our
last confirmed message is younger than ``lease``: we stop believing in it before others may take it,
and for good: a claim that was older than a break in our confirmations is void, even if nobody took
it out of the list yet. No two clocks are compared, so they may differ.

A server that starts anew forgets all claims, and every connection to it breaks: claims are lost with
the connection.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# A holder acts after it looked; this part of the lease is for the acting.
SAFE_PART = 0.8


@dataclass(slots=True)
class ClaimTable:
    """All claims that are known in the room, as one daemon sees them.

    Claims are known by a key ``CLIENT.NUMBER``; ``lease`` is in seconds of our steady clock.
    """

    own_id: int
    lease: float
    joined_at: float
    _files: dict[str, str] = field(default_factory=dict)
    _before: dict[str, frozenset[str]] = field(default_factory=dict)
    _last_word: dict[int, float] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    _confirmed_at: float | None = None
    _unbroken_since: float | None = None
    _made_at: dict[str, float] = field(default_factory=dict)

    @property
    def break_seconds(self) -> float:
        """The longest time without a confirmation that does no harm."""
        return self.lease * SAFE_PART

    def made(self, key: str, now: float) -> None:
        """We are about to make a claim."""
        self._made_at[key] = now

    def see_claims(self, files: Mapping[str, str], now: float) -> None:
        """The shared list as it is now, as claim key to file id."""
        for key in files.keys() - self._files.keys():
            self._last_word.setdefault(client_of(key), now)
        self._files = dict(files)

    def see_clients(
        self,
        heard_at: Mapping[int, float | None],
        confirmed_at: float | None,
        unbroken_since: float | None,
    ) -> None:
        """When each client was last heard (None: it said goodbye), and how our own words came back.

        ``confirmed_at`` and ``unbroken_since`` are those of ``Awareness`` with our
        ``break_seconds``.
        """
        self._confirmed_at = confirmed_at
        self._unbroken_since = unbroken_since
        for client_id, at in heard_at.items():
            if at is None:
                self._gone.add(client_id)
            else:
                self._gone.discard(client_id)
                self._last_word[client_id] = max(at, self._last_word.get(client_id, at))

    def ordered(self, key: str) -> None:
        """Our claim came back: what is in the list now was there first."""
        file_id = self._files.get(key)
        self._before[key] = frozenset(
            other
            for other, held in self._files.items()
            if held == file_id and other != key and not self._is_on_its_way(other)
        )

    def _is_on_its_way(self, key: str) -> bool:
        return client_of(key) == self.own_id and key not in self._before

    def forget(self, key: str) -> None:
        """Our claim is released or given up."""
        self._before.pop(key, None)
        self._made_at.pop(key, None)

    def is_void(self, key: str) -> bool:
        """True when others may have passed over this claim of ours: make another."""
        made_at, since = self._made_at.get(key), self._unbroken_since
        return made_at is None or (since is not None and made_at < since)

    def is_first(self, key: str) -> bool:
        """True when nobody is before this claim of ours any more."""
        before = self._before.get(key)
        if before is None or key not in self._files:
            return False
        return all(other not in self._files or self.is_dead(client_of(other)) for other in before)

    def is_held(self, key: str, now: float) -> bool:
        """True when it is ours, and nobody else may believe that we are dead."""
        if self._confirmed_at is None or now - self._confirmed_at >= self.break_seconds:
            return False
        return not self.is_void(key) and self.is_first(key)

    def is_dead(self, client_id: int) -> bool:
        """True when the owner of a claim will not act on it any more."""
        if client_id == self.own_id:
            return False
        if client_id in self._gone:
            return True
        last_word = self._last_word.get(client_id, self.joined_at)
        return self._confirmed_at is not None and self._confirmed_at - last_word >= self.lease

    def dead_keys(self) -> list[str]:
        """Claims of the dead, to be swept out of the list."""
        return [key for key in self._files if self.is_dead(client_of(key))]


def format_claim(key: str, file_id: str) -> str:
    """A claim as an item of the shared list."""
    return f"{key} {file_id}"


def parse_claim(item: object) -> tuple[str, str] | None:
    """Key and file id of an item; None for what is no claim."""
    key, space, file_id = item.partition(" ") if isinstance(item, str) else ("", "", "")
    return (key, file_id) if space and client_of(key) >= 0 else None


def client_of(key: str) -> int:
    """The client that made a claim; -1 for keys that nobody of us wrote."""
    head = key.partition(".")[0]
    return int(head) if head.isascii() and head.isdigit() else -1

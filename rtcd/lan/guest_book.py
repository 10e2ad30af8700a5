"""``GuestBook``: who may come in, each with a token of their own.

One private file, which is the truth: whoever changes it (the server when a guest joins, the command
line when one is turned out) does so under a lock, and the server looks whether it changed. A token is
kept as its SHA-256 only; 256 random bits need no slower hash.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, Self

from rtcd.errors import RtcdError
from rtcd.places import make_private_folder
from rtcd.server.private_file import read_private, write_private

TOKEN_BYTES = 32
MAX_GUESTS = 100
UNUSED_SECONDS = 900.0
SEEN_STEP_SECONDS = 60.0
PREFIX = "rtcd-guest-"

Kind = Literal["rtcd", "browser"]


class NoSuchGuestError(RtcdError):
    """Nobody of that name may come in."""

    code = "no-such-guest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Somebody who may come in.

    ``name`` is what they call themselves, made unique; times are seconds since the epoch (``seen``
    None: never came); ``address`` is where they joined or were last seen from.
    """

    id: str
    name: str
    kind: Kind
    token_hash: str
    joined: float
    seen: float | None = None
    address: str = ""

    @property
    def username(self) -> str:
        """The name of the account that this guest has on the server."""
        return PREFIX + self.id

    @classmethod
    def from_json(cls, value: dict[str, object]) -> Self:
        """One guest of the file.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        seen = value["seen"]
        return cls(
            id=str(value["id"]),
            name=str(value["name"]),
            kind="browser" if value["kind"] == "browser" else "rtcd",
            token_hash=str(value["token_hash"]),
            joined=float(str(value["joined"])),
            seen=None if seen is None else float(str(seen)),
            address=str(value["address"]),
        )


class GuestBook:
    """The guests of one project; ``clock`` gives seconds since the epoch."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._file = folder / "guests.json"
        self._clock = clock
        self._stamp: tuple[int, int, int] | None = None
        self._guests: tuple[Guest, ...] = ()

    def guests(self) -> tuple[Guest, ...]:
        """Everybody who may come in, oldest first; those who never came lapse after 15 minutes.

        Raises:
            RtcdError: others could have written the file.
        """
        stamp = self._look()
        if stamp != self._stamp:
            self._guests = self._read()
            self._stamp = stamp
        now = self._clock()
        return tuple(guest for guest in self._guests if not _has_lapsed(guest, now))

    def admit(self, name: str, kind: Kind, address: str) -> tuple[Guest, str]:
        """Let somebody in; returns them and their token, which is kept nowhere else."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        with self._changing() as guests:
            if len(guests) >= MAX_GUESTS:
                raise RtcdError(
                    f"{MAX_GUESTS} guests may come in already",
                    hint="`rtcd share --revoke NAME` turns out those who do not come any more.",
                )
            guest = Guest(
                id=secrets.token_hex(6),
                name=_unique(name or "guest", {one.name for one in guests}),
                kind=kind,
                token_hash=_hash(token),
                joined=self._clock(),
                address=address,
            )
            guests.append(guest)
        return guest, token

    def who(self, token: str) -> Guest | None:
        """Whose token this is."""
        offered = _hash(token)
        found = None
        for guest in self.guests():
            # All are compared, so that the time tells nothing.
            if hmac.compare_digest(guest.token_hash, offered):
                found = guest
        return found

    def by_username(self, username: str) -> Guest | None:
        """The guest behind an account name of the server."""
        return next((guest for guest in self.guests() if guest.username == username), None)

    def note_seen(self, guest: Guest, address: str) -> None:
        """Write down that they came, once a minute at most."""
        now = self._clock()
        if guest.seen is not None and now - guest.seen < SEEN_STEP_SECONDS:
            return
        with self._changing() as guests:
            guests[:] = [
                replace(one, seen=now, address=address) if one.id == guest.id else one
                for one in guests
            ]

    def revoke(self, name: str) -> Guest:
        """Turn somebody out, by name or id.

        Raises:
            NoSuchGuestError: nobody has that name.
        """
        with self._changing() as guests:
            found = [one for one in guests if name in (one.name, one.id)]
            if not found:
                near = ", ".join(sorted(one.name for one in guests)) or "nobody"
                raise NoSuchGuestError(
                    f"no guest is called {name!r}", hint=f"Who may come in: {near}."
                )
            guests.remove(found[0])
        return found[0]

    def revoke_all(self) -> tuple[Guest, ...]:
        """Turn everybody out."""
        with self._changing() as guests:
            gone = tuple(guests)
            guests.clear()
        return gone

    @contextmanager
    def _changing(self) -> Iterator[list[Guest]]:
        make_private_folder(self._folder)
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        lock = os.open(self._folder / "guests.lock", flags, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            now = self._clock()
            guests = [guest for guest in self._read() if not _has_lapsed(guest, now)]
            before = list(guests)
            yield guests
            if guests != before:
                write_private(self._file, json.dumps([asdict(guest) for guest in guests]))
        finally:
            os.close(lock)

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _read(self) -> tuple[Guest, ...]:
        text = read_private(self._file)
        if text is None:
            return ()
        try:
            return tuple(Guest.from_json(value) for value in json.loads(text))
        except (ValueError, KeyError, TypeError):
            # Nobody comes in by a file that cannot be read.
            return ()


def _has_lapsed(guest: Guest, now: float) -> bool:
    return guest.seen is None and now - guest.joined > UNUSED_SECONDS


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _unique(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    plain = re.sub(r" \(\d+\)$", "", name)
    return next(made for n in range(2, MAX_GUESTS + 3) if (made := f"{plain} ({n})") not in taken)

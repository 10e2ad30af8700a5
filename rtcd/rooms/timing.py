"""How patient a connection is; all in seconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomTiming:
    """The patience of one connection.

    A silent link is pinged after ``ping_after`` and given up ``dead_after`` later (20 s in all; the
    WebSocket library's own way took 49 s, measured). ``echo`` bounds the wait for an
    acknowledgement, ``save`` that for the answer to a save request; ``renew`` and ``expire`` are
    awareness's. After ``break_after`` without an echo of what we say of ourselves, others may have
    taken us for gone (``claims.py``).
    """

    connect: float = 10.0
    close: float = 2.0
    ping_after: float = 10.0
    dead_after: float = 10.0
    echo: float = 10.0
    save: float = 30.0
    renew: float = 15.0
    expire: float = 30.0
    break_after: float = float("inf")

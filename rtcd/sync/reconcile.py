"""What to do with one file when disk, room and the last common version meet. Pure.

Three contents go in, one decision comes out; the binding carries it out. The table, with B the
base (what both sides last agreed on), D the disk and R the room:

======================  ======================================================
D equals R              they are linked, nothing moves
no B, no D              the room's content is written to disk
no B, D differs from R  both were created: every line of both is kept
D gone, R equals B      the deletion is carried to the server
D gone, R differs       an edit beats a deletion: the file is written again
R equals B              only the disk changed: its edit goes to the room
D equals B              only the room changed: it is written to disk
all three differ        merged at B
======================  ======================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from rtcd.content import Content, is_same


class JoinAction(Enum):
    """What a binding does after it has pulled a room."""

    LINK = "link"
    WRITE = "write"
    SEND = "send"
    MERGE = "merge"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class JoinPlan:
    """The decision, and the reason word when it is worth a record (else None)."""

    action: JoinAction
    reason: str | None = None


def plan_join(base: Content | None, disk: Content | None, room: Content) -> JoinPlan:
    """Decide what happens when a room was pulled; every triple has an answer."""
    if disk is None:
        return _plan_without_file(base, room)
    if is_same(disk, room):
        return JoinPlan(JoinAction.LINK)
    if base is None:
        return JoinPlan(JoinAction.MERGE, "both-created")
    if is_same(base, room):
        return JoinPlan(JoinAction.SEND)
    if is_same(base, disk):
        return JoinPlan(JoinAction.WRITE)
    return JoinPlan(JoinAction.MERGE)


def _plan_without_file(base: Content | None, room: Content) -> JoinPlan:
    if base is None:
        return JoinPlan(JoinAction.WRITE)
    if is_same(base, room):
        return JoinPlan(JoinAction.REMOVE)
    return JoinPlan(JoinAction.WRITE, "delete-edit")


class ListAction(Enum):
    """What happens to a file that nobody has open, found by comparing two listings."""

    NOTHING = "nothing"
    FETCH = "fetch"
    CREATE = "create"
    REMOVE_LOCAL = "remove-local"
    REMOVE_REMOTE = "remove-remote"
    JOIN = "join"
    FORGET = "forget"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class Listed:
    """One path in both worlds; digests are sha256 of the whole file, None where there is no file.

    ``base_digest`` and ``base_server_hash`` are the two sides of the last common version, None
    when there never was one.
    """

    disk_digest: str | None
    server_hash: str | None
    base_digest: str | None
    base_server_hash: str | None


def plan_listed(listed: Listed) -> ListAction:
    """Decide for a path that no room is open for."""
    known = listed.base_digest is not None
    disk_same = listed.disk_digest == listed.base_digest
    server_same = listed.server_hash == listed.base_server_hash
    if listed.disk_digest is None and listed.server_hash is None:
        return ListAction.FORGET if known else ListAction.NOTHING
    if listed.disk_digest is None:
        return ListAction.REMOVE_REMOTE if known and server_same else ListAction.FETCH
    if listed.server_hash is None:
        return ListAction.REMOVE_LOCAL if known and disk_same else ListAction.CREATE
    if known and disk_same and server_same:
        return ListAction.NOTHING
    if listed.disk_digest == listed.server_hash:
        return ListAction.LINK
    return ListAction.JOIN

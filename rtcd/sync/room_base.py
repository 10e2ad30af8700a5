"""What a room that was just pulled and the disk had in common last. Pure.

Theory of operation. Where the very same room goes on, it is what we had in it. Else the server made
the room anew from what it had saved. That is often newer than the last version that we know to be
saved on both sides; then the version that the room holds is the base. If it is *older* than that
one, the server has lost what it had saved (a crash, an old backup): a rollback, and not people
deleting. Then, too, the version in the room is the base, so that what was lost is brought back;
and people should know.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rtcd.content import Content, is_same
from rtcd.merge.versions import Version


@dataclass(frozen=True, slots=True)
class RoomBase:
    """The base for the meeting.

    Attributes:
        content: what both had last; None when there never was such a version.
        continues: the room is the one that we left.
        lost: what the server had saved and lost, None when it did not.
        is_save: the content is a save that was made here while no room was open.
    """

    content: Content | None
    continues: bool = False
    lost: Content | None = None
    is_save: bool = False


def base_of_new_room(saved: Content | None, known: Sequence[Version], theirs: Content) -> RoomBase:
    """The base for a room that the server made anew.

    Args:
        saved: the last version known to be saved on both sides.
        known: the versions that were on this disk, oldest first.
        theirs: what the room holds.
    """
    if saved is not None and is_same(saved, theirs):
        return RoomBase(saved)
    place = _last_place(known, theirs)
    if place is None:
        return RoomBase(saved)
    place_of_saved = None if saved is None else _last_place(known, saved)
    is_older = place_of_saved is not None and place < place_of_saved
    return RoomBase(known[place].content, lost=saved if is_older else None)


def _last_place(known: Sequence[Version], content: Content) -> int | None:
    places = (place for place, one in enumerate(known) if is_same(one.content, content))
    return max(places, default=None)

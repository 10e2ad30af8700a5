"""Saves that were made while no room was open, from a version that may be old. Pure.

An editor may have had the file loaded since before others typed and left, since before the room
was made anew, or since before the daemon began. Which version it was is decided as for any save
(``merge/base.py``); here is what may be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import Content, TextContent, is_same
from rtcd.merge.base import choose_base
from rtcd.merge.candidates import Evidence
from rtcd.merge.merged import Merged
from rtcd.merge.three_way import merge_contents
from rtcd.merge.versions import Version, VersionRing


def ring_of(versions: Sequence[Version]) -> VersionRing:
    """These versions, the newest last, as candidates for a base."""
    ring = VersionRing()
    numbers: dict[int | None, int] = {}
    for one in versions:
        made = ring.push(one.content, at=one.at, own_save=one.own_save, read=one.read)
        numbers[one.number] = made.number
        made.base = numbers.get(one.base)
    return ring


def up_to(base: Content, known: Sequence[Version]) -> Sequence[Version]:
    """The versions that the room is known to have had, with ``base`` as the last one.

    What came after the base may never have reached the room: no save is merged at that. A base
    that is no version (one is made at a pause only) comes behind what the room had at the last
    pause, and behind the saves since then that it holds.
    """
    place = _last_place(known, base)
    if place is not None:
        return known[: place + 1]
    from_room = [n for n, version in enumerate(known) if not version.own_save]
    count = from_room[-1] + 1 if from_room else 0
    while from_room and count < len(known) and _holds(base, known, known[count]):
        count += 1
    before = known[:count]
    at = before[-1].at if before else 0.0
    return [*before, Version(len(before), base, None, False, None, at)]


def descends_from(base: Content, known: Sequence[Version], disk: Content) -> bool:
    """True when the disk has what a write of ours brought there after ``base``.

    Such a content holds what was merged into it; it was made from no older version, though a save
    that it holds may have been. A save counts when the write is known that it was made from.
    """
    numbers = {version.number: place for place, version in enumerate(known)}
    place = _last_place(known, disk)
    while place is not None and known[place].own_save:
        made_from = known[place].base
        place = None if made_from is None else numbers.get(made_from)
    since = _last_place(known, base)
    return place is not None and (since is None or place >= since)


def _last_place(known: Sequence[Version], content: Content) -> int | None:
    places = (place for place, version in enumerate(known) if is_same(version.content, content))
    return max(places, default=None)


def followed_by(known: Sequence[Version], save: Content, now: float) -> Sequence[Version]:
    """The versions, and a save made from the last of them."""
    if not known:
        return [Version(0, save, None, True, None, now)]
    number = max(version.number for version in known) + 1
    return [*known, Version(number, save, None, True, None, now, known[-1].number)]


def _holds(content: Content, known: Sequence[Version], save: Version) -> bool:
    """True when what a save made of the version that it was made from is in the content."""
    made_from = [version.content for version in known if version.number == save.base]
    if not made_from:
        return False
    return is_same(merge_contents(made_from[0], save.content, content).content, content)


def is_made_of(content: Content, base: Content, save: Content) -> bool:
    """True when a content has every line that a save brought to ``base``, and none that it took out.

    Others may have edited it since; merging the save once more would show what they did to it.
    """
    before, after, now = (_lines_of(one) for one in (base, save, content))
    return after - before <= now and not (before - after) & now


def _lines_of(content: Content) -> set[tuple[str | None, str]]:
    """All lines, each with the id of its cell."""
    if isinstance(content, TextContent):
        return {(None, line) for line in content.text.splitlines()}
    return {(cell.id, line) for cell in content.cells for line in ["", *cell.source.splitlines()]}


def is_made_from_last(known: Sequence[Version], saved: Content, *, git: bool, now: float) -> bool:
    """True when a save was made from the newest of the versions, so that it takes nothing back."""
    if len(known) < 2:
        return True
    choice = choose_base(saved, ring_of(known).candidates(now), Evidence(git=git))
    return choice.index == len(known) - 1 and choice.conflict is None


def with_what_was_lost(
    base: Content | None, disk: Content, known: Sequence[Version], evidence: Evidence, now: float
) -> Merged | None:
    """The disk's content with what others typed after ``base`` and a save here has taken back.

    What was received and written, and never saved by a server that is gone, was nowhere but on
    this disk; an editor that had an older version loaded overwrites it there. None when nothing
    was taken back.
    """
    if not known or is_same(known[-1].content, disk):
        return None
    if base is not None and is_same(known[-1].content, base):
        return None
    ring = ring_of(known)
    choice = choose_base(disk, ring.candidates(now), evidence)
    newest = len(ring) - 1
    if choice.index == newest:
        return None
    return merge_contents(ring[choice.index].content, disk, ring[newest].content)

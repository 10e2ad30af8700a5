"""What daemons of one server tell each other about files, as JSON items of a shared list. Pure.

Announcements are hints ("look there"): who hears one looks for itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from rtcd.content import JsonObject
from rtcd.errors import PathRefusedError
from rtcd.project_path import ProjectPath
from rtcd.rooms.person import clean_name

AnnouncementKind = Literal["created", "changed", "deleted", "renamed", "folder"]

KINDS: dict[object, AnnouncementKind] = {
    "created": "created",
    "changed": "changed",
    "deleted": "deleted",
    "renamed": "renamed",
    "folder": "folder",
}


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a daemon did on the server; paths are server paths, ``by`` a display name.

    ``digest`` (sha256, hex) of what the file has now, where it was changed.
    """

    kind: AnnouncementKind
    path: str
    new_path: str | None = None
    by: str = field(default="", kw_only=True)
    digest: str | None = field(default=None, kw_only=True)


@dataclass(slots=True)
class Hearing:
    """Tells new items of the shared list from those heard before."""

    own_id: int
    _heard: set[str] = field(default_factory=set)

    def hear(self, items: Sequence[object]) -> list[Announcement]:
        """The list as it is now; what others added since the last call, in order."""
        keys = {key_of(item): item for item in items}
        new = self.hear_new(items)
        self._heard = keys.keys() - {""}
        return new

    def hear_new(self, items: Sequence[object]) -> list[Announcement]:
        """Items that were put into the list; what others say in those not heard yet, in order."""
        keys = {key_of(item): item for item in items}
        new = [item for key, item in keys.items() if key and key not in self._heard]
        self._heard |= keys.keys() - {""}
        mine = f"{self.own_id}."
        heard = (parse_item(item) for item in new if not key_of(item).startswith(mine))
        return [announcement for announcement in heard if announcement is not None]

    def keep_only(self, keys: set[str]) -> None:
        """Only these are in the list now: the others need not be remembered."""
        self._heard &= keys


def format_item(key: str, announcement: Announcement) -> dict[str, Any]:
    """An announcement as an item of the list, under a key nobody else uses."""
    return {
        "key": key,
        "kind": announcement.kind,
        "path": announcement.path,
        "new_path": announcement.new_path,
        "by": announcement.by,
        "digest": announcement.digest,
    }


def key_of(item: object) -> str:
    """The key of an item, "" for what is none."""
    key = item.get("key") if isinstance(item, Mapping) else None
    return key if isinstance(key, str) else ""


def parse_item(item: object) -> Announcement | None:
    """The reverse of ``format_item``; None for what names no plain paths."""
    values: JsonObject = item if isinstance(item, Mapping) else {}
    kind = KINDS.get(str(values.get("kind")))
    path, new_path = values.get("path"), values.get("new_path")
    if kind is None or not isinstance(path, str):
        return None
    if (kind == "renamed") != isinstance(new_path, str):
        return None
    try:
        ProjectPath.parse(path)
        if new_path is not None:
            ProjectPath.parse(new_path)
    except PathRefusedError:
        return None
    digest = values.get("digest")
    return Announcement(
        kind,
        path,
        new_path,
        by=clean_name(values.get("by")),
        digest=digest if isinstance(digest, str) else None,
    )

"""``OfferedFiles``: what rtcd's extension does for many files in one request."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple

import httpx

from rtcd.content import JsonObject
from rtcd.errors import PathRefusedError, ServerError
from rtcd.server.entry import Entry
from rtcd.server.gathered import Gathered
from rtcd.server.paths import join_path
from rtcd.server.replies import check_reply, json_of

LIST, CREATE, READ = "rtcd/files", "rtcd/files/create", "rtcd/files/read"
OFFER = "files"
NOT_IMPLEMENTED = 501
MAX_SECONDS = float(2**53)
EXISTS = "exists"
ABOUT_BYTES = 8192
"""What a file to be read counts as: its size is not known yet, and large ones are not answered."""

Ask = Callable[[str, str, Mapping[str, str], JsonObject | None], Awaitable[httpx.Response]]
"""``ask(method, route, query, body)`` gives the server's answer, whatever it is."""


class NewFile(NamedTuple):
    """A file to be made."""

    path: str
    data: bytes


class OfferedFiles:
    """The files of a server with rtcd's extension. None means: ask the contents API instead."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._creating: Gathered[NewFile, JsonObject]
        self._creating = Gathered(self._create_many, lambda new: len(new.data))
        self._reading: Gathered[str, JsonObject]
        self._reading = Gathered(self._read_many, lambda _: ABOUT_BYTES, newest_first=True)

    def close(self) -> None:
        """Whoever waits for an answer is cancelled."""
        self._creating.close()
        self._reading.close()

    async def folder(self, path: str) -> list[Entry] | None:
        """What is in a folder, with the digests of what is no link and not too large."""
        reply = await self._ask("GET", LIST, {"folder": path}, None)
        if reply.status_code in (404, NOT_IMPLEMENTED):
            return None
        entries = []
        for item in _items(reply, f"list {path or 'its root folder'}"):
            try:
                entries.append(_entry(item, join_path(path, str(item.get("name")))))
            except PathRefusedError:
                # A name that could lead out of the folder, or that nobody could hold.
                continue
        return entries

    async def create(self, path: str, data: bytes) -> Entry | None:
        """Make a file where nothing has the name.

        Raises:
            ServerError: code ``exists``.
        """
        item = await self._creating.answer(NewFile(path, data))
        if item.get("error") == EXISTS:
            raise ServerError(f"{path} is already on the server", code=EXISTS)
        return None if "error" in item else _entry(item, path)

    async def read(self, path: str) -> bytes | None:
        """A small file's bytes."""
        item = await self._reading.answer(path)
        if "error" in item:
            return None
        try:
            return base64.b64decode(str(item["content"]), validate=True)
        except (KeyError, ValueError):
            raise ServerError(f"the server's answer for {path} was not the one we know") from None

    async def _create_many(self, files: list[NewFile]) -> list[JsonObject]:
        asked = [
            {"path": new.path, "content": base64.b64encode(new.data).decode()} for new in files
        ]
        reply = await self._ask("POST", CREATE, {}, {"files": asked})
        return answers_of(reply, f"create {named([new.path for new in files])}", len(files))

    async def _read_many(self, paths: list[str]) -> list[JsonObject]:
        reply = await self._ask("POST", READ, {}, {"paths": paths})
        return answers_of(reply, f"read {named(paths)}", len(paths))


def named(paths: Sequence[str]) -> str:
    """Some files, for a sentence."""
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def answers_of(reply: httpx.Response, what: str, count: int) -> list[JsonObject]:
    """One answer for each file, in the order of the questions."""
    if reply.status_code == 404:  # the server has become an older one
        return [{"error": "cannot-here"}] * count
    items = _items(reply, what)
    if len(items) != count:
        raise ServerError(f"the server could not {what}: it answered for {len(items)}")
    return items


def _items(reply: httpx.Response, what: str) -> list[JsonObject]:
    found = json_of(check_reply(reply, what))
    items = found.get("files") if isinstance(found, Mapping) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ServerError(f"the server could not {what}: its answer was not the one we know")
    return items


def _entry(item: Mapping[str, Any], path: str) -> Entry:
    kind, size, digest = item.get("type"), item.get("size"), item.get("hash")
    modified = item.get("last_modified")
    return Entry(
        path=path,
        type=kind if kind in ("notebook", "directory") else "file",
        size=size if isinstance(size, int) else None,
        last_modified=min(modified, MAX_SECONDS) if isinstance(modified, int | float) else 0.0,
        hash=digest if isinstance(digest, str) else None,
    )

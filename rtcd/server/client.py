"""``ServerClient``: the Jupyter server over HTTP.

Paths are server paths: below the server's root, ``/`` between names, none in front. Redirects are
never followed, so the token reaches one address only.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx

from rtcd.content import JsonObject
from rtcd.errors import (
    NotFoundOnServerError,
    PathRefusedError,
    RtcdError,
    ServerError,
    ServerRefusedError,
    ServerUnreachableError,
)
from rtcd.project_path import ProjectPath
from rtcd.server import offered_changes
from rtcd.server.address import ServerAddress
from rtcd.server.entry import DocumentSession, Entry, ServerAbout
from rtcd.server.offered_changes import OfferedChanges
from rtcd.server.offered_files import OFFER, OfferedFiles
from rtcd.server.paths import join_path
from rtcd.server.pin import is_pin_mismatch, key_changed
from rtcd.server.replies import check_reply, document_of, json_of
from rtcd.server.trust import distrust, trusted_context
from rtcd.server.zone import HOOKS

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 30.0
MAX_CONNECTIONS = 16
FILES_AT_ONCE = 6
OFFERED_FILES_AT_ONCE = 100


class ServerClient:
    """One server's files and rooms, over a pool of connections; an async context manager.

    Every method may raise ``ServerUnreachableError``, ``ServerRefusedError`` and ``ServerError``;
    ``NotFoundOnServerError`` where it says so. ``PathRefusedError`` comes for paths that are not
    plain.
    """

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self._offered: OfferedFiles | None = None
        self.changes: OfferedChanges | None = None
        self._http = httpx.AsyncClient(
            headers=address.headers,
            event_hooks=HOOKS,
            # Reading all certificates of the system takes long; without TLS nobody asks for them.
            verify=address.tls or (trusted_context() if address.is_tls else False),
            follow_redirects=False,
            # A proxy for the outside world must not see what goes to this machine.
            trust_env=not address.is_direct,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=MAX_CONNECTIONS),
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        if self._offered is not None:
            self._offered.close()
        if self.changes is not None:
            self.changes.close()
        await self._http.aclose()

    async def about(self) -> ServerAbout:
        """Who answers: also the check that the token is right and that collaboration is on."""
        await self._json("GET", "api/status", what="tell its status")
        version, user, collaboration, extension = await asyncio.gather(
            self._json("GET", "api", what="tell its version"),
            self.whoami(),
            self._answers("api/collaboration/fork/none"),
            self._json_or_none("rtcd/about"),
        )
        extra = extension if isinstance(extension, Mapping) and "root_id" in extension else None
        about = ServerAbout(
            version=str(version.get("version", "")),
            collaboration=collaboration,
            user=user,
            extension=extra is not None,
            ydoc_version=_text_or_none(extra, "ydoc_version"),
            root_id=_text_or_none(extra, "root_id"),
            rtcd_version=_text_or_none(extra, "version"),
            daemon_alive=bool(extra.get("daemon_alive")) if extra is not None else None,
            offers=frozenset(map(str, (extra or {}).get("offers") or ())),
        )
        self.use_offers(about)
        return about

    def use_offers(self, about: ServerAbout) -> None:
        """Use from now on what the server told another client that it offers."""
        if OFFER not in about.offers:
            self._offered = None
        elif self._offered is None:
            self._offered = OfferedFiles(self._ask)
        if offered_changes.OFFER not in about.offers:
            self.changes = None
        elif self.changes is None:
            self.changes = OfferedChanges(self._ask, self.live_rooms)

    @property
    def files_at_once(self) -> int:
        """How many files to ask for at the same time; more make no server faster."""
        return FILES_AT_ONCE if self._offered is None else OFFERED_FILES_AT_ONCE

    async def whoami(self) -> JsonObject:
        """The identity the server gives to our token (``username``, ``name``, ...)."""
        me = await self._json("GET", "api/me", what="tell who we are")
        identity = me.get("identity")
        return dict(identity) if isinstance(identity, Mapping) else {}

    async def document_session(self, path: str, format: str, type: str) -> DocumentSession:
        """The way into a file's room; asked again before every connect (server 1.4).

        The server would answer for a file that does not exist, too. But joining the room of such
        a file ends the broadcasts of *all* its rooms (jupyter-server-ydoc 3.0.4, measured), so we
        look first.

        Raises:
            NotFoundOnServerError: there is no such file.
        """
        found = await self._request("GET", "api/contents", path, query={"content": "0"})
        check_reply(found, f"open {path}")
        reply = await self._json(
            "PUT",
            "api/collaboration/session",
            path,
            body={"format": format, "type": type},
            what=f"open {path}",
        )
        file_id, session_id = str(reply["fileId"]), str(reply["sessionId"])
        return DocumentSession(file_id, session_id, f"{format}:{type}:{file_id}")

    async def list_folder(self, path: str = "") -> list[Entry]:
        """What is in a folder, hidden things left out; only rtcd's extension tells hashes.

        Raises:
            NotFoundOnServerError: there is no such folder.
        """
        offered = await self._offered.folder(path) if self._offered is not None else None
        if offered is not None:
            return offered
        model = await self._json(
            "GET",
            "api/contents",
            path,
            query={"type": "directory", "content": "1"},
            what=f"list {path or 'its root folder'}",
        )
        entries = []
        for item in model.get("content") or []:
            try:
                entries.append(_entry(item, join_path(path, str(item.get("name", "")))))
            except PathRefusedError:
                # A name that could lead out of the folder, or that nobody could hold.
                continue
        return entries

    async def stat(self, path: str) -> Entry | None:
        """One file or folder, None when the server has none; a file with the hash of its bytes."""
        try:
            model = await self._json(
                "GET",
                "api/contents",
                path,
                query={"content": "0", "hash": "1"},
                what=f"look at {path}",
            )
        except NotFoundOnServerError:
            return None
        except (ServerUnreachableError, ServerRefusedError):
            raise
        except ServerError:
            # Folders have no hash, and jupyter_server 2.21 answers 500 instead of saying so.
            return await self._stat_folder(path)
        return _entry(model, path)

    async def _stat_folder(self, path: str) -> Entry | None:
        try:
            model = await self._json(
                "GET", "api/contents", path, query={"content": "0"}, what=f"look at {path}"
            )
        except NotFoundOnServerError:
            return None
        entry = _entry(model, path)
        if entry.type != "directory":
            raise ServerError(f"the server cannot tell the hash of {path}")
        return entry

    async def can_open(self, path: str, format: str, type: str) -> bool:
        """Whether the server can read this file as such a document; it reads the whole file.

        Ask before joining the room of a file whose bytes nobody looked at.
        """
        query = {"type": type, "content": "1"}
        if type == "file":
            # Notebooks have one format, and the server refuses to be told which.
            query["format"] = format
        reply = await self._request("GET", "api/contents", path, query=query)
        if reply.status_code in (400, 404):
            return False
        check_reply(reply, f"read {path}")
        return True

    async def read_bytes(self, path: str, *, max_bytes: int | None = None) -> bytes:
        """A file's bytes, exactly.

        Raises:
            NotFoundOnServerError: there is no such file (or it is hidden).
            ServerError: code ``too-large``: it has more than ``max_bytes``.
        """
        what = f"read {path}"
        offered = await self.read_offered(path)
        if offered is not None and (max_bytes is None or len(offered) <= max_bytes):
            return offered
        try:
            async with self._http.stream("GET", self.address.http("files", path)) as reply:
                if not reply.is_success:
                    await reply.aread()
                check_reply(reply, what)
                return await _read_all(reply, path, max_bytes)
        except httpx.HTTPError as error:
            raise _unreachable(self.address, error) from error

    async def read_offered(self, path: str) -> bytes | None:
        """A small file's bytes in a request with others'; None where there is another way only."""
        return await self._offered.read(path) if self._offered is not None else None

    async def create_file(self, path: str, data: bytes) -> Entry:
        """Make a file with these bytes; its folder must be there. The answer may have no hash.

        Without rtcd's extension the server has no "only if it is new", so we look first.

        Raises:
            ServerError: code ``exists``.
        """
        made = await self._offered.create(path, data) if self._offered is not None else None
        if made is not None:
            return made
        if await self.stat(path) is not None:
            raise ServerError(f"{path} is already on the server", code="exists")
        body = {"type": "file", "format": "base64", "content": base64.b64encode(data).decode()}
        model = await self._json("PUT", "api/contents", path, body=body, what=f"create {path}")
        return _entry(model, path)

    async def create_folder(self, path: str) -> None:
        """Make a folder; nothing happens when it is there. Its parent must be there.

        Raises:
            ServerError: code ``exists``: a file has that name.
        """
        found = await self.stat(path)
        if found is not None and found.type != "directory":
            raise ServerError(f"{path} is a file on the server", code="exists")
        if found is None:
            body = {"type": "directory"}
            await self._json("PUT", "api/contents", path, body=body, what=f"create {path}")

    async def rename(self, old: str, new: str) -> None:
        """Rename or move; rooms and file ids follow.

        Raises:
            NotFoundOnServerError: ``old`` is not there.
            ServerError: code ``exists``: ``new`` is taken.
        """
        ProjectPath.parse(new)
        await self._json("PATCH", "api/contents", old, body={"path": new}, what=f"rename {old}")

    async def moved(self, old: str, new: str) -> None:
        """Tell rtcd's extension that a file has another name on disk already; its id follows.

        Raises:
            NotFoundOnServerError: ``new`` is not there, or the extension is not.
        """
        body = {"from": old, "to": new}
        await self._json("POST", "rtcd/moved", body=body, what=f"follow {old} to {new}")

    async def live_rooms(self) -> list[str]:
        """Server paths of the documents that are open now; only rtcd's extension can tell."""
        reply = await self._json("GET", "rtcd/rooms", what="list its rooms")
        paths = [room.get("path") for room in reply.get("rooms") or []]
        return [path for path in paths if isinstance(path, str)]

    async def share_view(self) -> JsonObject:
        """How the project is shared on the network; only rtcd's extension can tell.

        Raises:
            NotFoundOnServerError: the extension is not there, or too old.
        """
        return dict(await self._json("GET", "rtcd/share", what="tell how the project is shared"))

    async def share(self, action: str, **arguments: str) -> JsonObject:
        """Change how the project is shared: ``open``, ``code``, ``close`` or ``revoke``.

        Raises:
            ServerError: with the extension's own words in ``document``.
        """
        body = {"action": action, **arguments}
        reply = await self._request("POST", "rtcd/share", body=body)
        try:
            value = json_of(check_reply(reply, "share the project"))
        except ServerError as error:
            error.document = document_of(reply)
            raise
        return dict(value)

    async def where_from(self) -> dict[int, str]:
        """The network addresses of people in rooms, by awareness client id; empty without rtcd."""
        found = await self._json_or_none("rtcd/people")
        if not isinstance(found, Mapping) or not isinstance(found.get("from"), Mapping):
            return {}
        return {int(key): str(value) for key, value in found["from"].items() if key.isdigit()}

    async def delete(self, path: str) -> None:
        """Delete a file or an empty folder; open rooms of it live on as ghosts (server 6.1).

        Raises:
            NotFoundOnServerError: it is not there.
        """
        check_reply(await self._request("DELETE", "api/contents", path), f"delete {path}")

    async def path_of(self, file_id: str) -> str | None:
        """Where the file of this id is now; None when the id is unknown."""
        try:
            reply = await self._json(
                "GET", "api/fileid/path", query={"id": file_id}, what="find a file by its id"
            )
        except NotFoundOnServerError:
            return None
        path = reply.get("path")
        return path if isinstance(path, str) else None

    async def _ask(
        self, method: str, route: str, query: Mapping[str, str], body: JsonObject | None
    ) -> httpx.Response:
        return await self._request(method, route, body=body, query=query)

    async def _answers(self, route: str) -> bool:
        return (await self._request("GET", route)).status_code == 200

    async def _json_or_none(self, route: str) -> Any:  # noqa: ANN401 - any JSON value
        reply = await self._request("GET", route)
        try:
            return json_of(reply) if reply.is_success else None
        except RtcdError:
            return None

    async def _json(
        self,
        method: str,
        route: str,
        path: str | None = None,
        *,
        what: str,
        body: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Mapping[str, Any]:
        reply = await self._request(method, route, path, body=body, query=query)
        value = json_of(check_reply(reply, what))
        if not isinstance(value, Mapping):
            raise ServerUnreachableError("the server's answer was not the one we know")
        return value

    async def _request(
        self,
        method: str,
        route: str,
        path: str | None = None,
        *,
        body: JsonObject | None = None,
        query: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        url = self.address.http(route, path, **(query or {}))
        try:
            return await self._http.request(method, url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _unreachable(self.address, error) from error


async def _read_all(reply: httpx.Response, path: str, max_bytes: int | None) -> bytes:
    data = bytearray()
    async for chunk in reply.aiter_bytes():
        data += chunk
        if max_bytes is not None and len(data) > max_bytes:
            raise ServerError(
                f"{path} has more than {max_bytes} bytes on the server", code="too-large"
            )
    return bytes(data)


def _unreachable(address: ServerAddress, error: Exception) -> ServerUnreachableError:
    if address.tls is not None and is_pin_mismatch(error):
        return key_changed(address.url)
    if (untrusted := distrust(address.url, error)) is not None:
        return untrusted
    # Not str(error): it may hold the URL with everything in it.
    return ServerUnreachableError(
        f"the Jupyter server at {address.url} does not answer ({type(error).__name__})",
        hint="Is it running? `jupyter server list` shows the servers on this machine.",
    )


def _entry(model: Mapping[str, Any], path: str) -> Entry:
    kind = model.get("type")
    size, digest = model.get("size"), model.get("hash")
    return Entry(
        path=path,
        type=kind if kind in ("notebook", "directory") else "file",
        size=size if isinstance(size, int) else None,
        last_modified=_seconds(model.get("last_modified")),
        hash=digest if isinstance(digest, str) else None,
    )


def _seconds(moment: object) -> float:
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return 0.0


def _text_or_none(value: Mapping[str, Any] | None, key: str) -> str | None:
    found = value.get(key) if value is not None else None
    return found if isinstance(found, str) else None

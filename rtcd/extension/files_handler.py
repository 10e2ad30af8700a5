"""``/rtcd/files``: many files listed with their digests, read or created in one request.

Each file of a request is answered for itself: ``{"error": word}`` where it could not be done, and one
does not keep the others. ``exists``: something has the name. ``refused``: nothing is served there.
``cannot-here``: whoever asks tries the contents API, which says why or can do it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import HTTPError, authenticated

from rtcd.errors import PathRefusedError
from rtcd.extension.served_files import CannotHereError, ServedFiles
from rtcd.project_path import ProjectPath

NOT_IMPLEMENTED = 501
MAX_FILES = 1000


class RefusedError(Exception):
    """A path where nothing is served."""


class FilesHandler(APIHandler):
    """What the handlers below share."""

    auth_resource = "contents"

    def initialize(self, files: ServedFiles) -> None:
        """Take what tornado hands to each request."""
        self._files = files

    def _path(self, typed: object) -> ProjectPath:
        try:
            path = ProjectPath.parse(str(typed))
        except PathRefusedError:
            raise RefusedError from None
        hidden = any(name.startswith(".") for name in str(typed).split("/"))
        if hidden and not self.contents_manager.allow_hidden:
            raise RefusedError
        return path

    async def _answer_each(self, key: str, work: Callable[[Any], dict[str, Any]]) -> None:
        """Answer for each of the files asked for; ``work`` is done in threads."""
        asked = (self.get_json_body() or {}).get(key)
        if not isinstance(asked, list) or len(asked) > MAX_FILES:
            raise HTTPError(400, f"the body must be an object with at most {MAX_FILES} `{key}`")
        each = (asyncio.to_thread(_with_error, work, item) for item in asked)
        answers = await asyncio.gather(*each)
        self.finish(json.dumps({"files": answers}))


class ListFilesHandler(FilesHandler):
    """``GET /rtcd/files?folder=PATH``; 501 where only the contents API can do it."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer ``{"files": [{"name", "type", "size", "last_modified", "hash"}]}``."""
        typed = self.get_query_argument("folder", "").strip("/")
        try:
            path = self._path(typed) if typed else None
            found = await asyncio.to_thread(self._files.list, path)
        except (CannotHereError, RefusedError):
            raise HTTPError(NOT_IMPLEMENTED, f"{typed!r} cannot be listed here") from None
        self.finish(json.dumps({"files": [one.to_json() for one in found]}))


class CreateFilesHandler(FilesHandler):
    """``POST /rtcd/files/create {"files": [{"path", "content"}]}``, contents in base64."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with each new file, as in a list; everybody who listens is told of it."""
        made: list[str] = []

        def create(item: dict[str, Any]) -> dict[str, Any]:
            path = self._path(item["path"])
            answer = self._files.create(path, base64.b64decode(item["content"], validate=True))
            made.append(str(path))
            return answer.to_json()

        await self._answer_each("files", create)
        for path in made:
            self.contents_manager.emit(data={"action": "save", "path": path})


class ReadFilesHandler(FilesHandler):
    """``POST /rtcd/files/read {"paths": [...]}``."""

    @authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the bytes of each small file, ``{"content"}`` in base64."""

        def read(path: object) -> dict[str, Any]:
            data = self._files.read(self._path(path))
            return {"content": base64.b64encode(data).decode()}

        await self._answer_each("paths", read)


def _with_error(work: Callable[[Any], dict[str, Any]], item: object) -> dict[str, Any]:
    try:
        return work(item)
    except FileExistsError:
        return {"error": "exists"}
    except CannotHereError:
        return {"error": "cannot-here"}
    except (RefusedError, KeyError, TypeError, ValueError):
        return {"error": "refused"}

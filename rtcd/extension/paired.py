"""Rooms of paired texts: a script opened as a notebook is its notebook's room.

jupytext's part of JupyterLab opens ``analysis.py`` as a notebook, in a room of its own beside that of
``analysis.ipynb``. Two rooms that are saved to the same two files overwrite each other (jupytext issue
1648). Here both names lead to one room. Which names are faces of which notebook the daemon has
written down in ``.rtcd/pairs.json``; without a daemon the list still holds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from jupyter_server_ydoc.handlers import DocSessionHandler
from tornado.web import HTTPError, authenticated

from rtcd.errors import RtcdError
from rtcd.extension.orphans import Orphans
from rtcd.extension.projects import ServedProject, ServedProjects

MAX_LIST_BYTES = 4 * 1024 * 1024
AGAIN_SECONDS = 2.0
NOT_ACCEPTABLE, BAD_REQUEST = 1003, 4400


class SharedAsTextError(RtcdError):
    """A text cannot be a notebook and a text for itself at once."""

    code = "shared-as-text"


class SessionHandler(DocSessionHandler):
    """``PUT /api/collaboration/session/<path>``: which room a document is in."""

    def initialize(self, projects: ServedProjects, orphans: Orphans) -> None:
        """Take what tornado hands to each request."""
        self._projects = projects
        self._orphans = orphans

    @authenticated
    async def put(self, path: str) -> Any:  # noqa: ANN401 - upstream's
        """Answer as upstream; for a paired text opened as a notebook, with its notebook's room.

        Upstream's own method checks that the user may do this.
        """
        notebook = notebook_of(self._projects.of(path), path.strip("/"))
        if notebook is None or self._wanted_type() != "notebook":
            await self._orphans.reunite(path)
            return await super().put(path)
        self.log.info("rtcd: %s is a face of %s", path, notebook)
        await self._orphans.reunite(notebook)
        return await super().put(notebook)

    def _wanted_type(self) -> str:
        try:
            return str((self.get_json_body() or {}).get("type"))
        except (AttributeError, ValueError):
            raise HTTPError(400, "the body must be a JSON object") from None


def refuse_text_as_notebook(project: ServedProject, path: str, file_type: str) -> None:
    """No room for a text as a notebook while a daemon shares it as a text.

    Two rooms of one file would write over each other; a paired text is in its notebook's room.

    Raises:
        SharedAsTextError: JupyterLab shows its words.
    """
    if file_type == "notebook" and not path.endswith(".ipynb") and project.liveness.alive():
        name = project.relative(path)
        # JupyterLab gets to hear 73 bytes (see farewell.py): the command comes first.
        raise SharedAsTextError(f"`rtcd pair {name}` makes this text a notebook, too.")


class Refusals:
    """Tells a browser once why, and then in the way that makes it stop asking.

    JupyterLab shows the words of a refusal, and asks again ten times a second until somebody has read
    them; "bad request" it takes for the last word, and does not say why.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def answer(self, room_id: str, error: RtcdError) -> tuple[int, str]:
        """The close code and the reason."""
        now = self._clock()
        if now - self._told.pop(room_id, -AGAIN_SECONDS) < AGAIN_SECONDS:
            return BAD_REQUEST, error.message
        self._told = {room: at for room, at in self._told.items() if now - at < AGAIN_SECONDS}
        self._told[room_id] = now
        told = {"reason": "initialization_error", "errorReason": error.message}
        return NOT_ACCEPTABLE, json.dumps(told)


def notebook_of(project: ServedProject, path: str) -> str | None:
    """The server's name of the notebook that a text is a face of, or None."""
    try:
        data = (project.places.inside / "pairs.json").read_bytes()
        texts = json.loads(data)["texts"] if len(data) < MAX_LIST_BYTES else {}
        notebook = texts.get(project.relative(path))
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return None
    if not isinstance(notebook, str):
        return None
    return f"{project.prefix}/{notebook}" if project.prefix else notebook

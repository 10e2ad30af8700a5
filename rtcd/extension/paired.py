"""Rooms of paired texts: a script opened as a notebook is its notebook's room.

jupytext's part of JupyterLab opens ``analysis.py`` as a notebook, in a room of its own beside that of
``analysis.ipynb``. Two rooms that are saved to the same two files overwrite each other (jupytext issue
1648). Here both names lead to one room. Which names are faces of which notebook the daemon has
written down in ``.rtcd/pairs.json``; without a daemon the list still holds.
"""

from __future__ import annotations

import json
from typing import Any

from jupyter_server_ydoc.handlers import DocSessionHandler
from tornado.web import HTTPError, authenticated

from rtcd.errors import RtcdError
from rtcd.extension.projects import ServedProject, ServedProjects

MAX_LIST_BYTES = 4 * 1024 * 1024


class SharedAsTextError(RtcdError):
    """A text cannot be a notebook and a text for itself at once."""

    code = "shared-as-text"


class SessionHandler(DocSessionHandler):
    """``PUT /api/collaboration/session/<path>``: which room a document is in."""

    def initialize(self, projects: ServedProjects) -> None:
        """Take what tornado hands to each request."""
        self._projects = projects

    @authenticated
    async def put(self, path: str) -> Any:  # noqa: ANN401 - upstream's
        """Answer as upstream; for a paired text opened as a notebook, with its notebook's room.

        Upstream's own method checks that the user may do this.
        """
        notebook = notebook_of(self._projects.of(path), path.strip("/"))
        if notebook is None or self._wanted_type() != "notebook":
            return await super().put(path)
        self.log.info("rtcd: %s is a face of %s", path, notebook)
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
        raise SharedAsTextError(
            f"{name} is shared as a text. Run `rtcd pair {name}` to open it as a notebook."
        )


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

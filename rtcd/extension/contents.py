"""The contents API, for pages that ask whether a file changed before they save it.

JupyterLab remembers the digest of a file and asks for it again before each save; where it differs
a dialog offers to overwrite the file or to throw the edits away. In a live document neither is
true: what others saved is merged, and a save asks the daemon, or looks at the bytes itself. The
digest is also no good as a question here, because the file changes many times a second while people
type, and the page learns of it by another way and a little later. So this one question is answered
with "not changed"; all others are answered as ever.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.contents.handlers import ContentsHandler, default_handlers

from rtcd.extension.loader import CarefulFileLoaders

LONG_AGO = datetime.fromtimestamp(0, UTC)


class SharedContentsHandler(ContentsHandler):
    """``/api/contents/PATH`` as upstream answers it, but for that question."""

    def initialize(self, loaders: CarefulFileLoaders) -> None:
        """Take what tornado hands to each request."""
        self._loaders = loaders

    def _finish_model(self, model: dict[str, Any], location: bool = True) -> None:
        if self._is_asked_before_a_save() and self._is_live(str(model["path"])):
            # Without a digest JupyterLab compares times: newer than the one it knows is a change.
            model = {**model, "hash": None, "hash_algorithm": None, "last_modified": LONG_AGO}
        super()._finish_model(model, location)

    def _is_asked_before_a_save(self) -> bool:
        """True for JupyterLab's look before a save; it names no type, unlike when it opens a file.

        Programs that are no browser, daemons of other folders among them, get the digest.
        """
        asked = self.get_query_argument
        return (
            self.request.method == "GET"
            and asked("content", default="1") == "0"
            and asked("hash", default="0") == "1"
            and asked("type", default=None) is None
            and self.request.headers.get("User-Agent", "").startswith("Mozilla/")
        )

    def _is_live(self, path: str) -> bool:
        return self.settings["file_id_manager"].get_id(path) in self._loaders


def contents_routes(loaders: CarefulFileLoaders) -> list[tuple[Any, ...]]:
    """The server's own routes of the contents API, in their order, with our handler in it.

    An extension's routes come before the server's. All are needed: the one for files also matches
    the addresses of checkpoints, which must be tried first.
    """
    return [
        (route, SharedContentsHandler, {"loaders": loaders})
        if handler is ContentsHandler
        else (route, handler, *more)
        for route, handler, *more in default_handlers
    ]

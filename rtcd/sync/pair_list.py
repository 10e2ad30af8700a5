"""``.rtcd/pairs.json``: which names are faces of which notebook, for the server's extension and later.

The extension reads it to lead both names to one room (``extension/paired.py``); the next daemon
reads in it which notebooks are with the server only, and which have outputs older than their code.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rtcd.errors import PathRefusedError
from rtcd.project_path import ProjectPath


class PairList:
    """The list in one project's own folder."""

    def __init__(self, own: Path) -> None:
        self._file = own / "pairs.json"

    def on_server(self) -> list[ProjectPath]:
        """The notebooks that are with the server only; none where the list cannot be read."""
        try:
            names = json.loads(self._file.read_text(encoding="utf-8"))["on_server"]
            return [ProjectPath.parse(str(name)) for name in names]
        except (OSError, ValueError, KeyError, TypeError, PathRefusedError):
            return []

    def stale(self) -> dict[ProjectPath, int]:
        """How many cells of a notebook had outputs older than their code when it was left."""
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))["stale"]
            return {ProjectPath.parse(str(name)): int(count) for name, count in told.items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError, PathRefusedError):
            return {}

    def write(
        self,
        texts: Mapping[ProjectPath, ProjectPath],
        on_server: Iterable[ProjectPath],
        stale: Mapping[ProjectPath, int],
    ) -> None:
        """Write the list, whole or not at all; a project without pairs never has one."""
        pairs = {str(text): str(notebook) for text, notebook in texts.items()}
        kept = sorted(map(str, on_server))
        if not pairs and not kept and not self._file.exists():
            return
        temporary = self._file.with_suffix(".tmp")
        counts = {str(notebook): count for notebook, count in stale.items()}
        said = json.dumps({"schema": 1, "texts": pairs, "on_server": kept, "stale": counts})
        temporary.write_text(said, encoding="utf-8")
        temporary.replace(self._file)

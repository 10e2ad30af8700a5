"""The contents manager without jupytext's second look: a notebook is read from its own file.

jupytext's contents manager reads the inputs of a paired notebook from its script, by time: it takes
the newer one, puts outputs to cells by place, and refuses both (HTTP 400) when the notebook is more
than a second newer than a script that it would have written otherwise. The daemon keeps the two faces
the same; there is nothing to put together, and a notebook that only got outputs is newer by rights.
"""

from __future__ import annotations

import inspect
from typing import Any

from jupyter_server.services.contents.manager import ContentsManager

ALTERNATIVE = "load_alternative_format"


class OneFileContents:
    """A contents manager; only ``get`` of a notebook differs from the one it stands for."""

    def __init__(self, manager: ContentsManager) -> None:
        self._manager = manager

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the manager has
        return getattr(self._manager, name)

    def get(self, path: str, **how: Any) -> Any:  # noqa: ANN401 - a model, or one to wait for
        """As the manager does, but a notebook is read from its own file alone."""
        if path.endswith(".ipynb"):
            how[ALTERNATIVE] = False
        return self._manager.get(path, **how)


def one_file_contents(manager: ContentsManager) -> Any:  # noqa: ANN401 - a contents manager
    """The manager itself, unless it is jupytext's."""
    if ALTERNATIVE in inspect.signature(manager.get).parameters:
        return OneFileContents(manager)
    return manager

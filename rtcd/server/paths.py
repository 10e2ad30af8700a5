"""Paths as the Jupyter server wants them in a URL."""

from __future__ import annotations

from urllib.parse import quote

from rtcd.errors import PathRefusedError
from rtcd.project_path import ProjectPath


def quote_path(path: str) -> str:
    """A server path (no leading slash) percent-encoded name by name; "" is the root folder.

    The server gives ``/a.txt`` and ``a.txt`` two ids and with them two rooms, and URL libraries
    fold ``..`` away, so only plain paths pass.

    Raises:
        PathRefusedError: the path is not plain.
    """
    if not path:
        return ""
    return "/".join(quote(name, safe="") for name in ProjectPath.parse(path).parts)


def join_path(folder: str, name: str) -> str:
    """The path of a name in a folder; "" is the root folder.

    Raises:
        PathRefusedError: the name is no single plain name.
    """
    if "/" in name:
        raise PathRefusedError(f"{name!r} is not the name of one file")
    return ProjectPath.parse(f"{folder}/{name}" if folder else name).value

"""``Person``: somebody in a room, as they describe themselves. Names are claims, not proofs."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from rtcd.content import JsonObject

MAX_NAME_CHARACTERS = 80
MAX_LOOKED_AT = 1000
JUPYTERLAB = "JupyterLab"
RTCD = "rtcd"
COLORS = 7
MAX_DOCUMENTS = 200
KINDS = ("notebook", "editor", "file", "json:notebook", "text:file")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One client of a room.

    ``client`` is the program: ``JupyterLab`` unless it says something else. ``autosave`` is None
    when it does not say. ``current`` is what they look at, like ``notebook:a.ipynb``.
    """

    client_id: int
    name: str
    username: str
    client: str = JUPYTERLAB
    autosave: bool | None = None
    current: str | None = None
    documents: tuple[str, ...] = ()


def parse_person(client_id: int, state: JsonObject) -> Person | None:
    """The person behind an awareness state; None when it names nobody (the server's own)."""
    user = state.get("user")
    if not isinstance(user, Mapping):
        return None
    username = clean_name(user.get("username"))
    name = clean_name(user.get("display_name")) or clean_name(user.get("name")) or username
    if not name:
        return None
    autosave, current = state.get("autosave"), state.get("current")
    return Person(
        client_id=client_id,
        name=name,
        username=username,
        client=clean_name(state.get("client")) or JUPYTERLAB,
        autosave=autosave if isinstance(autosave, bool) else None,
        current=current if isinstance(current, str) else None,
        documents=_documents(state.get("documents")),
    )


def _documents(value: object) -> tuple[str, ...]:
    """Paths of documents that somebody says they have open; JupyterLab writes some with a kind."""
    if not isinstance(value, list):
        return ()
    named = (item for item in value[:MAX_DOCUMENTS] if isinstance(item, str))
    return tuple(clean_path(item) for item in named)


def clean_path(text: str) -> str:
    """A path as JupyterLab names it, without the kind in front (``notebook:a.ipynb``)."""
    kind, colon, path = text.partition(":")
    return (path if colon and kind in KINDS else text)[:1000]


def clean_name(name: object) -> str:
    """A name fit to show: one line, no control or direction characters, not endless."""
    return _cleaned(name[:MAX_LOOKED_AT]) if isinstance(name, str) else ""


@lru_cache(maxsize=512)
def _cleaned(name: str) -> str:
    shown = "".join(sign for sign in name if unicodedata.category(sign)[0] != "C")
    return " ".join(shown.split())[:MAX_NAME_CHARACTERS]


def user_state(name: str, username: str | None = None) -> JsonObject:
    """The ``user`` of an awareness state, in the shape of JupyterLab's (server reference 2.5)."""
    words = name.split()
    initials = "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()
    color = sum(name.encode()) % COLORS + 1
    return {
        "username": username or name,
        "name": name,
        "display_name": name,
        "initials": initials,
        "avatar_url": None,
        "color": f"var(--jp-collaborator-color{color})",
    }

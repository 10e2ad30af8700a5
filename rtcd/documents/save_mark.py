"""The ``state`` map of a document: what JupyterLab reads to know whether the file is saved."""

from __future__ import annotations

from typing import Any

from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Map

STATE_ORIGIN = "state"


class SaveMark:
    """The keys ``hash`` (sha256 hex of the saved file) and ``dirty`` of a document's state map."""

    def __init__(self, shared: SharedDoc) -> None:
        self._shared = shared
        self._state: Map[Any] = shared.raw.get("state", type=Map)

    def saved_hash(self) -> str | None:
        """The digest of the file last saved, or None; other people write it: anything may be there."""
        value = self._state.get("hash")
        return value if isinstance(value, str) else None

    def is_dirty(self) -> bool:
        """True while somebody claims that there are unsaved changes."""
        return bool(self._state.get("dirty", False))

    def set(self, digest: str) -> None:
        """Write digest and "not dirty", and only what is not so already."""
        with self._shared.transaction(STATE_ORIGIN):
            if self.saved_hash() != digest:
                self._state["hash"] = digest
            if self._state.get("dirty") is not False:
                self._state["dirty"] = False

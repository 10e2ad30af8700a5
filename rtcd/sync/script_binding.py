"""A paired text as the rest of the project sees it: like any file that somebody works on.

It has no room, no document and no life of its own: word that is left here wakes the notebook's worker.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.documents.notebook_document import random_id
from rtcd.errors import RtcdError
from rtcd.sync.binding import Binding
from rtcd.sync.script_open import ScriptOpen
from rtcd.sync.script_work import ScriptWork


class ScriptBinding(Binding):
    """One paired text; ``notebook`` is the binding whose worker does its work."""

    def __init__(self, notebook: Binding, work: ScriptWork) -> None:
        # Not the parent's: a text shares room and worker with its notebook.
        self._open: ScriptOpen = work.open
        self._working = SimpleNamespace(  # type: ignore[assignment]
            meeting=work.meeting,
            writing=work.writing,
            server_saves=notebook.working.server_saves,
        )
        self.notebook = notebook
        self.kind = "text"
        self.file = work.open.file
        self.ended = None
        self.last_local_save = 0.0

    async def edit(self, change: Callable[[Content], Content], source: str = "restore") -> None:
        """Make an edit of rtcd's own in the text: it becomes one of the notebook.

        Raises:
            RtcdError: it could not be made; nothing was changed.
        """
        # The notebook's versions have other numbers.
        word, _, about = source.partition(" ")
        word = word if about.isdecimal() else source
        await self.notebook.edit(lambda live: self._edited(live, change), word)

    def _edited(self, live: Content, change: Callable[[Content], Content]) -> Content:
        view = self._open.view
        if view is None or not isinstance(live, NotebookContent):
            raise self.file.hold or RtcdError(
                f"{self.path} is not there", hint=f"`rtcd pair {self.notebook.path}` writes it."
            )
        pairing = view.pairing_for(live)
        wanted = change(TextContent(pairing.script.text))
        assert isinstance(wanted, TextContent)
        return pairing.notebook_for(view.read(wanted.text), random_id)

    @property
    def is_absent(self) -> bool:
        """True when the text was deleted: its notebook stays."""
        return self._open.is_absent

    def write_again(self) -> None:
        """Somebody wants the text that was deleted: it is written from the notebook."""
        it = self._open
        if it.is_absent:
            it.history.forget(str(it.path))
            it.left_behind = []
            it.is_absent = it.is_met = self._working.meeting.has_met = False
            it.owner.stir()

    def removed_remotely(self) -> None:
        """The server's copy of a text is none of ours."""

    def retry(self) -> None:
        """The notebook's binding tries."""

    def close(self) -> None:
        """The notebook's binding closes."""

    async def run(self) -> None:
        """The notebook's binding does the work."""
        raise NotImplementedError

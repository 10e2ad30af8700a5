"""``TextDocument``: a text file as a shared document (``YUnicode`` 1.0.0 of jupyter_ydoc)."""

from __future__ import annotations

from collections.abc import Sequence

from rtcd.content import Content, Kind, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Text
from rtcd.crdt.text import replace_spans
from rtcd.diff.edits import TextEdit, apply_edits
from rtcd.diff.text import diff_text
from rtcd.documents.save_mark import SaveMark
from rtcd.errors import ApplyError


class TextDocument:
    """Root types ``state`` (Map) and ``source`` (Text); satisfies ``Document``."""

    kind: Kind = "text"

    def __init__(self, shared: SharedDoc) -> None:
        self.shared = shared
        self._mark = SaveMark(shared)
        self._source: Text = shared.raw.get("source", type=Text)
        self._content = TextContent("")
        self._read_at = -1

    def content(self) -> TextContent:
        """The text; the same object as long as the text is the same."""
        if self._read_at != self.shared.changes:
            text = str(self._source)
            if text != self._content.text:
                self._content = TextContent(text)
            self._read_at = self.shared.changes
        return self._content

    def become(
        self,
        new: Content,
        *,
        origin: str = "disk",
        touched: frozenset[str] = frozenset(),
        edits: Sequence[TextEdit] | None = None,
    ) -> None:
        """Make the smallest honest edit; see ``Document.become``."""
        del touched
        if not isinstance(new, TextContent):
            raise ApplyError("a notebook cannot become the content of a text document")
        current = self.content().text
        if current == new.text:
            return
        if edits is None or apply_edits(current, edits) != new.text:
            edits = diff_text(current, new.text)
        self.edit(edits, origin=origin)
        if self.content().text != new.text:
            raise ApplyError("a text does not hold what was saved after applying the save")

    def edit(self, edits: Sequence[TextEdit], *, origin: str = "disk") -> None:
        """Make edits of the text as it is, in one transaction."""
        with self.shared.transaction(origin):
            replace_spans(self._source, self.content().text, edits)

    def saved_hash(self) -> str | None:
        """See ``Document.saved_hash``."""
        return self._mark.saved_hash()

    def is_dirty(self) -> bool:
        """See ``Document.is_dirty``."""
        return self._mark.is_dirty()

    def mark_saved(self, digest: str) -> None:
        """See ``Document.mark_saved``."""
        self._mark.set(digest)

    def fork(self) -> TextDocument:
        """See ``Document.fork``."""
        return TextDocument(self.shared.fork())

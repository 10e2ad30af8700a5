"""Which of our updates the server has applied, told by what it sends back.

The server sends every change it makes to a document to everybody, its author too. That echo is the
acknowledgement, but it is an echo of the *change*: part of an update may be known already, and
then the echo is smaller, re-encoded, or does not come. So an update counts as acknowledged when
all its edit ids are known to be on the server: from what we pulled, and from all we heard since.
Updates are acknowledged in the order they were sent.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from rtcd.crdt.edit_span import EditSpan, span_of, span_of_state
from rtcd.crdt.known_edits import KnownEdits


@dataclass(frozen=True, slots=True)
class Sent:
    """An update on its way and the edits in it; ``at`` in seconds."""

    update: bytes
    span: EditSpan
    at: float


@dataclass(frozen=True, slots=True)
class Heard:
    """What an update from the server tells: ours that are acknowledged, and if it was all ours."""

    acknowledged: tuple[bytes, ...]
    is_ours: bool


class Acknowledgements:
    """Matches what the server sends with what we sent.

    ``pulled`` is the whole state that the server sent first.

    Raises:
        UpdateRefusedError: from the start, ``sent`` and ``heard``: the bytes are no update.
    """

    def __init__(self, pulled: bytes) -> None:
        self._server = KnownEdits()
        self._server.add(span_of_state(pulled))
        self._pending: deque[Sent] = deque()

    def __len__(self) -> int:
        """How many updates were sent and not acknowledged yet."""
        return len(self._pending)

    @property
    def oldest(self) -> Sent | None:
        """The one sent first of them; None when there is none."""
        return self._pending[0] if self._pending else None

    def sent(self, update: bytes, now: float) -> tuple[bytes, ...]:
        """An update is on its way; what is acknowledged with that, if it holds nothing new."""
        self._pending.append(Sent(update, span_of(update), now))
        return self._acknowledge()

    def heard(self, update: bytes) -> Heard:
        """The server sent an update: of ours, of others, or of both."""
        if self._pending and self._pending[0].update == update:
            # Nearly always: one update, one echo, byte for byte.
            span, is_ours = self._pending[0].span, True
        else:
            span = span_of(update)
            is_ours = self._is_ours(span)
        self._server.add(span)
        return Heard(self._acknowledge(), is_ours)

    def _is_ours(self, span: EditSpan) -> bool:
        if not self._pending:
            return False
        ours = KnownEdits()
        for sent in self._pending:
            ours.add(sent.span)
        return ours.covers(span)

    def _acknowledge(self) -> tuple[bytes, ...]:
        done = []
        while self._pending and self._server.covers(self._pending[0].span):
            done.append(self._pending.popleft().update)
        return tuple(done)

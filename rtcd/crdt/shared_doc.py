"""``SharedDoc``: one CRDT document, with its sharp edges covered.

pycrdt reports trouble inside the Rust library as a panic, a ``BaseException`` that ``except
Exception`` does not see, and its transactions cannot be rolled back. Here a panic becomes an
``ApplyError``; whoever gets one throws the document away and rebuilds it. An update from outside
is measured before it is decoded (``update_limits.py``), because some updates end the process.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pycrdt

from rtcd.crdt.client_id import new_client_id
from rtcd.crdt.clock_record import ClockRecord
from rtcd.crdt.type_nesting import TypeBudget
from rtcd.crdt.update_limits import check_update
from rtcd.errors import ApplyError, UpdateRefusedError

UpdateCallback = Callable[[bytes, str | None], None]


class SharedDoc:
    """A ``pycrdt.Doc`` that raises only ``RtcdError`` kinds for what comes from outside.

    Not safe for use in more than one thread.

    Attributes:
        raw: the document itself; only ``crdt/`` and ``documents/`` touch it, and change it only
            inside ``transaction``.
        changes: grows whenever something may have changed: what was read at one value of it is
            still true at the same value. Observers of the library cannot do this: an observer that
            reaches its own document keeps both alive for ever (measured, pycrdt 0.14).
    """

    def __init__(self, *, client_id: int | None = None) -> None:
        # Chosen here and not by the library: one seed of ``random`` repeats a whole history.
        chosen = new_client_id(random.getrandbits) if client_id is None else client_id
        self.raw: pycrdt.Doc[Any] = pycrdt.Doc(client_id=chosen)
        self.changes = 0
        self._types = TypeBudget()
        self._clocks = ClockRecord()
        # The origin of the transaction that is open; pycrdt hands observers only its hash.
        self._origin: str | None = None

    @property
    def client_id(self) -> int:
        """The id under which this document's own edits are known."""
        return self.raw.client_id

    @property
    def observers_may_miss(self) -> bool:
        """True when observers are not told of everything, see ``clock_record.py``."""
        return self._clocks.has_gap

    def state_vector(self) -> bytes:
        """What this document has seen: for every client the clock it has reached."""
        return self.raw.get_state()

    def update_since(self, state_vector: bytes | None = None) -> bytes:
        """All that a document of that state lacks; everything when it is None.

        Raises:
            UpdateRefusedError: the bytes are no state vector.
        """
        if state_vector is None:
            return self.raw.get_update()
        try:
            return self.raw.get_update(state_vector)
        except ValueError as error:
            raise UpdateRefusedError(f"a state vector could not be read: {error}") from error

    def apply_update(self, update: bytes) -> None:
        """Apply an update that may come from anybody.

        Raises:
            UpdateRefusedError: it is too large, nested too deeply (in itself, or together with
                what came before), or no update at all; the document is unchanged.
            ApplyError: the library failed half-way; the document must be thrown away.
        """
        checked = check_update(update)
        self._types.admit(update, checked.types, self.raw.get_update)
        self._apply(update)
        self._clocks.applied(update, checked, self.raw.get_state)

    @contextmanager
    def transaction(self, origin: str) -> Iterator[None]:
        """One transaction; inside another one it joins that one, and the outer origin counts.

        A transaction commits whatever happened before an error: there is no way back.

        Raises:
            ApplyError: the library panicked; the document must be thrown away.
        """
        if self._origin is not None:
            yield
            return
        self._origin = origin
        self.changes += 1
        try:
            with no_panic(), self.raw.transaction():
                yield
        finally:
            self._origin = None
            self.changes += 1

    def fork(self, *, client_id: int | None = None) -> SharedDoc:
        """A second document in the same state, with a fresh client id unless one is given.

        Reuse a client id only when nobody else edits under it from the same state: the edits of
        the second one would vanish without a word (merging 2).
        """
        copy = SharedDoc(client_id=client_id)
        copy._apply(self.update_since())
        copy._types = self._types.copy()
        copy._clocks = self._clocks.copy()
        return copy

    def on_update(self, callback: UpdateCallback) -> Callable[[], None]:
        """Call back after every transaction that changed something.

        The callback gets the transaction's update and its origin, None for applied updates
        outside a transaction. It must not change the document. The returned function ends it;
        a document whose observers were not ended is never freed.
        """

        def observe(event: pycrdt.TransactionEvent) -> None:
            callback(event.update, self._origin)

        subscription = self.raw.observe(observe)

        ended = False

        def unsubscribe() -> None:
            nonlocal ended
            if not ended:
                ended = True
                self.raw.unobserve(subscription)

        return unsubscribe

    def _apply(self, update: bytes) -> None:
        self.changes += 1
        with no_panic():
            try:
                self.raw.apply_update(update)
            except (ValueError, RuntimeError) as error:
                raise UpdateRefusedError(f"an update could not be read: {error}") from error


@contextmanager
def no_panic() -> Iterator[None]:
    """Turn a panic of the Rust library into ``ApplyError``; let everything else pass."""
    try:
        yield
    except BaseException as error:
        # The class cannot be imported: every extension module makes its own.
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise ApplyError(
            f"the document library failed inside an edit: {error}",
            hint="The document is rebuilt from its last good state.",
        ) from error

"""Which clocks of every client a document has, and whether some are missing in the middle.

The library brings an edit into the document even when earlier edits of the same client are
missing. It does not tell observers of such edits, nor of any later edit inside what they made
(measured, pycrdt 0.14.13), so whoever keeps what he has read by its events must know.
"""

from __future__ import annotations

from collections.abc import Callable

from rtcd.crdt.state_vector import parse_state_vector
from rtcd.crdt.struct_reader import read_structs
from rtcd.crdt.update_limits import CheckedUpdate
from rtcd.errors import UpdateRefusedError


class ClockRecord:
    """Follows the updates of one document.

    Attributes:
        has_gap: clocks of some client were missing once; stays True.
    """

    def __init__(self) -> None:
        self.has_gap = False
        self._ends: dict[int, int] = {}

    def applied(self, update: bytes, checked: CheckedUpdate, state: Callable[[], bytes]) -> None:
        """An update was applied.

        Args:
            update: as it came.
            checked: what ``check_update`` said of it.
            state: gives the state vector of the document, with the update in it.
        """
        if self.has_gap:
            return
        firsts, ends, has_hole = checked.first_clocks, None, checked.has_hole
        if firsts is None:
            try:
                firsts, ends, has_hole = _clocks_in(update)
            except (UpdateRefusedError, IndexError):
                # Nobody can vouch for what the library read there.
                has_hole = True
        if has_hole or firsts is None:
            self.has_gap = True
            return
        if self._is_beyond(firsts):
            self._ends = parse_state_vector(state())
            self.has_gap = self._is_beyond(firsts)
        for client, end in (ends or {}).items():
            self._ends[client] = max(end, self._ends.get(client, 0))

    def copy(self) -> ClockRecord:
        """For a second document of the same state."""
        other = ClockRecord()
        other.has_gap = self.has_gap
        other._ends = dict(self._ends)
        return other

    def _is_beyond(self, firsts: dict[int, int]) -> bool:
        return any(first > self._ends.get(client, 0) for client, first in firsts.items())


def _clocks_in(update: bytes) -> tuple[dict[int, int], dict[int, int], bool]:
    """First clock and end of every client, and whether clocks are left out in between."""
    firsts: dict[int, int] = {}
    ends: dict[int, int] = {}
    has_hole = False
    for struct in read_structs(update):
        firsts.setdefault(struct.client, struct.clock)
        ends[struct.client] = struct.clock + struct.length
        has_hole = has_hole or struct.is_hole
    return firsts, ends, has_hole

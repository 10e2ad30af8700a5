"""``VersionInfo``: one content that a file once had."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A recorded version of a file; its bytes are the blob ``digest``.

    Attributes:
        path: the project path.
        number: counts up from 1 for every path; a number is never used twice.
        digest: sha256 (hex) of the bytes.
        size: in bytes.
        at: seconds since the epoch.
        by: the name of who made it.
        source: ``disk``, ``room`` or ``server``; or what of rtcd's own made it: ``restore``,
            ``undo``, ``resolve``, ``pair``.
        about: the version that was brought back or undone, the id of the conflict that was settled.
    """

    path: str
    number: int
    digest: str
    _: KW_ONLY
    size: int
    at: float
    by: str
    source: str
    about: str = ""

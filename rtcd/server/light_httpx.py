"""httpx without what nobody here calls."""

from __future__ import annotations

import sys


def leave_out_extras() -> None:
    """Keep two modules from being loaded; call it before httpx is imported, once a process.

    httpx would load a command line of its own, with all that this needs. And its transport looks for
    ``sniffio`` several times a request, all along the path each time when it is not installed (a
    third of the CPU of a request, measured). Our loops are asyncio's anyway.
    """
    for unused in ("httpx._main", "sniffio"):
        sys.modules.setdefault(unused, None)  # type: ignore[arg-type]

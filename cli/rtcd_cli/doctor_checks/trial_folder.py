"""A place to try what the file system can do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rtcd.places import Places


@contextmanager
def trial_folder(places: Places) -> Iterator[Path | None]:
    """A folder inside ``.rtcd/`` for a moment; None where there is none or nothing can be made."""
    if not places.inside.is_dir():
        yield None
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="doctor-", dir=places.inside)
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)

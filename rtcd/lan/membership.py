"""``Membership``: the project that this folder takes part in, as a guest; kept over restarts.

The token is not in it: it has a file of its own (``Places.remote_token_file``).
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from rtcd.places import Places, make_private_folder
from rtcd.server.pin import is_pin
from rtcd.server.private_file import read_private, write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """``url`` is where the server was last; ``pin`` its key (None: the system's certificates).

    ``key`` recognises its announcements on the network (None: it is not announced). ``name`` is what
    others call us; ``project`` and ``host`` are what the host said, for showing.
    """

    url: str
    pin: str | None = None
    key: str | None = None
    project: str = ""
    host: str = ""
    name: str = ""
    remote_path: str = ""

    @classmethod
    def read(cls, places: Places) -> Self | None:
        """What was kept; None for a folder that joined nothing.

        Raises:
            RtcdError: others could have written it.
        """
        text = read_private(membership_file(places))
        try:
            value = json.loads(text) if text is not None else None
            if not isinstance(value, dict) or not isinstance(value["url"], str):
                return None
            kept = cls(**{name: value[name] for name in value if name in cls.__slots__})
        except (ValueError, KeyError, TypeError):
            return None
        return kept if kept.pin is None or is_pin(kept.pin) else None

    def write(self, places: Places, token: str | None = None) -> None:
        """Keep it, and the token if there is a new one.

        Raises:
            OSError: it could not be written.
        """
        make_private_folder(places.state)
        if token is not None:
            write_private(places.remote_token_file, token)
        write_private(membership_file(places), json.dumps(asdict(self)))


def membership_file(places: Places) -> Path:
    """Where it is kept."""
    return places.state / "membership.json"


def forget_membership(places: Places) -> bool:
    """Leave: forget the project and the token; True when there was something to forget."""
    found = membership_file(places).exists()
    membership_file(places).unlink(missing_ok=True)
    if found:
        places.remote_token_file.unlink(missing_ok=True)
    return found

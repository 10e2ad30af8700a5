"""``ServerRecord``: the note about the server that rtcd started, so that it is found again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from rtcd.places import Places
from rtcd.server.private_file import read_private, write_private
from rtcd.server.process_identity import ProcessIdentity


def record_file(places: Places) -> Path:
    """Where the note lies."""
    return places.state / "server.json"


@dataclass(frozen=True, slots=True)
class ServerRecord:
    """``started`` belongs to the process number; ``url`` ends in a slash."""

    pid: int
    started: str
    url: str
    log: str

    @property
    def process(self) -> ProcessIdentity:
        """The server's process."""
        return ProcessIdentity(self.pid, self.started)

    def write(self, places: Places) -> None:
        """Keep the note.

        Raises:
            OSError: it could not be written.
        """
        write_private(record_file(places), json.dumps(asdict(self)))

    @classmethod
    def read(cls, places: Places) -> ServerRecord | None:
        """The note; None when there is none or it is no good.

        Raises:
            RtcdError: others could have written it.
        """
        text = read_private(record_file(places))
        if text is None:
            return None
        try:
            value = json.loads(text)
            return cls(
                int(value["pid"]), str(value["started"]), str(value["url"]), str(value["log"])
            )
        except (ValueError, KeyError, TypeError):
            return None


def forget_record(places: Places) -> None:
    """The server is no more."""
    record_file(places).unlink(missing_ok=True)

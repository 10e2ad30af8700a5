"""Ask the daemon of a folder without starting a process: quick enough for hundreds of saves."""

from __future__ import annotations

from typing import Any

from end_to_end.project_folder import RtcdFolder
from rtcd.daemon.control_client import ask


def _ask(folder: RtcdFolder, command: str, arguments: dict[str, Any]) -> Any:
    (socket,) = (folder.home / "state" / "rtcd").glob("*/control.sock")
    return ask(socket, command, arguments)


def status(folder: RtcdFolder) -> dict[str, Any]:
    """What ``rtcd status --json`` gives."""
    return _ask(folder, "status", {})


def settle(folder: RtcdFolder, seconds: float = 60) -> None:
    """Wait until every save is with the server, and everything of theirs is on disk."""
    answer = _ask(folder, "wait", {"timeout": seconds})
    assert answer["done"], (answer, folder.log())

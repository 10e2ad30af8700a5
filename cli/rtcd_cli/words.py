"""The stable words of documents, in words for people; an unknown one is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

from rtcd_cli.output import safe

SERVER_MODES = {
    "embedded": "started by rtcd",
    "shared-folder": "a server that serves this folder already",
    "remote": "elsewhere",
}

HOLDS = {
    "script-emptied": "the script is empty",
    "invalid-script": "not readable as a notebook",
    "invalid-notebook": "not a valid notebook",
    "not-utf8": "not UTF-8 text",
    "binary": "not a text file",
    "too-large": "too large",
    "no-permission": "no permission",
    "disk-full": "the disk is full",
    "read-only": "read-only",
    "name-collision": "two names the system cannot tell apart",
    "type-changed": "no longer a plain file",
    "symlink": "a symbolic link",
    "hard-link": "a file with several names",
    "refused-path": "a name that is refused",
    "server-refused": "the server refuses it",
    "unsupported-format": "an unknown format",
}

CONFLICTS = {
    "stale-save": "saved without a part of others' work",
    "same-line": "both changed the same line",
    "restored-old-version": "an older version was saved again",
    "delete-edit": "one deleted what the other edited",
    "both-created": "both created it",
    "moved-cell": "both moved the same cell",
    "server-rollback": "the server came back with an older version",
    "server-overwrite": "the server's file was overwritten",
    "rename": "both renamed it",
}

WHY = {
    "stale-save": "The save has a part of what others wrote, and lacks another part.",
    "same-line": "Both changed one line of the text they started from; both edits are in it.",
    "restored-old-version": "The save is an older version word for word.",
    "delete-edit": "What one side deleted the other had edited; an edit wins over a deletion.",
    "both-created": "It was made on both sides and nobody knows a text they started from.",
    "moved-cell": "Both moved the cell, each to another place.",
    "server-rollback": "The server had saved more than it has now; what it lost is put back.",
    "server-overwrite": "The server wrote its own text over what was saved here.",
    "rename": "Both gave it another name.",
    "receive-only": "This folder only receives: what was changed here is not sent.",
}
"""What a reason means in a sentence, where a record tells no more."""

SOURCES = {"disk": "a save", "room": "typed live", "server": "the server", "restore": "restored"}


def worded(words: Mapping[str, str], stable: str) -> str:
    """What stands for a stable word, safe for a terminal."""
    return words.get(stable) or safe(stable)

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
    "apply-failed": "an edit could not be made",
    "binary": "not a text file",
    "busy": "it keeps changing",
    "disk-error": "the disk reported an error",
    "disk-full": "the disk is full",
    "held": "left alone",
    "invalid-notebook": "not a valid notebook",
    "invalid-script": "not readable as a notebook",
    "name-collision": "two names the system cannot tell apart",
    "no-permission": "no permission",
    "not-empty": "the folder is not empty",
    "not-utf8": "not UTF-8 text",
    "other-file-system": "on another file system",
    "quarantined": "rtcd failed on it again and again",
    "read-error": "the disk reported an error",
    "read-only": "read-only",
    "receive-only": "changed here, where nothing is sent",
    "refused-path": "a name that is refused",
    "script-emptied": "the script is empty",
    "send-only": "changed on the server, where nothing is taken in",
    "server-refused": "the server refuses it",
    "special-file": "a pipe, socket or device",
    "symlink": "a symbolic link",
    "too-large": "too large",
    "too-many-open-files": "too many files are open",
    "type-changed": "no longer a plain file",
    "unsupported-format": "an unknown format",
    "update-refused": "its shared document was damaged",
    "vanished": "it went away while it was read",
    "write-error": "it could not be written",
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

SOURCES = {
    "disk": "a save",
    "room": "typed live",
    "server": "the server",
    "restore": "restored",
    "undo": "a change undone",
    "resolve": "a conflict settled",
    "pair": "paired with a script",
}


ABOUT = {"restore": "@{} restored", "undo": "@{} undone", "resolve": "conflict {} settled"}
"""The same, where it is known which version or conflict it was about."""


def worded(words: Mapping[str, str], stable: str) -> str:
    """What stands for a stable word, safe for a terminal."""
    return words.get(stable) or safe(stable)

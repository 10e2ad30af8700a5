"""Resolve a conflict with a merge tool: four files in a private folder, one text back."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rtcd.conflict import Conflict
from rtcd.errors import RtcdError, UsageError

# The result is always the file `merged`, which starts as what stands now; vim begins in it.
TOOLS: Mapping[str, str] = {
    "vimdiff": "vimdiff -f -c '2wincmd w' {disk} {merged} {shared}",
    "nvimdiff": "nvim -d -c '2wincmd w' {disk} {merged} {shared}",
    "gvimdiff": "gvim -f -d -c '2wincmd w' {disk} {merged} {shared}",
    "meld": "meld {disk} {merged} {shared}",
    "kdiff3": "kdiff3 -o {merged} {base} {disk} {shared}",
    "code": "code --wait --merge {disk} {shared} {base} {merged}",
}
PLACES = ("base", "disk", "shared", "merged")


def merge_with(tool: str, conflict: Conflict) -> str:
    """Let a person merge with ``tool``; returns the merged text.

    Args:
        tool: a name of ``TOOLS``, or a command line in which ``{base}``, ``{disk}``, ``{shared}``
            and ``{merged}`` stand for files; without any of them all but the base are appended.
        conflict: what to merge.

    Raises:
        UsageError: the command line makes no sense.
        RtcdError: the tool is missing, failed, or changed nothing.
    """
    with tempfile.TemporaryDirectory(prefix="rtcd-merge-") as folder:
        files = write_sides(Path(folder), conflict)
        command = command_line(tool, files)
        try:
            code = subprocess.run(command, check=False).returncode
        except OSError as error:
            raise RtcdError(
                f"the tool {command[0]!r} cannot be started: {error.strerror}",
                hint=f"Install it, or choose another: {', '.join(TOOLS)}, or any command.",
                code="no-tool",
            ) from error
        if code != 0:
            raise RtcdError(
                f"the tool ended with exit code {code}, so the conflict stays open",
                hint="Save and leave the tool normally when the merge is good.",
                code="tool-failed",
            )
        merged = files["merged"].read_bytes().decode("utf-8", errors="surrogateescape")
    if merged == conflict.merged:
        raise RtcdError(
            "the tool changed nothing, so the conflict stays open",
            hint=f"`rtcd conflicts resolve {conflict.id} --keep merged` accepts what stands.",
            code="tool-changed-nothing",
        )
    with suppress(UnicodeEncodeError):
        merged.encode()
        return merged
    raise RtcdError(
        "the merged text is not UTF-8, so the conflict stays open",
        hint="Save it as UTF-8.",
        code="not-utf8",
    )


def write_sides(folder: Path, conflict: Conflict) -> dict[str, Path]:
    """Write the four texts into ``folder``; names end like the file, so that colours fit."""
    name = Path(conflict.path)
    ending = ".py" if conflict.cell else name.suffix
    texts = {
        "base": conflict.base,
        "disk": conflict.disk.text,
        "shared": conflict.shared.text,
        "merged": conflict.merged,
    }
    files = {}
    for place, text in texts.items():
        path = folder / f"{name.stem}.{place}{ending}"
        path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
        if place != "merged":
            path.chmod(0o400)
        files[place] = path
    return files


def command_line(tool: str, files: Mapping[str, Path]) -> list[str]:
    """The argument list; no shell is involved.

    Raises:
        UsageError: quotes do not close, or it is empty.
    """
    try:
        words = shlex.split(TOOLS.get(tool, tool))
    except ValueError as error:
        raise UsageError(f"the tool {tool!r} cannot be read: {error}") from None
    if not words:
        raise UsageError("the tool has no name", hint=f"Name one: {', '.join(TOOLS)}.")
    if not any("{" + place + "}" in word for word in words for place in PLACES):
        words += ["{disk}", "{merged}", "{shared}"]
    return [_filled(word, files) for word in words]


def _filled(word: str, files: Mapping[str, Path]) -> str:
    for place in PLACES:
        word = word.replace("{" + place + "}", os.fspath(files[place]))
    return word

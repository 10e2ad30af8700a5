"""``rtcd history``, ``show``, ``diff``, ``restore``, ``undo``: the versions of a file.

Reading needs no daemon; changing does, because a restored version is an edit that all must get.
"""

from __future__ import annotations

import re
import sys
import time
from dataclasses import dataclass

import click
from rich.text import Text

from rtcd.conflict import Conflict
from rtcd.content import Content, NotebookContent, TextContent
from rtcd.daemon.control_client import ask
from rtcd.daemon.status import SCHEMA, format_time
from rtcd.disk.folder import Folder
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, RtcdError, UsageError
from rtcd.history.history import History
from rtcd.history.version_info import VersionInfo
from rtcd.paired.stale_outputs import StaleOutputs
from rtcd.places import Places
from rtcd.project_path import ProjectPath
from rtcd.settings import Settings
from rtcd_cli.conflicts import show_page
from rtcd_cli.diff_view import diff_contents, safe_tabs, word_diff_text
from rtcd_cli.output import (
    how_long_ago,
    line,
    local_time,
    mark,
    next_step,
    plural,
    safe,
    safe_lines,
    show,
    show_json,
    size,
    stdout_console,
    table,
)
from rtcd_cli.project_option import chosen_places, folder_option, json_option, project_path
from rtcd_cli.words import ABOUT, SOURCES, worded

STALE_VERSIONS = 50
"""So many versions are looked at for the code that made an output."""

_WITH_VERSION = re.compile(r"(?P<path>.+)@(?P<numbers>\d+(?:\.\.\d+)?)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Versioned:
    """A file and the numbers typed behind its ``@``: none, one, or the two of ``@A..B``."""

    path: ProjectPath
    numbers: tuple[int, ...]


class NoVersionError(RtcdError):
    """The history has no such version."""

    code = "no-version"


@click.command()
@click.argument("path", metavar="PATH")
@folder_option
@json_option
def history(path: str, as_json: bool) -> None:
    """List the versions of a file.

    When, who or what wrote it, and how large it was. The oldest comes first. PATH@V names version V for show, diff, restore and undo.
    """
    places = chosen_places()
    file = project_path(places, path)
    versions = History.open(places.database, read_only=True).versions(file.value)
    if as_json:
        items = [version_to_json(version) for version in versions]
        show_json({"schema": SCHEMA, "path": file.value, "versions": items})
        return
    if not versions:
        show(line("No versions of ", (safe(file.value), "cyan"), " are kept yet."))
        return
    now = time.time()
    show(line((plural(len(versions), "version"), "bold"), " of ", (safe(file.value), "cyan")), "")
    rows = [
        (
            Text(f"@{version.number}", "bold"),
            f"{local_time(version.at)}  {how_long_ago(version.at, now)}",
            _how(version),
            size(version.size),
            safe(version.by),
        )
        for version in versions
    ]
    show(table(("VERSION", "WHEN", "HOW", "SIZE", "BY"), rows), "")
    show(next_step(f"rtcd diff {safe(path)}", "what the last change was"))


@click.command("show")
@click.argument("path", metavar="PATH@V")
@folder_option
def show_version(path: str) -> None:
    """Print a version of a file.

    A pipe or a file gets its bytes as they were; a terminal gets text that cannot act on it. The id
    of a conflict shows that conflict.
    """
    places = chosen_places()
    conflict = _conflict(places, path)
    if conflict is not None:
        show_page(conflict)
        return
    data = _bytes(places, _one_version(places, path))
    if not sys.stdout.isatty():
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    text = data.decode("utf-8", errors="backslashreplace").replace("\r\n", "\n")
    sys.stdout.write(safe_lines(text) + ("" if text.endswith("\n") else "\n"))


@click.command()
@click.argument("path", metavar="PATH[@V]")
@click.option("--words", is_flag=True, help="Mark changed words instead of lines (texts only).")
@folder_option
def diff(path: str, words: bool) -> None:
    """Compare a version of a file with the file on disk.

    PATH@A..B compares two versions. Without a version it shows the last change: what the file on disk has that the newest
    different version had not. Notebooks are compared cell by cell.
    """
    places = chosen_places()
    wanted = parse_versioned(places, path)
    old_name, old, new_name, new = _both_sides(places, wanted)
    console = stdout_console()
    if words and isinstance(old, TextContent) and isinstance(new, TextContent):
        colour = console.color_system is not None
        if old != new:
            show(Text(f"--- {safe(old_name)}", "bold"), Text(f"+++ {safe(new_name)}", "bold"))
            show(word_diff_text(old.text, new.text, colour=colour))
        return
    for text in diff_contents(old, new, old_name, new_name):
        console.print(text, soft_wrap=True)
    if isinstance(new, NotebookContent) and len(wanted.numbers) < 2:
        for text in _stale_lines(places, wanted.path, new):
            console.print(text, soft_wrap=True)


@click.command()
@click.argument("path", metavar="PATH@V")
@folder_option
@json_option
def restore(path: str, as_json: bool) -> None:
    """Bring a version of a file back, as a new edit for everybody.

    Nothing is lost: what stands now becomes a version, too.
    """
    places = chosen_places()
    version = _one_version(places, path)
    arguments = {"path": version.path, "version": version.number}
    answer = ask(places.control_socket, "restore", arguments, timeout=60.0)
    if is_unchanged(answer):
        _tell(version, f"{safe(version.path)} is as in version {version.number} already", as_json)
    else:
        _tell_changed(version, f"Version {version.number} is back", as_json=as_json)


@click.command()
@click.argument("path", metavar="PATH@V")
@folder_option
@json_option
def undo(path: str, as_json: bool) -> None:
    """Take back one change, and keep what came later.

    PATH@V names the version that the change made. Where later changes touched
    the same words, those stay.
    """
    places = chosen_places()
    version = _one_version(places, path)
    arguments = {"path": version.path, "version": version.number}
    answer = ask(places.control_socket, "undo", arguments, timeout=60.0)
    if is_unchanged(answer):
        sentence = f"Nothing of version {version.number} is left to take back"
        _tell(version, f"{sentence}: later changes are at the same words", as_json)
        return
    _tell_changed(version, f"The change of version {version.number} is taken back", as_json=as_json)


def parse_versioned(places: Places, word: str) -> Versioned:
    """``PATH``, ``PATH@V`` or ``PATH@A..B``; a file whose own name ends in ``@3`` is that file.

    Raises:
        UsageError: it names no file of the project.
    """
    found = _WITH_VERSION.fullmatch(word)
    if found is None or (places.project / project_path(places, word).value).exists():
        return Versioned(project_path(places, word), ())
    numbers = tuple(int(number) for number in found["numbers"].split(".."))
    return Versioned(project_path(places, found["path"]), numbers)


def version_to_json(version: VersionInfo) -> dict[str, object]:
    """One item of ``rtcd history --json``."""
    return {
        "version": version.number,
        "at": format_time(version.at),
        "by": version.by,
        "source": version.source,
        **({"about": version.about} if version.about else {}),
        "size": version.size,
        "digest": version.digest,
    }


def _how(version: VersionInfo) -> str:
    """What made a version, in a few words."""
    about = safe(version.about)
    if about and version.source in ABOUT:
        return ABOUT[version.source].format(about)
    return worded(SOURCES, version.source)


def _conflict(places: Places, word: str) -> Conflict | None:
    """The conflict that somebody named instead of a version; a file of that name comes first."""
    if "@" in word or not places.database.exists() or (places.project / word).exists():
        return None
    return History.open(places.database, read_only=True).conflict(word)


def _one_version(places: Places, word: str) -> VersionInfo:
    found = _WITH_VERSION.fullmatch(word)
    if found is None or ".." in found["numbers"]:
        known = word if found is None and (places.project / word).exists() else "PATH"
        raise UsageError(
            f"{word!r} names no version",
            hint=f"Write {known}@V; `rtcd history {known}` lists the numbers.",
        )
    path = project_path(places, found["path"])
    return _version(places, path, int(found["numbers"]))


def _version(places: Places, path: ProjectPath, number: int) -> VersionInfo:
    version = History.open(places.database, read_only=True).version(path.value, number)
    if version is None:
        raise NoVersionError(
            f"there is no version {number} of {path}",
            hint=f"`rtcd history {path}` lists those that are kept.",
        )
    return version


def _bytes(places: Places, version: VersionInfo) -> bytes:
    data = History.open(places.database, read_only=True).blob(version.digest)
    if data is None:
        raise NoVersionError(
            f"the bytes of version {version.number} of {version.path} are not kept any more",
            hint=f"`rtcd history {version.path}` lists what is.",
        )
    return data


def _both_sides(places: Places, wanted: Versioned) -> tuple[str, Content, str, Content]:
    path = wanted.path
    if len(wanted.numbers) == 2:
        old, new = (_version(places, path, number) for number in wanted.numbers)
        new_name, new_data = f"{path}@{new.number}", _bytes(places, new)
    else:
        new_name, new_data = f"{path} (on disk)", _on_disk(places, path)
        if wanted.numbers:
            old = _version(places, path, wanted.numbers[0])
        else:
            old = _newest_different(places, path, new_data)
    old_name, old_data = f"{path}@{old.number}", _bytes(places, old)
    return old_name, _content(path, old_data), new_name, _content(path, new_data)


def _stale_lines(places: Places, path: ProjectPath, now: NotebookContent) -> list[Text]:
    """A line for every cell whose outputs were made by other code than it has now."""
    versions = History.open(places.database, read_only=True).versions(path.value)
    known = (_content(path, _bytes(places, version)) for version in versions[-STALE_VERSIONS:])
    followed = StaleOutputs(one for one in known if isinstance(one, NotebookContent))
    stale = set(followed.follow(now))
    return [
        Text(
            f"@@ cell {number} ({safe(cell.id or '')}): its outputs are older than its code @@",
            "yellow",
        )
        for number, cell in enumerate(now.cells, start=1)
        if cell.id in stale
    ]


def _newest_different(places: Places, path: ProjectPath, data: bytes) -> VersionInfo:
    versions = History.open(places.database, read_only=True).versions(path.value)
    for version in reversed(versions):
        if _bytes(places, version) != data:
            return version
    if versions:
        return versions[-1]
    raise NoVersionError(
        f"no versions of {path} are kept", hint="rtcd keeps them while it shares the folder."
    )


def _on_disk(places: Places, path: ProjectPath) -> bytes:
    folder = Folder.open(places.project)
    try:
        limit = Settings(project=places.project).max_file_bytes
        snapshot = folder.read(path, max_bytes=limit)
    finally:
        folder.close()
    return b"" if snapshot is None else snapshot.data


def _content(path: ProjectPath, data: bytes) -> Content:
    """What the bytes mean; what cannot be understood (no file, no notebook) is compared as text."""
    try:
        return parse(kind_of(path), data)
    except HeldError:
        return TextContent(data.decode("utf-8", errors="backslashreplace"))


def is_unchanged(answer: object) -> bool:
    """The daemon says that there was nothing to change."""
    return isinstance(answer, dict) and answer.get("changed") is False


def _tell(version: VersionInfo, sentence: str, as_json: bool) -> None:
    """That nothing was done, and why."""
    if as_json:
        show_json(_answered(version, changed=False))
        return
    show(line(mark("ok"), f" {sentence}"))
    show(next_step(f"rtcd history {safe_tabs(version.path)}", "what came later"))


def _answered(version: VersionInfo, *, changed: bool) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "path": version.path,
        "version": version.number,
        "changed": changed,
    }


def _tell_changed(version: VersionInfo, sentence: str, *, as_json: bool) -> None:
    if as_json:
        show_json(_answered(version, changed=True))
        return
    show(line(mark("ok"), f" {sentence}: ", (safe(version.path), "cyan")))
    show(next_step(f"rtcd diff {safe_tabs(version.path)}", "what changed by that"))

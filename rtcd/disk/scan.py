"""Walking the project folder: every file that is shared, links never followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rtcd.disk.file_stat import FileStat
from rtcd.disk.folder import Folder
from rtcd.disk.ignore import GITIGNORE, RTCDIGNORE, IgnoreRules
from rtcd.errors import HeldError, PathRefusedError
from rtcd.project_path import ProjectPath

IGNORE_FILE_BYTES = 1024 * 1024

Refused = Callable[[ProjectPath | None, str], None]


def walk(
    folder: Folder, rules: IgnoreRules, refused: Refused | None = None
) -> Iterator[tuple[ProjectPath, FileStat]]:
    """Every file, link and special file that no rule leaves out, folder by folder, sorted.

    Links are named, not followed; folders are not named. A folder that cannot be listed is
    skipped. ``refused(folder, name)`` hears of names that are not UTF-8.
    """
    for path, stat in walk_all(folder, _by(rules), refused):
        if stat.kind != "folder":
            yield path, stat


def walk_folders(folder: Folder, rules: IgnoreRules) -> Iterator[ProjectPath]:
    """Every folder below the project folder that no rule leaves out."""
    for path, stat in walk_all(folder, _by(rules)):
        if stat.kind == "folder":
            yield path


def walk_all(
    folder: Folder,
    ignored: Callable[[ProjectPath, bool], bool],
    refused: Refused | None = None,
    start: ProjectPath | None = None,
) -> Iterator[tuple[ProjectPath, FileStat]]:
    """Files and folders that no rule leaves out, below ``start``; a folder before its files."""
    waiting: list[ProjectPath | None] = [start]
    while waiting:
        here = waiting.pop()
        below: list[ProjectPath | None] = []
        for path, stat in children(folder, here, refused):
            is_folder = stat.kind == "folder"
            if ignored(path, is_folder):
                continue
            yield path, stat
            if is_folder:
                below.append(path)
        waiting.extend(reversed(below))


def _by(rules: IgnoreRules) -> Callable[[ProjectPath, bool], bool]:
    return lambda path, is_folder: rules.why_ignored(path, is_folder) is not None


def children(
    folder: Folder, path: ProjectPath | None, refused: Refused | None = None
) -> Iterator[tuple[ProjectPath, FileStat]]:
    """What is directly in a folder; nothing when it cannot be listed."""
    try:
        found = folder.list(path)
    except HeldError:
        return
    for name, stat in found:
        try:
            yield ProjectPath.parse(name if path is None else f"{path}/{name}"), stat
        except PathRefusedError:
            if refused is not None:
                refused(path, name)


def load_rules(folder: Folder) -> IgnoreRules:
    """Read the ignore files of all folders that are not themselves left out."""
    git: dict[ProjectPath | None, str] = {}
    own: dict[ProjectPath | None, str] = {}
    rules = IgnoreRules()
    waiting: list[ProjectPath | None] = [None]
    while waiting:
        here = waiting.pop()
        entries = list(children(folder, here))
        if _read_rules(folder, here, entries, git, own):
            rules = IgnoreRules(git, own)
        waiting.extend(
            path
            for path, stat in entries
            if stat.kind == "folder" and rules.why_ignored(path, True) is None
        )
    return rules


def _read_rules(
    folder: Folder,
    here: ProjectPath | None,
    entries: list[tuple[ProjectPath, FileStat]],
    git: dict[ProjectPath | None, str],
    own: dict[ProjectPath | None, str],
) -> bool:
    """Add the texts of the ignore files in a folder; True when there is one."""
    names = {path.name for path, stat in entries if stat.kind == "file"}
    found = False
    for name, texts in ((GITIGNORE, git), (RTCDIGNORE, own)):
        if name in names:
            texts[here] = _text(folder, here, name)
            found = True
    return found


def _text(folder: Folder, path: ProjectPath | None, name: str) -> str:
    file = ProjectPath.parse(name if path is None else f"{path}/{name}")
    try:
        snapshot = folder.read(file, max_bytes=IGNORE_FILE_BYTES)
    except HeldError:
        return ""
    return "" if snapshot is None else snapshot.data.decode("utf-8", errors="replace")

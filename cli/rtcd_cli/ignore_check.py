"""``rtcd ignore-check``: is a file shared, and if not, which rule says so?"""

from __future__ import annotations

import click

from rtcd.disk.folder import Folder
from rtcd.disk.formats import kind_of, parse
from rtcd.disk.scan import load_rules
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
from rtcd.settings import Settings
from rtcd_cli.output import line, mark, safe, show, show_json
from rtcd_cli.project_option import chosen_places, folder_option, json_option, project_path


@click.command("ignore-check")
@click.argument("path", metavar="PATH")
@folder_option
@json_option
def ignore_check(path: str, as_json: bool) -> None:
    """Tell whether a file is shared, and if not, by which rule.

    Rules come from rtcd itself (hidden files, secrets by name, what editors leave behind), from
    .gitignore and .rtcdignore, and from what is in the file (binary, too large).
    """
    places = chosen_places()
    file = project_path(places, path)
    folder = Folder.open(places.project)
    try:
        why = why_not_shared(folder, file, Settings(project=places.project).max_file_bytes)
    finally:
        folder.close()
    if as_json:
        show_json({"schema": 1, "path": file.value, "shared": why is None, "rule": why})
    elif why is None:
        show(line(mark("ok"), " Shared: ", (safe(file.value), "cyan")))
    else:
        show(line(mark("warn"), " Not shared: ", (safe(file.value), "cyan")))
        show(f"  {safe(why)}")


def why_not_shared(folder: Folder, path: ProjectPath, max_bytes: int) -> str | None:
    """A sentence that names the rule, or None: the file is shared (or would be if it existed)."""
    found = folder.stat(path)
    is_folder = found is not None and found.kind == "folder"
    why = load_rules(folder).why_ignored(path, is_folder)
    if why is not None or found is None or is_folder:
        return why
    try:
        snapshot = folder.read(path, max_bytes=max_bytes)
        if snapshot is not None:
            parse(kind_of(path), snapshot.data)
    except HeldError as error:
        return f"It is held ({error.code}): {error.message}."
    return None

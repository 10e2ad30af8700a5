"""How pairs are spelled in jupytext's own settings: in a notebook's metadata, or for all notebooks."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace

from rtcd.content import Content, NotebookContent
from rtcd.errors import UsageError
from rtcd.paired.script import ScriptFormat
from rtcd.project_path import ProjectPath

SETTINGS = ProjectPath("jupytext.toml")
FORMATS_LINE = re.compile(r"^formats[ \t]*=[^\n]*$", re.MULTILINE)


def relative_folder(wanted: str) -> str:
    """A folder as jupytext has it, without ``/`` at its end."""
    if wanted.startswith(("/", "~")):
        raise UsageError(
            f"{wanted} is no folder beside the notebook",
            hint="--dir is seen from the notebook, for example --dir scripts.",
        )
    return wanted.strip("/").removeprefix("./")


def format_of(fmt: ScriptFormat, folder: str) -> str:
    """Jupytext's own spelling of a text beside its notebook, or in a folder beside it."""
    return f"{folder}//{fmt}" if folder else str(fmt)


def with_one_more(known: Sequence[tuple[str, str]], wanted: str) -> str:
    """The formats of a notebook with one more text, in place of one of the same kind of file.

    Args:
        known: each face's path and its part of the formats.
        wanted: the part of the new one.
    """
    ending = "." + wanted.rpartition("/")[2].partition(":")[0].rpartition(".")[2]
    return ",".join([*(part for path, part in known if not path.endswith(ending)), wanted])


def without_one(known: Sequence[tuple[str, str]], text: ProjectPath) -> str | None:
    """The formats of a notebook without that text; None when no other text is left."""
    left = [part for path, part in known if path != str(text)]
    return ",".join(left) if len(left) > 1 else None


def with_formats(live: Content, formats: str | None) -> Content:
    """A notebook that says it is paired like this; None: it says nothing of it."""
    assert isinstance(live, NotebookContent)
    jupytext = dict(live.metadata.get("jupytext") or {})
    if formats is None:
        jupytext.pop("formats", None)
    else:
        jupytext["formats"] = formats
    metadata = {key: value for key, value in live.metadata.items() if key != "jupytext"}
    if jupytext:
        metadata["jupytext"] = jupytext
    return replace(live, metadata=metadata)


def with_formats_line(text: str, formats: str) -> str:
    """A file of settings with this rule, all else as it is.

    Raises:
        UsageError: the file cannot be changed safely.
    """
    stated = f'formats = "{formats}"'
    if FORMATS_LINE.search(text):
        changed = FORMATS_LINE.sub(lambda _: stated, text, count=1)
    else:
        changed = f"{stated}\n{text}"
    try:
        if tomllib.loads(changed).get("formats") == formats:
            return changed
    except tomllib.TOMLDecodeError:
        pass
    raise UsageError(
        f"{SETTINGS} says already what is paired, in more than one line",
        hint=f"Write there by hand: {stated}",
    )

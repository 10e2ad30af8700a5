"""``pair`` and ``unpair``: settings of jupytext, written where jupytext and everybody else finds them.

A pair is a line in the notebook's metadata (``jupytext.formats``), edited in the shared document: so
JupyterLab, jupytext itself and every other folder see the same pair. A rule for all notebooks is a
line in ``jupytext.toml``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from rtcd.content import Content, NotebookContent, TextContent
from rtcd.daemon.control import Command
from rtcd.daemon.document_edit import edit_document
from rtcd.daemon.notebook_of_text import notebook_of_text
from rtcd.daemon.pair_formats import (
    SETTINGS,
    format_of,
    relative_folder,
    with_formats,
    with_formats_line,
    with_one_more,
    without_one,
)
from rtcd.disk.formats import format_content, kind_of, parse
from rtcd.errors import RtcdError, UsageError
from rtcd.paired.script import ScriptFormat
from rtcd.paired.settings import checked_format, paired_texts
from rtcd.project_path import ProjectPath
from rtcd.sync.project import Project
from rtcd.sync.script_binding import ScriptBinding

Arguments = dict[str, Any]

DEFAULT_FORMAT = "py:percent"
WRITE_SECONDS = 15.0


class PairCommands:
    """Makes and ends pairs."""

    def __init__(self, project: Project) -> None:
        self._project = project

    def table(self) -> Mapping[str, Command]:
        """Command names to coroutines."""
        return {"pair": self.pair, "unpair": self.unpair, "pairs": self.pairs}

    async def pairs(self, arguments: Arguments) -> dict[str, Any]:
        """All pairs of the folder."""
        del arguments
        project = self._project
        return {"pairs": [self._shown(path) for path in project.pairs.all()]}

    async def pair(self, arguments: Arguments) -> dict[str, Any]:
        """Pair one notebook, make a notebook for a text, or set the rule for all."""
        wanted = arguments.get("to")
        folder = relative_folder(str(arguments.get("dir") or ""))
        if arguments.get("all"):
            if ".." in folder.split("/"):
                raise UsageError(
                    f"{folder} would be outside of this project for some notebooks",
                    hint="With --all, --dir names a folder beside each notebook.",
                )
            fmt = await asyncio.to_thread(checked_format, str(wanted or DEFAULT_FORMAT))
            return await self._pair_all(f"ipynb,{format_of(fmt, folder)}")
        path = ProjectPath.parse(str(arguments.get("path", "")))
        if kind_of(path) != "notebook":
            return await self._pair_text(path, wanted, on_server=bool(arguments.get("on_server")))
        if arguments.get("on_server"):
            raise UsageError(
                "--notebook-on-server is for a text that has no notebook in the folder",
                hint="Name the text, for example `rtcd pair analysis.py --notebook-on-server`.",
            )
        before = set(self._texts(path))
        if not before or wanted or folder:
            await self._add_text(path, str(wanted or DEFAULT_FORMAT), folder)
        await self._until_written(path)
        parted = sorted(before - set(self._texts(path)))
        return {"pairs": [self._shown(path)], "unpaired": [str(text) for text in parted]}

    async def unpair(self, arguments: Arguments) -> dict[str, Any]:
        """End a pair: both files stay, each for itself from now on."""
        path = ProjectPath.parse(str(arguments.get("path", "")))
        notebook = self._project.pairs.notebook_of(path) or path
        shown = self._shown(notebook)
        if not self._texts(notebook):
            raise UsageError(
                f"{path} is not paired", hint="`rtcd pair` without a file lists all pairs."
            )
        others = without_one(self._project.pairs.spelled(notebook), path)
        if path != notebook and others is not None:
            await self._set_formats(notebook, others)
            gone = [text for text in shown["texts"] if text["path"] == str(path)]
            return {"pairs": [{**shown, "texts": gone}]}
        await self._set_formats(notebook, None)
        if self._texts(notebook):
            # A rule for many notebooks pairs it: only its own word counts more.
            await self._set_formats(notebook, "ipynb")
        if notebook in self._project.pairs.on_server:
            await self._project.pairs.on_server.bring_back(notebook)
        return {"pairs": [shown]}

    # ------------------------------------------------------------------ one notebook

    async def _add_text(self, notebook: ProjectPath, wanted: str, folder: str) -> None:
        """Give a notebook a text; one of the same kind of file makes place for it."""
        fmt = await asyncio.to_thread(checked_format, wanted)
        known = await asyncio.to_thread(self._project.pairs.spelled, notebook)
        formats = with_one_more(known, format_of(fmt, folder))
        self._refuse_outside(notebook, formats, folder)
        await self._set_formats(notebook, formats)

    def _refuse_outside(self, notebook: ProjectPath, formats: str, folder: str) -> None:
        """Say why a text would not be shared, before anything is changed."""
        disk = self._project.disk
        metadata = {"jupytext": {"formats": formats}}
        found = paired_texts(str(notebook), metadata, None, disk.folder.root)
        if len(found) < formats.count(","):
            raise UsageError(
                f"{folder} would be outside of this project",
                hint="--dir names a folder beside the notebook, for example --dir scripts.",
            )
        for text in found:
            why = disk.why_ignored(ProjectPath.parse(text.path))
            if why is not None:
                raise UsageError(
                    f"the text would not be shared: {why.removesuffix('.')}",
                    hint="Choose another folder with --dir.",
                )

    async def _set_formats(self, notebook: ProjectPath, formats: str | None) -> None:
        project = self._project
        if notebook not in project.files and notebook not in project.bindings:
            raise RtcdError(
                f"there is no notebook {notebook} in this folder",
                hint="`rtcd status` lists the files that are shared.",
            )
        await edit_document(project, notebook, lambda live: with_formats(live, formats), "pair")
        content = self._metadata_of(notebook)
        if content is not None:
            project.pairs.settings_changed(notebook, content)

    def _metadata_of(self, notebook: ProjectPath) -> Mapping[str, Any] | None:
        binding = self._project.bindings.get(notebook)
        if binding is None or binding.replica is None:
            return None
        content = binding.replica.live.content()
        return content.metadata if isinstance(content, NotebookContent) else None

    async def _until_written(self, notebook: ProjectPath) -> None:
        """Returns when every text of the notebook is there, or is held for a reason."""
        project = self._project
        for text in self._texts(notebook):
            binding = project.bindings.get(text)
            if isinstance(binding, ScriptBinding):
                binding.write_again()
        try:
            async with asyncio.timeout(WRITE_SECONDS):
                while any(self._is_missing(text) for text in self._texts(notebook)):
                    await project.changed(project.seq, 0.1)
        except TimeoutError:
            raise RtcdError(
                f"the text of {notebook} is not written yet",
                hint="`rtcd status` tells what it waits for.",
            ) from None

    def _is_missing(self, text: ProjectPath) -> bool:
        binding = self._project.bindings.get(text)
        if binding is not None and binding.file.hold is not None:
            raise binding.file.hold
        return not self._project.disk.exists(text)

    def _texts(self, notebook: ProjectPath) -> Mapping[ProjectPath, ScriptFormat]:
        return self._project.pairs.texts_of(notebook)

    def _shown(self, notebook: ProjectPath) -> dict[str, Any]:
        texts = [
            {"path": str(text), "format": str(fmt)} for text, fmt in self._texts(notebook).items()
        ]
        return {"notebook": str(notebook), "texts": texts}

    # ------------------------------------------------------------------ all notebooks

    async def _pair_all(self, formats: str) -> dict[str, Any]:
        project = self._project
        before = await project.disk.read(SETTINGS)
        text = "" if before is None else before.data.decode()
        wanted = with_formats_line(text, formats)
        if wanted != text:
            await project.disk.write(SETTINGS, wanted.encode(), expected=before)
            after = await project.disk.read(SETTINGS)
            if after is not None:
                project.local.file_saved(after)
        notebooks = project.pairs.all()
        for notebook in notebooks:
            await self._until_written(notebook)
        return {"pairs": [self._shown(path) for path in notebooks], "settings": str(SETTINGS)}

    # ------------------------------------------------------------------ a text alone

    async def _pair_text(
        self, text: ProjectPath, wanted: object, *, on_server: bool
    ) -> dict[str, Any]:
        """Make the notebook for a text that is there."""
        project = self._project
        known = project.pairs.notebook_of(text)
        if known is not None:
            if on_server and known not in project.pairs.on_server:
                raise UsageError(
                    f"{text} is paired with {known}, which is in this folder",
                    hint="--notebook-on-server is for a text that has no notebook yet.",
                )
            return {"pairs": [self._shown(known)]}
        snapshot = await project.disk.read(text)
        if snapshot is None:
            raise RtcdError(f"there is no {text} in this folder", hint="Check the name.")
        content = parse("text", snapshot.data)
        assert isinstance(content, TextContent)
        ending = text.suffix or ".py"
        fmt = await asyncio.to_thread(checked_format, str(wanted) if wanted else ending.lstrip("."))
        made, formats = await asyncio.to_thread(notebook_of_text, content.text, fmt)
        notebook = ProjectPath.parse(str(text).removesuffix(ending) + ".ipynb")
        if on_server:
            await project.pairs.on_server.keep(notebook, format_content("notebook", made, None))
            await self._set_formats(notebook, formats)
        else:
            await self._create(notebook, with_formats(made, formats), fmt)
        return {"pairs": [self._shown(notebook)]}

    async def _create(self, notebook: ProjectPath, made: Content, fmt: ScriptFormat) -> None:
        project = self._project
        if await project.disk.create(notebook, format_content("notebook", made, None)) is None:
            raise RtcdError(
                f"there is a notebook {notebook} already",
                hint=f"Pair that one: `rtcd pair {notebook} --to {fmt}`.",
                code="name-collision",
            )
        created = await project.disk.read(notebook)
        if created is not None:
            project.local.file_saved(created)

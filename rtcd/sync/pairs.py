"""Which text is a face of which notebook, in this folder.

Theory of operation. The settings are jupytext's: in the notebook's metadata, or in a file of
settings above it. Both are looked at whenever they may have changed: when a notebook is read, when
its document says so, when a file of settings is saved. A paired text is not shared by a room of its
own, here or on the server: its notebook's binding does all work on it (``scripts``), in every folder
for its own copy. jupytext is loaded when there is something to pair, not before.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtcd.content import NotebookContent
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.disk.kept_notebooks import KeptNotebooks
from rtcd.errors import HeldError, PathRefusedError, RtcdError, ServerError
from rtcd.paired.script import ScriptFormat
from rtcd.paired.settings import (
    PYPROJECT,
    SETTING_FILES,
    PairSettingsError,
    paired_texts,
    parse_settings,
)
from rtcd.places import INSIDE
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.ports import Disk
from rtcd.sync.script_binding import ScriptBinding
from rtcd.sync.text_rooms import TextRooms

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

Texts = Mapping[ProjectPath, ScriptFormat]
CODE = "invalid-pair-settings"
MAX_SETTINGS_BYTES = 1024 * 1024
BEGIN_SECONDS = 10.0


class Pairs:
    """The pairs of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._texts: dict[ProjectPath, Texts] = {}
        self._notebooks: dict[ProjectPath, ProjectPath] = {}
        self._metadata: dict[ProjectPath, Mapping[str, Any]] = {}
        self._settings: dict[ProjectPath | None, Any] = {}
        self._begun = False
        self.rooms = TextRooms(project)
        own = project.disk.folder.root / INSIDE
        self._list = own / "pairs.json"
        self._kept = KeptNotebooks(own / "notebooks")
        self._on_server: set[ProjectPath] = set()

    # ------------------------------------------------------------------ what is so

    def notebook_of(self, text: ProjectPath) -> ProjectPath | None:
        """The notebook that a text is a face of, or None."""
        return self._notebooks.get(text)

    def is_text(self, path: ProjectPath) -> bool:
        """True for a paired text."""
        return path in self._notebooks

    def texts_of(self, notebook: ProjectPath) -> Texts:
        """The texts of a notebook, with their formats."""
        return self._texts.get(notebook, {})

    def is_paired(self, path: ProjectPath) -> bool:
        """True for both faces."""
        return path in self._notebooks or bool(self._texts.get(path))

    def stale_outputs(self, notebook: ProjectPath) -> int:
        """Cells of an open paired notebook whose outputs are older than their code."""
        binding = self._project.bindings.get(notebook)
        if not self.texts_of(notebook) or binding is None:
            return 0
        return binding.working.scripts.stale_outputs

    # ------------------------------------------------------------------ notebooks kept elsewhere

    def is_on_server(self, notebook: ProjectPath) -> bool:
        """True for a notebook that is with the server only, by somebody's wish."""
        return notebook in self._on_server

    def disk_for(self, path: ProjectPath) -> Disk:
        """Where a file is read and written in this folder."""
        return self._kept if path in self._on_server else self._project.disk

    async def keep_on_server(self, notebook: ProjectPath, data: bytes) -> None:
        """Make a notebook with the server, and none in this folder.

        Raises:
            RtcdError: the folder is the server's own, or the server has such a notebook.
        """
        project = self._project
        if project.link.is_host:
            raise RtcdError(
                f"this folder is the server's own, so {notebook} would lie in it",
                hint=f"Leave out --notebook-on-server, or add {notebook} to .gitignore.",
                code="shared-folder",
            )
        try:
            await project.link.create(notebook, data)
        except ServerError as error:
            if error.code != "exists":
                raise
            raise RtcdError(
                f"the server has a notebook {notebook} already",
                hint=f"Pair that one with `rtcd pair {notebook}`.",
                code="name-collision",
            ) from error
        self._kept.store(notebook, data)
        self._on_server.add(notebook)
        kept = self._kept.load(notebook)
        assert kept is not None
        self.note(kept)
        project.activate(notebook)

    def load(self) -> None:
        """Take up what an earlier daemon kept; before the folder is compared."""
        try:
            known = json.loads(self._list.read_text(encoding="utf-8"))["on_server"]
        except (OSError, ValueError, KeyError):
            return
        for name in known:
            notebook = ProjectPath.parse(str(name))
            kept = self._kept.load(notebook)
            if kept is not None and not self._project.disk.exists(notebook):
                self._on_server.add(notebook)
                self.note(kept)

    def came_back(self, notebook: ProjectPath) -> None:
        """Somebody put the notebook into the folder after all: it is a file like any other."""
        self._on_server.discard(notebook)
        self._kept.forget(notebook)
        binding = self._project.bindings.pop(notebook, None)
        if binding is not None:
            binding.close()
        self._write_list()

    # ------------------------------------------------------------------ what may have changed

    def note(self, snapshot: Snapshot) -> None:
        """A file was read: a notebook, settings, or neither."""
        path = snapshot.path
        if path.name in SETTING_FILES or path.name == PYPROJECT:
            self._settings.clear()
            for notebook in list(self._metadata):
                self._follow(notebook)
        if kind_of(path) != "notebook":
            return
        if b'"jupytext"' in snapshot.data:
            try:
                content = parse("notebook", snapshot.data)
            except HeldError:
                return
            assert isinstance(content, NotebookContent)
            self._metadata[path] = content.metadata
        else:
            self._metadata[path] = {}
        self._follow(path)

    def settings_changed(self, notebook: ProjectPath, metadata: Mapping[str, Any]) -> None:
        """The document of a notebook says otherwise what it is paired with."""
        self._metadata[notebook] = metadata
        self._follow(notebook)

    def moved(self, old: ProjectPath, new: ProjectPath) -> None:
        """A notebook has another name; its texts follow, on disk too."""
        metadata = self._metadata.pop(old, None)
        if metadata is None:
            return
        before = self._texts.pop(old, {})
        self._metadata[new] = metadata
        for text in before:
            self._notebooks[text] = new
        self._texts[new] = before
        names = {str(fmt): text for text, fmt in self._wanted(new).items()}
        renamed = {text: names.get(str(fmt), text) for text, fmt in before.items()}
        self._texts[new] = {renamed[text]: fmt for text, fmt in before.items()}
        for text, wanted in renamed.items():
            if text != wanted:
                self._notebooks[wanted] = self._notebooks.pop(text)
                self._project.spawn(self._rename_text(text, wanted), problem_path=text)
        self._follow(new)
        self._write_list()

    async def _rename_text(self, old: ProjectPath, new: ProjectPath) -> None:
        project = self._project
        if not await project.disk.rename(old, new):
            return
        project.files.move(old, new)
        project.history.move(str(old), str(new))
        binding = project.bindings.pop(old, None)
        if binding is not None:
            project.bindings[new] = binding
            binding.moved(new)
        project.note_change()

    def _follow(self, notebook: ProjectPath) -> None:
        wanted = self._wanted(notebook)
        before = self.texts_of(notebook)
        if wanted == before:
            return
        self._texts[notebook] = wanted
        for text in before:
            if wanted.get(text) != before[text]:
                self._notebooks.pop(text, None)
                self._part(notebook, text)
        for text in wanted:
            self._notebooks[text] = notebook
        self._write_list()
        log.info("paired path=%s texts=%s", notebook, [str(text) for text in wanted])
        if self._begun:
            self._project.spawn(self._begin(notebook), problem_path=notebook)
        self._project.note_change()

    def _wanted(self, notebook: ProjectPath) -> dict[ProjectPath, ScriptFormat]:
        project = self._project
        try:
            config = self._settings_for(notebook.parent)
            metadata = self._metadata.get(notebook, {})
            found = paired_texts(str(notebook), metadata, config, project.disk.folder.root)
        except PairSettingsError as error:
            project.report(CODE, error, notebook)
            return dict(self.texts_of(notebook))
        project.clear(CODE, notebook)
        wanted = {}
        for text in found:
            try:
                path = ProjectPath.parse(text.path)
            except PathRefusedError:
                continue
            if project.disk.why_ignored(path) is None and self._is_free(path, notebook):
                wanted[path] = text.format
        return wanted

    def _is_free(self, text: ProjectPath, notebook: ProjectPath) -> bool:
        other = self._notebooks.get(text)
        if other is None or other == notebook or text not in self.texts_of(other):
            return True
        error = PairSettingsError(
            f"{text} is paired with {other} already",
            hint="Give one of the two notebooks another format or folder with `rtcd pair`.",
        )
        self._project.report(CODE, error, notebook)
        return False

    # ------------------------------------------------------------------ settings in files

    def _settings_for(self, folder: ProjectPath | None) -> Any:  # noqa: ANN401 - jupytext's
        if folder not in self._settings:
            found = self._settings_in(folder)
            if found is None and folder is not None:
                found = self._settings_for(folder.parent)
            self._settings[folder] = found
        return self._settings[folder]

    def _settings_in(self, folder: ProjectPath | None) -> Any:  # noqa: ANN401 - jupytext's
        for name in (*SETTING_FILES, PYPROJECT):
            path = ProjectPath.parse(name if folder is None else f"{folder}/{name}")
            try:
                found = self._project.disk.folder.stat(path)
                if found is None or found.kind != "file":
                    continue
                snapshot = self._project.disk.folder.read(path, max_bytes=MAX_SETTINGS_BYTES)
                text = "" if snapshot is None else snapshot.data.decode()
            except (HeldError, UnicodeDecodeError):
                continue
            settings = parse_settings(name, text)
            if settings is not None:
                return settings
        return None

    # ------------------------------------------------------------------ beginning and parting

    def begin(self) -> None:
        """The folder was compared with the server: from now on texts are worked on."""
        self._begun = True
        self._write_list()
        for notebook, texts in self._texts.items():
            if texts:
                self._project.spawn(self._begin(notebook), problem_path=notebook)

    async def _begin(self, notebook: ProjectPath) -> None:
        """Work on the texts of a notebook, where one of them is not as it was left."""
        project = self._project
        deadline = project.clock() + BEGIN_SECONDS
        while project.tasks.is_busy(notebook) and project.clock() < deadline:
            await project.changed(project.seq, 0.1)
        for text in self.texts_of(notebook):
            await self._free_room(text)
        if notebook not in project.files and notebook not in project.bindings:
            if notebook not in self._on_server:
                return
            project.activate(notebook)
        binding = project.bindings.get(notebook)
        if binding is not None:
            self.attach(binding)
        elif any(self._is_to_be_met(notebook, text) for text in self.texts_of(notebook)):
            project.activate(notebook)

    async def _free_room(self, text: ProjectPath) -> None:
        """A text that was shared for itself until now leaves its room."""
        project = self._project
        binding = project.bindings.get(text)
        if binding is None or isinstance(binding, ScriptBinding):
            return
        binding.close()
        while project.bindings.get(text) is binding:
            await project.changed(project.seq, 0.1)

    def _is_to_be_met(self, notebook: ProjectPath, text: ProjectPath) -> bool:
        mark = self._project.history.bookmark(str(text))
        if mark is None:
            return True
        known, own = self._project.files.get(text), self._project.files.get(notebook)
        if known is None:
            return False  # deleted by somebody, and to stay so
        return (known.digest, own.digest if own else None) != (mark.base_digest, mark.server_hash)

    def attach(self, binding: Binding) -> None:
        """Give a notebook's binding its texts."""
        bindings = self._project.bindings
        binding.working.scripts.on_settings = lambda metadata: self.settings_changed(
            binding.path, metadata
        )
        for text, fmt in self.texts_of(binding.path).items():
            if text not in bindings:
                work = binding.working.scripts.add(
                    text, fmt, self._project.history, self._project.disk
                )
                bindings[text] = ScriptBinding(binding, work)

    def _part(self, notebook: ProjectPath, text: ProjectPath) -> None:
        """A text is a file like any other from now on."""
        project = self._project
        binding = project.bindings.get(text)
        if isinstance(binding, ScriptBinding):
            project.bindings.pop(text)
            binding.notebook.working.scripts.remove(text)
        project.history.forget(str(text))
        project.spawn(self._share_again(text), path=text)
        log.info("unpaired path=%s text=%s", notebook, text)

    async def _share_again(self, text: ProjectPath) -> None:
        snapshot = await self._project.disk.read(text)
        if snapshot is not None:
            self._project.local.file_saved(snapshot)

    def deleted(self, text: ProjectPath) -> None:
        """A paired text was deleted here: its notebook stays, in this folder without that face."""
        self._project.files.forget(text)
        binding = self._project.bindings.get(text)
        if binding is not None:
            binding.disk_gone()
        self._project.note_change()

    # ------------------------------------------------------------------ for the server's extension

    def _write_list(self) -> None:
        """Tell the extension which names are faces of which notebook."""
        if not self._begun:
            return
        pairs = {str(text): str(notebook) for text, notebook in self._notebooks.items()}
        if not pairs and not self._on_server and not self._list.exists():
            return
        kept = sorted(map(str, self._on_server))
        temporary = self._list.with_suffix(".tmp")
        said = json.dumps({"schema": 1, "texts": pairs, "on_server": kept})
        temporary.write_text(said, encoding="utf-8")
        temporary.replace(self._list)

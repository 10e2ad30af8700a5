"""Which text is a face of which notebook, in this folder.

Theory of operation. The settings are jupytext's: in the notebook's metadata, or in a file of
settings above it. Both are looked at whenever they may have changed: when a notebook is read, when
its document says so, when a file of settings is saved. A paired text is not shared by a room of its
own, here or on the server: its notebook's binding does all work on it (``faces``). jupytext is loaded
when there is something to pair, not before.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rtcd.content import NotebookContent
from rtcd.disk.file_stat import Snapshot
from rtcd.disk.formats import kind_of, parse
from rtcd.errors import HeldError, PathRefusedError
from rtcd.paired.script import ScriptFormat
from rtcd.paired.settings import PairSettingsError, paired_texts, spelled_formats
from rtcd.places import INSIDE
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.faces import Faces
from rtcd.sync.pair_list import PairList
from rtcd.sync.pair_settings import PairSettings, is_settings
from rtcd.sync.server_notebooks import ServerNotebooks
from rtcd.sync.text_rooms import TextRooms

if TYPE_CHECKING:
    from rtcd.sync.project import Project

log = logging.getLogger("rtcd.sync")

Texts = Mapping[ProjectPath, ScriptFormat]
CODE = "invalid-pair-settings"
LARGE_BYTES = 1_000_000


class Pairs:
    """The pairs of one project."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._texts: dict[ProjectPath, Texts] = {}
        self._notebooks: dict[ProjectPath, ProjectPath] = {}
        self._metadata: dict[ProjectPath, Mapping[str, Any]] = {}
        self._settings = PairSettings(project)
        self._begun = False
        self.list = PairList(project.disk.folder.root / INSIDE)
        self._stale = self.list.stale()
        self.faces = Faces(project)
        self.on_server = ServerNotebooks(project)
        self.rooms = TextRooms(project)

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

    def all(self) -> list[ProjectPath]:
        """Every notebook that has a text."""
        return sorted(notebook for notebook, texts in self._texts.items() if texts)

    def spelled(self, notebook: ProjectPath) -> list[tuple[str, str]]:
        """Each face of a notebook, itself included, with its part of jupytext's ``formats``.

        Raises:
            PairSettingsError: the settings cannot be understood.
        """
        config = self._settings.of(notebook.parent)
        metadata = self._metadata.get(notebook, {})
        return spelled_formats(str(notebook), metadata, config, self._project.disk.folder.root)

    def stale_outputs(self, notebook: ProjectPath) -> int:
        """Cells of a paired notebook whose outputs are older than their code.

        Of one that nobody works on, as it was left.
        """
        if not self.texts_of(notebook):
            return 0
        binding = self._project.bindings.get(notebook)
        known = None if binding is None else binding.working.scripts.stale_outputs
        return self._stale.get(notebook, 0) if known is None else known

    def left(self, binding: Binding) -> None:
        """A notebook's room was left: what is known of its outputs still holds."""
        count = binding.working.scripts.stale_outputs
        if count is not None and count != self._stale.get(binding.path, 0):
            self._stale.pop(binding.path, None)
            if count:
                self._stale[binding.path] = count
            self.write_list()

    # ------------------------------------------------------------------ what may have changed

    def begin(self) -> None:
        """The folder was compared with the server: from now on texts are worked on."""
        self._begun = True
        self.write_list()
        for notebook in self.all():
            self.faces.begin(notebook)

    def note(self, snapshot: Snapshot) -> None:
        """A file was read: a notebook, settings, or neither."""
        path = snapshot.path
        if is_settings(path):
            self._settings.changed()
            for notebook in list(self._metadata):
                self._follow(notebook)
        if kind_of(path) != "notebook":
            return
        # A large one is read already, and looking through it takes longer.
        if len(snapshot.data) >= LARGE_BYTES or b'"jupytext"' in snapshot.data:
            try:
                content = parse("notebook", snapshot.data)
            except HeldError:
                return
            assert isinstance(content, NotebookContent)
            self._metadata[path] = content.metadata if "jupytext" in content.metadata else {}
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
        if old in self._stale:
            self._stale[new] = self._stale.pop(old)
        for text in before:
            self._notebooks[text] = new
        self._texts[new] = before
        names = {str(fmt): text for text, fmt in self._wanted(new).items()}
        renamed = {text: names.get(str(fmt), text) for text, fmt in before.items()}
        self._texts[new] = {renamed[text]: fmt for text, fmt in before.items()}
        for text, wanted in renamed.items():
            if text != wanted:
                self._notebooks[wanted] = self._notebooks.pop(text)
                self.faces.renamed(text, wanted)
        self._follow(new)
        self.write_list()

    def _follow(self, notebook: ProjectPath) -> None:
        wanted = self._wanted(notebook)
        before = self.texts_of(notebook)
        if wanted == before:
            return
        self._texts[notebook] = wanted
        for text in before:
            if wanted.get(text) != before[text]:
                self._notebooks.pop(text, None)
                self.faces.part(notebook, text, before[text])
        for text in wanted:
            self._notebooks[text] = notebook
        self.write_list()
        log.info("paired path=%s texts=%s", notebook, [str(text) for text in wanted])
        if self._begun:
            self.faces.begin(notebook)
        self._project.note_change()

    def _wanted(self, notebook: ProjectPath) -> dict[ProjectPath, ScriptFormat]:
        project = self._project
        try:
            config = self._settings.of(notebook.parent)
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

    def write_list(self) -> None:
        """Write down which names are faces of which notebook."""
        if self._begun:
            self.list.write(self._notebooks, self.on_server, self._stale)

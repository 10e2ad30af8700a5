"""The bindings of a project: begun when somebody works on a file, begun anew after a bug."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rtcd.disk.formats import kind_of
from rtcd.errors import HeldError
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.open_file import BindingState

if TYPE_CHECKING:
    from rtcd.sync.project import Project

ROOMS_KEPT = 100
"""With more rooms open, those that nobody edits are left after a moment instead of a minute."""

FIRST_RETRY_SECONDS = 0.25
FAILURE_WINDOW_SECONDS = 60.0
MAX_FAILURES = 3


class Bindings(dict[ProjectPath, Binding]):
    """All bindings by path.

    Attributes:
        deleted: files that were deleted while they had a binding, and are not there again.
    """

    def __init__(self, project: Project, *, quiet_seconds: float) -> None:
        super().__init__()
        self._project = project
        self._began = project.clock()
        self._quiet_seconds = quiet_seconds
        self._failures: dict[ProjectPath, list[float]] = {}
        self._set_aside: set[ProjectPath] = set()
        self.deleted: set[ProjectPath] = set()
        self._closing = False

    def activate(self, path: ProjectPath) -> Binding:
        """The binding of a file, begun if there is none."""
        binding = self.get(path)
        if binding is not None:
            return binding
        notebook = self._project.pairs.notebook_of(path)
        if notebook is not None:
            self._project.pairs.faces.attach(self.activate(notebook))
            return self[path]
        binding = Binding(
            path,
            kind_of(path),
            disk=self._project.pairs.on_server.disk_for(path),
            rooms=self._project.link,
            history=self._project.history,
            clock=self._project.clock,
            on_change=self._project.note_change,
            quiet_seconds=self._quiet_seconds,
            user=self._project.link.user["name"],
            began=self._began,
            in_hand=self._project.in_hand,
            receives_only=self._project.receives_only,
            merge_worker=self._project.merge_worker,
            reads_are_told=lambda: self._project.local.reads_are_told,
        )
        self[path] = binding
        self._project.pairs.faces.attach(binding)
        self._project.spawn(self._run_binding(binding), problem_path=path)
        self._leave_those_at_rest()
        return binding

    def are_many(self) -> bool:
        """True while as many rooms are open as are kept open for files at rest."""
        return len(self) >= ROOMS_KEPT

    def _leave_those_at_rest(self) -> None:
        """Rooms in which somebody is are stayed in, however many they are."""
        too_many = len(self) - ROOMS_KEPT
        if too_many > 0:
            joined = [one for one in self.values() if one.is_live]
            for binding in sorted(joined, key=lambda one: one.last_change)[:too_many]:
                binding.leave_soon()

    async def _run_binding(self, binding: Binding) -> None:
        failed = True
        try:
            if binding.path in self._set_aside:
                binding.disk_unreadable(_set_aside(binding.path))
            else:
                await self._project.without_room.ended(binding.path)
                await binding.run()
            failed = False
        finally:
            if self.get(binding.path) is binding:
                del self[binding.path]
            self._after_binding(binding)
            self._after_texts(binding)
            if failed:
                self._try_again_later(binding.path)
            elif not self._closing:
                self._hand_on(binding)

    def joining(self) -> int:
        """How many wait for their room."""
        return sum(binding.is_joining for binding in self.values())

    def _hand_on(self, binding: Binding) -> None:
        """Saves that came while the binding was about to end."""
        for save in binding.take_saves():
            if save.displaced:
                self.activate(binding.path).late_save(save.snapshot)
            else:
                self._project.local.file_saved(save.snapshot, git=save.git)

    def _try_again_later(self, path: ProjectPath) -> None:
        """A bug ended a binding: begin anew after a while, and leave the file alone in the end."""
        now = self._project.clock()
        recent = [at for at in self._failures.get(path, ()) if now - at < FAILURE_WINDOW_SECONDS]
        self._failures[path] = [*recent, now]
        if len(recent) >= MAX_FAILURES:
            self.set_aside(path)
            return
        delay = FIRST_RETRY_SECONDS * 4 ** len(recent)
        asyncio.get_running_loop().call_later(delay, self._begin_anew, path)

    def set_aside(self, path: ProjectPath) -> None:
        """Leave a file alone that rtcd cannot work on; all others go on."""
        self._set_aside.add(path)
        self._project.local.file_held(path, _set_aside(path), None)

    def take_back(self, path: ProjectPath) -> None:
        """The file was changed: it is worth another try."""
        if path in self._set_aside:
            self._set_aside.discard(path)
            self._failures.pop(path, None)
            self._project.clear("bug", path)

    def _begin_anew(self, path: ProjectPath) -> None:
        if not self._closing:
            self._project.clear("bug", path)
            self.activate(path)

    def _after_binding(self, binding: Binding) -> None:
        snapshot = binding.file.snapshot
        if binding.ended is BindingState.GONE:
            self._project.files.forget(binding.path)
            self._project.history.forget(str(binding.path))
            self.deleted.add(binding.path)
        elif binding.file.hold is not None:
            stat = snapshot.stat if snapshot else None
            self._project.files.held(binding.path, binding.kind, binding.file.hold, stat)
        elif snapshot is not None:
            self._project.files.seen(binding.path, binding.kind, snapshot.stat, snapshot.digest)
        if binding.ended is BindingState.MISSING:
            self._project.spawn(self._project.remote.check(binding.path), path=binding.path)

    def _after_texts(self, binding: Binding) -> None:
        """The paired texts go with their notebook."""
        self._project.pairs.left(binding)
        for work in binding.working.scripts:
            text = work.open.path
            if text in self:
                face = self.pop(text)
                face.ended = BindingState.CLOSED
                if face.file.hold is not None or face.file.snapshot is not None:
                    self._after_binding(face)
        follower = self.get(binding.path)
        if follower is not None:
            # Another one works on the notebook already: the texts are its from now on.
            self._project.pairs.faces.attach(follower)

    def close(self) -> None:
        """Have every binding write and send what is left, and begin none any more."""
        self._closing = True
        self._project.pairs.rooms.close()
        for binding in list(self.values()):
            binding.close()


def _set_aside(path: ProjectPath) -> HeldError:
    return HeldError(
        f"{path} was set aside after rtcd failed on it several times",
        hint="Change the file or run `rtcd stop` and `rtcd start`; please report it.",
        code="quarantined",
    )

"""Makes the status report from what the parts say of themselves."""

from __future__ import annotations

import os

import rtcd
from rtcd.daemon.status import (
    DaemonStatus,
    FileState,
    FileStatus,
    PersonStatus,
    ProjectState,
    ServerMode,
    ServerStatus,
    StatusReport,
)
from rtcd.disk.formats import kind_of
from rtcd.errors import HeldError
from rtcd.problem import Problem
from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.local_side import LocalSide
from rtcd.sync.pending import differs_from_last_time, is_unheard, pending_files
from rtcd.sync.project import Project
from rtcd.sync.server_side import ServerSide


class Reporter:
    """Reads the parts of one daemon; changes nothing.

    ``software`` is what serves the rooms, empty until the server has told.
    """

    def __init__(
        self,
        *,
        project: Project,
        local: LocalSide,
        server: ServerSide,
        mode: ServerMode,
        software: str,
        started: float,
    ) -> None:
        self._project = project
        self._local = local
        self._server = server
        self._mode = mode
        self.software = software
        self._started = started

    def report(self) -> StatusReport:
        """The whole answer of ``rtcd status``."""
        project = self._project
        conflicts: dict[str, int] = {}
        for conflict in project.history.conflicts():
            conflicts[conflict.path] = conflicts.get(conflict.path, 0) + 1
        files = tuple(self._file(path, conflicts) for path in self._paths())
        return StatusReport(
            project=str(project.disk.folder.root),
            seq=project.seq,
            state=self._state(files),
            daemon=DaemonStatus(os.getpid(), rtcd.__version__, self._started),
            server=ServerStatus(
                url=project.link.address.url,
                mode=self._mode,
                connected=self._server.connected,
                software=self.software,
            ),
            files=files,
            people=self._people(),
            problems=self._problems(files),
            conflicts=sum(conflicts.values()),
        )

    def _paths(self) -> list[ProjectPath]:
        bindings = self._project.bindings.items()
        open_files = (path for path, binding in bindings if not binding.is_absent)
        return sorted({*self._project.files, *open_files})

    def _file(self, path: ProjectPath, conflicts: dict[str, int]) -> FileStatus:
        binding = self._project.bindings.get(path)
        hold = self._hold(path, binding)
        people: set[str] = set()
        if binding is not None and binding.room is not None:
            people = {person.name for person in binding.room.people()}
        return FileStatus(
            path=str(path),
            kind="paired" if self._project.pairs.is_paired(path) else kind_of(path),
            state=self._file_state(path, binding, hold),
            reason=hold.code if hold else None,
            live=binding is not None and binding.is_live,
            conflicts=conflicts.get(str(path), 0),
            people=tuple(sorted(people)),
            stale_outputs=self._project.pairs.stale_outputs(path),
        )

    def _hold(self, path: ProjectPath, binding: Binding | None) -> HeldError | None:
        if binding is not None:
            return binding.hold
        known = self._project.files.get(path)
        return known.hold if known else None

    def _file_state(
        self, path: ProjectPath, binding: Binding | None, hold: HeldError | None
    ) -> FileState:
        if hold is not None:
            return "held"
        if binding is None and self._project.awaits_server:
            return "sending" if differs_from_last_time(self._project, path) else "synced"
        if binding is None:
            if self._project.remote.is_comparing(path):
                return "receiving"
            is_owed = path in self._project.retries
            return "sending" if is_owed or self._project.tasks.is_busy(path) else "synced"
        if binding.unsent():
            return "sending"
        return "receiving" if binding.unwritten() or is_unheard(binding) else "synced"

    def _state(self, files: tuple[FileStatus, ...]) -> ProjectState:
        project = self._project
        if project.deletions.halted:
            return "halted"
        if not self._server.connected:
            return "offline"
        if any(problem.code == "bug" for problem in project.problems.values()):
            return "error"
        if project.awaits_server:
            return "syncing"
        moving = any(file.state in ("sending", "receiving") for file in files)
        if moving or pending_files(project) or self._local.pending():
            return "syncing"
        return "synced"

    def _people(self) -> tuple[PersonStatus, ...]:
        found = {
            PersonStatus(person.name, person.client, str(path))
            for path, binding in self._project.bindings.items()
            if binding.room is not None
            for person in binding.room.people()
        }
        return tuple(sorted(found, key=lambda person: (person.name, person.path or "")))

    def _problems(self, files: tuple[FileStatus, ...]) -> tuple[Problem, ...]:
        problems = list(self._project.problems.values())
        now = self._project.clock()
        for file in files:
            path = ProjectPath(file.path)
            hold = self._hold(path, self._project.bindings.get(path))
            if hold is not None:
                problems.append(Problem(file.path, hold.code, hold.message, hold.hint, now))
        problems += [
            Problem(str(path), binding.error.code, binding.error.message, binding.error.hint, now)
            for path, binding in self._project.bindings.items()
            if binding.error is not None and self._server.connected and binding.hold is None
        ]
        return tuple(sorted(problems, key=lambda problem: (problem.path or "", problem.code)))

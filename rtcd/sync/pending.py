"""What is still on its way, and why: the answer of ``rtcd wait`` and of an honest status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.open_file import BindingState
from rtcd.sync.project import Project

UNHEARD = "its changes by others are not known"


@dataclass(frozen=True, slots=True)
class Pending:
    """One file (None: any of them) and a short reason in words."""

    path: ProjectPath | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """For the control socket."""
        return {"path": None if self.path is None else str(self.path), "why": self.why}


def pending_files(project: Project, *, theirs: bool = True) -> list[Pending]:
    """Every file with something under way; held files are not waited for.

    Without ``theirs`` it does not matter that others' changes cannot be known.
    """
    found = [
        Pending(path, why)
        for path, binding in sorted(project.bindings.items())
        if (why := why_pending(binding)) is not None and (theirs or why != UNHEARD)
    ]
    known = set(project.bindings)
    found += [
        Pending(path, "being shared")
        for path in sorted(project.tasks.busy_paths())
        if path not in known
    ]
    found += [
        Pending(path, "tried again soon") for path in project.retries.paths() if path not in known
    ]
    found += [Pending(path, "its deletion waits") for path in project.deletions.waiting]
    if project.awaits_server:
        found += [
            Pending(path, "saved while the server is away")
            for path in project.files
            if path not in known and differs_from_last_time(project, path)
        ]
    return found


def differs_from_last_time(project: Project, path: ProjectPath) -> bool:
    """True for a file that is not what disk and server had in common when they last met."""
    file, mark = project.files.get(path), project.history.bookmark(str(path))
    if file is None or file.hold is not None:
        return False
    return mark is None or mark.base_digest != file.digest


def why_pending(binding: Binding) -> str | None:
    """Why one open file is not at rest, or None."""
    if binding.hold is not None:
        return None
    if binding.unsent():
        return "not yet with the server"
    if binding.unwritten():
        return "not yet on this disk"
    if binding.unsaved():
        return "not yet saved by the server"
    return UNHEARD if is_unheard(binding) else None


def is_unheard(binding: Binding) -> bool:
    """True while nobody can know what others do in this file: its room is not open."""
    return binding.state is BindingState.OFFLINE

"""What is still on its way, and why: the answer of ``rtcd wait`` and of an honest status."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rtcd.project_path import ProjectPath
from rtcd.sync.binding import Binding
from rtcd.sync.project import Project


@dataclass(frozen=True, slots=True)
class Pending:
    """One file and a short reason in words."""

    path: ProjectPath
    why: str

    def to_json(self) -> dict[str, Any]:
        """For the control socket."""
        return {"path": str(self.path), "why": self.why}


def pending_files(project: Project) -> list[Pending]:
    """Every file with something under way; held files are not waited for."""
    found = [
        Pending(path, why)
        for path, binding in sorted(project.bindings.items())
        if (why := why_pending(binding)) is not None
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
    return found


def why_pending(binding: Binding) -> str | None:
    """Why one open file is not at rest, or None."""
    if binding.file.hold is not None:
        return None
    if binding.unsent():
        return "not yet with the server"
    if binding.unwritten():
        return "not yet on this disk"
    if binding.unsaved():
        return "not yet saved by the server"
    return None

"""Folders inside each other are shared once: two daemons would write the same files."""

from __future__ import annotations

from rtcd.daemon.lock import is_held
from rtcd.daemon.supervisor_mark import Supervisor
from rtcd.errors import RtcdError
from rtcd.places import INSIDE, Places


class NestedFolderError(RtcdError):
    """A folder above or below is shared already."""

    code = "nested-folder"


def refuse_nested(places: Places) -> None:
    """See that no folder around this one, and none inside it, is shared now.

    One above is found by its lock, whoever shares it; one below only where the same user does.

    Raises:
        NestedFolderError: one is.
    """
    project = places.project
    for above in project.parents:
        if is_held(above / INSIDE / "lock"):
            raise NestedFolderError(
                f"{project} lies in {above}, which is shared already",
                hint=f"Its files are shared with it; else run `rtcd stop {above}` first.",
            )
    for other in Supervisor.all(places.state.parent):
        if other.project.is_relative_to(project) and other.project != project:
            raise NestedFolderError(
                f"{other.project}, inside of {project}, is shared already",
                hint=f"Run `rtcd stop {other.project}` first, or share another folder.",
            )

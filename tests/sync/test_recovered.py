"""Copies that no merge has seen yet: what cannot be merged now is told, unless there is nothing to do."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rtcd.errors import RtcdError
from rtcd.project_path import ProjectPath
from rtcd.sync.project import Project
from rtcd.sync.recovered import CRASHED, RecoveredCopy, merge_recovered

PATH = ProjectPath("notes.txt")
NOT_OPEN = RtcdError("notes.txt is not open on the server")


def project_with(*, exists: bool) -> Any:
    """A project whose document of the file cannot be opened."""

    async def refuse(change: object) -> None:
        raise NOT_OPEN

    kept: list[bytes] = []
    told: list[tuple[str, RtcdError, ProjectPath]] = []
    return SimpleNamespace(
        kept=kept,
        told=told,
        clock=lambda: 0.0,
        history=SimpleNamespace(
            blob=lambda digest: None,
            record_version=lambda path, data, **_: kept.append(data),
        ),
        disk=SimpleNamespace(exists=lambda path: exists),
        activate=lambda path: SimpleNamespace(edit=refuse),
        report=lambda code, error, path: told.append((code, error, path)),
    )


def copy_of_a_save(*files: Path) -> RecoveredCopy:
    return RecoveredCopy(path=PATH, base=None, data=b"typed\n", by=CRASHED, files=files)


@pytest.mark.parametrize(("exists", "told"), [(True, [("recovery", NOT_OPEN, PATH)]), (False, [])])
async def test_an_interrupted_save_of_a_deleted_file_is_in_the_history_and_no_problem(
    exists: bool, told: list[object]
) -> None:
    project = project_with(exists=exists)
    assert await merge_recovered(cast("Project", project), [copy_of_a_save()]) == 0
    assert (project.kept, project.told) == ([b"typed\n"], told)


async def test_a_copy_of_the_server_stays_and_is_told(tmp_path: Path) -> None:
    copy = tmp_path / "copy.txt"
    copy.write_bytes(b"typed\n")
    project = project_with(exists=False)
    assert await merge_recovered(cast("Project", project), [copy_of_a_save(copy)]) == 0
    assert (project.told, copy.exists()) == ([("recovery", NOT_OPEN, PATH)], True)

"""Renames by others that the disk could not follow: both names are left alone meanwhile."""

from __future__ import annotations

import pytest

from rtcd.errors import ServerError
from rtcd.project_path import ProjectPath
from rtcd.sync.awaited_renames import AwaitedRenames

OLD, NEW, OTHER = (ProjectPath(name) for name in ("old.py", "new.py", "other.py"))


def test_both_names_are_left_alone_until_the_rename_was_made() -> None:
    renames = AwaitedRenames()
    renames.begin(OLD, NEW)
    assert [path in renames for path in (OLD, NEW, OTHER)] == [True, True, False]
    assert (renames.old_name(NEW), renames.old_name(OLD)) == (OLD, None)
    with pytest.raises(ServerError) as error:
        renames.refuse_new(OLD)
    assert error.value.code == "renaming"
    renames.refuse_new(OTHER)
    assert renames.end(NEW) == OLD
    assert [path in renames for path in (OLD, NEW)] == [False, False]
    renames.refuse_new(OLD)


def test_a_rename_that_was_never_begun_has_no_end() -> None:
    assert AwaitedRenames().end(NEW) is None

"""Renames on their way to the server."""

from __future__ import annotations

import pytest

from rtcd.errors import ServerError, ServerUnreachableError
from rtcd.project_path import ProjectPath
from rtcd.sync.pending_renames import PendingRenames

FIRST, SECOND, THIRD = (ProjectPath(name) for name in ("first.py", "second.py", "third.py"))


def test_nothing_is_created_in_the_place_of_a_file_that_is_to_come_there() -> None:
    renames = PendingRenames()
    assert renames.begin(FIRST, SECOND) == FIRST
    with pytest.raises(ServerError) as error:
        renames.refuse_new(SECOND)
    assert error.value.code == "renaming"
    renames.refuse_new(THIRD)
    assert renames.is_old_name(FIRST)
    renames.end(SECOND)
    renames.refuse_new(SECOND)
    assert not renames.is_old_name(FIRST)


def test_a_file_that_is_renamed_twice_goes_from_its_first_name_to_its_last_one() -> None:
    renames = PendingRenames()
    renames.begin(FIRST, SECOND)
    assert renames.begin(SECOND, THIRD) == FIRST
    renames.refuse_new(SECOND)
    with pytest.raises(ServerError):
        renames.refuse_new(THIRD)


def test_a_file_that_is_renamed_back_waits_for_nothing() -> None:
    renames = PendingRenames()
    renames.begin(FIRST, SECOND)
    renames.begin(SECOND, FIRST)
    renames.refuse_new(FIRST)
    assert not renames.is_old_name(FIRST)


@pytest.mark.parametrize(
    ("error", "is_pending"),
    [(ServerUnreachableError("no answer"), True), (ServerError("refused"), False)],
)
def test_a_rename_stays_pending_only_while_the_server_has_not_answered(
    error: ServerError, is_pending: bool
) -> None:
    renames = PendingRenames()
    renames.begin(FIRST, SECOND)
    with pytest.raises(ServerError), renames.ended(SECOND):
        raise error
    assert renames.is_old_name(FIRST) is is_pending

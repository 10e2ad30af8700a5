"""The base for a room that was just pulled."""

from __future__ import annotations

from rtcd.content import TextContent
from rtcd.merge.versions import Version
from rtcd.sync.room_base import RoomBase, base_of_new_room

ONE, TWO, THREE, OTHER = (TextContent(text) for text in ("1\n", "1\n2\n", "1\n2\n3\n", "x\n"))


def known(*contents: TextContent) -> list[Version]:
    return [
        Version(number, content, None, own_save=True, read=None, at=float(number))
        for number, content in enumerate(contents)
    ]


def test_a_server_that_has_what_it_had_saved_is_met_there() -> None:
    assert base_of_new_room(TWO, known(ONE, TWO, THREE), TWO) == RoomBase(TWO)


def test_a_server_that_had_saved_more_than_we_knew_is_met_there() -> None:
    assert base_of_new_room(ONE, known(ONE, TWO, THREE), TWO) == RoomBase(TWO)


def test_a_server_with_less_than_it_had_saved_is_a_rollback() -> None:
    assert base_of_new_room(TWO, known(ONE, TWO, THREE), ONE) == RoomBase(ONE, lost=TWO)


def test_a_version_that_was_there_again_later_is_none() -> None:
    assert base_of_new_room(TWO, known(ONE, TWO, ONE), ONE) == RoomBase(ONE)


def test_a_room_with_something_new_is_met_at_the_last_common_version() -> None:
    assert base_of_new_room(TWO, known(ONE, TWO), OTHER) == RoomBase(TWO)
    assert base_of_new_room(None, known(ONE), OTHER) == RoomBase(None)

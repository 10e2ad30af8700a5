"""Saves that a write of the daemon had swapped out before they were taken."""

from __future__ import annotations

from merge.replica_room import BASE, live, room
from rtcd.content import TextContent
from rtcd.merge.candidates import Evidence


def test_a_save_that_a_write_swapped_out_is_merged_and_not_believed_to_be_on_disk() -> None:
    world = room()
    world.colleague(TextContent(BASE + "theirs\n"))
    written = world.flush()
    outcome = world.replica.save(
        TextContent("mine\n" + BASE), evidence=Evidence(), now=1.0, on_disk=False
    )
    world.send(outcome.update)
    assert world.replica.disk_content() == written
    assert world.flush() == TextContent("mine\n" + BASE + "theirs\n")


def test_a_program_that_has_not_seen_its_swapped_out_save_does_not_take_it_back() -> None:
    """It reads the file, adds a line and writes; its first line was not on disk meanwhile."""
    world = room()
    outcome = world.replica.save(
        TextContent(BASE + "first\n"), evidence=Evidence(), now=1.1, on_disk=False
    )
    world.send(outcome.update)
    world.save(TextContent(BASE + "second\n"))
    assert sorted(live(world).splitlines()) == sorted([*BASE.splitlines(), "first", "second"])


def test_lines_that_look_alike_do_not_make_a_swapped_out_save_the_base() -> None:
    """A log's next line differs from the last one in a number only."""
    world = room("x" + BASE)
    world.colleague(TextContent("xy" + BASE))
    world.flush()
    world.replica.mark_read(world.now)
    outcome = world.replica.save(
        TextContent("x" + BASE + "# at 12:00:01 all is well\n"),
        evidence=Evidence(newest_read_by_saver=False),
        now=1.1,
        on_disk=False,
    )
    world.send(outcome.update)
    world.save(TextContent("xy" + BASE + "# at 12:00:02 all is well\n"))
    lines = ["# at 12:00:01 all is well", "# at 12:00:02 all is well"]
    assert sorted(live(world).splitlines()) == sorted([*("xy" + BASE).splitlines(), *lines])


def test_an_editor_goes_on_from_its_save_that_was_swapped_out() -> None:
    world = room()
    mine = BASE + "first\n"
    world.send(
        world.replica.save(TextContent(mine), evidence=Evidence(), now=1.0, on_disk=False).update
    )
    world.colleague(TextContent("theirs\n" + live(world)))
    world.save(TextContent(mine + "second\n"))
    assert live(world) == "theirs\n" + mine + "second\n"


def test_the_word_of_a_read_may_come_after_the_save_that_a_write_swapped_out() -> None:
    """Read at "one t", saved while "one two" was being written; nobody has told of the read."""
    world = room("one \n" + BASE)
    for typed in ("one t", "one two"):
        world.colleague(TextContent(f"{typed}\n" + BASE))
        world.now -= 0.9
        world.flush()
    outcome = world.replica.save(
        TextContent("one t\nmine\n" + BASE),
        evidence=Evidence(newest_read_by_saver=False),
        now=world.now,
        on_disk=False,
    )
    world.send(outcome.update)
    assert live(world) == "one two\nmine\n" + BASE

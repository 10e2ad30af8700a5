"""Saves of one file between its room and its disk."""

from __future__ import annotations

from merge.replica_room import BASE, live, room, text
from rtcd.content import TextContent
from rtcd.merge.candidates import Evidence


def test_a_save_is_sent_as_a_small_update() -> None:
    world = room("word " * 10_000)
    outcome = world.save(TextContent("word " * 5_000 + "new " + "word " * 5_000))
    assert len(outcome.update) < 100
    assert outcome.overlaps == ()
    assert world.flush() is None


def test_a_save_of_what_is_on_disk_changes_nothing() -> None:
    world = room()
    outcome = world.save(TextContent(BASE))
    assert (outcome.update, outcome.choice.nothing_to_apply) == (b"", True)
    assert len(world.replica.versions) == 1


def test_what_is_on_its_way_and_a_save_are_both_kept() -> None:
    world = room()
    update = world.colleague(TextContent(BASE.replace("one", "ONE")), deliver=False)
    outcome = world.replica.save(
        TextContent(BASE.replace("four", "FOUR")), evidence=Evidence(), now=1.0
    )
    world.replica.receive(update)
    world.send(outcome.update)
    assert live(world) == "ONE\ntwo\nthree\nFOUR\n"


def test_a_save_before_the_flush_is_merged_with_what_has_arrived() -> None:
    world = room()
    world.colleague(TextContent(BASE.replace("one", "ONE")))
    outcome = world.save(TextContent(BASE.replace("four", "FOUR")))
    assert text(outcome.before) == BASE.replace("one", "ONE")
    assert text(outcome.merged) == "ONE\ntwo\nthree\nFOUR\n"
    assert world.flush() == outcome.merged
    assert world.flush() is None


def test_an_editor_that_never_reloads_takes_nothing_back() -> None:
    world = room()
    buffer = BASE
    for word in ("ONE", "UNO", "EINS"):
        rest = live(world).split("\n", 1)[1]
        world.colleague(TextContent(f"{word}\n{rest}"))
        world.flush()
        buffer += f"mine after {word}\n"
        assert world.save(TextContent(buffer)).choice.conflict is None
        world.flush()
    own = "mine after ONE\nmine after UNO\nmine after EINS\n"
    assert live(world) == "EINS\ntwo\nthree\nfour\n" + own


def test_a_reloaded_buffer_may_delete_what_others_wrote() -> None:
    world = room()
    world.colleague(TextContent(BASE + "theirs\n"))
    world.flush()
    world.replica.mark_read(5.0)
    world.save(TextContent(BASE + "theirs, edited\n"))
    assert live(world) == BASE + "theirs, edited\n"


def test_the_same_text_from_network_and_disk_is_there_once() -> None:
    world = room()
    world.colleague(TextContent(BASE + "new line\n"))
    world.save(TextContent(BASE + "new line\nand more\n"))
    assert live(world) == BASE + "new line\nand more\n"


def test_a_deleted_line_that_others_edit_stays_and_is_recorded() -> None:
    world = room()
    world.colleague(TextContent(BASE.replace("two", "two and a half")))
    outcome = world.save(TextContent(BASE.replace("two\n", "")))
    assert live(world) == BASE.replace("two", "two and a half")
    assert [overlap.reason for overlap in outcome.overlaps] == ["delete-edit"]
    # The editor goes on without reloading: still nobody's line is deleted.
    world.save(TextContent(BASE.replace("two\n", "") + "five\n"))
    assert live(world) == BASE.replace("two", "two and a half") + "five\n"


def test_an_old_version_is_recorded_kept_and_restored_when_it_comes_again() -> None:
    world = room(reads_seen=True)
    world.colleague(TextContent(BASE + "theirs\n"))
    world.flush()
    world.replica.mark_read(3.0)
    outcome = world.save(TextContent(BASE))
    assert (outcome.update, outcome.choice.conflict) == (b"", "restored-old-version")
    assert world.flush() == TextContent(BASE + "theirs\n")
    # The editor has read the answer and deletes the line once more: now it is meant.
    world.replica.mark_read(30.0)
    outcome = world.save(TextContent(BASE))
    assert (live(world), outcome.choice.conflict) == (BASE, None)


def test_an_editor_that_repeats_itself_without_reading_restores_nothing() -> None:
    world = room(reads_seen=True)
    world.colleague(TextContent(BASE + "theirs\n"))
    world.flush()
    world.replica.mark_read(3.0)
    for _ in range(3):
        world.save(TextContent(BASE))
        assert world.flush() == TextContent(BASE + "theirs\n")


def test_git_may_restore_an_old_version_at_once() -> None:
    world = room()
    world.colleague(TextContent(BASE + "theirs\n"))
    world.flush()
    assert world.save(TextContent(BASE), git=True).choice.conflict is None
    assert live(world) == BASE


def test_taking_back_ones_own_save_works() -> None:
    world = room()
    world.save(TextContent(BASE + "print(1)\n"))
    world.colleague(TextContent("theirs\n" + live(world)))
    world.flush()
    assert world.save(TextContent(BASE)).choice.conflict is None
    assert live(world) == "theirs\n" + BASE

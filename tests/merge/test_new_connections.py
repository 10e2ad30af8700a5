"""What a replica begins with: another connection, a file on one side, what others sent."""

from __future__ import annotations

from merge.replica_room import BASE, Room, live, room
from rtcd.content import TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica


def test_only_content_counts_as_a_change() -> None:
    world = room()
    state = world.document.shared.state_vector()
    world.document.mark_saved("0" * 64)
    update = world.document.shared.update_since(state)
    assert world.replica.receive(update) is False
    assert world.replica.pending() is None
    assert world.replica.receive(world.colleague(TextContent("x"), deliver=False)) is True


def test_echoes_change_nothing() -> None:
    world = room()
    update = world.save(TextContent(BASE + "mine\n")).update
    assert world.replica.receive(update) is False
    assert world.replica.receive(update, own=True) is False
    assert live(world) == BASE + "mine\n"


def test_a_merge_of_the_caller_is_sent_and_written() -> None:
    world = Room(TextContent(BASE), disk=TextContent("other\n"))
    assert world.replica.disk_content() == TextContent("other\n")
    world.send(world.replica.reconcile(TextContent(BASE + "other\n")))
    assert world.flush() == TextContent(BASE + "other\n")
    assert world.replica.reconcile(TextContent(BASE + "other\n")) == b""


def test_without_a_file_the_content_is_pending() -> None:
    document = new_document("text")
    document.become(TextContent(BASE))
    replica = Replica("text", document.shared.update_since(), disk=None, now=0.0)
    assert replica.disk_content() == TextContent("")
    flush = replica.pending()
    assert flush is not None
    replica.flushed(flush, now=1.0)
    assert (replica.pending(), replica.disk_content()) == (None, TextContent(BASE))


def test_a_file_made_on_both_sides_holds_both() -> None:
    document = new_document("text")
    document.become(TextContent("theirs\n"))
    replica = Replica("text", document.shared.update_since(), disk=None, now=0.0)
    outcome = replica.save(TextContent("mine\n"), evidence=Evidence(), now=1.0)
    assert outcome.merged == TextContent("theirs\nmine\n")
    assert [overlap.reason for overlap in outcome.overlaps] == ["both-created"]


def test_versions_survive_a_new_connection() -> None:
    world = room()
    world.colleague(TextContent("theirs\n" + BASE))
    world.flush()
    again = Replica(
        "text",
        world.document.shared.update_since(),
        disk=world.replica.disk_content(),
        now=20.0,
        earlier=world.replica.versions,
    )
    outcome = again.save(TextContent(BASE + "mine\n"), evidence=Evidence(), now=21.0)
    assert outcome.merged == TextContent("theirs\n" + BASE + "mine\n")


def test_own_saves_hang_together_over_a_new_connection() -> None:
    world = room()
    world.save(TextContent(BASE + "print(1)\n"))
    again = Replica(
        "text",
        world.document.shared.update_since(),
        disk=world.replica.disk_content(),
        now=20.0,
        earlier=world.replica.versions,
    )
    outcome = again.save(TextContent(BASE + "five\n"), evidence=Evidence(), now=99.0)
    assert outcome.merged == TextContent(BASE + "five\n")


def test_a_save_before_a_new_connection_hangs_together_with_the_version_before_it() -> None:
    """The server made the room of that save; one more follows, and nobody else has edited."""
    world = room("one\n")
    again = room("from one network\n").document.shared.update_since()
    replica = Replica(
        "text",
        again,
        disk=TextContent("from one network\n"),
        now=20.0,
        earlier=world.replica.versions,
    )
    wanted = TextContent("while one cable is out\n")
    assert replica.save(wanted, evidence=Evidence(), now=21.0).merged == wanted

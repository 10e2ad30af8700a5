"""The documents in which saves are applied: what they remember, and what a failure leaves."""

from __future__ import annotations

from typing import Any

import pytest

from merge.replica_room import BASE, live, room, text
from rtcd.content import Content, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Text
from rtcd.crdt.state_vector import parse_state_vector
from rtcd.documents.text_document import TextDocument
from rtcd.errors import ApplyError, UpdateRefusedError
from rtcd.merge.candidates import Evidence


def test_the_shadow_is_not_at_a_save_that_was_merged_at_an_older_base() -> None:
    world = room()
    world.colleague(TextContent("REMOTE\n" + BASE))
    world.flush()
    world.replica.settle_versions()
    first = BASE + "mine\n"
    world.save(TextContent(first))
    # Before the merged text is written, the same editor saves once more.
    outcome = world.save(TextContent(first + "more\n"))
    assert text(outcome.base.content) == first
    assert live(world) == "REMOTE\n" + BASE + "mine\nmore\n"


def test_saves_leave_the_state_vector_small() -> None:
    world = room()
    content = BASE
    for number in range(300):
        content += f"line {number}\n"
        world.save(TextContent(content))
        if number % 10 == 0:
            world.replica.settle_versions()
    assert len(parse_state_vector(world.replica.live.shared.state_vector())) == 2
    assert len(world.replica.live.shared.state_vector()) < 40


def test_saves_beside_somebody_who_types_need_two_client_ids_however_often() -> None:
    """The live document is the shadow until others type, and again when all have paused."""
    world = room()
    content = BASE
    for number in range(12):
        world.colleague(TextContent(live(world) + f"theirs {number}\n"))
        content = content.replace("two\n", f"two\nmine {number}\n")
        world.save(TextContent(content))
        flushed = world.flush()
        content = text(flushed) if flushed is not None else content
        for _ in range(3):
            world.replica.settle_versions()
        content += f"more of mine {number}\n"
        world.save(TextContent(content))
        world.flush()
        world.replica.settle_versions()
    assert all(live(world).count(f"mine {n}\n") == 2 for n in range(12))
    assert all(f"theirs {n}\n" in live(world) for n in range(12))
    # The room's own, the live document's, and the shadow's.
    assert len(parse_state_vector(world.replica.live.shared.state_vector())) == 3


def test_a_mark_of_the_saved_file_is_part_of_what_a_document_is_rebuilt_from() -> None:
    world = room()
    world.save(TextContent(BASE + "mine\n"))
    for update in world.replica.mark_saved("abc"):
        world.send(update)
    world.save(TextContent(BASE + "mine\nonce more\n"))
    world.colleague(TextContent("theirs\n" + live(world)))
    world.save(TextContent(BASE + "mine\nonce more, and again\n"))
    assert live(world) == "theirs\n" + BASE + "mine\nonce more, and again\n"
    world.replica.rebuild()
    assert live(world) == "theirs\n" + BASE + "mine\nonce more, and again\n"
    assert world.replica.live.saved_hash() == "abc"
    assert world.document.saved_hash() == "abc"


def test_stored_states_of_old_versions_are_limited_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each holds something of every edit ever made, in a small file, too."""
    monkeypatch.setattr("rtcd.merge.base_documents.SPARE_UPDATES", 2_000)
    world = room()
    for number in range(200):
        world.save(TextContent(BASE.replace("two", f"two {number}")))
        world.replica.settle_versions()
    versions = list(world.replica.versions)
    assert sum(len(version.update or b"") for version in versions) < 12_000
    assert versions[-1].update is not None
    # A buffer as old as the oldest: nothing of anybody is lost.
    world.colleague(TextContent(live(world) + "theirs\n"))
    world.flush()
    world.save(TextContent("first\n" + text(versions[0].content)))
    assert {"first", "theirs"} <= set(live(world).split("\n"))


def test_a_stale_editor_that_saves_on_uses_one_client_id() -> None:
    world = room()
    content = BASE
    world.replica.settle_versions()
    for number in range(30):
        world.colleague(TextContent(f"remote {number}\n" + live(world)))
        world.flush()
        content += f"line {number}\n"
        world.save(TextContent(content))
        world.flush()
    clients = parse_state_vector(world.replica.live.shared.state_vector())
    assert len(clients) <= 4
    assert live(world).count("remote") == live(world).count("line") == 30


def test_after_a_failure_live_document_and_shadow_are_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = room()
    world.colleague(TextContent("theirs\n" + BASE))
    before = live(world)
    become = TextDocument.become

    def become_and_fail(self: TextDocument, new: Content, **facts: Any) -> None:
        become(self, TextContent("half of " + text(new)), **facts)
        raise ApplyError("half-way")

    monkeypatch.setattr(TextDocument, "become", become_and_fail)
    with pytest.raises(ApplyError):
        world.replica.save(TextContent(BASE + "mine\n"), evidence=Evidence(), now=1.0)
    monkeypatch.undo()
    assert live(world) == before
    assert world.replica.disk_content() == TextContent(BASE)
    world.save(TextContent(BASE + "mine\n"))
    assert live(world) == "theirs\n" + BASE + "mine\n"


@pytest.mark.filterwarnings("ignore")
def test_a_panic_in_the_middle_of_a_save_leaves_document_and_disk_as_they_were(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """pycrdt's panics are no ``Exception`` and its transactions are not rolled back."""
    world = room("é\n")

    def insert_and_panic(source: Text, *_: object) -> None:
        source.insert(0, "half")
        del source[5:99]

    monkeypatch.setattr("rtcd.documents.text_document.replace_spans", insert_and_panic)
    with pytest.raises(ApplyError):
        world.replica.save(TextContent("é\nmine\n"), evidence=Evidence(), now=1.0)
    monkeypatch.undo()
    assert live(world) == "é\n"
    assert world.replica.disk_content() == TextContent("é\n")
    world.save(TextContent("é\nmine\n"))
    assert live(world) == "é\nmine\n"


def test_an_update_that_breaks_off_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    world = room()
    update = world.colleague(TextContent("theirs\n" + BASE), deliver=False)
    apply = SharedDoc.apply_update

    def apply_and_fail(self: SharedDoc, data: bytes) -> None:
        apply(self, data)
        if data == update:
            raise ApplyError("half-way")

    monkeypatch.setattr(SharedDoc, "apply_update", apply_and_fail)
    with pytest.raises(ApplyError):
        world.replica.receive(update)
    monkeypatch.undo()
    assert live(world) == BASE
    assert world.replica.receive(update)
    assert live(world) == "theirs\n" + BASE


def test_what_is_no_update_is_refused() -> None:
    world = room()
    with pytest.raises(UpdateRefusedError):
        world.replica.receive(b"\xff\xff\xff\xff")
    assert live(world) == BASE


def test_settled_versions_and_a_rebuilt_document_still_merge() -> None:
    world = room()
    world.colleague(TextContent("theirs\n" + BASE))
    world.flush()
    world.replica.settle_versions()
    world.replica.rebuild()
    world.save(TextContent(BASE + "mine\n"))
    assert live(world) == "theirs\n" + BASE + "mine\n"

"""One file between its room and its disk."""

from __future__ import annotations

from typing import Any

import pytest

from rtcd.content import Cell, Content, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.crdt.shared_types import Text
from rtcd.crdt.state_vector import parse_state_vector
from rtcd.documents.document import Document
from rtcd.documents.open_document import new_document, open_document
from rtcd.documents.text_document import TextDocument
from rtcd.errors import ApplyError, UpdateRefusedError
from rtcd.merge.candidates import Evidence
from rtcd.merge.replica import Replica
from rtcd.merge.save_outcome import SaveOutcome

BASE = "one\ntwo\nthree\nfour\n"


class Room:
    """The server's document with one colleague in it, and a replica joined to it."""

    def __init__(self, content: Content, *, disk: Content | None = None, **facts: bool) -> None:
        self.document: Document = new_document(content.kind)
        self.document.become(content)
        self.now = 0.0
        self.replica = Replica(
            content.kind,
            self.document.shared.update_since(),
            disk=content if disk is None else disk,
            now=0.0,
            **facts,
        )

    def colleague(self, content: Content, *, deliver: bool = True) -> bytes:
        """A colleague edits the shared document."""
        state = self.document.shared.state_vector()
        self.document.become(content)
        update = self.document.shared.update_since(state)
        if deliver:
            self.replica.receive(update)
        return update

    def save(self, content: Content, **evidence: bool) -> SaveOutcome:
        self.now += 10.0
        outcome = self.replica.save(content, evidence=Evidence(**evidence), now=self.now)
        self.send(outcome.update)
        return outcome

    def send(self, update: bytes) -> None:
        if update:
            self.document.shared.apply_update(update)
        assert self.document.content() == self.replica.live.content()

    def flush(self) -> Content | None:
        self.now += 1.0
        flush = self.replica.pending()
        if flush is None:
            return None
        self.replica.flushed(flush, now=self.now)
        return flush.content


def text(content: Content) -> str:
    assert isinstance(content, TextContent)
    return content.text


def room(content: str = BASE, **facts: bool) -> Room:
    return Room(TextContent(content), **facts)


def live(world: Room) -> str:
    return text(world.replica.live.content())


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


# Notebooks

A = Cell("a", "code", "alpha = 1\n")
B = Cell("b", "code", "beta = 2\ngamma = 3\n")
C = Cell("c", "markdown", "# the end of it\n")


def notebook(*cells: Cell) -> NotebookContent:
    return NotebookContent(cells)


def sources(world: Room) -> list[str]:
    content = world.replica.live.content()
    assert isinstance(content, NotebookContent)
    return [cell.source for cell in content.cells]


def edited(cell: Cell, source: str) -> Cell:
    return Cell(cell.id, cell.cell_type, source)


def test_both_edits_of_one_cell_are_kept() -> None:
    world = Room(notebook(A, B))
    world.colleague(notebook(A, edited(B, B.source.replace("beta", "BETA"))))
    world.save(notebook(A, edited(B, B.source.replace("gamma", "GAMMA"))))
    assert sources(world) == [A.source, "BETA = 2\nGAMMA = 3\n"]


def test_a_deleted_cell_that_others_edit_stays() -> None:
    world = Room(notebook(A, B, C))
    world.colleague(notebook(A, edited(B, B.source + "delta = 4\n"), C))
    outcome = world.save(notebook(A, C))
    assert sources(world) == [A.source, B.source + "delta = 4\n", C.source]
    assert [(o.cell, o.reason) for o in outcome.overlaps] == [("b", "delete-edit")]


def test_a_moved_cell_takes_the_edits_of_others_along() -> None:
    world = Room(notebook(A, B, C))
    world.colleague(notebook(A, B, edited(C, "# the real end of it\n")))
    world.save(notebook(C, A, B))
    assert sources(world) == ["# the real end of it\n", A.source, B.source]


@pytest.mark.parametrize("order", [(C, A, B), (A, B)])
def test_an_edit_that_arrives_after_the_move_or_deletion_is_rescued(
    order: tuple[Cell, ...],
) -> None:
    world = Room(notebook(A, B, C))
    late = world.colleague(notebook(A, B, edited(C, "# the real end of it\n")), deliver=False)
    outcome = world.replica.save(notebook(*order), evidence=Evidence(), now=1.0)
    world.replica.receive(outcome.update)
    assert world.replica.rescue(now=2.0) is None
    world.replica.receive(late)
    world.document.shared.apply_update(outcome.update)
    rescued = world.replica.rescue(now=3.0)
    assert rescued is not None
    world.send(rescued.update)
    assert "# the real end of it\n" in sources(world)
    assert len(sources(world)) == 3


def test_after_some_minutes_nobody_is_waited_for() -> None:
    world = Room(notebook(A, B, C))
    late = world.colleague(notebook(A, B, edited(C, "# the real end of it\n")), deliver=False)
    world.replica.save(notebook(A, B), evidence=Evidence(), now=1.0)
    world.replica.receive(late)
    assert world.replica.rescue(now=1000.0) is None


def test_two_people_moving_one_cell_leave_one_cell() -> None:
    world = Room(notebook(A, B, C))
    theirs = world.colleague(notebook(A, C, B), deliver=False)
    outcome = world.replica.save(notebook(C, A, B), evidence=Evidence(), now=1.0)
    world.document.shared.apply_update(outcome.update)
    world.replica.receive(theirs)
    assert sorted(sources(world)) == sorted([A.source, B.source, C.source, C.source])
    mended = world.replica.rescue(now=2.0)
    assert mended is not None
    world.send(mended.update)
    assert sorted(sources(world)) == sorted([A.source, B.source, C.source])


def test_regenerated_ids_make_no_edit_and_the_old_ones_come_back() -> None:
    world = Room(notebook(A, B))
    outcome = world.save(notebook(Cell("x", "code", A.source), Cell("y", "code", B.source)))
    assert outcome.update == b""
    assert world.flush() == notebook(A, B)


def test_a_file_without_ids_is_not_written_for_ids() -> None:
    old = NotebookContent((Cell(None, "code", "x\n"),), {}, 4, 4)
    world = Room(old)
    assert world.replica.pending() is None


def test_a_room_opened_from_a_foreign_document_is_read() -> None:
    shared = SharedDoc()
    document = open_document("notebook", shared)
    document.become(notebook(A))
    replica = Replica("notebook", shared.update_since(), disk=notebook(A), now=0.0)
    assert replica.live.content() == notebook(A)


def test_an_edit_of_a_cell_that_was_moved_away_and_back_is_in_the_room():
    """Yjs cannot move: the cell that came back is another one, though all looks as before."""
    cells = [Cell(f"id{n}", "code", f"line_{n} = {n}", {}) for n in range(3)]
    start = NotebookContent(tuple(cells), {})
    room = Room(start)
    room.colleague(NotebookContent((cells[1], cells[2], cells[0]), {}))
    room.colleague(start)
    edited = Cell("id0", "code", "line_0 = 0\ntyped = 1", {})
    outcome = room.save(NotebookContent((edited, cells[2]), {}))
    assert outcome.merged == NotebookContent((edited, cells[2]), {})

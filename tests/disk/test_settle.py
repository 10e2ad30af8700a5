"""When a mentioned path is believed: at once, or while nothing speaks against it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtcd.disk.file_stat import FileStat, Snapshot
from rtcd.disk.notice import NoticeKind
from rtcd.disk.settle import Look, Settle, Verdict
from rtcd.project_path import ProjectPath

PATH = ProjectPath.parse("a.txt")
CHANGED, CLOSED, GONE = NoticeKind.CHANGED, NoticeKind.CLOSED, NoticeKind.GONE
TOUCHED, MENTIONED = NoticeKind.TOUCHED, NoticeKind.MENTIONED
ABOUT_BYTES = [CHANGED, CLOSED, GONE, TOUCHED, MENTIONED]
OLD = b"one\ntwo\nthree\n"
NEW = b"one\n2\nthree\nfour\n"


def snapshot(data: bytes, *, mtime_ns: int = 0) -> Snapshot:
    stat = FileStat(
        dev=1,
        ino=1,
        size=len(data),
        mtime_ns=mtime_ns,
        ctime_ns=mtime_ns,
        mode=0o644,
        nlink=1,
        kind="file",
    )
    return Snapshot(path=PATH, stat=stat, data=data, digest=data.hex())


def look(
    data: bytes | None,
    *,
    known: bytes | None = OLD,
    parses: bool = True,
    writer: bool | None = None,
) -> Look:
    found = None if data is None else snapshot(data)
    digest = None if known is None else known.hex()
    return Look.of(found, known, digest, parses=parses, writer=writer)


@dataclass
class Story:
    """Settle with a clock: what is on disk, and the verdicts with the seconds they took."""

    known: bytes | None = OLD
    parses: bool = True
    now: float = 0.0
    settle: Settle = field(default_factory=Settle)
    looks: int = 0

    def tell(self, *kinds: NoticeKind) -> Story:
        for kind in kinds:
            self.settle.notice(PATH, kind, self.now)
        return self

    def wait(self, seconds: float) -> Story:
        self.now += seconds
        return self

    def look_once(self, data: bytes | None) -> Verdict | None:
        if PATH not in self.settle.due(self.now):
            return None
        self.looks += 1
        found = look(data, known=self.known, parses=self.parses)
        return self.settle.looked(PATH, found, self.now)

    def verdict(self, data: bytes | None) -> tuple[Verdict, float]:
        """Look whenever it is due while ``data`` stays on disk, until there is a verdict."""
        for _ in range(1000):
            verdict = self.look_once(data)
            if verdict not in (None, Verdict.WAIT):
                return verdict, round(self.now, 3)
            deadline = self.settle.next_deadline()
            assert deadline is not None
            assert verdict is None or deadline > self.now
            self.now = max(self.now, deadline)
        pytest.fail("no verdict")


@pytest.mark.parametrize(
    ("kinds", "data", "expected"),
    [
        ([CHANGED, CHANGED, CLOSED], NEW, (Verdict.READY, 0.0)),  # in place
        ([CLOSED], NEW, (Verdict.READY, 0.0)),  # renamed over
        ([GONE, CHANGED, CHANGED, CLOSED], NEW, (Verdict.READY, 0.0)),  # vim, git
        ([CHANGED, CLOSED], OLD[:4], (Verdict.READY, 0.03)),  # closed: the tail was cut on purpose
        ([CLOSED], OLD, (Verdict.SAME, 0.0)),  # opened for writing, closed untouched
        ([TOUCHED], OLD, (Verdict.SAME, 0.0)),
        ([TOUCHED], NEW, (Verdict.READY, 0.0)),
        ([CHANGED], OLD + b"four\n", (Verdict.READY, 1.0)),  # still open: a pause of a second
        ([CHANGED], NEW, (Verdict.READY, 1.0)),
        ([CHANGED], OLD[:4], (Verdict.READY, 5.0)),  # still open, a beginning of what it was
        ([CHANGED], b"other", (Verdict.READY, 5.0)),  # still open, shorter
        ([CHANGED], b"", (Verdict.READY, 5.0)),
        ([CHANGED, CLOSED], b"", (Verdict.READY, 1.0)),
        ([GONE], None, (Verdict.GONE, 0.4)),
        ([CHANGED], None, (Verdict.GONE, 1.4)),
        ([MENTIONED], NEW, (Verdict.READY, 0.03)),  # two looks agree
        ([MENTIONED], OLD[:4], (Verdict.READY, 1.0)),
        ([MENTIONED], None, (Verdict.GONE, 0.4)),
        ([CLOSED, CHANGED], NEW, (Verdict.READY, 1.0)),  # closed, and somebody is at it again
    ],
)
def test_only_a_doubtful_state_waits(
    kinds: list[NoticeKind], data: bytes | None, expected: tuple[Verdict, float]
) -> None:
    assert Story().tell(*kinds).verdict(data) == expected


@pytest.mark.parametrize(
    ("kinds", "data", "expected"),
    [
        ([CHANGED, CLOSED], NEW, (Verdict.READY, 0.1)),
        ([CHANGED, CLOSED], b"", (Verdict.READY, 0.1)),
        ([CHANGED], b"", (Verdict.READY, 1.0)),
        ([CLOSED], None, (Verdict.GONE, 0.0)),  # a temporary that came and went
        ([GONE], None, (Verdict.GONE, 0.4)),
        ([MENTIONED], NEW, (Verdict.READY, 0.1)),
    ],
)
def test_a_new_name_must_survive_a_moment(
    kinds: list[NoticeKind], data: bytes | None, expected: tuple[Verdict, float]
) -> None:
    assert Story(known=None).tell(*kinds).verdict(data) == expected


def test_what_does_not_parse_waits_two_seconds_and_is_then_told() -> None:
    story = Story(parses=False)
    assert story.tell(CHANGED, CLOSED).verdict(NEW) == (Verdict.READY, 2.0)


def test_a_name_that_comes_back_in_time_was_never_gone() -> None:
    story = Story().tell(GONE).wait(0.39)
    assert story.look_once(None) is None
    assert story.tell(CHANGED, CLOSED).verdict(NEW) == (Verdict.READY, 0.39)


def test_an_absence_that_a_look_found_is_waited_out_too() -> None:
    story = Story().tell(CLOSED)
    assert story.look_once(None) is Verdict.WAIT
    assert story.verdict(None) == (Verdict.GONE, 0.4)


def test_a_truncating_writer_may_take_almost_five_seconds() -> None:
    story = Story().tell(CHANGED).wait(4.9)
    assert story.look_once(b"") is Verdict.WAIT
    assert story.tell(CHANGED, CLOSED).verdict(NEW) == (Verdict.READY, 4.9)


def test_a_steady_writer_is_not_looked_at_at_every_write() -> None:
    story = Story()
    for _ in range(100):
        story.tell(CHANGED).wait(0.01)
        assert story.look_once(NEW) is None
    assert story.tell(CLOSED).verdict(NEW) == (Verdict.READY, 1.0)
    assert story.looks == 1


def test_a_log_that_never_pauses_is_read_all_the_same() -> None:
    story = Story()
    data = OLD
    seen = []
    while story.now < 12:
        data += b"x"
        story.tell(CHANGED).wait(0.2)
        if (verdict := story.look_once(data)) is not None:
            seen.append((verdict, round(story.now, 1)))
            story.known = data
    assert seen == [(Verdict.READY, 5.0), (Verdict.READY, 10.0)]


def test_a_slow_rewrite_is_not_taken_half_way() -> None:
    story = Story(known=b"x" * 100)
    for written in range(1, 50):
        story.tell(CHANGED).wait(0.2)
        assert story.look_once(b"y" * written) in (None, Verdict.WAIT)
    assert story.tell(CLOSED).verdict(b"y" * 50) == (Verdict.READY, 9.83)


def test_a_file_that_still_grows_is_not_believed_on_a_vague_hint() -> None:
    story = Story().tell(MENTIONED)
    assert story.look_once(NEW[:5] + b"!") is Verdict.WAIT
    story.wait(0.03)
    assert story.look_once(NEW) is Verdict.WAIT
    assert story.verdict(NEW) == (Verdict.READY, 0.06)


def test_the_kernels_word_that_nobody_writes_ends_the_waiting() -> None:
    settle = Settle()
    settle.notice(PATH, CHANGED, 0.0)
    assert settle.looked(PATH, look(NEW, writer=False), 0.0) is Verdict.READY
    settle.notice(PATH, CHANGED, 0.0)
    assert settle.looked(PATH, look(NEW, writer=True), 0.0) is Verdict.WAIT


def test_a_close_that_was_told_of_the_file_before_is_not_that_of_a_new_one() -> None:
    """An editor made a new file under the name, and the words about that are on their way."""
    settle = Settle()
    settle.notice(PATH, CLOSED, 0.0)
    assert settle.looked(PATH, look(NEW, writer=True), 0.0) is Verdict.WAIT
    settle.notice(PATH, CLOSED, 0.01)
    assert settle.looked(PATH, look(NEW, writer=False), 0.01) is Verdict.READY


def test_a_writer_who_is_seen_after_the_close_is_asked_about_again_at_once() -> None:
    """Linux tells of the close first and lets go of the writer then, microseconds later."""
    settle = Settle()
    settle.notice(PATH, CLOSED, 0.0)
    assert settle.looked(PATH, look(NEW, writer=True), 0.0) is Verdict.WAIT
    assert settle.next_deadline() == pytest.approx(0.005)
    assert settle.looked(PATH, look(NEW, writer=False), 0.005) is Verdict.READY


def test_a_writer_who_stays_after_a_close_is_asked_about_less_and_less_often() -> None:
    settle = Settle()
    settle.notice(PATH, CLOSED, 0.0)
    now, looks = 0.0, []
    while settle.looked(PATH, look(NEW, writer=True), now) is Verdict.WAIT:
        now = settle.next_deadline() or 0.0
        looks.append(round(now, 3))
    assert looks == [0.005, 0.015, 0.035, 0.075, 0.155, 0.315, 0.635, 1.0]
    settle.notice(PATH, CLOSED, 2.0)
    assert settle.looked(PATH, look(NEW, writer=True), 2.0) is Verdict.WAIT
    settle.notice(PATH, CHANGED, 2.001)
    assert settle.looked(PATH, look(NEW, writer=True), 2.002) is Verdict.WAIT
    assert settle.next_deadline() == pytest.approx(3.001), "it writes indeed"


def test_a_shorter_file_is_looked_at_twice_where_the_kernel_cannot_tell_writers() -> None:
    settle = Settle()
    settle.notice(PATH, CLOSED, 0.0)
    assert settle.looked(PATH, look(OLD[:4], writer=None), 0.0) is Verdict.WAIT
    settle.notice(PATH, CHANGED, 0.01)
    settle.notice(PATH, CLOSED, 0.02)
    assert settle.looked(PATH, look(NEW, writer=None), 0.02) is Verdict.READY
    settle.notice(PATH, CLOSED, 1.0)
    assert settle.looked(PATH, look(OLD[:4], writer=False), 1.0) is Verdict.READY


def test_kinds_that_say_nothing_about_the_bytes_are_ignored() -> None:
    settle = Settle()
    for kind in set(NoticeKind) - set(ABOUT_BYTES):
        settle.notice(PATH, kind, 0.0)
    assert (len(settle), settle.due(9.0), settle.next_deadline()) == (0, [], None)


def test_a_forgotten_path_is_never_due() -> None:
    story = Story().tell(CLOSED)
    assert PATH in story.settle
    story.settle.forget(PATH)
    assert (story.settle.due(9.0), PATH in story.settle) == ([], False)


def test_paths_do_not_hold_each_other_up() -> None:
    settle = Settle()
    other = ProjectPath.parse("b.txt")
    settle.notice(PATH, GONE, 0.0)
    settle.notice(other, CLOSED, 0.1)
    assert settle.due(0.1) == [other]
    assert settle.due(0.5) == [other, PATH]


CONTENTS = st.sampled_from([None, b"", OLD, OLD[:4], NEW, b"other", OLD + b"more"])


@given(
    kinds=st.lists(st.sampled_from(ABOUT_BYTES), min_size=1, max_size=6),
    data=CONTENTS,
    known=st.sampled_from([None, b"", OLD]),
    parses=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_the_order_of_the_notices_changes_no_verdict(
    kinds: list[NoticeKind], data: bytes | None, known: bytes | None, parses: bool, order: object
) -> None:
    """Only the moment of the verdict may depend on it; and every path gets one."""
    shuffled = list(kinds)
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    first, at = Story(known=known, parses=parses).tell(*kinds).verdict(data)
    second, _ = Story(known=known, parses=parses).tell(*shuffled).verdict(data)
    assert first is second
    assert at <= 5.0 + 0.4
    if data is None:
        assert first is Verdict.GONE
    else:
        assert first is (Verdict.SAME if data == known else Verdict.READY)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([CHANGED, GONE, TOUCHED]),
        st.floats(min_value=0.0, max_value=0.3),
        st.sampled_from([b"", OLD[:3], OLD[:9], None]),
    ),
    max_size=8,
)


@given(steps=STEPS, gap=st.floats(min_value=0.0, max_value=0.3))
def test_a_save_in_steps_gives_one_ready_with_its_end(
    steps: list[tuple[NoticeKind, float, bytes | None]], gap: float
) -> None:
    """Absent, empty and cut-off states between the first step and the close are never told.

    Every step is no longer than 0.3 s, and a close or a rename ends the save.
    """
    story = Story()
    for kind, pause, data in steps:
        # What is told fits what is there: a writer at work, or the name gone.
        kind = GONE if data is None else CHANGED if kind is GONE else kind
        if kind is TOUCHED:
            story.tell(CHANGED)
        story.tell(kind)
        end = story.now + pause
        while (deadline := story.settle.next_deadline()) is not None and deadline <= end:
            story.now = max(story.now, deadline)
            assert story.look_once(data) in (None, Verdict.WAIT)
        story.now = end
    story.wait(gap).tell(CLOSED)
    assert story.verdict(NEW)[0] is Verdict.READY

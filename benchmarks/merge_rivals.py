"""What others need for the middle of the path: two texts or notebooks compared, or one written.

They are no dependencies of rtcd, and are left out where they are not installed.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
import multiprocessing
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from merge_cases import Case
from tables import amount, shown

from rtcd.content import Kind

NOT_THERE = "not installed"
TIMED_OUT = "TO"


@dataclass(frozen=True)
class Found:
    """Seconds, or None and why not; ``note`` goes beside it."""

    seconds: float | None
    note: str = ""

    def beside(self, seconds: float) -> str:
        """For a table: the time, and how often ``seconds`` goes into it."""
        if self.seconds is None:
            return self.note
        words = [shown(self.seconds), f"{self.seconds / seconds:.1f}x", self.note]
        return " ".join(word for word in words if word)


def limited(work: Callable[[], Found], seconds: float) -> Found:
    """What ``work`` returns, computed in a process of its own; TIMED_OUT, or why it failed."""
    here, there = multiprocessing.Pipe(duplex=False)

    def run() -> None:
        try:
            there.send(work())
        except BaseException as error:  # noqa: BLE001 - a competitor's failure is a result
            there.send(Found(None, type(error).__name__))

    process = multiprocessing.get_context("fork").Process(target=run)
    process.start()
    found = here.recv() if here.poll(seconds) else Found(None, TIMED_OUT)
    process.kill()
    process.join()
    assert isinstance(found, Found)
    return found


def timed(work: Callable[[], Any]) -> Found:
    """Seconds of processor time; what else runs on the machine counts little."""
    began = time.process_time()
    work()
    return Found(time.process_time() - began)


def by_difflib(case: Case) -> Found:
    old, new = case.old.splitlines(keepends=True), case.new.splitlines(keepends=True)
    return timed(lambda: difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes())


def by_jupyter_ydoc(case: Case) -> Found:
    from jupyter_ydoc import YNotebook, YUnicode

    document: Any = YNotebook() if case.kind == "notebook" else YUnicode()
    read = json.loads if case.kind == "notebook" else str
    document.set(read(case.old))
    new = read(case.new)
    state = document.ydoc.get_state()
    took = timed(lambda: document.set(new))
    return replace(took, note=amount(len(document.ydoc.get_update(state))))


def by_diff_match_patch(case: Case) -> Found:
    from diff_match_patch import diff_match_patch

    engine = diff_match_patch()
    engine.Diff_Timeout = 0
    return timed(lambda: engine.diff_main(case.old, case.new))


def by_nbdime(case: Case) -> Found:
    import nbformat
    from nbdime import diff_notebooks

    old, new = (nbformat.reads(text, as_version=4) for text in (case.old, case.new))
    return timed(lambda: diff_notebooks(old, new))


COMPETITORS: tuple[tuple[str, str, Kind | None, Callable[[Case], Found]], ...] = (
    ("difflib (lines)", "difflib", "text", by_difflib),
    ("jupyter_ydoc set", "jupyter_ydoc", None, by_jupyter_ydoc),
    ("diff-match-patch", "diff_match_patch", "text", by_diff_match_patch),
    ("nbdime", "nbdime", "notebook", by_nbdime),
)


def competitor(
    case: Case, module: str, kind: Kind | None, work: Callable[[Case], Found], limit: float
) -> Found:
    if kind is not None and kind != case.kind:
        return Found(None, "-")
    if importlib.util.find_spec(module) is None:
        return Found(None, NOT_THERE)
    return limited(lambda: work(case), limit)

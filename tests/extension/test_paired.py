"""Which room a text is in when somebody opens it as a notebook."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from rtcd.extension.paired import (
    Refusals,
    SharedAsTextError,
    notebook_of,
    refuse_text_as_notebook,
)
from rtcd.extension.projects import ServedProject
from rtcd.places import Places


@dataclass
class Liveness:
    is_alive: bool

    def alive(self) -> bool:
        return self.is_alive


def project(root: Path, *, alive: bool = True, prefix: str = "") -> ServedProject:
    return ServedProject(Places.of(root), prefix, Liveness(alive))  # type: ignore[arg-type]


def test_a_paired_text_is_in_its_notebooks_room(tmp_path: Path):
    (tmp_path / ".rtcd").mkdir()
    pairs = {"schema": 1, "texts": {"scripts/a.py": "a.ipynb"}}
    (tmp_path / ".rtcd" / "pairs.json").write_text(json.dumps(pairs))
    assert notebook_of(project(tmp_path), "scripts/a.py") == "a.ipynb"
    assert notebook_of(project(tmp_path), "b.py") is None
    assert notebook_of(project(tmp_path, prefix="sub"), "sub/scripts/a.py") == "sub/a.ipynb"
    (tmp_path / ".rtcd" / "pairs.json").write_text("[]")
    assert notebook_of(project(tmp_path), "scripts/a.py") is None


def test_a_text_that_is_shared_as_one_is_refused_as_a_notebook(tmp_path: Path):
    with pytest.raises(SharedAsTextError) as raised:
        refuse_text_as_notebook(project(tmp_path, prefix="sub"), "sub/a.py", "notebook")
    assert str(raised.value) == "`rtcd pair a.py` makes this text a notebook, too."


@pytest.mark.parametrize(
    ("path", "file_type", "alive"),
    [("a.py", "file", True), ("a.ipynb", "notebook", True), ("a.py", "notebook", False)],
)
def test_everything_else_is_let_in(tmp_path: Path, path: str, file_type: str, alive: bool):
    refuse_text_as_notebook(project(tmp_path, alive=alive), path, file_type)


def test_who_asks_again_at_once_is_told_to_stop_and_later_the_reason_again():
    now = [100.0]
    refusals = Refusals(lambda: now[0])
    error = SharedAsTextError("run a command")
    words = json.dumps({"reason": "initialization_error", "errorReason": "run a command"})
    assert refusals.answer("json:notebook:1", error) == (1003, words)
    assert refusals.answer("json:notebook:2", error) == (1003, words)
    now[0] += 0.1
    assert refusals.answer("json:notebook:1", error) == (4400, "run a command")
    assert refusals.answer("json:notebook:1", error) == (1003, words)
    now[0] += 3
    assert refusals.answer("json:notebook:1", error) == (1003, words)

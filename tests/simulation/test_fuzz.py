"""Damaged input gives a value or a sentence, never anything else."""

from __future__ import annotations

from rtcd.errors import RtcdError
from simulation.fuzz import batch, problem_of, sample_of
from simulation.fuzz_targets import Target, targets


def test_twenty_thousand_damaged_inputs_break_no_reader() -> None:
    found = batch(0, 20_000)
    assert found["findings"] == []
    assert set(found["done"]) == {target.name for target in targets()}


def test_the_same_run_has_the_same_input() -> None:
    readers = targets()
    assert [sample_of(n, readers)[1] for n in range(50)] == [
        sample_of(n, readers)[1] for n in range(50)
    ]


def test_an_error_of_ours_is_no_finding_and_any_other_is() -> None:
    def refuses(_: bytes) -> object:
        raise RtcdError("no")

    def fails(_: bytes) -> object:
        raise KeyError("cells")

    assert problem_of(Target("a", (), refuses), b"") is None
    assert problem_of(Target("b", (), fails), b"") == "builtins.KeyError: 'cells'"

"""Outputs that are older than their code."""

from __future__ import annotations

from dataclasses import replace

from paired.samples import code, of_cells
from rtcd.paired.stale_outputs import StaleOutputs


def test_outputs_are_stale_from_an_edit_to_the_next_run():
    first = code("a", "x = 1")
    edited = replace(first, source="x = 2")
    run_again = replace(edited, execution_count=2)
    followed = StaleOutputs([of_cells(first, code("b", "y = 1"))])
    assert followed.stale == ()
    assert followed.follow(of_cells(edited, code("b", "y = 1"))) == ("a",)
    assert followed.follow(of_cells(replace(edited, source="x = 1"))) == ()
    assert followed.follow(of_cells(edited)) == ("a",)
    assert followed.follow(of_cells(run_again)) == ()
    assert followed.follow(of_cells(replace(run_again, outputs=()))) == ()


def test_a_cell_without_outputs_is_never_stale():
    bare = replace(code("a", "x = 1"), outputs=())
    followed = StaleOutputs([of_cells(bare)])
    assert followed.follow(of_cells(replace(bare, source="x = 2"))) == ()

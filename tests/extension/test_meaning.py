"""When a room and a file hold the same."""

from __future__ import annotations

import pytest

from rtcd.extension.meaning import same_meaning


def notebook(**cell):
    return {"cells": [{"cell_type": "code", "source": "x", **cell}], "metadata": {}}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("a\nb\n", "a\r\nb\r\n", True),
        ("a\n", "a", False),
        (notebook(), notebook(), True),
        (notebook(metadata={"trusted": True}), notebook(metadata={}), True),
        (notebook(execution_state="idle"), notebook(), True),
        (notebook(metadata={"tags": []}), notebook(metadata={}), False),
        (notebook(source="y"), notebook(), False),
        (notebook(), "x", False),
    ],
)
def test_only_what_a_file_holds_counts(one, other, same):
    assert same_meaning(one, other) is same
    assert same_meaning(other, one) is same

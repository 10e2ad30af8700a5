"""Scripts with cells as VS Code and PyCharm write them: no header, other markers, text in quotes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paired.samples import PERCENT, read, saved
from rtcd.daemon.notebook_of_text import notebook_of_text
from rtcd.paired.pairing import Pairing
from rtcd.paired.rewriting import rewritten

VS_CODE = '''# %% [markdown]
"""
# Circles
And their areas.
"""

# %% load data
import math
radius = 2
# %%
print(math.pi * radius**2)
'''

PYCHARM = "#%%\nimport math\nradius = 2\n\n\n\n#%%\nprint(math.pi * radius**2)"

STYLES = pytest.mark.parametrize("text", [VS_CODE, PYCHARM], ids=["VS Code", "PyCharm"])


def pairing_of(text: str) -> Pairing:
    made, formats = notebook_of_text(text, PERCENT)
    assert formats == "ipynb,py:percent"
    return Pairing.of(read(text), made)


@STYLES
def test_only_the_new_line_of_a_cell_is_written(text: str):
    pairing = pairing_of(text)
    lines = text.splitlines()
    for place, cell in enumerate(pairing.notebook.cells):
        cells = list(pairing.notebook.cells)
        cells[place] = replace(cell, source=cell.source.rstrip("\n") + "\nmore = 1")
        new = rewritten(pairing, replace(pairing.notebook, cells=tuple(cells))).script.text
        added = new.splitlines()
        added.remove("more = 1")
        assert [line for line in added if line] == [line for line in lines if line]


@STYLES
def test_another_kernel_makes_no_header(text: str):
    pairing = pairing_of(text)
    metadata = {"kernelspec": {"display_name": "Mine", "language": "python", "name": "mine"}}
    new = rewritten(pairing, replace(pairing.notebook, metadata=metadata))
    assert new.script.text == text


@STYLES
def test_a_save_changes_the_cell_that_was_edited(text: str):
    pairing = pairing_of(text)
    made = saved(pairing, text.replace("radius = 2", "radius = 3"))
    before = pairing.notebook.cells
    assert [cell.id for cell in made.cells] == [cell.id for cell in before]
    assert [cell.source for cell in made.cells] == [
        cell.source.replace("radius = 2", "radius = 3") for cell in before
    ]

"""What the header of a script says of the notebook, and what it says of the script only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from paired.samples import FORMATS, code, ids, of_cells, paired
from rtcd.content import JsonObject, NotebookContent, TextContent
from rtcd.crdt.shared_doc import SharedDoc
from rtcd.documents.open_document import new_document, open_document
from rtcd.merge.candidates import Evidence
from rtcd.paired.reading import read_script
from rtcd.paired.replica import ScriptReplica
from rtcd.paired.rewriting import rewritten
from rtcd.paired.script import ScriptFormat

NOTEBOOK = of_cells(code("a", "one = 1"))
PYTHON = {"display_name": "Python 3", "language": "python", "name": "python3"}
MINE = {"display_name": "My environment", "language": "python", "name": "myenv"}


def view() -> ScriptReplica:
    document = new_document("notebook")
    document.become(NOTEBOOK)
    content = document.content()
    assert isinstance(content, NotebookContent)
    return ScriptReplica(
        document.shared.update_since(),
        ScriptFormat(".py", "percent"),
        on_disk=paired(content),
        now=100.0,
        new_id=ids(),
    )


def metadata_after(replica: ScriptReplica, text: str) -> JsonObject:
    replica.save(TextContent(text), evidence=Evidence(), now=105.0)
    content = replica.live.content()
    assert isinstance(content, NotebookContent)
    assert content.cells == NOTEBOOK.cells
    return content.metadata


def shown(replica: ScriptReplica) -> str:
    assert replica.on_disk is not None
    return replica.on_disk.script.text


def test_another_kernel_in_the_header_alone_is_the_notebooks_kernel():
    replica = view()
    text = shown(replica).replace("python3", "myenv").replace("Python 3", "My environment")
    assert metadata_after(replica, text) == {"kernelspec": MINE}
    assert shown(replica) == text


def test_what_the_header_says_of_the_script_is_not_the_notebooks():
    replica = view()
    text = shown(replica).replace("format_version: '1.3'", "format_version: '1.2'")
    assert text != shown(replica)
    assert metadata_after(replica, text) == {"kernelspec": PYTHON}


def test_a_header_that_is_gone_takes_nothing_from_the_notebook():
    replica = view()
    text = shown(replica)
    bare = text[text.index("# %%") :]
    assert metadata_after(replica, bare) == {"kernelspec": PYTHON}
    assert shown(replica) == bare


def with_metadata(replica: ScriptReplica, metadata: JsonObject) -> None:
    """Somebody in the room gives the notebook other metadata."""
    content = replica.live.content()
    assert isinstance(content, NotebookContent)
    other = open_document("notebook", SharedDoc())
    other.shared.apply_update(replica.live.shared.update_since())
    other.become(replace(content, metadata=metadata))
    replica.receive(other.shared.update_since())


def test_another_kernel_in_the_room_is_in_the_header_and_a_stale_save_does_not_take_it_back():
    replica = view()
    text = shown(replica).replace("  language: python\n", "  language:   python  # 3\n")
    assert metadata_after(replica, text) == {"kernelspec": PYTHON}
    with_metadata(replica, {"kernelspec": MINE})
    flush = replica.pending()
    assert flush is not None
    replica.flushed(flush, now=110.0)
    wanted = text.replace("python3", "myenv").replace("Python 3", "My environment")
    assert shown(replica) == wanted
    stale = text.replace("one = 1", "one = 11")
    replica.save(TextContent(stale), evidence=Evidence(), now=115.0)
    content = replica.live.content()
    assert isinstance(content, NotebookContent)
    assert [cell.source for cell in content.cells if cell.cell_type == "code"] == ["one = 11"]
    assert content.metadata == {"kernelspec": MINE}
    flush = replica.pending()
    assert flush is not None
    replica.flushed(flush, now=120.0)
    assert shown(replica) == wanted.replace("one = 1", "one = 11")


def test_only_what_a_header_shows_of_the_notebook_follows():
    replica = view()
    text = shown(replica)
    with_metadata(replica, {"kernelspec": PYTHON, "language_info": {"name": "python"}, "toc": 1})
    assert replica.pending() is None
    bare = text[text.index("# %%") :]
    replica.save(TextContent(bare), evidence=Evidence(), now=105.0)
    with_metadata(replica, {"kernelspec": MINE})
    assert replica.pending() is None
    assert shown(replica) == bare


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_another_kernel_changes_two_lines_of_every_format(fmt: ScriptFormat):
    old = paired(NOTEBOOK, fmt)
    new = rewritten(old, replace(NOTEBOOK, metadata={"kernelspec": MINE}))
    before, after = old.script.text.split("\n"), new.script.text.split("\n")
    changed = [
        (one.lstrip("#/' "), other.lstrip("#/' "))
        for one, other in zip(before, after, strict=True)
        if one != other
    ]
    assert changed == [
        ("display_name: Python 3", "display_name: My environment"),
        ("name: python3", "name: myenv"),
    ]


def test_formats_follow_only_where_the_header_names_them():
    pair = {"kernelspec": PYTHON, "jupytext": {"formats": "ipynb,py:percent"}}
    more = {"kernelspec": PYTHON, "jupytext": {"formats": "ipynb,py:percent,md"}}
    for shown_before in (pair, {"kernelspec": PYTHON}):
        old = paired(replace(NOTEBOOK, metadata=shown_before))
        old = replace(old, notebook=replace(NOTEBOOK, metadata=pair))
        new = rewritten(old, replace(NOTEBOOK, metadata=more))
        wanted = old.script.text.replace("ipynb,py:percent", "ipynb,py:percent,md")
        assert new.script.text == wanted


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
@pytest.mark.parametrize(
    "edit", [("one = 1", "one = 11"), ("python3", "myenv"), ("\n\n", "\n"), ("\n\n", "\n\n\n")]
)
def test_a_header_is_read_beside_an_earlier_reading_as_it_is_read_alone(
    fmt: ScriptFormat, edit: tuple[str, str]
):
    before = paired(NOTEBOOK, fmt).script
    text = before.text.replace(*edit)
    assert read_script(text, fmt, like=before) == read_script(text, fmt)

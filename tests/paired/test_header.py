"""What the header of a script says of the notebook, and what it says of the script only."""

from __future__ import annotations

from paired.samples import code, ids, of_cells, paired
from rtcd.content import JsonObject, NotebookContent, TextContent
from rtcd.documents.open_document import new_document
from rtcd.merge.candidates import Evidence
from rtcd.paired.replica import ScriptReplica
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

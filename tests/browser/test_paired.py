"""JupyterLab with jupytext's extension, open on either face of a paired notebook."""

from __future__ import annotations

import pytest

from browser.conftest import OpenLab
from browser.lab_page import LabPage, notebook
from end_to_end.project_folder import RtcdFolder, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.end_to_end,
    pytest.mark.long,
]


def open_with(lab: LabPage, name: str, factory: str) -> None:
    """Right click on a file, Open With, and one of its kinds of document."""
    item = lab.page.locator(f'.jp-DirListing-item[title*="Name: {name}"]')
    item.click(button="right")
    lab.page.locator(".lm-Menu-item", has_text="Open With").hover()
    lab.page.locator(".lm-Menu-item").get_by_text(factory, exact=True).click()


def test_both_faces_are_open_in_jupyterlab_and_in_an_editor(host: RtcdFolder, open_lab: OpenLab):
    host.write("analysis.ipynb", notebook("a = 1", "b = 2"))
    host.start()
    done = host.command("pair", "analysis.ipynb", "--to", "py:percent")
    assert done.returncode == 0, (done.stdout, done.stderr, host.log())
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script")
    lab = open_lab(host)
    lab.open_notebook("analysis.ipynb")
    lab.until(lambda: lab.cells() == ["a = 1", "b = 2"], "the notebook")

    host.write("analysis.py", host.read("analysis.py").replace("b = 2", "b = 22  # in vim"))
    lab.until(lambda: lab.cells() == ["a = 1", "b = 22  # in vim"], "the save in the notebook")

    lab.open_text("analysis.py")
    lab.until(lambda: "in vim" in lab.text(), "the script as a text")
    lab.put_cursor("Control+End")
    lab.type("c = 3")
    eventually(lambda: "c = 3" in host.read("analysis.py"), "the typing on disk")
    lab.show("analysis.ipynb")
    lab.until(lambda: "c = 3" in lab.cells()[-1], "the typing in the notebook")
    lab.put_cursor("Control+End", cell=0)
    lab.type("0")
    eventually(lambda: "a = 10" in host.read("analysis.py"), "the cell in the script")
    lab.show("analysis.py")
    lab.until(lambda: "a = 10" in lab.text(), "the cell in the text editor")
    lab.until(lambda: not lab.is_dirty("analysis.py"), "the mark of unsaved changes to go")
    lab.close_tab("analysis.py")

    open_with(lab, "analysis.py", "Notebook")
    lab.until(lambda: lab.cells()[:1] == ["a = 10"], "the script as a notebook")
    lab.put_cursor("Control+End", cell=0)
    lab.type("0")
    eventually(lambda: "a = 100" in host.read("analysis.ipynb"), "the face in the notebook's file")
    lab.show("analysis.ipynb")
    lab.until(lambda: lab.cells()[0] == "a = 100", "the other face")
    lab.save()
    host.wait()
    assert lab.interruptions() == []
    assert host.status()["conflicts"] == 0
    lab.screenshot("both-faces")

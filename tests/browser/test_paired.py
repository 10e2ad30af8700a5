"""JupyterLab with jupytext's extension, open on either face of a paired notebook."""

from __future__ import annotations

import json
import sys
from pathlib import Path

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


def jupytext_menu(lab: LabPage, entry: str) -> None:
    """File > Jupytext, and one of its entries."""
    lab.page.locator(".lm-MenuBar-item", has_text="File").click()
    lab.page.locator(".lm-Menu-item", has_text="Jupytext").first.hover()
    lab.page.locator(".lm-Menu-item", has_text=entry).click()


def kinds(folder: RtcdFolder) -> dict[str, str]:
    """What each shared file is."""
    return {file["path"]: file["kind"] for file in folder.status()["files"]}


def in_front(lab: LabPage, name: str) -> None:
    """Wait until a document is the one in front, and here: for a moment two are shown."""
    lab.page.locator("#jp-main-dock-panel .lm-TabBar-tab.lm-mod-current", has_text=name).wait_for()
    shown = lab.page.locator("#jp-main-dock-panel .jp-MainAreaWidget:not(.lm-mod-hidden)")
    lab.until(lambda: shown.count() == 1 and not shown.locator(".jp-Spinner").count(), name)


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
    in_front(lab, "analysis.py")
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


@pytest.mark.long
def test_a_script_without_a_pair_is_refused_as_a_notebook_with_the_way_out(
    host: RtcdFolder, open_lab: OpenLab
):
    script = "# %%\nalone = 1\n"
    host.write("alone.py", script)
    host.start()
    host.wait()
    lab = open_lab(host)
    open_with(lab, "alone.py", "Notebook")
    lab.until(lambda: "rtcd pair alone.py" in lab.page.content(), "the reason")
    lab.screenshot("refused")
    lab.page.locator(".jp-Dialog button", has_text="Ok").click()
    # It would ask again for ever if it was not told to stop.
    lab.until(lambda: any("Bad request" in told for told in lab.dialogs()), "the end of asking")
    host.write("alone.py", script + "saved = 2\n")
    host.wait()
    assert host.read("alone.py") == script + "saved = 2\n"
    assert host.status()["conflicts"] == 0


@pytest.mark.long
def test_a_pair_made_and_ended_by_jupytexts_own_menu(host: RtcdFolder, open_lab: OpenLab):
    host.write("menu.ipynb", notebook("a = 1"))
    host.start()
    host.wait()
    lab = open_lab(host)
    lab.open_notebook("menu.ipynb")
    lab.until(lambda: lab.cells() == ["a = 1"], "the notebook")
    jupytext_menu(lab, "Pair Notebook with Percent Format")
    eventually(lambda: "a = 1" in host.read("menu.py"), "the script", seconds=60)
    host.write("menu.py", host.read("menu.py").replace("a = 1", "a = 1  # in vim"))
    lab.until(lambda: lab.cells() == ["a = 1  # in vim"], "the save in the notebook")
    jupytext_menu(lab, "Unpair Current Notebook")
    eventually(lambda: kinds(host) == {"menu.ipynb": "notebook", "menu.py": "text"}, "no pair")
    assert host.status()["conflicts"] == 0
    assert lab.dialogs() == []


def add_kernel(data: Path, name: str, shown: str) -> None:
    """One more kernel to choose from: the same Python under another name."""
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    folder = data / "kernels" / name
    folder.mkdir(parents=True)
    spec = {"argv": argv, "display_name": shown, "language": "python"}
    (folder / "kernel.json").write_text(json.dumps(spec))


def choose_kernel(lab: LabPage, shown: str) -> None:
    """Click on the kernel's name and take another one."""
    lab.page.locator(".jp-Toolbar-kernelName").click()
    dialog = lab.page.locator(".jp-Dialog")
    dialog.locator("select").select_option(label=shown)
    dialog.locator("button.jp-mod-accept").click()


def test_another_kernel_chosen_in_jupyterlab_comes_to_the_header_and_stays_chosen(
    host: RtcdFolder, open_lab: OpenLab
):
    add_kernel(host.home / "data", "circles", "Circles")
    host.write("analysis.ipynb", notebook("a = 1"))
    host.start()
    done = host.command("pair", "analysis.ipynb", "--to", "py:percent")
    assert done.returncode == 0, (done.stdout, done.stderr, host.log())
    eventually(lambda: "# %%" in host.read("analysis.py"), "the script")
    before = host.read("analysis.py")
    lab = open_lab(host)
    lab.open_notebook("analysis.ipynb")
    lab.until(lambda: lab.kernel_is("Idle"), "the kernel")
    choose_kernel(lab, "Circles")
    wanted = before.replace("Python 3 (ipykernel)", "Circles").replace(
        "name: python3", "name: circles"
    )
    eventually(lambda: host.read("analysis.py") == wanted, "the header", seconds=60)

    host.write("analysis.py", before.replace("a = 1", "a = 1  # in a stale vim"))
    lab.until(lambda: lab.cells() == ["a = 1  # in a stale vim"], "the save in the notebook")
    host.wait()
    assert host.read("analysis.py") == wanted.replace("a = 1", "a = 1  # in a stale vim")
    kernel = json.loads(host.read("analysis.ipynb"))["metadata"]["kernelspec"]
    assert kernel == {"display_name": "Circles", "language": "python", "name": "circles"}
    assert host.status()["conflicts"] == 0

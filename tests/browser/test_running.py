"""Cells that are run in JupyterLab."""

from __future__ import annotations

import json

import pytest

from browser.conftest import OpenLab
from browser.lab_page import notebook
from end_to_end.project_folder import RtcdFolder

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]


def test_a_cell_run_in_jupyterlab_has_its_outputs_in_the_file_and_runs_in_the_project(
    host: RtcdFolder, open_lab: OpenLab
):
    host.write("sub/other.ipynb", notebook("1 + 41"))
    host.write("run.ipynb", notebook("import os; print('here:', os.getcwd())"))
    host.start()
    lab = open_lab(host)
    lab.open_notebook("run.ipynb")
    lab.until(lambda: lab.kernel_is("Idle"), "the kernel", seconds=60)
    lab.put_cursor(cell=0)
    lab.run_cell()
    wanted = f"here: {host.root}\n"

    def ran() -> tuple[int | None, list[str]]:
        cell = json.loads(host.read("run.ipynb"))["cells"][0]
        texts = ["".join(output.get("text", "")) for output in cell["outputs"]]
        return cell["execution_count"], texts

    lab.until(lambda: ran() == (1, [wanted]), "count and output on disk", seconds=30)
    assert lab.outputs(0).strip() == wanted.strip()
    lab.screenshot("notebook-after-run")
    assert lab.interruptions() == []
    lab.save()
    lab.until(lambda: not lab.is_dirty("run.ipynb"), "the mark of unsaved changes to go")
    names = {path.name for path in host.root.iterdir()}
    assert names == {".rtcd", "run.ipynb", "sub"}
    assert [path.name for path in (host.root / "sub").iterdir()] == ["other.ipynb"]

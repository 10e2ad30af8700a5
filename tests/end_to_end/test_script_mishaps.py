"""Saves of a script that are odd, and settings wherever jupytext has them; one daemon for all."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually, eventually_async
from end_to_end.test_paired import notebook, reason, sources, told
from rtcd.content import NotebookContent

pytestmark = [pytest.mark.end_to_end, pytest.mark.long, pytest.mark.timeout(300)]

SECONDS = 60


def paired(folder: RtcdFolder, name: str, *cells: str) -> str:
    """A notebook with its script, at rest; the script's text."""
    folder.write(f"{name}.ipynb", notebook(*cells))
    eventually(lambda: "# %%" in folder.read(f"{name}.py"), "the script", seconds=SECONDS)
    folder.wait(SECONDS)
    return folder.read(f"{name}.py")


async def test_lines_with_other_ends_keep_them(shared_host: RtcdFolder):
    text = paired(shared_host, "ends", "a = 1", "b = 2\nbb = 2", "c = 3")
    mixed = text.replace("b = 2\nbb = 2\n", "b = 2\r\nbb = 22\r\n")
    async with RoomPerson.joined(shared_host.address, "ends.ipynb") as grace:
        (shared_host.root / "ends.py").write_bytes(mixed.encode())
        wanted = ["a = 1", "b = 2\nbb = 22", "c = 3"]
        await eventually_async(lambda: sources(grace) == wanted, "the save", SECONDS)
        content = grace.content
        assert isinstance(content, NotebookContent)
        cells = list(content.cells)
        cells[2] = replace(cells[2], source="c = 3\nd = 4")
        await grace.become(replace(content, cells=tuple(cells)))
        after = mixed.replace("c = 3", "c = 3\nd = 4")
        await eventually_async(lambda: shared_host.read("ends.py") == after, "the script", SECONDS)


async def test_a_deleted_marker_makes_two_cells_one(shared_host: RtcdFolder):
    text = paired(shared_host, "marker", "a = 1\naa = 11\naaa = 111", "b = 2", "c = 3")
    async with RoomPerson.joined(shared_host.address, "marker.ipynb") as grace:
        shared_host.write("marker.py", text.replace("# %%\nb = 2", "b = 2"))
        wanted = [
            ("cell1", "a = 1\naa = 11\naaa = 111\n\nb = 2", "out 1\n"),
            ("cell3", "c = 3", "out 3\n"),
        ]
        await eventually_async(lambda: told(grace) == wanted, "one cell", SECONDS)
        shared_host.write("marker.py", text)
        await eventually_async(
            lambda: sources(grace) == ["a = 1\naa = 11\naaa = 111", "b = 2", "c = 3"],
            "the cells apart again",
            SECONDS,
        )
        assert told(grace)[0][2] == "out 1\n"
        assert told(grace)[2] == ("cell3", "c = 3", "out 3\n")


async def test_two_markers_on_one_line_lose_nothing(shared_host: RtcdFolder):
    text = paired(shared_host, "merged", "a = 1", "b = 2", "c = 3")
    async with RoomPerson.joined(shared_host.address, "merged.ipynb") as grace:
        shared_host.write("merged.py", text.replace("# %%\nb = 2\n\n# %%\n", "# %% # %%\nb = 2\n"))
        await eventually_async(
            lambda: any("b = 2\nc = 3" in source for source in sources(grace)),
            "the merged cells",
            SECONDS,
        )
        assert sources(grace)[0] == "a = 1"
        assert told(grace)[0][2] == "out 1\n"
        shared_host.write("merged.py", text)
        await eventually_async(
            lambda: sources(grace) == ["a = 1", "b = 2", "c = 3"], "the mended text", SECONDS
        )


async def test_an_emptied_script_and_a_broken_header_are_held_with_words(shared_host: RtcdFolder):
    text = paired(shared_host, "held", "a = 1", "b = 2")
    async with RoomPerson.joined(shared_host.address, "held.ipynb") as grace:
        before = told(grace)
        for bad, code in (
            ("", "script-emptied"),
            (text.replace("kernelspec:", "kernelspec: [", 1), "invalid-script"),
        ):
            shared_host.write("held.py", bad)
            eventually(lambda c=code: reason(shared_host, "held.py") == c, code, seconds=SECONDS)
            problem = next(p for p in shared_host.status()["problems"] if p["path"] == "held.py")
            assert problem["message"]
            assert problem["hint"]
            assert told(grace) == before
        shared_host.write("held.py", text)
        eventually(lambda: reason(shared_host, "held.py") is None, "no hold", seconds=SECONDS)


async def test_another_kernel_in_the_header_is_the_notebooks_kernel(shared_host: RtcdFolder):
    text = paired(shared_host, "kernel", "a = 1")
    changed = text.replace("name: python3", "name: myenv").replace("Python 3", "My environment")
    assert changed != text
    async with RoomPerson.joined(shared_host.address, "kernel.ipynb") as grace:
        shared_host.write("kernel.py", changed)

        def kernel() -> object:
            content = grace.content
            assert isinstance(content, NotebookContent)
            return content.metadata.get("kernelspec")

        wanted = {"display_name": "My environment", "language": "python", "name": "myenv"}
        await eventually_async(lambda: kernel() == wanted, "the kernel", SECONDS)
        assert told(grace) == [("cell1", "a = 1", "out 1\n")]
        await eventually_async(
            lambda: (
                json.loads(shared_host.read("kernel.ipynb"))["metadata"]["kernelspec"] == wanted
            ),
            "the notebook's file",
            SECONDS,
        )
    assert shared_host.read("kernel.py") == changed


def test_outputs_older_than_their_code_are_told(shared_host: RtcdFolder):
    text = paired(shared_host, "stale", "a = 1", "b = 2")
    shared_host.write("stale.py", text.replace("b = 2", "b = 22"))

    def stale() -> int:
        files = {file["path"]: file for file in shared_host.status()["files"]}
        return int(files["stale.ipynb"].get("stale_outputs", 0))

    eventually(lambda: stale() == 1, "the status to tell", seconds=SECONDS)
    eventually(lambda: "b = 22" in shared_host.read("stale.ipynb"), "the notebook", seconds=SECONDS)
    assert "outputs of 1 cell are older than the code" in shared_host.command("status").stdout
    told_by_diff = shared_host.command("diff", "stale.ipynb").stdout
    assert "cell 2 (cell2): its outputs are older than its code" in told_by_diff
    assert "cell 1" not in told_by_diff
    outputs = [cell["outputs"] for cell in json.loads(shared_host.read("stale.ipynb"))["cells"]]
    assert [output[0]["text"] for output in outputs] == [["out 1\n"], ["out 2\n"]]
    shared_host.stop()
    shared_host.start()
    shared_host.wait(SECONDS)
    assert stale() == 1


@pytest.mark.parametrize(
    ("folder", "settings", "said", "text"),
    [
        ("toml", "jupytext.toml", 'formats = "ipynb,md"\n', "one.md"),
        ("hidden", ".jupytext.toml", 'formats = "ipynb,Rmd"\n', "one.Rmd"),
        (
            "project",
            "pyproject.toml",
            '[tool.jupytext.formats]\n"notebooks/" = "ipynb"\n"scripts/" = "py:percent"\n',
            "scripts/one.py",
        ),
    ],
)
def test_pairs_are_found_in_every_file_of_settings(
    shared_host: RtcdFolder, folder: str, settings: str, said: str, text: str
):
    shared_host.write(f"{folder}/{settings}", said)
    inside = "notebooks/one.ipynb" if folder == "project" else "one.ipynb"
    shared_host.write(f"{folder}/{inside}", notebook("a = 1", formats=None))
    eventually(lambda: "a = 1" in shared_host.read(f"{folder}/{text}"), "the text", seconds=SECONDS)
    shared_host.wait(SECONDS)
    changed = shared_host.read(f"{folder}/{text}").replace("a = 1", "a = 11")
    shared_host.write(f"{folder}/{text}", changed)
    eventually(
        lambda: "a = 11" in shared_host.read(f"{folder}/{inside}"), "the notebook", seconds=SECONDS
    )


def test_a_deleted_script_is_written_again_when_somebody_asks_for_it(shared_host: RtcdFolder):
    text = paired(shared_host, "again", "a = 1", "b = 2")
    (shared_host.root / "again.py").unlink()
    eventually(
        lambda: "again.py" not in [file["path"] for file in shared_host.status()["files"]],
        "the deletion",
        seconds=SECONDS,
    )
    done = shared_host.command("pair", "again.ipynb")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert shared_host.read("again.py") == text
    shared_host.write("again.py", text.replace("b = 2", "b = 22"))
    eventually(lambda: "b = 22" in shared_host.read("again.ipynb"), "the save", seconds=SECONDS)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--dir", "../out"], "../out would be outside of this project"),
        (["--dir", "/var/out"], "/var/out is no folder beside the notebook"),
        (["--dir", ".hidden"], "the text would not be shared"),
        (["--to", "xyz"], "'xyz' is not a notebook extension"),
        (["--to", "py:xyz"], "xyz is not a valid format name"),
    ],
)
def test_a_pair_that_cannot_be_is_refused_before_anything_changes(
    shared_host: RtcdFolder, arguments: list[str], words: str
):
    shared_host.write("no.ipynb", notebook("a = 1", formats=None))
    shared_host.wait(SECONDS)
    before = shared_host.read("no.ipynb")
    done = shared_host.command("pair", "no.ipynb", *arguments)
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Hint:" in done.stderr
    assert len(done.stderr) < 400
    assert shared_host.read("no.ipynb") == before


def texts_of(folder: RtcdFolder, name: str) -> list[tuple[str, str]]:
    """The texts of a notebook, with their formats."""
    told = json.loads(folder.command("pair", "--json").stdout)["pairs"]
    found = [pair["texts"] for pair in told if pair["notebook"] == name]
    return [(text["path"], text["format"]) for texts in found for text in texts]


def test_a_notebook_has_a_script_and_a_markdown_text_at_once(shared_host: RtcdFolder):
    script = paired(shared_host, "both", "a = 1", "b = 2")
    done = shared_host.command("pair", "both.ipynb", "--to", "md")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert texts_of(shared_host, "both.ipynb") == [("both.py", "py:percent"), ("both.md", "md")]
    shared_host.write("both.py", shared_host.read("both.py").replace("a = 1", "a = 11"))
    eventually(lambda: "a = 11" in shared_host.read("both.md"), "the other text", seconds=SECONDS)
    shared_host.write("both.md", shared_host.read("both.md").replace("b = 2", "b = 22"))
    eventually(lambda: "b = 22" in shared_host.read("both.py"), "the script", seconds=SECONDS)
    shared_host.wait(SECONDS)
    wanted = script.replace("a = 1", "a = 11").replace("b = 2", "b = 22")
    assert shared_host.read("both.py") == wanted.replace("ipynb,py:percent", "ipynb,py:percent,md")

    done = shared_host.command("pair", "both.ipynb", "--to", "py:percent", "--dir", "code")
    assert "both.py is a file for itself now" in done.stdout, (done.stdout, done.stderr)
    found = [("both.md", "md"), ("code/both.py", "py:percent")]
    assert sorted(texts_of(shared_host, "both.ipynb")) == found
    done = shared_host.command("unpair", "both.md")
    assert "both.md are two files" in done.stdout, (done.stdout, done.stderr)
    assert "code" not in done.stdout
    assert texts_of(shared_host, "both.ipynb") == [("code/both.py", "py:percent")]
    done = shared_host.command("pair", "code/both.py", "--notebook-on-server")
    assert done.returncode == 2
    assert "paired with both.ipynb, which is in this folder" in done.stderr

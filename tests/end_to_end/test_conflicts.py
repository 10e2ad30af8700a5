"""Conflicts and versions with real daemons: recorded, shown, settled, taken back; others see it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest

from end_to_end.live_file import LiveFile, notebook
from end_to_end.project_folder import RtcdFolder, eventually_async
from rtcd.disk.notebook_format import parse_notebook

pytestmark = [pytest.mark.end_to_end]

TEXT = "alpha beta gamma\nsecond line\nthird line\n"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtcdFolder]:
    """One running host for all tests here; each test has a file of its own."""
    place = tmp_path_factory.mktemp("conflicts")
    folder = RtcdFolder(place / "project", place / "home")
    folder.write("README.md", "# Project\n")
    folder.start()
    yield folder
    folder.stop()


def done(folder: RtcdFolder, *arguments: str) -> str:
    """Run ``rtcd``, which must work; its output."""
    result = folder.command(*arguments)
    assert result.returncode == 0, (arguments, result.stdout, result.stderr)
    return result.stdout


async def both_change_the_first_line(live: LiveFile) -> dict[str, object]:
    """Grace and a save from before her edit change one line; the record."""
    await live.person.type("better ", at=TEXT.index("beta"))
    await live.until_equal(["better beta"])
    live.save(TEXT.replace("beta", "BETA"))
    await live.until_equal(["BETA"])
    (conflict,) = await live.until_recorded()
    assert conflict["reason"] == "same-line"
    assert conflict["base"]["text"] == TEXT
    assert conflict["disk"] == {
        "by": "Ada Lovelace (local save)",
        "text": TEXT.replace("beta", "BETA"),
    }
    assert conflict["shared"] == {
        "by": "Grace Hopper (JupyterLab)",
        "text": TEXT.replace("beta", "better beta"),
    }
    assert conflict["merged"]["text"] == live.on_disk
    return conflict


@pytest.mark.parametrize("keep", ["disk", "shared"])
async def test_a_side_becomes_the_content_for_all_and_later_edits_stay(host: RtcdFolder, keep: str):
    async with LiveFile.opened(host, f"keep-{keep}.md", TEXT) as live:
        conflict = await both_change_the_first_line(live)
        await live.person.type("typed later\n")
        done(host, "conflicts", "resolve", str(conflict["id"]), "--keep", keep)
        wanted = conflict[keep]["text"] + "typed later\n"
        await eventually_async(lambda: live.person.text == wanted, "the room to have that side")
        await live.until_equal()
        assert live.conflicts() == []
        (resolved,) = live.conflicts("--all")
        assert (resolved["status"], resolved["resolution"]) == ("resolved", keep)


async def test_merged_accepts_what_stands_and_a_reopened_conflict_can_be_decided_again(
    host: RtcdFolder,
):
    async with LiveFile.opened(host, "again.md", TEXT) as live:
        conflict = await both_change_the_first_line(live)
        before = live.on_disk
        done(host, "conflicts", "resolve", str(conflict["id"]), "--keep", "merged")
        assert (live.conflicts(), live.person.text) == ([], before)
        done(host, "conflicts", "reopen", str(conflict["id"]))
        assert [item["id"] for item in live.conflicts()] == [conflict["id"]]
        done(host, "conflicts", "resolve", str(conflict["id"]), "--keep", "disk")
        await eventually_async(lambda: "better" not in live.person.text, "the disk's side")


async def test_a_resolution_is_a_version_and_undo_takes_it_back(host: RtcdFolder):
    async with LiveFile.opened(host, "undone.md", TEXT) as live:
        conflict = await both_change_the_first_line(live)
        merged = live.on_disk
        done(host, "conflicts", "resolve", str(conflict["id"]), "--keep", "disk")
        await live.until_equal()
        assert live.on_disk == conflict["disk"]["text"]
        newest = await newest_version(live, source="resolve")
        assert (newest["by"], newest["about"]) == ("Ada Lovelace", conflict["id"])
        await live.person.type("typed after the resolution\n")
        await live.until_equal(["typed after"])
        done(host, "undo", f"{live.name}@{newest['version']}")
        wanted = merged + "typed after the resolution\n"
        await eventually_async(lambda: live.person.text == wanted, "the resolution taken back")
        await live.until_equal()


async def newest_version(live: LiveFile, *, source: str) -> dict[str, object]:
    def newest() -> dict[str, object]:
        versions = json.loads(done(live.folder, "history", live.name, "--json"))["versions"]
        return versions[-1] if versions else {}

    await eventually_async(lambda: newest().get("source") == source, f"a version by {source}")
    return newest()


async def test_a_tool_gets_four_files_and_its_result_is_for_all(host: RtcdFolder):
    program = host.home / "tool.py"
    program.write_text(
        "import sys\nbase, disk, shared, merged = (open(n).read() for n in sys.argv[1:5])\n"
        "assert base and disk and shared and merged\n"
        "open(sys.argv[4], 'w').write(merged.replace('second', 'SECOND'))\n"
    )
    async with LiveFile.opened(host, "tool.md", TEXT) as live:
        conflict = await both_change_the_first_line(live)
        tool = f"{sys.executable} {program} {{base}} {{disk}} {{shared}} {{merged}}"
        done(host, "conflicts", "resolve", str(conflict["id"]), "--tool", tool)
        await eventually_async(lambda: "SECOND line" in live.person.text, "the tool's result")
        await live.until_equal()
        (resolved,) = live.conflicts("--all")
        assert resolved["resolution"] == "merged by hand"


async def test_an_old_version_saved_again_is_recorded_and_can_be_had(host: RtcdFolder):
    async with LiveFile.opened(host, "old.md", TEXT) as live:
        await live.person.type("a whole paragraph that Grace typed\n")
        await live.until_equal(["paragraph"])
        live.save(TEXT)
        (conflict,) = await live.until_recorded()
        assert conflict["reason"] == "restored-old-version"
        await live.until_equal(["paragraph"])
        shown = done(host, "conflicts", "show", conflict["id"])
        assert "an older version was saved again" in shown
        assert "the shared side, as above" in shown
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "disk")
        await eventually_async(lambda: live.person.text == TEXT, "the old version for all")


async def test_a_stale_notebook_save_is_recorded_for_the_cells_it_is_about(host: RtcdFolder):
    start = notebook("import os\nx = 1", "y = 2\nprint(y)", "z = 3")
    async with LiveFile.opened(host, "cells.ipynb", start) as live:
        grace = notebook(
            "import os\nimport sys\nx = 1", "y = 2\nprint(y, 'a label by Grace')", "z = 3"
        )
        await live.person.become(parse_notebook(grace.encode()))
        await live.until_equal(["import sys", "a label by Grace"])
        # Has the first of her edits and lacks the other: nobody can tell whether that is meant.
        live.save(notebook("import os\nimport sys\nx = 1", "y = 2\nprint(y)", "z = 3", "new = 4"))
        await live.until_equal(["new = 4"])
        (conflict,) = await live.until_recorded()
        assert (conflict["cell"], conflict["reason"]) == ("cell1", "stale-save")
        assert conflict["disk"]["text"] == "y = 2\nprint(y)"
        assert conflict["shared"]["text"] == "y = 2\nprint(y, 'a label by Grace')"
        for keep in ("disk", "shared", "disk"):
            done(host, "conflicts", "resolve", conflict["id"], "--keep", keep)
            await eventually_async(
                lambda keep=keep: live.cell("cell1").source == conflict[keep]["text"],
                f"the {keep} side in the room",
            )
            await live.until_equal(["new = 4", "import sys"])
            done(host, "conflicts", "reopen", conflict["id"])


async def test_a_cell_that_one_side_deleted_and_the_other_edited_stays_until_somebody_decides(
    host: RtcdFolder,
):
    async with LiveFile.opened(host, "deleted.ipynb", notebook("a = 1", "b = 2", "c = 3")) as live:
        await live.change_cell("cell1", source="b = 2  # edited by Grace")
        await live.until_equal(["edited by Grace"])
        without = json.loads(notebook("a = 1", "b = 2", "c = 3 # saved"))
        del without["cells"][1]
        live.save(json.dumps(without, indent=1) + "\n")
        await live.until_equal(["# saved", "edited by Grace"])
        (conflict,) = await live.until_recorded()
        assert (conflict["cell"], conflict["reason"]) == ("cell1", "delete-edit")
        assert conflict["disk"]["text"] == ""
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "disk")
        await eventually_async(
            lambda: live.cells == [("cell0", "a = 1"), ("cell2", "c = 3 # saved")], "it to go"
        )
        await live.until_equal()
        done(host, "conflicts", "reopen", conflict["id"])
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "shared")
        await eventually_async(
            lambda: live.cells[1:2] == [("cell1", "b = 2  # edited by Grace")], "it to be back"
        )
        await live.until_equal()


async def test_two_cells_made_under_one_id_are_both_kept_until_somebody_decides(host: RtcdFolder):
    async with LiveFile.opened(host, "made.ipynb", notebook("a = 1")) as live:
        grace = notebook("a = 1", {"id": "new", "source": "made_by = 'Grace'"})
        await live.person.become(parse_notebook(grace.encode()))
        await live.until_equal(["Grace"])
        live.save(notebook("a = 1", {"id": "new", "source": "entirely(different)"}))
        await live.until_equal(["Grace", "entirely(different)"])
        (conflict,) = await live.until_recorded()
        assert (conflict["cell"], conflict["reason"]) == ("new", "both-created")
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "shared")
        await eventually_async(
            lambda: live.cells == [("cell0", "a = 1"), ("new", "made_by = 'Grace'")], "one of them"
        )
        await live.until_equal()
        done(host, "conflicts", "reopen", conflict["id"])
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "disk")
        await eventually_async(
            lambda: [source for _, source in live.cells] == ["a = 1", "entirely(different)"],
            "the other one",
        )


async def test_a_file_deleted_here_and_edited_there_stays_until_somebody_decides(host: RtcdFolder):
    async with LiveFile.opened(host, "gone.md", TEXT) as live:
        (host.root / live.name).unlink()
        await live.person.type("typed as it was deleted\n")
        await live.until_equal(["typed as it was deleted"])
        (conflict,) = await live.until_recorded()
        assert conflict["reason"] == "delete-edit"
        assert (conflict["disk"]["text"], conflict["shared"]["text"]) == ("", live.on_disk)
        done(host, "conflicts", "resolve", conflict["id"], "--keep", "disk")
        await eventually_async(lambda: not (host.root / live.name).exists(), "it to be deleted")


async def test_versions_are_listed_shown_compared_and_brought_back(host: RtcdFolder):
    async with LiveFile.opened(host, "versions.md", TEXT) as live:
        await live.person.type("by Grace\n")
        await live.until_equal(["by Grace"])
        host.wait()
        await newest_version(live, source="room")
        live.save(live.on_disk + "by Ada\n")
        await live.until_equal(["by Ada"])
        versions = json.loads(done(host, "history", live.name, "--json"))["versions"]
        assert [(v["source"], v["by"]) for v in versions] == [
            ("disk", "Ada Lovelace (local save)"),
            ("room", "Grace Hopper (JupyterLab)"),
            ("disk", "Ada Lovelace (local save)"),
        ]
        assert done(host, "show", f"{live.name}@1") == TEXT
        assert "+by Ada" in done(host, "diff", f"{live.name}@2")
        done(host, "restore", f"{live.name}@1")
        await eventually_async(lambda: live.person.text == TEXT, "the first version for all")
        assert live.on_disk == TEXT
        done(host, "undo", f"{live.name}@2")
        await newest_version(live, source="restore")

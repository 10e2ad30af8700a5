"""What happens when both sides work on one file at once: nothing lost, nothing doubled."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from end_to_end.live_file import LiveFile, notebook, stream
from end_to_end.project_folder import RtcdFolder, eventually_async

pytestmark = [pytest.mark.end_to_end]

REPORT = "# Report\n\nThe first part is short.\n\nThe second part is long.\n"
CODE = "import os\n\n\ndef load( path ):\n    return open( path ).read( )\n\n\ndef main():\n    x = { 'a':1 }\n    print( load('data.txt'),x )\n"
FORMATTED = 'import os\n\n\ndef load(path):\n    return open(path).read()\n\n\ndef main():\n    x = {"a": 1}\n    print(load("data.txt"), x)\n'


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RtcdFolder]:
    """One running host for all tests here; each test has a file of its own."""
    place = tmp_path_factory.mktemp("merging")
    folder = RtcdFolder(place / "project", place / "home")
    folder.write("README.md", "# Project\n")
    folder.start()
    yield folder
    folder.stop()


def save_as_vim(file: Path, text: str) -> None:
    """As vim with ``backupcopy=no``: the old file is renamed away, a new one is written."""
    backup = file.with_name(file.name + "~")
    os.rename(file, backup)
    file.write_text(text)
    backup.unlink()


async def test_a_stale_buffer_saved_twice_loses_nothing(host: RtcdFolder):
    async with LiveFile.opened(host, "stale.md", REPORT) as live:
        await live.person.type("Typed by Grace while the buffer was open.\n")
        await live.until_equal(["Typed by Grace"])
        buffer = REPORT.replace("short", "short and clear")
        save_as_vim(host.root / live.name, buffer)
        await live.until_equal(["short and clear", "Typed by Grace"])
        buffer = buffer.replace("long", "long and deep")
        save_as_vim(host.root / live.name, buffer)
        await live.until_equal(["long and deep", "short and clear", "Typed by Grace"])
        assert live.on_disk == (
            "# Report\n\nThe first part is short and clear.\n\nThe second part is long and deep.\n"
            "Typed by Grace while the buffer was open.\n"
        )
        assert live.conflicts() == []


async def test_a_stale_buffer_saved_after_everybody_left_loses_nothing(host: RtcdFolder):
    """The room is closed by then; what was on this disk before is remembered by the history."""
    async with LiveFile.opened(host, "left.md", REPORT) as live:
        await live.person.type("Typed by Grace before she left.\n")
        await live.until_equal(["Typed by Grace"])
    host.wait()
    save_as_vim(host.root / "left.md", REPORT + "Saved from a buffer of the morning.\n")
    await eventually_async(
        lambda: "Typed by Grace" in host.read("left.md") and "morning" in host.read("left.md"),
        "both",
    )


async def test_an_agent_that_rewrites_the_file_from_an_older_reading_keeps_live_typing(
    host: RtcdFolder,
):
    text = "".join(f"Paragraph {number} says something of its own.\n\n" for number in range(12))
    async with LiveFile.opened(host, "agent.md", text) as live:
        read_by_agent = live.on_disk
        await live.person.type("A sentence by Grace. ", at=text.index("Paragraph 3"))
        await live.until_equal(["A sentence by Grace."])
        await live.person.type("Another one. ", at=live.person.text.index("Paragraph 9"))
        await live.until_equal(["Another one."])
        live.save(read_by_agent.replace("something of its own", "what the agent prefers"))
        await live.until_equal(["what the agent prefers"])
        assert live.on_disk == (
            text.replace("something of its own", "what the agent prefers")
            .replace("Paragraph 3", "A sentence by Grace. Paragraph 3")
            .replace("Paragraph 9", "Another one. Paragraph 9")
        )


BLIND_WORDS = ("one", "two", "three", "network", "cable", "while", "status", "is", "out", "from")


def blind_text(random: Random) -> str:
    lines = (" ".join(random.choices(BLIND_WORDS, k=random.randint(1, 5))) for _ in range(4))
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize(
    "pause",
    [pytest.param(0.02, marks=pytest.mark.long), 0.1, pytest.param(0.5, marks=pytest.mark.long)],
)
async def test_a_program_that_rewrites_a_file_again_and_again_has_its_last_word(
    host: RtcdFolder, pause: float
):
    """Nobody else edits; what it wrote before must not come back, however alike it looks."""
    random = Random(f"blind {pause}")
    name = f"blind-{random.random()}.txt"
    host.write(name, blind_text(random))
    await eventually_async(lambda: name in names_shared(host), "the file to be shared")
    texts = [blind_text(random) for _ in range(6)]
    for text in texts:
        (host.root / name).write_text(text)
        await asyncio.sleep(pause)
    await asyncio.sleep(0.5)  # what would come back comes within this time
    await asyncio.to_thread(host.wait)
    assert host.read(name) == texts[-1]
    history = json.loads(host.command("history", name, "--json").stdout)
    assert {one["by"] for one in history["versions"]} == {"Ada Lovelace (local save)"}


def names_shared(host: RtcdFolder) -> set[str]:
    return {file["path"] for file in host.status()["files"]}


async def test_a_formatter_under_live_typing_changes_the_layout_and_keeps_the_words(
    host: RtcdFolder,
):
    async with LiveFile.opened(host, "program.py", CODE) as live:
        typing = asyncio.create_task(type_slowly(live, "# a comment that Grace types\n"))
        await asyncio.sleep(0)
        live.save(FORMATTED)
        await typing
        await live.until_equal(["# a comment that Grace types", "def load(path):"])
        assert live.on_disk == FORMATTED + "# a comment that Grace types\n"


async def type_slowly(live: LiveFile, text: str) -> None:
    """One key every few hundredths of a second, at the end of the file as it is then."""
    for letter in text:
        await live.person.type(letter)
        await asyncio.sleep(0.02)


@pytest.mark.parametrize(("count", "kept"), [(3, "disk\n"), (1, "room\n")])
async def test_both_sides_run_the_same_cell_and_the_later_run_stays_whole(
    host: RtcdFolder, count: int, kept: str
):
    def ran(count: int, text: str, source: str = "print(1)") -> str:
        run = {"source": source, "execution_count": count, "outputs": [stream(text)]}
        return notebook(run, "other = 1")

    async with LiveFile.opened(host, f"run{count}.ipynb", ran(0, "1\n")) as live:
        await live.change_cell("cell0", execution_count=2, outputs=(stream("room\n"),))
        await live.until_equal(["room"])
        live.save(ran(count, "disk\n", "print(1)  # saved"))
        await live.until_equal(["# saved"])
        host.wait()
        cell = live.cell("cell0")
        assert (cell.outputs, cell.execution_count) == ((stream(kept),), max(2, count))
        on_disk = json.loads(live.on_disk)["cells"][0]
        assert on_disk["outputs"] == [stream(kept)]


async def test_a_cell_moved_on_disk_while_it_is_typed_in_keeps_the_typing(host: RtcdFolder):
    sources = ["first = 1", "second = 2", "third = 3\nprint(third)"]
    async with LiveFile.opened(host, "move.ipynb", notebook(*sources)) as live:
        cells = json.loads(live.on_disk)
        cells["cells"].insert(0, cells["cells"].pop())
        typing = asyncio.create_task(type_in_cell(live, "cell2", "  # typed by Grace"))
        live.save(json.dumps(cells, indent=1) + "\n")
        await typing
        await live.until_equal(["typed by Grace"])
        assert live.cells == [
            ("cell2", "third = 3\nprint(third)  # typed by Grace"),
            ("cell0", "first = 1"),
            ("cell1", "second = 2"),
        ]


async def type_in_cell(live: LiveFile, identity: str, text: str) -> None:
    for letter in text:
        await live.change_cell(identity, source=live.cell(identity).source + letter)
        await asyncio.sleep(0.02)


async def test_ids_made_anew_by_an_editor_change_nothing_for_the_others(host: RtcdFolder):
    async with LiveFile.opened(host, "ids.ipynb", notebook("a = 1", "b = 2")) as live:
        await live.change_cell("cell0", source="a = 1  # typed")
        await live.until_equal(["typed"])
        live.save(
            notebook(
                {"id": "new0", "source": "a = 1  # typed"}, {"id": "new1", "source": "b = 2\nc = 3"}
            )
        )
        await live.until_equal(["c = 3"])
        assert live.cells == [("cell0", "a = 1  # typed"), ("cell1", "b = 2\nc = 3")]


async def test_a_broken_notebook_is_held_while_others_type_and_merges_when_it_is_repaired(
    host: RtcdFolder,
):
    start = notebook("a = 1", "b = 2")
    async with LiveFile.opened(host, "broken.ipynb", start) as live:
        broken = start.replace('"b = 2"', '"b = 20"')[:-20]
        live.save(broken)
        await eventually_async(lambda: file_state(host, live.name)[0] == "held", "the hold")
        assert file_state(host, live.name) == ("held", "invalid-notebook")
        await live.change_cell("cell0", source="a = 1  # typed during the hold")
        await eventually_async(lambda: live.cell("cell0").source.endswith("hold"), "the typing")
        assert live.on_disk == broken
        live.save(start.replace('"b = 2"', '"b = 20"'))
        await live.until_equal(["b = 20", "typed during the hold"])
        assert live.cells == [("cell0", "a = 1  # typed during the hold"), ("cell1", "b = 20")]
        await eventually_async(lambda: file_state(host, live.name)[0] == "synced", "the end of it")


def file_state(host: RtcdFolder, name: str) -> tuple[str, str | None]:
    files = {file["path"]: file for file in host.status()["files"]}
    return files[name]["state"], files[name]["reason"]


async def test_a_partial_undo_is_done_and_recorded(host: RtcdFolder):
    """Somebody reads the newest version, takes back a part of what others wrote, and saves."""
    async with LiveFile.opened(host, "undo.md", REPORT) as live:
        await live.person.type("remarkably ", at=REPORT.index("short"))
        await live.person.type("A new ending, by Grace.\n")
        await live.until_equal(["remarkably", "A new ending, by Grace."])
        live.save(live.on_disk.replace("remarkably ", "") + "And one by Ada.\n")
        await live.until_equal(["And one by Ada."])
        assert live.on_disk == REPORT + "A new ending, by Grace.\nAnd one by Ada.\n"
        (conflict,) = await live.until_recorded()
        assert conflict["reason"] == "stale-save"
        assert conflict["disk"]["by"] == "Ada Lovelace (local save)"
        assert conflict["shared"]["by"] == "Grace Hopper (JupyterLab)"
        assert "remarkably" in conflict["shared"]["text"]

"""People in JupyterLab beside programs that save the same files."""

from __future__ import annotations

import asyncio
import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from browser.conftest import OpenLab
from browser.lab_page import notebook
from end_to_end.project_folder import RtcdFolder, eventually, eventually_async
from rtcd.documents.open_document import ROOM_TYPES
from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.person import Person, user_state
from rtcd.server.client import ServerClient

pytestmark = [pytest.mark.browser, pytest.mark.end_to_end]


def save_as_vim_does(file: Path, text: str) -> None:
    """The old file becomes ``NAME~``, a new one gets the name, the old one goes."""
    backup = file.with_name(file.name + "~")
    file.rename(backup)
    with file.open("w") as new:
        new.write(text)
        new.flush()
        os.fsync(new.fileno())
    backup.unlink()


def test_typing_reaches_the_disk_and_saves_by_others_reach_the_editor(
    host: RtcdFolder, open_lab: OpenLab, record_property
):
    file = host.write("notes.txt", "alpha\nbeta\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.put_cursor("Control+End")
    lab.type("typed in the browser\n")
    typed = lab.until(
        lambda: host.read("notes.txt") == "alpha\nbeta\ntyped in the browser\n", "the disk"
    )
    file.write_text("alpha!\nbeta\ntyped in the browser\n")
    in_place = lab.until(
        lambda: lab.text() == "alpha!\nbeta\ntyped in the browser\n", "a save in place"
    )
    save_as_vim_does(file, "alpha!\nbeta!\ntyped in the browser\n")
    renamed = lab.until(
        lambda: lab.text() == "alpha!\nbeta!\ntyped in the browser\n", "a save by rename"
    )
    lab.screenshot("text-after-saves")
    record_property("seconds", (typed, in_place, renamed))
    print(f"seconds: to disk {typed:.3f}, from a save {in_place:.3f}, from a rename {renamed:.3f}")
    lab.save()
    lab.until(lambda: not lab.is_dirty("notes.txt"), "the mark of unsaved changes to go")
    assert lab.interruptions() == []


def test_cells_follow_saves_by_others_and_the_file_follows_cells(
    host: RtcdFolder, open_lab: OpenLab
):
    file = host.write("work.ipynb", notebook("first = 1", "second = 2"))
    host.start()
    lab = open_lab(host)
    lab.open_notebook("work.ipynb")
    lab.put_cursor("Control+End", cell=0)
    lab.type("0 + 5")
    typed = lab.until(lambda: "first = 10 + 5" in host.read("work.ipynb"), "the disk")
    file.write_text(host.read("work.ipynb").replace("second = 2", "second = 22"))
    saved = lab.until(lambda: lab.cells() == ["first = 10 + 5", "second = 22"], "a save in place")
    save_as_vim_does(file, host.read("work.ipynb").replace("22", "222"))
    lab.until(lambda: lab.cells() == ["first = 10 + 5", "second = 222"], "a save by rename")
    print(f"seconds: to disk {typed:.3f}, from a save {saved:.3f}")
    lab.screenshot("notebook-after-saves")
    lab.save()
    lab.until(lambda: not lab.is_dirty("work.ipynb"), "the mark of unsaved changes to go")
    assert lab.interruptions() == []


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


def test_the_folders_user_is_among_the_collaborators(host: RtcdFolder, open_lab: OpenLab):
    host.write("notes.txt", "alpha\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.until(lambda: "Ada Lovelace" in lab.people(), "the folder's user")
    lab.screenshot("collaborators")
    assert lab.people().count("Ada Lovelace") == 1
    browser = {"client": "JupyterLab", "path": "notes.txt"}
    eventually(
        lambda: browser.items() <= {**next(iter(host.status()["people"]), {})}.items(),
        "the browser in the status",
        seconds=5,
    )


def test_autosave_switched_off_in_jupyterlab_is_mirrored(host: RtcdFolder, open_lab: OpenLab):
    host.write("notes.txt", "alpha\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.until(lambda: autosave_of_daemon(host, "notes.txt") == [True], "the daemon in the room")
    lab.set_autosave(on=False)
    lab.until(
        lambda: autosave_of_daemon(host, "notes.txt") == [False], "the daemon to say no as well"
    )
    lab.set_autosave(on=True)
    lab.until(
        lambda: autosave_of_daemon(host, "notes.txt") == [True], "the daemon to say yes again"
    )


def autosave_of_daemon(folder: RtcdFolder, path: str) -> list[bool | None]:
    """What the daemons in a room say of autosave, asked by somebody who does not count."""

    async def ask() -> list[bool | None]:
        async with ServerClient(folder.address) as client:
            session = await client.document_session(path, *ROOM_TYPES["text"])
        user = user_state("onlooker")
        room = await RoomConnection.open(
            folder.address, session, session.room_id, user=user, autosave=False
        )
        try:
            await eventually_async(lambda: folder_in(room) != [], "the daemon in the room")
            await asyncio.sleep(0.3)
            return [person.autosave for person in folder_in(room)]
        finally:
            await room.close()

    def folder_in(room: RoomConnection) -> list[Person]:
        return [person for person in room.people() if person.name == folder.name]

    # Playwright has a loop running in this thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, ask()).result()


def test_a_dead_daemon_loses_nothing_and_the_next_one_goes_on(host: RtcdFolder, open_lab: OpenLab):
    host.write("notes.txt", "alpha\n")
    host.start()
    lab = open_lab(host)
    lab.open_text("notes.txt")
    lab.put_cursor("Control+Home")
    typed: list[str] = []

    def type_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            typed.append(f"typed{len(typed):04d}")
            lab.type(typed[-1] + ("\n" if len(typed) % 8 == 0 else " "))

    type_for(3)
    host.kill()
    type_for(3)
    lab.until(lambda: typed[-1] in host.read("notes.txt"), "the server to save")
    lab.save()
    type_for(2)
    lab.screenshot("without-daemon")
    host.start()
    type_for(2)
    lab.until(lambda: host.read("notes.txt") == lab.text(), "disk and editor to agree")
    text = lab.text()
    assert [token for token in typed if text.count(token) != 1] == []
    host.wait()
    assert host.status()["state"] == "synced"
    lab.screenshot("after-a-new-daemon")
    assert lab.interruptions() == []

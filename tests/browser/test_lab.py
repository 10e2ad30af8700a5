"""People in JupyterLab beside programs that save the same files."""

from __future__ import annotations

import asyncio
import itertools
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from browser.lab_page import LabPage, notebook
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


def new_file(host: RtcdFolder, lab: LabPage, name: str, text: str | bytes) -> str:
    """Load JupyterLab with a file that nobody had open before; gives its name."""
    name = f"try{next(TRIES)}-{name}"
    host.write(name, text)
    lab.load(host.address.url, host.address.token.reveal())
    return name


TRIES = itertools.count(1)


def test_typing_reaches_the_disk_and_saves_by_others_reach_the_editor(
    shared_host: RtcdFolder, shared_lab: LabPage, record_property
):
    host, lab = shared_host, shared_lab
    name = new_file(host, lab, "notes.txt", "alpha\nbeta\n")
    file = host.root / name
    lab.open_text(name)
    lab.put_cursor("Control+End")
    lab.type("typed in the browser\n")
    typed = lab.until(lambda: host.read(name) == "alpha\nbeta\ntyped in the browser\n", "the disk")
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
    lab.until(lambda: not lab.is_dirty(name), "the mark of unsaved changes to go")
    assert lab.interruptions() == []


def test_cells_follow_saves_by_others_and_the_file_follows_cells(
    shared_host: RtcdFolder, shared_lab: LabPage
):
    host, lab = shared_host, shared_lab
    name = new_file(host, lab, "work.ipynb", notebook("first = 1", "second = 2"))
    file = host.root / name
    lab.open_notebook(name)
    lab.put_cursor("Control+End", cell=0)
    lab.type("0 + 5")
    typed = lab.until(lambda: "first = 10 + 5" in host.read(name), "the disk")
    file.write_text(host.read(name).replace("second = 2", "second = 22"))
    saved = lab.until(lambda: lab.cells() == ["first = 10 + 5", "second = 22"], "a save in place")
    save_as_vim_does(file, host.read(name).replace("22", "222"))
    lab.until(lambda: lab.cells() == ["first = 10 + 5", "second = 222"], "a save by rename")
    print(f"seconds: to disk {typed:.3f}, from a save {saved:.3f}")
    lab.screenshot("notebook-after-saves")
    lab.save()
    lab.until(lambda: not lab.is_dirty(name), "the mark of unsaved changes to go")
    assert lab.interruptions() == []


@pytest.mark.long
def test_the_folders_user_is_among_the_collaborators(shared_host: RtcdFolder, shared_lab: LabPage):
    host, lab = shared_host, shared_lab
    name = new_file(host, lab, "notes.txt", "alpha\n")
    lab.open_text(name)
    lab.until(lambda: "Ada Lovelace" in lab.people(), "the folder's user")
    lab.screenshot("collaborators")
    assert lab.people().count("Ada Lovelace") == 1
    browser = ("JupyterLab", name)
    eventually(
        lambda: browser in {(one["client"], one["path"]) for one in host.status()["people"]},
        "the browser in the status",
    )


@pytest.mark.long
def test_autosave_switched_off_in_jupyterlab_is_mirrored(
    shared_host: RtcdFolder, shared_lab: LabPage
):
    host, lab = shared_host, shared_lab
    name = new_file(host, lab, "notes.txt", "alpha\n")
    lab.open_text(name)
    lab.until(lambda: autosave_of_daemon(host, name) == [True], "the daemon in the room")
    lab.set_autosave(on=False)
    lab.until(lambda: autosave_of_daemon(host, name) == [False], "the daemon to say no as well")
    lab.set_autosave(on=True)
    lab.until(lambda: autosave_of_daemon(host, name) == [True], "the daemon to say yes again")


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

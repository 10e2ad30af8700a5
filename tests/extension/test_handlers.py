"""The addresses that the extension adds, on a real server."""

from __future__ import annotations

import asyncio
import json
import stat
from pathlib import Path

import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from extension.fake_daemon import lock_held
from extension.room_client import headers, joined, until
from rtcd import __version__

pytestmark = pytest.mark.end_to_end


@pytest.fixture
async def http(served):
    async with httpx.AsyncClient(
        timeout=60, base_url=served.address.url, headers=headers(served.address)
    ) as client:
        yield client


async def moved(http, old, new):
    return await http.post("rtcd/moved", json={"from": old, "to": new})


async def test_about_names_the_folder_and_tells_whether_a_daemon_lives(served, http):
    about = (await http.get("rtcd/about")).json()
    with lock_held(served.places):
        with_daemon = (await http.get("rtcd/about")).json()
    assert about["root_id"] == served.places.project_id
    assert about["version"] == __version__
    assert (about["daemon_alive"], with_daemon["daemon_alive"]) == (False, True)


@pytest.mark.parametrize(
    ("method", "address"),
    [("GET", "rtcd/about"), ("GET", "rtcd/rooms"), ("POST", "rtcd/moved")],
)
async def test_strangers_are_told_nothing(served, method, address):
    async with httpx.AsyncClient(timeout=60, base_url=served.address.url) as stranger:
        assert (await stranger.request(method, address, json={})).status_code == 403


async def test_rooms_lists_the_live_documents(served, http):
    (served.project / "listed.txt").write_text("one\n")
    async with joined(served.address, "listed.txt") as room:
        rooms = (await http.get("rtcd/rooms")).json()["rooms"]
        assert {
            "room": f"text:file:{room.file_id}",
            "file_id": room.file_id,
            "path": "listed.txt",
            "clients": 1,
        } in rooms


async def test_a_moved_file_keeps_its_room(served, http):
    """The OS moved it; people in the room go on and their text reaches the new name."""
    (served.project / "folder").mkdir()
    file, new = served.project / "old.txt", served.project / "folder/new.txt"
    file.write_text("one\n")
    async with joined(served.address, "old.txt") as room:
        file.rename(new)
        reply = await moved(http, "old.txt", "folder/new.txt")
        assert reply.json() == {"id": room.file_id, "moved": True}
        await until(lambda: room.state["path"] == "folder/new.txt")
        room.text += "typed\n"
        await until(lambda: new.read_text() == "one\ntyped\n")
        assert not file.exists()
        assert (await moved(http, "old.txt", "folder/new.txt")).json() == {
            "id": room.file_id,
            "moved": False,
        }


async def test_a_rename_through_the_server_reaches_the_room_as_well(served, http):
    (served.project / "api-old.txt").write_text("one\n")
    async with joined(served.address, "api-old.txt") as room:
        reply = await http.patch("api/contents/api-old.txt", json={"path": "api-new.txt"})
        assert reply.status_code == 200
        await until(lambda: room.state["path"] == "api-new.txt")


async def test_files_of_a_moved_folder_keep_their_ids(served, http):
    (served.project / "before").mkdir()
    (served.project / "before/in.txt").write_text("one\n")
    async with joined(served.address, "before/in.txt") as room:
        (served.project / "before").rename(served.project / "after")
        assert (await moved(http, "before", "after")).json()["moved"] is True
        await until(lambda: room.state["path"] == "after/in.txt")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a.txt", "../outside.txt"),
        ("../outside.txt", "a.txt"),
        ("a.txt", "/etc/passwd"),
        ("a.txt", "link/outside.txt"),
        ("a.txt", ""),
    ],
)
async def test_a_way_out_of_the_folder_is_refused(served, http, old, new):
    link = served.project / "link"
    if not link.is_symlink():
        link.symlink_to(served.project.parent)
    (served.project.parent / "outside.txt").write_text("secret\n")
    (served.project / "a.txt").write_text("one\n")
    assert (await moved(http, old, new)).status_code == 400


@pytest.mark.parametrize("body", [b"[]", b'{"from": "a"}', b"null", b"{"])
async def test_a_malformed_body_is_refused(http, body):
    assert (await http.post("rtcd/moved", content=body)).status_code == 400


async def test_a_target_that_is_not_on_disk_is_not_believed(http):
    assert (await moved(http, "a.txt", "never.txt")).status_code == 404


async def test_a_file_replaced_by_a_move_gives_its_name_away(served, http):
    (served.project / "winner.txt").write_text("one\n")
    (served.project / "loser.txt").write_text("two\n")
    await http.put("api/collaboration/session/loser.txt", json={"format": "text", "type": "file"})
    async with joined(served.address, "winner.txt") as room:
        (served.project / "winner.txt").rename(served.project / "loser.txt")
        assert (await moved(http, "winner.txt", "loser.txt")).json() == {
            "id": room.file_id,
            "moved": True,
        }


async def test_a_name_that_is_open_as_another_document_is_not_taken_away(served, http):
    (served.project / "from.txt").write_text("one\n")
    (served.project / "to.txt").write_text("two\n")
    async with joined(served.address, "from.txt"), joined(served.address, "to.txt"):
        (served.project / "from.txt").rename(served.project / "to.txt")
        assert (await moved(http, "from.txt", "to.txt")).status_code == 409


async def test_a_page_of_another_site_is_not_let_into_a_room(served):
    """Upstream checks no origin; a cookie would be enough."""
    (served.project / "origin.txt").write_text("one\n")
    async with httpx.AsyncClient(timeout=60, base_url=served.address.url) as browser:
        await browser.get("lab", params={"token": served.address.token.reveal()})
        cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    async with joined(served.address, "origin.txt") as room:
        url = served.address.url.replace("http", "ws", 1)
        address = f"{url}api/collaboration/room/text:file:{room.file_id}"
        with pytest.raises(InvalidStatus) as refused:
            await connect(
                address, origin="https://evil.example", additional_headers={"Cookie": cookie}
            )
        assert refused.value.response.status_code == 403
        own = served.address.url.rstrip("/")
        async with connect(address, origin=own, additional_headers={"Cookie": cookie}):
            pass


async def test_nothing_of_jupyter_lands_in_the_project(served, http):
    """After opening, editing, saving, making and restoring checkpoints, and listing."""
    folder = served.project / "clean"
    (folder / "sub").mkdir(parents=True)
    for place in (folder, folder / "sub"):
        (place / "x.txt").write_text(f"{place.name}\n")
    async with joined(served.address, "clean/x.txt") as room:
        room.text += "typed\n"
        assert await room.save() == "success"
    for path in ("clean/x.txt", "clean/sub/x.txt"):
        made = await http.post(f"api/contents/{path}/checkpoints")
        assert made.status_code == 201
    (folder / "x.txt").write_text("ruined\n")
    back = await http.post(f"api/contents/clean/x.txt/checkpoints/{made.json()['id']}")
    assert back.status_code == 204
    assert (folder / "x.txt").read_text() == "clean\ntyped\n"
    assert (await http.get("api/contents/clean")).status_code == 200
    await http.delete("api/contents/clean/sub/x.txt")
    found = {str(file.relative_to(folder)) for file in folder.rglob("*")}
    assert found == {"sub", "x.txt"}
    hidden = {file.name for file in served.project.iterdir() if file.name.startswith(".")}
    assert hidden <= {".rtcd"}


async def test_what_the_server_keeps_is_readable_by_its_owner_only(served, http):
    (served.project / "modes.txt").write_text("one\n")
    async with joined(served.address, "modes.txt") as room:
        room.text += "typed\n"
        assert await room.save() == "success"
        kept = [served.places.jupyter, *served.places.jupyter.iterdir(), served.places.token_file]
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) & 0o077 for file in kept}
        assert set(modes.values()) == {0}
        assert {"updates.db", "file_ids.db", "sessions.json", "server.log"} <= set(modes)


async def test_a_file_made_in_jupyterlab_is_as_readable_as_any_other(served, http):
    """Privacy of the server's own files must not change those of the project."""
    await http.put("api/contents/made.txt", json={"type": "file", "format": "text", "content": "x"})
    own = served.project / "own.txt"
    own.write_text("x")
    assert (served.project / "made.txt").stat().st_mode == own.stat().st_mode


async def test_the_token_is_in_no_log_and_on_no_command_line(served, http):
    token = served.address.token.reveal()
    pid = json.loads((served.places.state / "server.json").read_text())["pid"]
    assert token not in served.log.read_text()
    assert token.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert token.encode() not in Path(f"/proc/{pid}/environ").read_bytes()


async def test_kernels_start_in_the_project(served, http):
    specs = (await http.get("api/kernelspecs")).json()["kernelspecs"]
    assert "python3" in specs
    (served.project / "k.ipynb").write_text("{}")
    body = {"path": "k.ipynb", "type": "notebook", "name": "", "kernel": {"name": "python3"}}
    session = (await http.post("api/sessions", json=body, timeout=30)).json()
    try:
        record = json.loads((served.places.state / "server.json").read_text())
        await until(lambda: _folders_of_children(record["pid"]) == {served.project})
    finally:
        await http.delete(f"api/sessions/{session['id']}")


def _folders_of_children(pid):
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {Path(f"/proc/{child}/cwd").resolve() for child in children}


async def test_forty_rooms_at_once_on_a_new_store_all_open(served):
    """Without the store made in advance they destroy it (measured: dozens never synced)."""
    for number in range(40):
        (served.project / f"many{number}.txt").write_text(f"{number}\n")

    async def content(number):
        await asyncio.sleep(number * 0.01)
        async with joined(served.address, f"many{number}.txt") as room:
            return room.content

    found = await asyncio.gather(*(content(number) for number in range(40)))
    assert found == [f"{number}\n" for number in range(40)]
    assert "moving" not in served.log.read_text()

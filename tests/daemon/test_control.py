"""The control socket: who is served, what is refused, what happens to a hang-up."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import stat
from pathlib import Path
from typing import Any

import anyio
import pytest

from rtcd.daemon import control, unix_socket
from rtcd.daemon.control import ControlServer
from rtcd.daemon.control_client import DaemonAnsweredError, DaemonSilentError, ask
from rtcd.errors import HaltedError, NoDaemonError, RtcdError


async def echo(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"got": arguments}


async def ask_async(path: Path, *args: Any, **kwargs: Any) -> Any:
    return await asyncio.to_thread(ask, path, *args, **kwargs)


async def raw(path: Path, request: bytes, *, half_close: bool = False) -> bytes:
    reader, writer = await asyncio.open_unix_connection(str(path))
    writer.write(request)
    if half_close:
        writer.write_eof()
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "control.sock"


async def test_a_command_gets_its_arguments_and_its_result_comes_back(path: Path) -> None:
    async with await ControlServer.open(path, {"echo": echo}):
        assert await ask_async(path, "echo", {"a": ["ü", 1]}) == {"got": {"a": ["ü", 1]}}


async def test_an_answer_longer_than_any_buffer_arrives_whole(path: Path) -> None:
    async def long(_: dict[str, Any]) -> str:
        return "x" * 3_000_000

    async with await ControlServer.open(path, {"long": long}):
        assert len(await ask_async(path, "long")) == 3_000_000


async def test_the_socket_is_private_from_the_start(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mode is right in the moment of the bind, before anything else could change it."""
    seen: list[int] = []
    bind = socket.socket.bind

    def spying_bind(self: socket.socket, address: Any) -> None:
        bind(self, address)
        seen.append(stat.S_IMODE(os.lstat(address).st_mode))

    monkeypatch.setattr(socket.socket, "bind", spying_bind)
    before = os.umask(0o022)
    try:
        async with await ControlServer.open(path, {}):
            assert seen == [0o600]
            assert stat.S_IMODE(path.lstat().st_mode) == 0o600
            assert stat.S_IMODE(path.parent.lstat().st_mode) == 0o700
            assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


async def test_another_user_is_not_served(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(unix_socket, "peer_uid", lambda _: os.getuid() + 1)
    async with await ControlServer.open(path, {"echo": echo}):
        with caplog.at_level(logging.WARNING, "rtcd.daemon"):
            assert await raw(path, b"") == b""
    assert caplog.messages == [f"control connection refused uid={os.getuid() + 1}"]


async def test_the_kernel_names_the_user_at_the_other_end(path: Path) -> None:
    async with await ControlServer.open(path, {}):
        with unix_socket.connect(path, 1.0) as connected:
            assert unix_socket.peer_uid(connected) == os.getuid()


@pytest.mark.parametrize("size", [65_536, 5_000_000])
async def test_a_request_of_more_than_64_kb_is_refused(path: Path, size: int) -> None:
    async with await ControlServer.open(path, {"echo": echo}):
        with pytest.raises(DaemonAnsweredError) as caught:
            await ask_async(path, "echo", {"long": "x" * size})
    assert (caught.value.message, caught.value.code) == ("a request has at most 64 kB", "usage")
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("request_line", "why"),
    [
        (b"[]\n", "not an object"),
        (b'{"command": 3}\n', "wrong types"),
        (b'{"command": "echo", "arguments": []}\n', "wrong types"),
        (b"[" * 60_000 + b"\n", "too deep"),
    ],
)
async def test_a_malformed_request_is_answered_and_harms_nobody(
    path: Path, request_line: bytes, why: str
) -> None:
    async with await ControlServer.open(path, {"echo": echo}):
        assert json.loads(await raw(path, request_line)) == {
            "error": {
                "code": "usage",
                "message": f"the request is malformed: {why}",
                "hint": "",
                "exit_code": 2,
            }
        }
        assert await ask_async(path, "echo") == {"got": {}}


@pytest.mark.parametrize("noise", [b"\xff\xfe\n", b"\n", b"{\n", b"\0" * 100 + b"\n"])
async def test_noise_is_answered_with_an_error(path: Path, noise: bytes) -> None:
    async with await ControlServer.open(path, {}):
        assert json.loads(await raw(path, noise))["error"]["code"] == "usage"


async def test_an_unfinished_request_gets_no_answer(path: Path) -> None:
    async with await ControlServer.open(path, {"echo": echo}):
        assert await raw(path, b'{"command": "echo"', half_close=True) == b""


async def test_who_says_nothing_is_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "REQUEST_TIMEOUT_SECONDS", 0.01)
    async with await ControlServer.open(path, {}):
        reader, writer = await asyncio.open_unix_connection(str(path))
        assert await reader.read() == b""
        writer.close()


async def test_an_error_of_ours_travels_whole(path: Path) -> None:
    async def halt(_: dict[str, Any]) -> None:
        raise HaltedError("the folder was emptied", hint="Run `rtcd resume`.")

    async def grouped(_: dict[str, Any]) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(halt, {})

    async with await ControlServer.open(path, {"halt": halt, "grouped": grouped}):
        for name in ("halt", "grouped"):
            with pytest.raises(DaemonAnsweredError) as caught:
                await ask_async(path, name)
            error = caught.value
            assert (error.message, error.hint, error.code, error.exit_code) == (
                "the folder was emptied",
                "Run `rtcd resume`.",
                "halted",
                4,
            )


async def test_a_bug_is_logged_and_told_without_its_details(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_: dict[str, Any]) -> None:
        raise KeyError("s3cret")

    async def unspeakable(_: dict[str, Any]) -> object:
        return object()

    async with await ControlServer.open(path, {"broken": broken, "unspeakable": unspeakable}):
        with pytest.raises(DaemonAnsweredError) as caught:
            await ask_async(path, "broken")
        assert caught.value.exit_code == 70
        assert caught.value.message == "the daemon ran into a bug of its own (KeyError) in 'broken'"
        with pytest.raises(DaemonAnsweredError, match="TypeError"):
            await ask_async(path, "unspeakable")
    assert caplog.messages == [
        "command failed command=broken",
        "command failed command=unspeakable",
    ]
    assert "Traceback" in caplog.text


async def test_an_unknown_command_says_so(path: Path) -> None:
    async with await ControlServer.open(path, {}):
        with pytest.raises(DaemonAnsweredError, match="does not know the command 'dance'"):
            await ask_async(path, "dance")


async def test_a_watching_command_ends_when_the_asking_side_hangs_up(path: Path) -> None:
    started, cancelled = asyncio.Event(), asyncio.Event()

    async def status(_: dict[str, Any]) -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    async with await ControlServer.open(path, {"status": status}):
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"command": "status"}\n')
        await started.wait()
        writer.close()
        async with asyncio.timeout(40):
            await cancelled.wait()


async def test_a_half_closed_asker_still_gets_its_answer(path: Path) -> None:
    """``printf ... | nc -U`` closes its sending half at once."""
    release = asyncio.Event()

    async def status(_: dict[str, Any]) -> str:
        asyncio.get_running_loop().call_later(0.05, release.set)
        await release.wait()
        return "patience"

    async with await ControlServer.open(path, {"status": status}):
        answer = await raw(path, b'{"command": "status"}\n', half_close=True)
    assert json.loads(answer) == {"result": "patience"}


async def test_a_changing_command_runs_to_its_end_after_a_hang_up(path: Path) -> None:
    started, release, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def restore(_: dict[str, Any]) -> None:
        started.set()
        await release.wait()
        done.set()

    async with await ControlServer.open(path, {"restore": restore, "echo": echo}):
        _, writer = await asyncio.open_unix_connection(str(path))
        writer.write(b'{"command": "restore"}\n')
        await started.wait()
        writer.close()
        await ask_async(path, "echo")
        release.set()
        async with asyncio.timeout(40):
            await done.wait()


async def test_closing_removes_the_socket_and_drops_the_waiting(path: Path) -> None:
    started = asyncio.Event()

    async def wait(_: dict[str, Any]) -> None:
        started.set()
        await asyncio.Event().wait()

    server = await ControlServer.open(path, {"wait": wait})
    asking = asyncio.create_task(ask_async(path, "wait"))
    await started.wait()
    await server.close()
    with pytest.raises(NoDaemonError):
        await asking
    assert list(path.parent.iterdir()) == []


async def test_a_dead_daemons_socket_is_replaced(path: Path) -> None:
    unix_socket.listen(path).close()
    assert path.exists()
    with pytest.raises(NoDaemonError):
        await ask_async(path, "echo")
    async with await ControlServer.open(path, {"echo": echo}):
        assert await ask_async(path, "echo") == {"got": {}}


async def test_a_living_daemon_is_not_replaced(path: Path) -> None:
    async with await ControlServer.open(path, {"echo": echo}):
        with pytest.raises(RtcdError, match="already listens") as caught:
            await ControlServer.open(path, {})
        assert caught.value.code == "already-running"
        assert await ask_async(path, "echo") == {"got": {}}


async def test_a_link_or_file_in_the_place_of_the_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    for make in (lambda: path.write_text("mine"), lambda: path.symlink_to("/tmp")):
        path.unlink(missing_ok=True)
        make()
        with pytest.raises(RtcdError, match="is not a socket of yours"):
            await ControlServer.open(path, {})
        assert path.lstat().st_mode


async def test_a_socket_deep_in_the_file_system_is_reached(tmp_path: Path) -> None:
    """The kernel takes 107 bytes; folders may be deeper."""
    path = tmp_path / ("d" * 120) / "control.sock"
    async with await ControlServer.open(path, {"echo": echo}):
        assert await ask_async(path, "echo") == {"got": {}}
    assert list(path.parent.iterdir()) == []


async def test_a_silent_daemon_is_told_apart_from_none(path: Path) -> None:
    async def wait(_: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    async with await ControlServer.open(path, {"wait": wait}):
        with pytest.raises(DaemonSilentError, match="did not answer 'wait' in time"):
            await ask_async(path, "wait", timeout=0.05)


def test_no_socket_means_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(NoDaemonError) as caught:
        ask(tmp_path / "control.sock", "status")
    assert (caught.value.hint, caught.value.exit_code) == (
        "Run `rtcd start` to share the folder.",
        3,
    )

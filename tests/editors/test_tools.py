"""sed, perl, git, tee, cp, mv, black and ruff on a file that somebody else is typing in."""

from __future__ import annotations

import asyncio
import itertools
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from editors.daemon_word import settle
from end_to_end.project_folder import RoomPerson, RtcdFolder, eventually_async
from rtcd.merge.base import GIT_SECONDS

pytestmark = [pytest.mark.editors, pytest.mark.end_to_end]

START = "".join(f"value_{number} = {number}\n" for number in range(40))
ROUNDS = 5


class Typing:
    """Somebody who types a line into the room every few milliseconds, at different places."""

    def __init__(self, person: RoomPerson, label: str) -> None:
        self.lines: list[str] = []
        self._person = person
        self._label = label
        self._going = True
        self._task = asyncio.create_task(self._type())

    async def _type(self) -> None:
        while self._going:
            line = f"# {self._label} {len(self.lines)}"
            starts = [n + 1 for n, sign in enumerate(self._person.text) if sign == "\n"]
            await self._person.type(f"{line}\n", at=starts[len(self.lines) * 7 % len(starts)])
            self.lines.append(line)
            await asyncio.sleep(0.012)

    async def stop(self) -> list[str]:
        """What was typed."""
        self._going = False
        await self._task
        return self.lines


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; the caller looks at its exit code."""
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def stale_copy(file: Path, mark: str) -> Path:
    """An edit of the file as it is now, beside the project, to be put in its place later."""
    copy = file.parents[1] / f"{file.name}.edited"
    copy.write_text(file.read_text() + f"{mark} = True\n")
    return copy


def sed(file: Path, mark: str) -> None:
    """``sed -i``: its line after the first one that starts with value_39."""
    assert (
        run("sed", "-i", f"/^value_39/a {mark} = True", file.name, cwd=file.parent).returncode == 0
    )


def perl(file: Path, mark: str) -> None:
    """``perl -pi``."""
    change = f"s/^(value_20 = .*)$/$1\\n{mark} = True/"
    assert run("perl", "-pi", "-e", change, file.name, cwd=file.parent).returncode == 0


def tee(file: Path, mark: str) -> None:
    """``... | tee file``: in place."""
    edited = stale_copy(file, mark).read_bytes()
    subprocess.run(["tee", str(file)], input=edited, capture_output=True, check=True)


def cp(file: Path, mark: str) -> None:
    """``cp edited file``: in place."""
    assert run("cp", stale_copy(file, mark), file, cwd=file.parent).returncode == 0


def mv(file: Path, mark: str) -> None:
    """``mv edited file``: renamed over."""
    assert run("mv", stale_copy(file, mark), file, cwd=file.parent).returncode == 0


def append(file: Path, mark: str) -> None:
    """``echo >> file``."""
    with file.open("a") as opened:
        opened.write(f"{mark} = True\n")


WRITERS: dict[str, Callable[[Path, str], None]] = {
    writer.__name__: writer for writer in (sed, perl, tee, cp, mv, append)
}


TRIES = itertools.count(1)


@asynccontextmanager
async def _live(host: RtcdFolder, name: str, text: str) -> AsyncIterator[tuple[Path, RoomPerson]]:
    """A new file with somebody in its room, at rest; a second try gets another one."""
    name = f"try{next(TRIES)}_{name}"
    file = host.write(name, text)
    await asyncio.to_thread(settle, host)
    async with RoomPerson.joined(host.address, name) as grace:
        await asyncio.to_thread(settle, host)
        yield file, grace


async def _agree(host: RtcdFolder, grace: RoomPerson, file: Path) -> str:
    """Wait until the room and the disk hold the same, at rest; what that is."""
    await asyncio.to_thread(settle, host)
    await eventually_async(lambda: grace.text == file.read_text(), "room and disk to agree")
    await asyncio.to_thread(settle, host)
    assert grace.text == file.read_text()
    return grace.text


def _assert_once(text: str, lines: list[str], log: str) -> None:
    """Every line is there, and once."""
    there = text.splitlines()
    wrong = {line: there.count(line) for line in lines if there.count(line) != 1}
    assert not wrong, log


@pytest.mark.parametrize("name", sorted(WRITERS))
async def test_a_tool_that_rewrites_a_file_loses_nothing_that_is_typed_meanwhile(
    shared_host: RtcdFolder, name: str
):
    async with _live(shared_host, f"{name}.py", START) as (file, grace):
        typing = Typing(grace, "typed")
        marks = []
        for number in range(ROUNDS):
            await asyncio.to_thread(WRITERS[name], file, f"{name}_{number}")
            marks.append(f"{name}_{number} = True")
            await asyncio.sleep(0.1)
        lines = await typing.stop()
        text = await _agree(shared_host, grace, file)
        _assert_once(text, [*lines, *marks, *START.splitlines()], shared_host.log())


@pytest.mark.parametrize("tool", ["black", "ruff"])
async def test_a_formatter_loses_nothing_that_is_typed_meanwhile(
    shared_host: RtcdFolder, tool: str
):
    command = {"black": ["black", "-q"], "ruff": ["ruff", "format", "-q"]}[tool]
    if run(sys.executable, "-m", tool, "--version", cwd=shared_host.root).returncode:
        pytest.skip(f"{tool} is not installed")
    ugly = "".join(f"value_{number}   =  [{number},2 ]\n" for number in range(40))
    tidy = [f"value_{number} = [{number}, 2]" for number in range(40)]
    async with _live(shared_host, f"by_{tool}.py", ugly) as (file, grace):
        typing = Typing(grace, "typed")
        done = await asyncio.to_thread(
            run, sys.executable, "-m", *command, file.name, cwd=file.parent
        )
        await asyncio.sleep(0.1)
        lines = await typing.stop()
        assert done.returncode == 0, done.stderr
        text = await _agree(shared_host, grace, file)
        _assert_once(text, [*lines, *tidy], shared_host.log())


class Repository:
    """Git in the project folder; only the test's own file is in it."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.run("init", "-q", "-b", "main")
        self.run("add", file.name)
        self.run("commit", "-qm", "first", "--", file.name)

    def try_to(self, *arguments: str) -> bool:
        """Run git; False when it refused."""
        identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        return run("git", *identity, *arguments, cwd=self.file.parent).returncode == 0

    @property
    def branch(self) -> str:
        """The branch that is checked out."""
        return (self.file.parent / ".git" / "HEAD").read_text().strip().rpartition("/")[2]

    def run(self, *arguments: str) -> None:
        """Run git; it must not refuse."""
        assert self.try_to(*arguments), arguments


@pytest.fixture
def no_repository(shared_host: RtcdFolder):
    """Each test makes a repository of its own."""
    yield
    shutil.rmtree(shared_host.root / ".git", ignore_errors=True)


@pytest.mark.usefixtures("no_repository")
async def test_a_checkout_is_honoured_when_nobody_types(shared_host: RtcdFolder):
    async with _live(shared_host, "checkout.py", START) as (file, grace):
        git = Repository(file)
        git.run("checkout", "-qb", "other")
        other = START.replace("value_20 = 20\n", "").replace("= 7\n", "= 'seven'\n") + "new = 1\n"
        file.write_text(other)
        assert await _agree(shared_host, grace, file) == other
        git.run("commit", "-qam", "other")
        for branch, wanted in [("main", START), ("other", other)] * 4:
            git.run("checkout", "-q", branch)
            await eventually_async(lambda text=wanted: grace.text == text, f"the room on {branch}")
            assert await _agree(shared_host, grace, file) == wanted


@pytest.mark.usefixtures("no_repository")
async def test_what_is_typed_during_a_checkout_is_kept_on_the_new_branch(shared_host: RtcdFolder):
    async with _live(shared_host, "racing.py", START) as (file, grace):
        git = Repository(file)
        git.run("checkout", "-qb", "other")
        file.write_text(START.replace("= 30\n", "= 'thirty'\n"))
        await _agree(shared_host, grace, file)
        git.run("commit", "-qam", "other")
        went = 0
        for number in range(16):
            before = git.branch
            after = "other" if before == "main" else "main"
            checkout = asyncio.create_task(asyncio.to_thread(git.try_to, "checkout", "-q", after))
            await asyncio.sleep(0.0015 * number)
            line = f"# typed during checkout {number}"
            await grace.type(f"{line}\n", at=0)
            went += await checkout
            text = await _agree(shared_host, grace, file)
            _assert_once(text, [line], shared_host.log())
            assert ("'thirty'" in text) == (git.branch == "other")
            git.run("commit", "-qam", f"round {number}")
        print(f"{went} of 16 checkouts went through while somebody typed")


@pytest.mark.usefixtures("no_repository")
async def test_stash_and_pop_keep_what_is_typed_meanwhile(shared_host: RtcdFolder):
    async with _live(shared_host, "stash.py", START) as (file, grace):
        git = Repository(file)
        for number in range(4):
            stashed = f"# to be stashed {number}"
            await grace.type(f"{stashed}\n", at=0)
            await _agree(shared_host, grace, file)
            # What was written a moment before stays in the file too: git may not have seen it.
            await asyncio.sleep(2 * GIT_SECONDS)
            stash = asyncio.create_task(asyncio.to_thread(git.run, "stash", "-q"))
            await asyncio.sleep(0.002 * number)
            line = f"# typed during stash {number}"
            await grace.type(f"{line}\n")
            await stash
            text = await _agree(shared_host, grace, file)
            assert stashed not in text
            if line in text:
                git.run("commit", "-qam", "typed meanwhile")
            pop = asyncio.create_task(asyncio.to_thread(git.try_to, "stash", "pop", "-q"))
            await asyncio.sleep(0.002 * number)
            later = f"# typed during pop {number}"
            await grace.type(f"{later}\n", at=grace.text.index("value_20"))
            popped = await pop
            await _agree(shared_host, grace, file)
            if not popped:
                git.run("commit", "-qam", "git refused: the file had changed")
                git.run("stash", "pop", "-q")
            text = await _agree(shared_host, grace, file)
            _assert_once(text, [stashed, line], shared_host.log())
            assert later in text
            git.run("commit", "-qam", f"round {number}")

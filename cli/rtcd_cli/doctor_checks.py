"""The checks of ``rtcd doctor``: each looks at one thing and gives one finding."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from importlib import metadata
from pathlib import Path
from typing import Literal

from rtcd import __version__
from rtcd.daemon.status import StatusReport
from rtcd.disk.exchange import CannotExchangeError, exchange
from rtcd.errors import NoDaemonError, RtcdError
from rtcd.places import Places
from rtcd.server import versions
from rtcd_cli.daemon_process import holds_folder
from rtcd_cli.output import plural, size
from rtcd_cli.project_option import ask_status

Outcome = Literal["ok", "note", "warn", "fail"]

LITTLE_SPACE_BYTES = 1_000_000_000
NO_SPACE_BYTES = 100_000_000
CLOCK_TOLERANCE_SECONDS = 5.0
SERVER_TIMEOUT_SECONDS = 3.0
# Their changes made on other machines are not told to us by the kernel.
REMOTE_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "vboxsf"})
# Each watched folder takes one watch; other programs of the user share the limit.
WATCH_SHARE = 2
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)\s*>=\s*(?P<floor>[0-9.]+)(?P<rest>[^;]*)(?:;\s*(?P<marker>.*))?"
)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: ``message`` says what is, ``hint`` what to do.

    A ``note`` is good to know and no finding: nothing can or need be done.
    """

    name: str
    outcome: Outcome
    message: str
    hint: str = ""

    def to_json(self) -> dict[str, str]:
        """One item of ``rtcd doctor --json``."""
        return {
            "check": self.name,
            "outcome": self.outcome,
            "message": self.message,
            "hint": self.hint,
        }


def all_checks(places: Places) -> list[Check]:
    """Everything, in the order in which trouble is best looked for."""
    status, daemon = check_daemon(places)
    looks: list[Callable[[], Iterable[Check]]] = [
        check_python,
        check_packages,
        check_server_packages,
        lambda: [daemon],
        lambda: check_server_elsewhere(status),
        lambda: check_permissions(places),
        lambda: check_file_system(places),
        lambda: check_watches(places),
        lambda: check_space(places),
        lambda: check_clocks(places, status),
        lambda: check_left_behind(places),
    ]
    return [check for look in looks for check in look()]


def check_python() -> Iterator[Check]:
    """The interpreter itself."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    yield Check("python", "ok", f"Python {version}, rtcd {__version__}")


def requirements() -> Iterator[tuple[str, str, str | None]]:
    """Name, floor and extra of each package that the installed rtcd asks for."""
    for text in metadata.requires("rtcd") or ():
        found = _REQUIREMENT.match(text)
        if found is None:
            continue
        marker = found["marker"] or ""
        if "sys_platform" in marker and sys.platform not in marker:
            continue
        extra = re.search(r"extra\s*==\s*['\"](\w+)['\"]", marker)
        yield found["name"], found["floor"], extra[1] if extra else None


def check_packages() -> Iterator[Check]:
    """What rtcd cannot run without."""
    yield from _packages("packages", None, "pip install --upgrade rtcd")


def check_server_packages() -> Iterator[Check]:
    """What a server started by rtcd needs; a guest of a server elsewhere needs none of it."""
    name = "server packages"
    if versions.installed_version("jupyter_server") is None:
        yield Check(
            name,
            "note",
            "not installed; only a server on this machine needs them",
            "`pip install 'rtcd[server]'` brings them.",
        )
        return
    yield from _packages(name, "server", "pip install --upgrade 'rtcd[server]'")
    for finding in versions.check_installed():
        yield Check(name, "fail", finding.message, finding.hint)
    for finding in versions.known_defects():
        yield Check("known defects", "note", finding.message, finding.hint)


def _packages(name: str, extra: str | None, command: str) -> Iterator[Check]:
    wanted = [(package, floor) for package, floor, of in requirements() if of == extra]
    told = {_normal(floor.package) for floor in versions.FLOORS}
    wrong = []
    for package, floor in wanted:
        found = versions.installed_version(package)
        if found is None:
            wrong.append(f"{package} is missing")
        elif versions.is_older(found, floor) and _normal(package) not in told:
            wrong.append(f"{package} {found} is older than {floor}")
    if wrong:
        yield Check(name, "fail", "; ".join(wrong), f"Run `{command}`.")
    else:
        yield Check(name, "ok", f"all {len(wanted)} are there")


def _normal(package: str) -> str:
    return re.sub(r"[-_.]+", "-", package).lower()


def check_server_elsewhere(status: StatusReport | None) -> Iterator[Check]:
    """The versions that the connected server told us."""
    if status is None or status.server.mode == "embedded":
        return
    told = dict(re.findall(r"([\w.-]+)[ /](\d[\w.]*)", status.server.software))
    for finding in versions.check_server(told):
        yield Check("server", "warn", finding.message, finding.hint)


def check_daemon(places: Places) -> tuple[StatusReport | None, Check]:
    """Does it run, does it answer, is it the same version as this command?"""
    try:
        status = ask_status(places)
    except NoDaemonError:
        if holds_folder(places.lock):
            return None, Check(
                "daemon",
                "fail",
                "a daemon holds the folder and does not listen",
                f"It may still be starting; look into {places.log_file}.",
            )
        return None, Check("daemon", "note", "none runs", "`rtcd start` shares the folder.")
    except RtcdError as error:
        return None, Check("daemon", "fail", error.message, error.hint)
    if status.daemon.version != __version__:
        return status, Check(
            "daemon",
            "warn",
            f"it is rtcd {status.daemon.version}, this command is {__version__}",
            "Run `rtcd stop` and `rtcd start`.",
        )
    outcome: Outcome = "fail" if status.state in ("error", "halted") else "ok"
    if not status.server.connected:
        outcome = "fail"
    hints = {"halted": "`rtcd resume` tells why.", "offline": "Is the server up? Is it reachable?"}
    words = f"process {status.daemon.pid}, {status.state}, server {status.server.url}"
    return status, Check("daemon", outcome, words, hints.get(status.state, ""))


def check_permissions(places: Places) -> Iterator[Check]:
    """Nobody else may look into what rtcd keeps."""
    private = (places.inside, places.state, places.jupyter, places.token_file, places.database)
    wrong = []
    for path in private:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        if found.st_uid != os.getuid():
            wrong.append(f"{path} belongs to another user")
        elif stat.S_IMODE(found.st_mode) & 0o077 and not stat.S_ISLNK(found.st_mode):
            wrong.append(f"{path} is open to others (mode {stat.S_IMODE(found.st_mode):04o})")
        elif stat.S_ISLNK(found.st_mode):
            wrong.append(f"{path} is a link")
    if wrong:
        yield Check("permissions", "fail", "; ".join(wrong), "`chmod go-rwx` closes them.")
    elif not os.access(places.project, os.R_OK | os.W_OK | os.X_OK):
        yield Check(
            "permissions", "fail", "you may not read and write the folder", "Ask its owner."
        )
    else:
        yield Check("permissions", "ok", "what rtcd keeps is private")


def check_file_system(places: Places) -> Iterator[Check]:
    """Can two files be swapped in one step, are locks kept, is it a local disk?"""
    kind = file_system_of(places.project)
    if kind in REMOTE_FILE_SYSTEMS:
        yield Check(
            "file system",
            "warn",
            f"{kind}: changes made on other machines are seen late",
            "Run rtcd on the machine that has the disk, if you can.",
        )
    with _trial_folder(places) as folder:
        if folder is None:
            yield Check("file system", "ok", f"{kind or 'unknown'}; not tried before `rtcd start`")
            return
        yield _check_exchange(folder, kind)
        yield _check_lock(folder)


def _check_exchange(folder: Path, kind: str) -> Check:
    first, second = folder / "first", folder / "second"
    first.write_bytes(b"1")
    second.write_bytes(b"2")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        exchange(descriptor, "first", descriptor, "second")
    except CannotExchangeError:
        return Check(
            "swap",
            "warn",
            f"{kind or 'this file system'} cannot swap two files in one step",
            "rtcd compares, keeps a copy and renames instead; a local disk is safer.",
        )
    except OSError as error:
        return Check("swap", "fail", f"files cannot be swapped: {error.strerror}")
    finally:
        os.close(descriptor)
    return Check("swap", "ok", f"{kind or 'the file system'} swaps two files in one step")


def _check_lock(folder: Path) -> Check:
    with (folder / "lock").open("wb") as one, (folder / "lock").open("rb") as other:
        try:
            fcntl.flock(one, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            hint = "Two daemons on this folder could not see each other."
            return Check("locks", "fail", f"the file system has no locks: {error.strerror}", hint)
        try:
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return Check("locks", "ok", "locks are kept")
    return Check("locks", "fail", "the file system gives locks to everybody", "Use a local disk.")


@contextmanager
def _trial_folder(places: Places) -> Iterator[Path | None]:
    """A folder inside ``.rtcd/`` for a moment; None where there is none or nothing can be made."""
    if not places.inside.is_dir():
        yield None
        return
    try:
        folder = tempfile.TemporaryDirectory(prefix="doctor-", dir=places.inside)
    except OSError:
        yield None
        return
    with folder as name:
        yield Path(name)


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of file system that holds ``path``; empty where the system does not tell."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = "", ""
    for line in lines:
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        where = fields[1].replace("\\040", " ")
        if len(where) >= len(best) and path.is_relative_to(where):
            best, kind = where, fields[2]
    return kind


def check_watches(places: Places) -> Iterator[Check]:
    """Linux gives each user a number of watches; one folder takes one."""
    limits = Path("/proc/sys/fs/inotify")
    try:
        watches = int((limits / "max_user_watches").read_text())
        instances = int((limits / "max_user_instances").read_text())
    except (OSError, ValueError):
        return
    folders = count_folders(places.project, enough=watches)
    known = f"{plural(folders, 'folder')}, {watches:,} watches, {instances:,} watchers allowed"
    if folders * WATCH_SHARE > watches:
        hint = f"`sudo sysctl fs.inotify.max_user_watches={max(524_288, folders * 4)}` allows more."
        yield Check("watches", "warn", known, hint)
    elif instances < 16:
        hint = "`sudo sysctl fs.inotify.max_user_instances=512` allows more."
        yield Check("watches", "warn", known, hint)
    else:
        yield Check("watches", "ok", known)


def count_folders(project: Path, *, enough: int) -> int:
    """Folders that are not hidden, links not followed; counting ends at ``enough``."""
    count = 0
    for _, folders, _ in os.walk(project):
        folders[:] = [name for name in folders if not name.startswith(".")]
        count += 1
        if count >= enough:
            break
    return count


def check_space(places: Places) -> Iterator[Check]:
    """Where the project is and where the state is."""
    seen = set()
    for name, path in (("disk space", places.project), ("state space", places.state)):
        existing = next(folder for folder in (path, *path.parents) if folder.exists())
        device = existing.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        free = shutil.disk_usage(existing).free
        outcome: Outcome = (
            "fail" if free < NO_SPACE_BYTES else "warn" if free < LITTLE_SPACE_BYTES else "ok"
        )
        yield Check(
            name, outcome, f"{size(free)} free", "Make room; rtcd writes beside, then swaps."
        )


def check_clocks(places: Places, status: StatusReport | None) -> Iterator[Check]:
    """Ours against the file system's and the server's; times only inform, so trouble is small."""
    differences = []
    with _trial_folder(places) as folder:
        if folder is not None:
            trial = folder / "clock"
            trial.write_bytes(b"")
            differences.append(("the file system", trial.stat().st_mtime - time.time()))
    if status is not None and (server := server_time(status.server.url)) is not None:
        differences.append(("the server", server - time.time()))
    wrong = [
        f"{whose}'s clock is {abs(off):.0f} s {'ahead' if off > 0 else 'behind'}"
        for whose, off in differences
        if abs(off) > CLOCK_TOLERANCE_SECONDS
    ]
    if wrong:
        hint = "Times in the history will look odd; nothing is decided by them."
        yield Check("clocks", "warn", "; ".join(wrong), hint)
    elif differences:
        yield Check("clocks", "ok", "agree: " + ", ".join(whose for whose, _ in differences))


def server_time(url: str) -> float | None:
    """The server's clock from the head of an answer that needs no token; None without one."""
    try:
        with urllib.request.urlopen(url + "api", timeout=SERVER_TIMEOUT_SECONDS) as answer:
            date = answer.headers.get("Date")
    except urllib.error.HTTPError as error:
        date = error.headers.get("Date")
    except (OSError, ValueError):
        return None
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except ValueError:
        return None


def check_left_behind(places: Places) -> Iterator[Check]:
    """Copies that were kept because nobody could merge, and databases that were damaged."""
    recovery = [path for path in _entries(places.recovery) if not path.name.startswith("handover-")]
    if recovery:
        yield Check(
            "recovery",
            "warn",
            f"{plural(len(recovery), 'copy', 'copies')} kept in {places.recovery}",
            "Look at them; delete what you do not need.",
        )
    damaged = [path for path in _entries(places.inside) if ".damaged-" in path.name]
    if damaged:
        yield Check(
            "history",
            "warn",
            f"a damaged history was put aside: {damaged[0]}",
            "Older versions and conflicts are in it; delete it when you do not need them.",
        )


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []

"""``World``: a host, two guests behind bad networks, people in rooms, and what must not be lost.

The model does not predict an outcome. It keeps what the promises oblige rtcd to: a save that was
closed, typing that a daemon has received. Whatever happened, when all faults are healed every such
token is in every view once, every other token at most once, and all views are equal.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from end_to_end.live_file import notebook
from faults.daemons import FaultFolder, Nursery, wait_for
from faults.fault_proxy import FaultProxy
from faults.rig import add_line, disk_text, save_by_rename, save_in_place, save_with_backup
from faults.room_people import RoomPeople, Visitor
from rtcd.errors import RtcdError

SAVES = (save_in_place, save_by_rename, save_with_backup)
GUESTS = 2
RECEIVED_SECONDS = 10.0
"""After this a living daemon has received what the server has, however busy the machine is."""

SETTLE_SECONDS = 60.0


class Site:
    """One folder and what an editor in it has loaded."""

    def __init__(self, folder: FaultFolder, proxy: FaultProxy | None) -> None:
        self.folder = folder
        self.proxy = proxy
        self.loaded: dict[str, tuple[str, set[str]]] = {}
        self.saved: set[str] = set()
        self.up_since = 0.0

    @property
    def name(self) -> str:
        """``host``, ``guest1``, ..."""
        return self.folder.root.name


class World:
    """Started once; every history has files of its own."""

    def __init__(self, nursery: Nursery) -> None:
        self.place = Path(tempfile.mkdtemp(prefix="rt-", dir="/var/tmp"))
        self.people = RoomPeople()
        self.sites: list[Site] = []
        self.visitors: list[Visitor] = []
        self.sure: dict[str, set[str]] = {}
        self.unsure: dict[str, set[str]] = {}
        self.fresh: list[tuple[Visitor, str, float]] = []
        self.story: list[str] = []
        self.random = random.Random(0)
        self._number = 0
        self._histories = 0
        host = FaultFolder(nursery, self.place / "host", self.place / "home0")
        host.begin()
        self.sites.append(Site(host, None))
        port = int(host.address.url.rsplit(":", 1)[1].strip("/"))
        for number in range(1, GUESTS + 1):
            proxy = FaultProxy(port)
            self.people.do(proxy.__aenter__())
            home = self.place / f"home{number}"
            guest = FaultFolder(nursery, self.place / f"guest{number}", home)
            token = host.address.token.reveal()
            guest.begin(server_url=proxy.url(host.address.url), token=token)
            self.sites.append(Site(guest, proxy))

    def close(self) -> None:
        """Stop everything."""
        self.heal_networks()
        for site in reversed(self.sites):
            if not site.folder.is_alive:
                site.folder.begin()
            site.folder.end()
            if site.proxy is not None:
                self.people.do(site.proxy.__aexit__(None, None, None))
        self.people.close()
        shutil.rmtree(self.place, ignore_errors=True)

    def keep_evidence(self, folder: Path) -> None:
        """A copy of all folders, logs and databases, and of the story, for whoever looks into it."""
        shutil.copytree(self.place, folder, symlinks=True, ignore=_without_sockets)
        (folder / "story.txt").write_text("\n".join(self.story) + "\n")

    # ------------------------------------------------------------------ histories

    def begin(self, seed: int) -> None:
        """New files for a new history; all is well at this time."""
        self.random = random.Random(seed)
        self._histories += 1
        self.fresh.clear()
        self.story.clear()
        self.unsure = {}
        self.sure = {f"text{self._histories}.txt": set(), f"book{self._histories}.ipynb": set()}
        for path in self.sure:
            self.unsure[path] = set()
            text = "first line\n" if path.endswith(".txt") else notebook("a = 1\n", "b = 2\n")
            self.sites[0].folder.write(path, text)
        for site in self.sites:
            site.up_since = time.monotonic()
            site.loaded.clear()
            site.saved.clear()
        address = self.sites[0].folder.address
        assert wait_for(self._is_everywhere, SETTLE_SECONDS), self.report()
        self.visitors = [self.people.visit(address, path) for path in self.sure]
        assert wait_for(self.is_settled, SETTLE_SECONDS), self.report()

    def _is_everywhere(self) -> bool:
        return all((site.folder.root / path).exists() for site in self.sites for path in self.sure)

    def end(self) -> None:
        """Heal everything, give everyone a canary to say, and check what the promises say."""
        self.heal_networks()
        for site in self.sites:
            if not site.folder.is_alive:
                self._start(site)
        assert wait_for(self._everyone_is_connected, 60), self.report()
        for visitor in self.visitors:
            self._come_back(visitor)
        for path in self.sure:
            for site in self.sites:
                self.edit_disk(site, path)
        for visitor in self.visitors:
            self.edit_room(visitor)
        assert wait_for(self.is_settled, SETTLE_SECONDS), self.report()
        for visitor in self.visitors:
            visitor.leave()
        for path in self.sure:
            (self.sites[0].folder.root / path).unlink()
        gone = wait_for(lambda: not self._any_left(), SETTLE_SECONDS)
        assert gone, self.report()

    def _any_left(self) -> bool:
        return any((site.folder.root / path).exists() for site in self.sites for path in self.sure)

    def _everyone_is_connected(self) -> bool:
        return all(site.folder.state().get("server", {}).get("connected") for site in self.sites)

    # ------------------------------------------------------------------ what people do

    def token(self, who: str) -> str:
        """A word that occurs nowhere else."""
        self._number += 1
        return f"{who}{self._number:06d}"

    def edit_disk(self, site: Site, path: str) -> None:
        """Load, add a line, save."""
        self.age()
        file = site.folder.root / path
        try:
            before = file.read_bytes().decode()
        except FileNotFoundError:
            return
        self._save(site, path, before)

    def load(self, site: Site, path: str) -> None:
        """An editor opens the file, and keeps it open."""
        text = site.folder.read(path)
        if text:
            site.loaded[path] = (text, {token for token in site.saved if token in text})

    def save_loaded(self, site: Site, path: str) -> None:
        """The editor saves what it had loaded, with one line more; others' work is not in it."""
        self.age()
        if path not in site.loaded:
            return
        text, had = site.loaded[path]
        # What its own user saved over before any daemon has looked is nobody's promise.
        elsewhere = self._views_but(site, path)
        for token in site.saved:
            is_seen = any(token + " " in view for view in elsewhere)
            if token not in had and token in self.sure[path] and not is_seen:
                self.sure[path].discard(token)
                self.unsure[path].add(token)
        site.loaded[path] = (self._save(site, path, text), {*had})

    def _save(self, site: Site, path: str, before: str) -> str:
        token = self.token(f"d{self.sites.index(site)}x")
        after = add_line(path, before, token, self.random)
        try:
            self.random.choice(SAVES)(site.folder.root / path, after.encode())
        except FileNotFoundError:
            return before
        self.sure[path].add(token)
        site.saved.add(token)
        lacks = sorted(other for other in self.sure[path] if other + " " not in after)
        self.tell(f"{token} saved in {path}" + (f", without {lacks}" if lacks else ""))
        return after

    def tell(self, what: str) -> None:
        """A line of the story, with the time of the daemons' logs."""
        self.story.append(f"{datetime.now().astimezone():%H:%M:%S,%f} {what}")

    def edit_room(self, visitor: Visitor) -> None:
        """Somebody types in the browser."""
        self.age()
        if not visitor.is_here:
            self._come_back(visitor)
        token = self.token("r")
        if visitor.is_here and visitor.type(token, self.random):
            self.fresh.append((visitor, token, time.monotonic()))
            self.tell(f"{token} typed in {visitor.path}")
        self.unsure[visitor.path].add(token)

    def age(self) -> None:
        """Typing that the server has passed on to a daemon is received, and so on somebody's disk.

        What goes into the socket of a server that was just killed is nowhere but with its author.
        """
        host = self.sites[0]
        now = time.monotonic()
        if not host.folder.is_alive:
            return
        for typed in list(self.fresh):
            visitor, token, since = typed
            is_old = now - max(since, host.up_since) > RECEIVED_SECONDS
            if token in visitor.echoed and (is_old or self._is_on_a_disk(visitor.path, token)):
                self.fresh.remove(typed)
                self.unsure[visitor.path].discard(token)
                self.sure[visitor.path].add(token)

    def _is_on_a_disk(self, path: str, token: str) -> bool:
        return any(token + " " in site.folder.read(path) for site in self.sites)

    def _views_but(self, site: Site, path: str) -> list[str]:
        """What all others have of a file."""
        texts = [disk_text(other.folder, path) for other in self.sites if other is not site]
        return texts + [visitor.text for visitor in self.visitors if visitor.path == path]

    # ------------------------------------------------------------------ what goes wrong

    def kill_daemon(self, site: Site) -> None:
        """SIGKILL."""
        self.age()
        self.tell(f"{site.name} is killed")
        site.folder.slay()

    def start_daemon(self, site: Site) -> None:
        """Start it, if it is dead."""
        if not site.folder.is_alive:
            self._start(site)

    def _start(self, site: Site) -> None:
        self.tell(f"{site.name} starts")
        site.folder.launch()
        said = site.folder.ready()
        if said is None or "error" in said:
            # A guest cannot start without its server; it is tried again.
            assert site.proxy is not None, (said, site.folder.log())
            self.heal_networks()
            assert wait_for(lambda: self._try_start(site), 60), site.folder.log()
        site.up_since = time.monotonic()

    def _try_start(self, site: Site) -> bool:
        if site.folder.find_again(0):
            return True
        site.folder.launch()
        said = site.folder.ready()
        return said is not None and "ready" in said

    def kill_server(self) -> None:
        """SIGKILL the embedded server; the host's daemon starts it again."""
        self.age()
        self.fresh.clear()
        if self.sites[0].folder.is_alive:
            self.tell("the server is killed")
            self.sites[0].folder.kill_server()

    def freeze(self, site: Site, seconds: float) -> None:
        """SIGSTOP, as a sleeping laptop."""
        if site.folder.is_alive and site.folder.pid is not None:
            self.tell(f"{site.name} sleeps {seconds} s")
            os.kill(site.folder.pid, signal.SIGSTOP)
            time.sleep(seconds)
            os.kill(site.folder.pid, signal.SIGCONT)

    def spoil_network(self, site: Site, how: Callable[[FaultProxy], None]) -> None:
        """Do something to a guest's network."""
        if site.proxy is not None:
            self.tell(f"the network of {site.name}: {how.__name__}")
            self.people.do(_call(how, site.proxy))

    def heal_networks(self) -> None:
        """All networks are good."""
        for site in self.sites:
            self.spoil_network(site, heal)

    def _come_back(self, visitor: Visitor) -> None:
        def is_back() -> bool:
            try:
                visitor.come()
            except (RtcdError, OSError):
                return False
            return True

        if not visitor.is_here:
            wait_for(is_back, 20)

    # ------------------------------------------------------------------ what is seen

    def views(self, path: str) -> list[str]:
        """A file's text on every disk and in its room."""
        texts = [disk_text(site.folder, path) for site in self.sites]
        return texts + [visitor.text for visitor in self.visitors if visitor.path == path]

    def is_settled(self) -> bool:
        """All views are equal, hold what they must, and every daemon says so."""
        self.age()
        for path, sure in self.sure.items():
            views = self.views(path)
            if len(set(views)) > 1:
                return False
            counts = {token: views[0].count(token + " ") for token in sure | self.unsure[path]}
            if any(count > 1 for count in counts.values()) or not all(counts[t] for t in sure):
                return False
        return all(site.folder.at_rest() for site in self.sites)

    def report(self) -> str:
        """What is wrong."""
        lines = ["", *self.story]
        for path, sure in self.sure.items():
            for number, text in enumerate(self.views(path) if self.visitors else []):
                lost = sorted(token for token in sure if token + " " not in text)
                twice = [t for t in sure | self.unsure[path] if text.count(t + " ") > 1]
                lines.append(f"{path} view {number}: lost={lost} doubled={sorted(twice)}")
            if len(set(self.views(path) if self.visitors else [])) > 1:
                lines.append(f"{path}: views differ: {self.views(path)!r}")
        for site in self.sites:
            state = site.folder.state()
            lines.append(f"{site.name}: {site.folder.process_state()} {state}")
            lines.append(site.folder.log()[-4000:])
        return "\n".join(lines)


def _without_sockets(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if (Path(folder) / name).is_socket()]


async def _call(how: Callable[[FaultProxy], None], proxy: FaultProxy) -> None:
    how(proxy)


def heal(proxy: FaultProxy) -> None:
    """A good network; what lost bytes is cut, as TCP never goes on after a gap."""
    was_bad = proxy._dropping
    proxy.delay, proxy.rate, proxy.refuse, proxy.duplicate = 0.0, None, False, False
    proxy.resume()
    if was_bad:
        proxy.cut()


def cut(proxy: FaultProxy) -> None:
    """All connections are reset."""
    proxy.cut()


def half_open(proxy: FaultProxy) -> None:
    """Everything is thrown away and nobody is told."""
    proxy.drop()


def stall(proxy: FaultProxy) -> None:
    """Everything is held back."""
    proxy.stall()


def delay(proxy: FaultProxy) -> None:
    """Slow."""
    proxy.delay = 0.15


def refuse(proxy: FaultProxy) -> None:
    """Cut, and no new connection."""
    proxy.refuse = True
    proxy.cut()


def duplicate(proxy: FaultProxy) -> None:
    """Every new connection is made twice."""
    proxy.duplicate = True
    proxy.cut()

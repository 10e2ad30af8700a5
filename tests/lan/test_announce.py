"""Announcing: in step with what is wanted, withdrawn at the end, silent in a flood."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from zeroconf import NonUniqueNameException, ServiceStateChange

from rtcd.lan import announce, browse
from rtcd.lan.announce import MAX_CACHED_NAMES, Announcer, BusyMeter, Voice, Wanted
from rtcd.lan.browse import MAX_CPU_SECONDS, MAX_HEARD, MAX_SERVICES, Browser, NetworkError
from rtcd.lan.service import SERVICE_TYPE, Announcement
from rtcd.lan.share_state import mark_of

HERE = (ipaddress.ip_address("192.0.2.5"),)
WANTED = Wanted(port=8443, key="00" * 16, number=7)


class FakeZeroconf:
    """Writes down what it is asked to do; the first ``taken`` names belong to others."""

    def __init__(self, taken=0):
        self.calls = []
        self.taken = taken
        self.loop = None
        self.cache = SimpleNamespace(cache={})

    def register_service(self, info):
        if self.taken > 0:
            self.taken -= 1
            self.calls.append("taken")
            raise NonUniqueNameException
        self.calls.append(("register", info.decoded_properties, info.port))

    def update_service(self, info):
        self.calls.append(("update", info.decoded_properties, info.port))

    def unregister_service(self, info):
        self.calls.append("unregister")

    def close(self):
        self.calls.append("close")


class Stage:
    """An announcer with fakes all around, running."""

    def __init__(self, taken=0):
        self.wanted = WANTED
        self.addresses = HERE
        self.made = []
        self.taken = taken
        self.announcer = Announcer(lambda: self.wanted, lambda: self.addresses, self._make)

    def _make(self):
        self.made.append(FakeZeroconf(self.taken))
        return Voice(self.made[-1])

    @contextlib.asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.announcer.run())
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, is_so):
        self.announcer.wake()
        async with asyncio.timeout(40):
            while not is_so():
                await asyncio.sleep(0.005)

    @property
    def words(self):
        return [
            call if isinstance(call, str) else call[0] for one in self.made for call in one.calls
        ]


async def test_it_is_said_changed_and_withdrawn():
    stage = Stage()
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        await stage.until(lambda: stage.announcer.instance)
        instance = stage.announcer.instance
        assert stage.made[0].calls[0][1] == {"v": "1", "n": "7", "m": mark_of("00" * 16, instance)}
        stage.wanted = Wanted(port=8443, key="00" * 16, number=None)
        await stage.until(lambda: stage.words == ["register", "update"])
        assert "n" not in stage.made[0].calls[1][1]
    assert stage.words == ["register", "update", "unregister", "close"]


async def test_what_changes_while_it_speaks_is_said_right_after(monkeypatch):
    monkeypatch.setattr(announce, "LOOK_SECONDS", 3600.0)
    stage = Stage()
    speaks, may_end = threading.Event(), threading.Event()

    def say_slowly(zeroconf, info):
        speaks.set()
        assert may_end.wait(30)
        zeroconf.calls.append("update")

    monkeypatch.setattr(FakeZeroconf, "update_service", say_slowly)
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        stage.wanted = replace(WANTED, number=None)
        await stage.until(speaks.is_set)
        stage.wanted = replace(WANTED, number=8)
        stage.announcer.wake()
        may_end.set()
        async with asyncio.timeout(40):
            while stage.words != ["register", "update", "update"]:
                await asyncio.sleep(0.005)


async def test_nothing_wanted_is_nothing_said():
    stage = Stage()
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        stage.wanted = None
        await stage.until(lambda: stage.words == ["register", "unregister", "close"])
    assert stage.announcer.instance == ""


async def test_a_new_address_is_announced_anew_under_another_name():
    stage = Stage()
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        await stage.until(lambda: stage.announcer.instance)
        first = stage.announcer.instance
        stage.addresses = (ipaddress.ip_address("10.0.0.5"),)
        await stage.until(lambda: stage.words == ["register", "unregister", "close", "register"])
        await stage.until(lambda: stage.announcer.instance)
        assert stage.announcer.instance != first


async def test_a_name_that_somebody_claims_is_given_up_for_another():
    stage = Stage(taken=2)
    async with stage.running():
        await stage.until(lambda: stage.words == ["taken", "taken", "register"])


async def test_whoever_claims_every_name_only_keeps_us_silent():
    stage = Stage(taken=1000)
    async with stage.running():
        await stage.until(lambda: "close" in stage.words)
        assert stage.announcer.instance == ""
    with pytest.raises(NetworkError):
        Voice(FakeZeroconf(taken=3)).say(WANTED, HERE)


async def test_a_flood_of_names_makes_it_fall_silent_for_a_while():
    stage = Stage()
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        stage.made[0].cache.cache = dict.fromkeys(range(MAX_CACHED_NAMES + 1))
        await stage.until(lambda: stage.words == ["register", "unregister", "close"])
        assert stage.announcer.is_paused
        stage.wanted = Wanted(port=1, key="00" * 16, number=1)
        stage.announcer.wake()
        await asyncio.sleep(0)
        assert len(stage.made) == 1


async def test_answering_that_keeps_a_processor_busy_makes_it_fall_silent(monkeypatch):
    monkeypatch.setattr(announce, "BUSY_WINDOW_SECONDS", 0.01)
    monkeypatch.setattr(Voice, "seconds_used", lambda voice: time.monotonic())
    stage = Stage()
    async with stage.running():
        await stage.until(lambda: stage.words == ["register"])
        await asyncio.sleep(0.02)
        await stage.until(lambda: stage.announcer.is_paused)
        await stage.until(lambda: stage.words == ["register", "unregister", "close"])


def test_busy_is_judged_over_a_window():
    meter = BusyMeter(0.2, 10.0)
    seen = [(0.0, 0.0), (5.0, 4.0), (10.0, 4.0), (15.0, 4.0), (20.0, 5.0), (20.1, 9.0)]
    assert [meter.is_busy(now, used) for now, used in seen] == [
        False,
        False,
        True,
        False,
        False,
        False,
    ]
    meter.reset()
    assert not meter.is_busy(100.0, 99.0)


class SlowBrowser(Browser):
    """Looks names up at once, and finds what the test wants."""

    async def _look_up(self, name):
        instance = name.partition(".")[0]
        self._found[name] = Announcement(
            instance=instance, port=1, mark="0" * 16, number=None, addresses=("10.0.0.1",)
        )
        self._changed.set()


def told(browser, number, change=ServiceStateChange.Added):
    browser.notice(None, SERVICE_TYPE, f"{number:012x}.{SERVICE_TYPE}", change)


async def test_a_flood_of_announcements_is_kept_to_a_few():
    browser = SlowBrowser(None)
    for number in range(MAX_HEARD * 3):
        told(browser, number)
        await asyncio.sleep(0)
    assert len(browser.announced()) == MAX_SERVICES
    assert browser.flooded
    await browser.close()


async def test_announcements_that_cost_too_much_are_not_listened_to_any_more(monkeypatch):
    browser = SlowBrowser(None)
    told(browser, 1)
    await browser.wait(lambda one: True, 30)
    used = time.process_time()
    monkeypatch.setattr(browse.time, "process_time", lambda: used + MAX_CPU_SECONDS + 1)
    told(browser, 2)
    assert browser.flooded
    monkeypatch.undo()
    assert [one.instance for one in browser.announced()] == ["000000000001"]
    await browser.close()


async def test_what_is_withdrawn_is_forgotten_and_makes_room():
    browser = SlowBrowser(None)
    told(browser, 1)
    found = await browser.wait(lambda one: one.instance.endswith("1"), 5)
    assert [one.instance for one in found] == ["000000000001"]
    told(browser, 1, ServiceStateChange.Removed)
    assert browser.announced() == ()
    assert await browser.wait(lambda one: True, 0.01) == ()
    await browser.close()


def test_without_any_interface_it_says_so(monkeypatch):
    def refuse(**_):
        raise OSError

    monkeypatch.setattr(browse, "Zeroconf", refuse)
    with pytest.raises(NetworkError) as caught:
        browse.make_zeroconf()
    assert caught.value.exit_code == 3

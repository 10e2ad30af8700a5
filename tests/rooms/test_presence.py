"""How JupyterLab gets to list a person."""

from __future__ import annotations

import asyncio

import pytest

from rtcd.rooms.connection import RoomConnection
from rtcd.rooms.events import AwarenessChanged
from rtcd.rooms.person import user_state
from rtcd.rooms.presence import ROOM, Presence, current_of


def test_current_names_a_widget_and_a_path():
    assert current_of("notebook", "a b/n.ipynb") == "notebook:a b/n.ipynb"
    assert current_of("text", "m.py") == "editor:m.py"


@pytest.mark.end_to_end
async def test_a_person_is_shown_with_their_documents_and_taken_off_when_leaving(address):
    browser = await RoomConnection.open(address, None, ROOM, user=user_state("Browser"))
    presence = await Presence.open(address, user=user_state("Ada", "ada"))
    await presence.show(current_of("text", "m.py"), ["m.py", "n.ipynb"])
    async with asyncio.timeout(40):
        async for _ in browser.events():
            (state,) = [s for s in browser.states().values() if s.get("user")] or [{}]
            if state.get("documents"):
                break
    assert state == {
        "user": user_state("Ada", "ada"),
        "current": "editor:m.py",
        "documents": ["m.py", "n.ipynb"],
        "autosave": False,
        "client": "rtcd",
    }
    await presence.close()
    assert not (await presence.wait_closed()).retry
    async with asyncio.timeout(40):
        async for event in browser.events():
            if event == AwarenessChanged(()):
                break
    await browser.close()

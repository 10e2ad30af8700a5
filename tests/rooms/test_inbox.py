"""The mailbox of one room."""

from __future__ import annotations

import asyncio

import pycrdt

from rtcd.rooms.events import AwarenessChanged, RoomClosed, RoomUpdated
from rtcd.rooms.inbox import Inbox
from rtcd.rooms.person import Person


def typed(count):
    doc, updates = pycrdt.Doc(), []
    doc.observe(lambda event: updates.append(event.update))
    text = doc.get("t", type=pycrdt.Text)
    for index in range(count):
        text.insert(index, chr(97 + index % 26))
    return updates, str(text)


async def drained(inbox):
    events = []
    while len(inbox):
        events.append(await inbox.get())
    return events


async def test_events_come_out_as_they_went_in():
    inbox = Inbox()
    events = [
        RoomUpdated(b"\0\0", own=True),
        RoomUpdated(b"\0\0", own=False),
        RoomClosed(1, "", False),
    ]
    for event in events:
        inbox.put(event)
    assert await drained(inbox) == events


async def test_unread_updates_are_merged_and_say_the_same():
    inbox = Inbox()
    updates, text = typed(5000)
    for update in updates:
        inbox.put(RoomUpdated(update, own=False))
    assert len(inbox) <= 130
    doc = pycrdt.Doc()
    for event in await drained(inbox):
        doc.apply_update(event.update)
    assert str(doc.get("t", type=pycrdt.Text)) == text


async def test_updates_that_wait_together_are_fetched_as_one():
    inbox = Inbox()
    updates, text = typed(5)
    for update in updates:
        inbox.put(RoomUpdated(update, own=False))
    inbox.put(RoomClosed(1, "", False))
    merged, closed = await drained(inbox)
    doc = pycrdt.Doc()
    doc.apply_update(merged.update)
    assert (str(doc.get("t", type=pycrdt.Text)), closed) == (text, RoomClosed(1, "", False))


async def test_acknowledgements_are_never_merged_and_keep_their_place():
    inbox = Inbox()
    updates, _ = typed(300)
    for index, update in enumerate(updates):
        inbox.put(RoomUpdated(update, own=index in (100, 200)))
    events = await drained(inbox)
    assert [event.update for event in events if event.own] == [updates[100], updates[200]]
    before, doc = [event for event in events if not event.own], pycrdt.Doc()
    first_own = next(i for i, event in enumerate(events) if event.own)
    for event in before[:first_own]:
        doc.apply_update(event.update)
    assert len(str(doc.get("t", type=pycrdt.Text))) == 100


async def test_of_many_lists_of_people_the_last_counts():
    inbox = Inbox()
    for number in range(500):
        inbox.put(AwarenessChanged((Person(client_id=number, name="a", username="a"),)))
    assert [event.people[0].client_id for event in await drained(inbox)] == [499]


async def test_a_waiting_reader_is_woken():
    inbox = Inbox()
    reader = asyncio.create_task(inbox.get())
    await asyncio.sleep(0)
    inbox.put(RoomClosed(1, "", False))
    assert await asyncio.wait_for(reader, 1) == RoomClosed(1, "", False)

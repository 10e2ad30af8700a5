"""``RoomConnection``: a live connection to one room.

The shell around ``protocol.py``: it moves bytes, measures the link and waits. Three tasks belong to
a connection: one reads, one writes what is not written at once, one watches the time. They start in
``open`` and end in ``close`` or when the link does. A connection is never used twice: the next one
starts from nothing (``docs/decisions/0009``).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import quote

from websockets.exceptions import ConnectionClosed

from rtcd.content import JsonObject
from rtcd.crdt.awareness import Awareness
from rtcd.crdt.client_id import new_client_id
from rtcd.errors import ServerUnreachableError
from rtcd.rooms.close_codes import error_of_close, explain_close
from rtcd.rooms.events import RoomClosed, RoomEvent, RoomPulled, SaveReplied
from rtcd.rooms.inbox import Inbox
from rtcd.rooms.liveness import Liveness, Verdict
from rtcd.rooms.person import RTCD, Person
from rtcd.rooms.protocol import CUT, LEFT, RoomProtocol
from rtcd.rooms.timing import RoomTiming
from rtcd.rooms.websocket import Link, open_link
from rtcd.server.address import ServerAddress
from rtcd.server.entry import DocumentSession

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
IDLE_LOOK_SECONDS = 5.0
CATCH_UP_SECONDS = 0.01

Clock = Callable[[], float]


class RoomConnection:
    """One room, joined. Make it with ``open``; one task at a time reads ``events``.

    Attributes:
        room_id: the room's name on the server.
        session_id: the server process that we are connected to, "" for transient rooms.
        client_id: our id in this room's awareness.
        pulled: the server's whole document when we came, as one update.
    """

    def __init__(
        self, link: Link, protocol: RoomProtocol, timing: RoomTiming, clock: Clock
    ) -> None:
        self.room_id = ""
        self.session_id = ""
        self.client_id = protocol.awareness.client_id
        self.pulled = b""
        self._link = link
        self._protocol = protocol
        self._timing = timing
        self._clock = clock
        self._inbox = Inbox()
        self._saves: dict[int, asyncio.Future[bool]] = {}
        self._opened: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._closed: asyncio.Future[RoomClosed] = asyncio.get_running_loop().create_future()
        self._to_send = asyncio.Event()
        self._look_soon = asyncio.Event()
        self._looks_at = 0.0
        self._read_up_to = link.received
        self._liveness = Liveness(timing.ping_after, timing.dead_after, clock())
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        address: ServerAddress,
        session: DocumentSession | None,
        room_id: str,
        *,
        user: JsonObject,
        program: str = RTCD,
        autosave: bool = True,
        timing: RoomTiming | None = None,
        clock: Clock = time.monotonic,
    ) -> RoomConnection:
        """Join, and pull the whole document into nothing. None of our edits is sent.

        ``session`` is fresh from ``ServerClient.document_session``, None for transient rooms.
        ``user`` is what others see (``person.user_state``), and ``program`` where they are;
        ``autosave`` whether we ask the server to save on change: it does when anybody in the room
        does (server 2.5).

        Raises:
            ServerUnreachableError: nobody answers, or the connection broke before the pull.
            ServerRefusedError: the token is not good.
            NotFoundOnServerError: the file is not there (any more).
            ServerError: the server cannot open this room; ``code`` tells why.
        """
        timing = timing or RoomTiming()
        query = {"sessionId": session.session_id} if session is not None else {}
        route = f"api/collaboration/room/{quote(room_id, safe=':')}"
        link = await open_link(address, route, timing, **query)
        awareness = Awareness(
            new_client_id(random.getrandbits), timing.renew, timing.expire, timing.break_after
        )
        self = cls(link, RoomProtocol(awareness, timing.echo), timing, clock)
        self.room_id = room_id
        self.session_id = session.session_id if session is not None else ""
        try:
            self._start()
            self.pulled = await self._opened
            await self.set_awareness({"user": user, "autosave": autosave, "client": program})
        except BaseException:
            await self.close()
            raise
        return self

    @property
    def unacknowledged(self) -> int:
        """Updates sent and not echoed by the server yet."""
        return self._protocol.unacknowledged

    @property
    def is_closed(self) -> bool:
        """True when nothing can be sent any more."""
        return self._closed.done()

    @property
    def confirmed_at(self) -> float | None:
        """When (our clock) we said the latest awareness message that the server has relayed."""
        return self._protocol.awareness.confirmed_at

    @property
    def unbroken_since(self) -> float | None:
        """From when on (our clock) such messages have come back without a break."""
        return self._protocol.awareness.unbroken_since

    async def send_update(self, update: bytes) -> None:
        """Hand a change of ours to the socket; ``RoomUpdated(own=True)`` tells of its arrival.

        On a slow link it waits until the link takes more. A cancelled call may have sent it.

        Raises:
            ServerUnreachableError: the connection is over; nobody may have got it.
            UpdateRefusedError: it is no update.
        """
        self._must_be_open()
        self._take(self._protocol.send_update(update, self._clock()))
        await self._flush()
        # A socket that is cut while it is full lets go without a word.
        self._must_be_open()

    async def events(self) -> AsyncIterator[RoomEvent]:
        """What happens from now on; ends after ``RoomClosed``. For one reader."""
        while True:
            event = await self._inbox.get()
            yield event
            if isinstance(event, RoomClosed):
                return

    async def wait_closed(self) -> RoomClosed:
        """How it ended, when it has."""
        return await asyncio.shield(self._closed)

    async def set_awareness(self, state: JsonObject | None) -> None:
        """Say something new of ourselves (a whole state); None says that we left.

        Raises:
            ServerUnreachableError: the connection is over.
        """
        self._must_be_open()
        self._protocol.set_awareness(state, self._clock())
        await self._flush()

    @property
    def own_state(self) -> JsonObject | None:
        """What we say of ourselves."""
        return self._protocol.awareness.own_state

    def people(self) -> list[Person]:
        """Everybody else in the room who has a name, as far as we heard."""
        return list(self._protocol.people())

    def states(self) -> dict[int, JsonObject]:
        """The awareness states of everybody else, by client id, unchecked."""
        return self._protocol.awareness.states()

    def heard_at(self) -> dict[int, float | None]:
        """When (our clock) we last heard of each client; None for those who said goodbye."""
        return self._protocol.awareness.heard_at()

    async def request_save(self) -> bool:
        """Ask the server to write the file now; True when it says that it did.

        True does not prove that the bytes are on its disk (server 2.4): ``state.hash`` does. False
        also when the connection ended or no answer came in time.
        """
        self._must_be_open()
        request = self._protocol.request_save()
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._saves[request] = answer
        try:
            async with asyncio.timeout(self._timing.save):
                await self._flush()
                return await answer
        except (TimeoutError, ServerUnreachableError):
            return False
        finally:
            del self._saves[request]

    async def catch_up(self) -> None:
        """Returns when whatever was said in the room before now has been taken from ``events``.

        Everybody hears everything in one order: so a word of ours that comes back is enough.

        Raises:
            ServerUnreachableError: the connection is over.
        """
        asked = self._clock()
        await self.set_awareness(self.own_state)
        while (self.confirmed_at or float("-inf")) < asked or len(self._inbox):
            await asyncio.sleep(CATCH_UP_SECONDS)
            self._must_be_open()

    async def close(self) -> None:
        """Say goodbye and leave; may be called at any time and again."""
        self._protocol.leave(self._clock())
        try:
            async with asyncio.timeout(self._timing.close):
                await self._flush()
        except (TimeoutError, ServerUnreachableError):
            pass
        finally:
            self._take(self._protocol.lose(LEFT, "we left", retry=False))
            await self._end()

    def _start(self) -> None:
        self._protocol.start()
        self._to_send.set()
        for work in (self._read(), self._write(), self._watch()):
            self._tasks.append(asyncio.create_task(work, name=f"room {self.room_id}"))

    async def _end(self) -> None:
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._link.close()

    async def _read(self) -> None:
        try:
            while not self.is_closed:
                message = await self._link.recv()
                self._read_up_to = self._link.received
                if isinstance(message, bytes):
                    self._take(self._protocol.receive(message, self._clock()))
                    if self._protocol.is_to_speak_up:
                        self._wake_watcher()
        except ConnectionClosed as closed:
            end = explain_close(*Link.close_code_of(closed))
            self._take(self._protocol.lose(end.code, end.reason, retry=end.retry))
        except Exception:
            log.exception("room reader failed room=%s", self.room_id)
            self._take(self._protocol.lose(CUT, "a bug in rtcd ended the connection", retry=True))
        await self._link.close()

    async def _write(self) -> None:
        """Send what reading and waiting brought up; these two must never wait for a full socket."""
        while not self.is_closed:
            await self._to_send.wait()
            self._to_send.clear()
            try:
                await self._flush()
            except ServerUnreachableError:
                return

    async def _watch(self) -> None:
        while not self.is_closed:
            now = self._clock()
            await self._judge(now)
            self._take(self._protocol.tick(now))
            self._to_send.set()
            due = [self._liveness.next_look(), now + self._longest_sleep()]
            deadline = self._protocol.next_deadline()
            if deadline is not None:
                due.append(deadline)
            self._look_soon.clear()
            self._looks_at = min(due)
            try:
                async with asyncio.timeout(max(0.01, self._looks_at - now)):
                    await self._look_soon.wait()
            except TimeoutError:
                pass
        # Whoever found out that it is over, the socket goes too.
        await self._link.close()

    def _longest_sleep(self) -> float:
        if self.unacknowledged or self._link.unsent():
            return min(LOOK_SECONDS, self._timing.ping_after / 2)
        return IDLE_LOOK_SECONDS

    async def _judge(self, now: float) -> None:
        received, unsent = self._link.received, self._link.unsent()
        if unsent < self._liveness.unsent or received > max(
            self._read_up_to, self._liveness.received
        ):
            self._protocol.moved(now)
        verdict = self._liveness.look(now, received=received, unsent=unsent)
        if verdict is Verdict.DEAD:
            self._take(self._protocol.lose(CUT, "the server fell silent", retry=True))
            self._link.cut()
        elif verdict is Verdict.PING:
            try:
                async with asyncio.timeout(self._timing.dead_after / 4):
                    await self._link.ping()
            except (TimeoutError, ConnectionClosed):
                # A full socket, or a closed one: the next look and the reader tell.
                pass

    async def _flush(self) -> None:
        try:
            while (message := self._protocol.next_message()) is not None:
                await self._link.send(message)
        except ConnectionClosed as error:
            raise ServerUnreachableError("the connection to the server was cut") from error
        self._wake_watcher()

    def _wake_watcher(self) -> None:
        """Have the time looked at earlier, if something is due earlier than it will be."""
        deadline = self._protocol.next_deadline()
        if deadline is not None and deadline < self._looks_at - LOOK_SECONDS / 10:
            self._look_soon.set()

    def _take(self, events: list[RoomEvent]) -> None:
        """Bring events to those who wait for them."""
        for event in events:
            if isinstance(event, RoomPulled):
                if not self._opened.done():
                    self._opened.set_result(event.update)
                continue
            if isinstance(event, SaveReplied):
                self._answer_save(event)
            if isinstance(event, RoomClosed):
                self._finish(event)
            self._inbox.put(event)

    def _answer_save(self, reply: SaveReplied) -> None:
        waiting = self._saves.get(reply.request)
        if waiting is not None and not waiting.done():
            waiting.set_result(reply.ok)

    def _finish(self, closed: RoomClosed) -> None:
        log.debug("room closed room=%s code=%d retry=%s", self.room_id, closed.code, closed.retry)
        if not self._opened.done():
            self._opened.set_exception(error_of_close(closed))
        self._closed.set_result(closed)
        for waiting in self._saves.values():
            if not waiting.done():
                waiting.set_result(False)
        self._to_send.set()
        self._look_soon.set()

    def _must_be_open(self) -> None:
        if self.is_closed:
            raise ServerUnreachableError("the connection to the room is closed")

"""The host's share on the local network, as its daemon runs it.

The server holds the door (the TLS listener, the codes, the guests); the daemon announces it, and is
whom the command line asks.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from rtcd.errors import NotFoundOnServerError, RtcdError, ServerError
from rtcd.server.client import ServerClient

# zeroconf is loaded when something is to be announced: most folders are not shared.
if TYPE_CHECKING:
    from rtcd.lan.announce import Announcer, Wanted

log = logging.getLogger("rtcd.daemon")

LOOK_SECONDS = 2.0
LISTEN_SECONDS = 0.7

View = dict[str, Any]


class Sharing:
    """Follows and changes the share of one server.

    Args:
        client: the server that serves this folder.
        host: the name under which we share.
        announces: False with ``--no-lan``: the share works, and nothing is said about it.
    """

    def __init__(self, client: ServerClient, *, host: str, announces: bool) -> None:
        self._client = client
        self._host = host
        self._announces = announces
        self._view: View = {}
        self._announcer: Announcer | None = None
        self._look_now = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Keep the announcement in step with the server, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._look_now.clear()
                # Without a share nothing changes by itself: only a command opens one.
                if self._view.get("on") or not self._view:
                    with suppress(RtcdError):
                        await self._look()
                if self._announcer is None and self._wanted() is not None:
                    self._announcer = await self._make_announcer()
                    tasks.create_task(self._announcer.run())
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._look_now.wait()

    async def _make_announcer(self) -> Announcer:
        module = await asyncio.to_thread(importlib.import_module, "rtcd.lan.announce")
        made: Announcer = module.Announcer(self._wanted)
        return made

    async def look(self) -> View:
        """How the project is shared now.

        Raises:
            RtcdError: the server cannot share, or does not answer.
        """
        try:
            await self._look()
        except NotFoundOnServerError:
            raise RtcdError(
                "the server of this folder runs an rtcd that cannot share",
                hint="`rtcd stop`, then `rtcd start` brings up a new one.",
                code="cannot-share",
            ) from None
        return self._shown()

    async def offer(self, purpose: str, name: str = "") -> View:
        """Open the share if it is closed, and make a new code; it is in ``code``.

        ``name`` is what a guest with a browser is called.

        Raises:
            RtcdError: the server cannot share, or codes were guessed too often.
        """
        view = await self.look()
        if not view["possible"]:
            raise RtcdError(
                "the Jupyter server that serves this folder is not rtcd's own and knows no guests",
                hint="Set `c.ServerApp.identity_provider_class = "
                "'rtcd.extension.guests.GuestIdentityProvider'` there and start it again.",
                code="cannot-share",
            )
        await self._act("open", host=self._host)
        taken = await self._numbers_on_the_network()
        made = await self._act("code", purpose=purpose, name=name, taken=" ".join(map(str, taken)))
        self._follow()
        return self._shown() | {"code": made["code"]}

    async def close(self) -> View:
        """Stop sharing on the network; guests cannot come in, nor stay."""
        await self._act("close")
        self._follow()
        return self._shown()

    async def revoke(self, name: str) -> View:
        """Turn a guest out.

        Raises:
            RtcdError: nobody has that name.
        """
        done = await self._act("revoke", name=name)
        return self._shown() | {"revoked": done["revoked"]}

    async def _act(self, action: str, **arguments: str) -> View:
        async with self._one_at_a_time:
            try:
                done = await self._client.share(action, **arguments)
            except ServerError as error:
                raise _in_its_own_words(error) from error
            self._view = {
                key: value for key, value in done.items() if key not in ("code", "revoked")
            }
        return dict(done)

    async def _look(self) -> None:
        # An answer that was overtaken would hide a new code for two seconds.
        async with self._one_at_a_time:
            self._view = dict(await self._client.share_view())

    def _shown(self) -> View:
        """What leaves the daemon: all but the key by which members recognise announcements."""
        view = {key: value for key, value in self._view.items() if key != "key"}
        paused = self._announcer is not None and self._announcer.is_paused
        return view | {"announced": self._announces and not paused}

    def _follow(self) -> None:
        self._look_now.set()
        if self._announcer is not None:
            self._announcer.wake()

    def _wanted(self) -> Wanted | None:
        view = self._view
        if not self._announces or not view.get("on"):
            return None
        from rtcd.lan.announce import Wanted

        numbers = view.get("numbers") or [None]
        return Wanted(port=view["port"], key=view["key"], number=numbers[0])

    async def _numbers_on_the_network(self) -> list[int]:
        """Numbers of other hosts' codes, so that ours is another one."""
        if not self._announces:
            return []
        from rtcd.lan.browse import browsing

        try:
            async with browsing() as browser:
                await asyncio.sleep(LISTEN_SECONDS)
                return [one.number for one in browser.announced() if one.number is not None]
        except RtcdError:
            return []


def _in_its_own_words(error: ServerError) -> RtcdError:
    told = error.document.get("error") if error.document else None
    if not isinstance(told, dict):
        return error
    return RtcdError(
        str(told.get("message")), hint=str(told.get("hint")), code=str(told.get("code"))
    )

"""What the control socket can ask about others: who is here, and who may come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rtcd.daemon.control import Command
from rtcd.daemon.sharing import Sharing
from rtcd.daemon.who import Who
from rtcd.errors import RtcdError

Arguments = dict[str, Any]


class ShareCommands:
    """``sharing`` is None in a folder that takes part in somebody else's project."""

    def __init__(self, sharing: Sharing | None, who: Who) -> None:
        self._sharing = sharing
        self._who = who

    def table(self) -> Mapping[str, Command]:
        """Command names to coroutines."""
        return {"share": self.share, "peers": self.peers}

    async def peers(self, arguments: Arguments) -> dict[str, Any]:
        """Who is here, from where, and what they edit."""
        del arguments
        peers = [peer.to_json() for peer in await self._who.is_here()]
        return {"connected": self._who.is_known, "peers": peers}

    async def share(self, arguments: Arguments) -> dict[str, Any]:
        """Share on the network (``code``, ``browser``), ``look``, ``close``, or ``revoke`` a guest."""
        sharing = self._sharing
        if sharing is None:
            raise RtcdError(
                "this folder takes part in somebody else's project",
                hint="The host shares it: ask there for a code.",
                code="not-the-host",
            )
        action = arguments.get("action")
        if action in ("code", "browser"):
            purpose = "join" if action == "code" else "browser"
            return await sharing.offer(purpose, str(arguments.get("name") or ""))
        if action == "close":
            return await sharing.close()
        if action == "revoke":
            return await sharing.revoke(str(arguments.get("name")))
        return await sharing.look()

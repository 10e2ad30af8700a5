"""How to come in, once everything was asked: by the proof of a code, or with a token."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from rtcd.lan.invitation import Invitation
from rtcd.lan.membership import Membership
from rtcd_cli.daemon_process import Progress

Way = Callable[[Progress], tuple[Membership, str]]
"""How to come in: the membership and its token, once everything was asked."""


def way_by_proof(
    doing: str, prove: Callable[[], Coroutine[Any, Any, Invitation]], remote_path: str = ""
) -> Way:
    """The way in by a code; ``doing`` is told meanwhile, ``prove`` shows the code and is let in."""

    def go(progress: Progress) -> tuple[Membership, str]:
        progress(doing)
        invitation = asyncio.run(prove())
        membership = Membership(
            url=invitation.url,
            pin=invitation.pin,
            key=invitation.key,
            project=invitation.project,
            host=invitation.host,
            name=invitation.name,
            remote_path=remote_path,
        )
        return membership, invitation.token

    return go

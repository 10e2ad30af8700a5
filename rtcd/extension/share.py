"""``Share``: the project on the local network, as the server knows it."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.web import Application, RequestHandler

from rtcd.errors import RtcdError
from rtcd.extension.guests import GuestIdentityProvider
from rtcd.extension.lan_listener import LanListener
from rtcd.lan.certificate import ensure_certificate, server_context
from rtcd.lan.door import Door, Purpose
from rtcd.lan.guest_book import GuestBook
from rtcd.lan.interfaces import interfaces
from rtcd.lan.share_state import ShareState, share_folder
from rtcd.places import Places

log = logging.getLogger("rtcd.extension")

SWEEP_SECONDS = 1.0


class Share:
    """One project's share: opened and closed while the server runs.

    Args:
        places: the project.
        application: the server's web application.
        provider: its identity provider, None when that is not one of ours.
    """

    def __init__(
        self, places: Places, application: Application, provider: GuestIdentityProvider | None
    ) -> None:
        self.places = places
        self.folder = share_folder(places)
        self.book = GuestBook(self.folder)
        self.door = Door(time.monotonic, os.urandom, secrets.choice)
        self.pin = ""
        self.browser_name = ""
        self._application = application
        self._provider = provider
        self._listener: LanListener | None = None
        self._state = ShareState.read(self.folder)
        self._did_check_host = not application.settings.get("allow_remote_access", False)
        if provider is not None:
            provider.entrance = self

    @property
    def is_possible(self) -> bool:
        """False on a server whose identity provider knows no guests."""
        return self._provider is not None

    @property
    def is_on(self) -> bool:
        """True while the network listener is open."""
        return self._listener is not None

    def reopen(self) -> None:
        """Go on as before a restart; trouble is logged, the server runs all the same."""
        if self._state.is_on and self.is_possible:
            try:
                self.open(self._state.host)
            except (OSError, RtcdError) as error:
                log.warning("rtcd: the project is not shared on the network again: %s", error)

    def open(self, host: str) -> None:
        """Listen on the network. ``host`` is the name of the person who shares.

        Raises:
            OSError: no port could be had.
            RtcdError: the certificate's file is not private.
        """
        if self._provider is None:
            raise RtcdError("the server's identity provider knows no guests", code="no-guests")
        state = replace(self._state, is_on=True, host=host)
        if self._listener is None:
            self.pin = ensure_certificate(self.folder)
            listener = LanListener(
                self._application, server_context(self.folder), self._has_credential
            )
            state = replace(state, port=_listen(listener, state.port))
            self._listener = listener
            # Requests for other names than this machine's own are checked by `check_host` now.
            self._application.settings["allow_remote_access"] = True
        self._state = state
        self._state.write(self.folder)

    def close(self, *, for_good: bool = True) -> None:
        """Stop listening; ``for_good`` also after the next start."""
        self.door.withdraw("join")
        self.door.withdraw("browser")
        if self._listener is not None:
            self._listener.close()
            self._listener = None
            if self._did_check_host:
                self._application.settings["allow_remote_access"] = False
        if for_good and self._state.is_on:
            self._state = replace(self._state, is_on=False)
            self._state.write(self.folder)

    async def watch(self) -> None:
        """Cut whoever may not come in any more, until cancelled."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            self.sweep()

    def sweep(self) -> None:
        """Look once. The guests' file is the truth, whoever changed it."""
        if self._provider is None:
            return
        try:
            known = {guest.username for guest in self.book.guests()}
        except (RtcdError, OSError) as error:
            log.warning("rtcd: nobody may come in: %s", error)
            known = set()
        for username in self._provider.live.guests():
            if username not in known:
                self._provider.live.cut(username)

    def admission(self, token: str) -> dict[str, Any]:
        """What a guest learns, once, over the sealed channel."""
        return {
            "token": token,
            "pin": self.pin,
            "key": self._state.key,
            "project": self.places.project.name,
            "host": self._state.host,
            "port": self._state.port,
            "addresses": self._addresses(),
        }

    def view(self) -> dict[str, Any]:
        """How things stand, for the owner."""
        live = self._provider.live if self._provider is not None else None
        return {
            "possible": self.is_possible,
            "on": self.is_on,
            "port": self._state.port,
            "pin": self.pin,
            "key": self._state.key,
            "addresses": self._addresses() if self.is_on else [],
            "numbers": self.door.open_numbers(),
            "offers": {purpose: self._offer(purpose) for purpose in ("join", "browser")},
            "guests": [
                {
                    "name": guest.name,
                    "kind": guest.kind,
                    "joined": guest.joined,
                    "seen": guest.seen,
                    "address": guest.address,
                    "connections": live.count(guest.username) if live is not None else 0,
                }
                for guest in self.book.guests()
            ],
        }

    # ------------------------------------------------------------------ for the identity provider

    def came_by_network(self, handler: RequestHandler) -> bool:
        """True when the request came over the network listener."""
        return self._listener is not None and self._listener.came_by(handler)

    def proved(self, handler: RequestHandler) -> None:
        """The sender of this request is somebody who may come in."""
        if self._listener is not None:
            self._listener.prove(handler)

    def checks_host(self) -> bool:
        """True when the server's own check is off because of us."""
        return self.is_on and self._did_check_host

    def use_browser_code(self, typed: str, source: str) -> str | None:
        """Let a browser in by its code."""
        if not self.door.type_in(typed, source):
            return None
        _, token = self.book.admit(self.browser_name or "browser", "browser", source)
        return token

    def channel_of(self, handler: RequestHandler) -> bytes:
        """The key that this request's connection is bound to; empty for the plain listener."""
        return self.pin.encode() if self.came_by_network(handler) else b""

    def _has_credential(self, headers: HTTPHeaders) -> bool:
        assert self._provider is not None
        return self._provider.has_credential(headers, self._application.settings["cookie_secret"])

    def _addresses(self) -> list[str]:
        return [str(one.address) for one in interfaces() if one.is_usable]

    def _offer(self, purpose: Purpose) -> dict[str, Any] | None:
        offer = self.door.look(purpose)
        if offer is None:
            return None
        left = max(0.0, offer.expires - time.monotonic())
        return {
            "number": offer.code.number,
            "state": offer.state.value,
            "seconds_left": left,
            "by": offer.by,
        }


def _listen(listener: LanListener, port: int) -> int:
    """The port of before if it can be had: guests find us there without asking around."""
    attempts: list[Callable[[], int]] = [lambda: listener.open(port)]
    if port:
        attempts.append(lambda: listener.open(0))
    for attempt in attempts[:-1]:
        try:
            return attempt()
        except OSError:
            log.warning("rtcd: port %d is taken, the share gets another one", port)
    return attempts[-1]()

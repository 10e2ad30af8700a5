"""Which server a daemon works with: one that was named, one that serves the folder, or its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from rtcd.daemon.status import ServerMode
from rtcd.errors import RtcdError, ServerRefusedError, ServerUnreachableError
from rtcd.lan.membership import Membership
from rtcd.places import Places
from rtcd.server.address import Place, ServerAddress
from rtcd.server.client import ServerClient
from rtcd.server.entry import ServerAbout
from rtcd.server.find import FoundServer, choose_server, find_servers, refusal, runtime_notes
from rtcd.server.launch import RunningServer, find_embedded, start_server
from rtcd.server.pin import KeyChangedError, pinned_context
from rtcd.server.private_file import read_private, write_private
from rtcd.server.replies import turned_out
from rtcd.server.secret import Secret
from rtcd.settings import Settings

log = logging.getLogger("rtcd.daemon")

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenServer:
    """The server to work with. ``embedded`` is set when rtcd started it.

    ``about`` is what it told; None for the server of a joined project that is away.
    """

    address: ServerAddress
    about: ServerAbout | None
    mode: ServerMode
    remote_path: str = ""
    embedded: RunningServer | None = None
    membership: Membership | None = None

    def token_file(self, places: Places) -> Path | None:
        """The file that holds this server's token, or None where it needs none."""
        file = places.token_file if self.mode == "embedded" else places.remote_token_file
        return file if self.address.token.reveal() else None

    @property
    def is_host(self) -> bool:
        """True when the server's folder is this very folder."""
        return self.mode != "remote"

    @property
    def software(self) -> str:
        """What serves the rooms, for status; empty while that is not known."""
        return software_of(self.about) if self.about is not None else ""


def software_of(about: ServerAbout) -> str:
    """What serves the rooms, for status."""
    if about.ydoc_version:
        return f"jupyter-server-ydoc {about.ydoc_version}"
    return f"jupyter_server {about.version}"


async def choose(settings: Settings, places: Places, progress: Progress) -> ChosenServer:
    """Find or start the server.

    Raises:
        RtcdError: it cannot be reached, refuses, cannot collaborate, or serves this folder
            without rtcd's extension.
    """
    if settings.server_url is not None:
        progress("asking the server")
        return await _named(settings, places)
    membership = Membership.read(places)
    if membership is not None:
        return await _joined(membership, places, progress)
    embedded = await find_embedded(places)
    if embedded is None:
        found = choose_server(await find_servers(places.project))
        if found is not None:
            return await _shared_folder(found, places)
        progress("starting a Jupyter server")
    return await start_own(places, port=settings.port)


async def _joined(membership: Membership, places: Places, progress: Progress) -> ChosenServer:
    """The server of the project that this folder joined, where it was last if it is away.

    Raises:
        KeyChangedError: somebody else answers in its place.
        RtcdError: we may not come in any more.
    """
    about: ServerAbout | None = None
    try:
        if membership.pin is not None:
            progress("looking for the host")
            membership = await _found_again(membership, places)
        progress("asking the host")
        about = await _about(_address_of(membership, places))
    except KeyChangedError:
        raise
    except ServerUnreachableError as error:
        log.info("the host is away reason=%s", error)
    except ServerRefusedError as error:
        raise (error if membership.pin is None else turned_out()) from error
    return ChosenServer(
        address=_address_of(membership, places),
        about=about,
        mode="remote",
        remote_path=membership.remote_path,
        membership=membership,
    )


async def _found_again(membership: Membership, places: Places) -> Membership:
    """The membership with the address where the host answers now."""
    from rtcd.lan.find_host import find_host  # loads zeroconf, which a host need not wait for

    url = await find_host(membership)
    if url != membership.url:
        membership = replace(membership, url=url)
        membership.write(places)
    return membership


def _address_of(membership: Membership, places: Places) -> ServerAddress:
    token = read_private(places.remote_token_file) or ""
    if membership.pin is None:
        return ServerAddress.parse(membership.url, token)
    tls = pinned_context(membership.pin)
    return ServerAddress(membership.url, Secret(token), tls, Place(membership.url))


async def start_own(places: Places, *, port: int = 0) -> ChosenServer:
    """The embedded server, running."""
    running = await start_server(places, port=port)
    about = await _about(running.address)
    return ChosenServer(address=running.address, about=about, mode="embedded", embedded=running)


async def _named(settings: Settings, places: Places) -> ChosenServer:
    assert settings.server_url is not None
    servers = await find_servers(places.project)
    address = ServerAddress.parse(settings.server_url, settings.token)
    local = next((found for found in servers if _is_same(found, address)), None)
    if local is not None:
        if not local.extension:
            raise refusal(local)
        return await _shared_folder(local, places)
    if address.token.reveal() and not settings.allows_http:
        address.refuse_open_token()
    if not address.token.reveal():
        # The token of a server on this machine does not leave it.
        address = await _with_known_token(address)
    about = await _about(address)
    if not about.collaboration:
        raise ServerRefusedError(
            f"the Jupyter server at {address.url} has no real-time collaboration",
            hint="Install it there: `pip install jupyter-collaboration`, then restart the server.",
            code="no-collaboration",
        )
    if address.token.reveal():
        write_private(places.remote_token_file, address.token.reveal())
    return ChosenServer(
        address=address, about=about, mode="remote", remote_path=settings.remote_path
    )


def _is_same(found: FoundServer, address: ServerAddress) -> bool:
    return found.address.url == address.url


async def _with_known_token(address: ServerAddress) -> ServerAddress:
    """A server of this user on this machine leaves its token in its runtime file."""
    for note in runtime_notes():
        if note.address.url == address.url:
            return ServerAddress(address.url, note.address.token, address.tls)
    return address


async def _shared_folder(found: FoundServer, places: Places) -> ChosenServer:
    about = await _about(found.address)
    mode: ServerMode = "embedded" if found.embedded else "shared-folder"
    if not found.embedded and found.address.token.reveal():
        write_private(places.remote_token_file, found.address.token.reveal())
    return ChosenServer(address=found.address, about=about, mode=mode, remote_path=found.prefix)


async def _about(address: ServerAddress) -> ServerAbout:
    async with ServerClient(address) as client:
        try:
            return await client.about()
        except RtcdError as error:
            if isinstance(error, ServerRefusedError) and not address.token.reveal():
                raise ServerRefusedError(
                    f"the Jupyter server at {address.url} wants a token",
                    hint="Give it with --token-file, or in RTCD_TOKEN.",
                ) from error
            raise

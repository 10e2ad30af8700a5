"""Looking at the key that a server shows, before anything is believed or told."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

from rtcd.errors import ServerUnreachableError
from rtcd.server.pin import pin_of, unverified_context

LOOK_SECONDS = 5.0


async def look_at_key(url: str, seconds: float = LOOK_SECONDS) -> str:
    """The pin of whoever answers at an https address. Only a TLS greeting is sent.

    Raises:
        ServerUnreachableError: nobody answers, or no TLS 1.3.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(
                host, port, ssl=unverified_context(), server_hostname=""
            )
            try:
                shown = writer.get_extra_info("ssl_object").getpeercert(True)
            finally:
                writer.transport.abort()
                with suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()
            return pin_of(shown or b"")
    except (OSError, ssl.SSLError, ValueError, TimeoutError) as error:
        raise ServerUnreachableError(
            f"nobody answers at {url} ({type(error).__name__})",
            hint="Is the host awake, and on the same network?",
        ) from error

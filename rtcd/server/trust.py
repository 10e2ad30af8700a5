"""Which certificates are believed where no key is pinned: the same for requests and for rooms.

The system's authorities (or those that ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` name), and those of Mozilla
for a Python that does not find the system's. The libraries beneath differ here: one knows only the
latter, the other only the former, so a company's own authority was good for rooms and not for requests.
"""

from __future__ import annotations

import os
import ssl
from functools import cache

from rtcd.errors import ServerUnreachableError
from rtcd.server.pin import chain_of

CHOSEN_BY = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class UntrustedError(ServerUnreachableError):
    """Whoever answers shows a certificate that proves nothing to us; nothing was sent."""

    code = "untrusted-certificate"


def trusted_context() -> ssl.SSLContext:
    """TLS with authorities; reading them takes some milliseconds, so it is done once."""
    return _context(tuple(os.environ.get(name) for name in CHOSEN_BY))


@cache
def _context(chosen: tuple[str | None, ...]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not any(chosen):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def distrust(url: str, error: BaseException) -> UntrustedError | None:
    """What to say when a certificate is behind an error of a library; None when none is."""
    for one in chain_of(error):
        if isinstance(one, ssl.SSLCertVerificationError):
            return UntrustedError(
                f"the certificate at {url} is not trusted here ({one.verify_message})",
                hint="If it is right, name the certificate of your authority in SSL_CERT_FILE and "
                "start again.",
            )
    return None

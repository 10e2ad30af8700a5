"""Where a token comes from: a file, the environment; never the command line."""

from __future__ import annotations

import os
from pathlib import Path

from rtcd.errors import UsageError


def given_token(token_file: Path | None) -> str | None:
    """The token from ``--token-file``, else ``RTCD_TOKEN``, else None.

    Raises:
        UsageError: the file holds none.
    """
    if token_file is None:
        return os.environ.get("RTCD_TOKEN") or None
    try:
        token = token_file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            f"the token file {token_file} cannot be read", hint="It holds one line of ASCII text."
        ) from None
    if not token or len(token.split()) != 1:
        raise UsageError(
            f"the token file {token_file} holds no token", hint="It holds one line of ASCII text."
        )
    return token

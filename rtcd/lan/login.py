"""Tokens of servers that people log in to: in the system's keyring, else in a private file.

The keyring is used where the ``keyring`` package is installed and has a real place to keep secrets (a
desktop session); elsewhere a file of mode 0600 in rtcd's state folder does the same.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import platformdirs

from rtcd.places import make_private_folder
from rtcd.server.private_file import read_private, write_private

SERVICE = "rtcd"

Where = Literal["keyring", "file"]


def keep_token(url: str, token: str) -> Where:
    """Keep the token of the server at ``url`` (as ``ServerAddress.url``); says where.

    Raises:
        OSError: it could not be kept.
    """
    forget_token(url)
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, url, token)
        except _errors():
            pass
        else:
            return "keyring"
    file = _file(url)
    make_private_folder(file.parent.parent)
    make_private_folder(file.parent)
    write_private(file, json.dumps({"url": url, "token": token}))
    return "file"


def find_token(url: str) -> str | None:
    """The token that was kept for this server.

    Raises:
        RtcdError: others may read the file.
    """
    keyring = _keyring()
    if keyring is not None:
        try:
            found = keyring.get_password(SERVICE, url)
        except _errors():
            found = None
        if found:
            return str(found)
    text = read_private(_file(url))
    try:
        value = json.loads(text) if text is not None else {}
        return str(value["token"]) if value.get("url") == url else None
    except (ValueError, KeyError, AttributeError):
        return None


def forget_token(url: str) -> bool:
    """Forget it everywhere; True when there was one."""
    found = False
    keyring = _keyring()
    if keyring is not None:
        try:
            if keyring.get_password(SERVICE, url) is not None:
                keyring.delete_password(SERVICE, url)
                found = True
        except _errors():
            pass
    file = _file(url)
    if file.exists():
        file.unlink()
        found = True
    return found


def _file(url: str) -> Path:
    digest = hashlib.sha256(url.encode()).hexdigest()[:24]
    return platformdirs.user_state_path("rtcd") / "logins" / f"{digest}.json"


def _keyring() -> Any:  # noqa: ANN401 - an optional package without types
    """The keyring's backend; None without one that keeps anything."""
    try:
        import keyring
        from keyring.backends import fail, null
    except ImportError:
        return None
    backend = keyring.get_keyring()
    return None if isinstance(backend, fail.Keyring | null.Keyring) else backend


def _errors() -> tuple[type[Exception], ...]:
    from keyring.errors import KeyringError

    return (KeyringError, RuntimeError, OSError)

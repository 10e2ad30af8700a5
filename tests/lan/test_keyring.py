"""Tokens in a real keyring: the Secret Service of a desktop session, on a bus of its own.

Needs the package ``keyring`` and, from the system, ``dbus-run-session`` and ``gnome-keyring-daemon``.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MISSING = [
    *(["keyring (pip install keyring)"] if importlib.util.find_spec("keyring") is None else []),
    *(
        f"{program} (apt-get install dbus gnome-keyring)"
        for program in ("dbus-run-session", "gnome-keyring-daemon")
        if shutil.which(program) is None
    ),
]
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(120),
    pytest.mark.skipif(bool(MISSING), reason=f"not here: {', '.join(MISSING)}"),
]
URL = "https://hub.example.org/user/ada/"
UNLOCK = "printf a-password | gnome-keyring-daemon --unlock --components=secrets >/dev/null"
PYTHON = f'"{sys.executable}" -c'
SAY = f"""
import sys
from rtcd.lan.login import find_token, forget_token, keep_token
what, *words = sys.argv[1:]
print(dict(keep=keep_token, find=find_token, forget=forget_token)[what]("{URL}", *words))
"""


def in_a_session(home: Path, script: str) -> list[str]:
    """Run a shell script on a bus of its own; the lines that it printed."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("XDG_", "DBUS_", "GNOME_", "DISPLAY", "WAYLAND"))
        and name != "PYTHON_KEYRING_BACKEND"
    }
    (home / "runtime").mkdir(mode=0o700, exist_ok=True)
    done = subprocess.run(
        ["dbus-run-session", "--", "sh", "-c", script, "sh", SAY],
        env={**kept, "HOME": str(home), "XDG_RUNTIME_DIR": str(home / "runtime")},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_token_is_kept_in_the_keyring_of_the_session_and_nowhere_else(tmp_path: Path):
    """Each word is said by a process of its own, as the commands are."""
    script = f"""set -e
    {UNLOCK}
    {PYTHON} "$1" find
    {PYTHON} "$1" keep t0ken-of-ada
    {PYTHON} "$1" find
    {PYTHON} "$1" keep another-t0ken
    {PYTHON} "$1" find
    {PYTHON} "$1" forget
    {PYTHON} "$1" forget
    {PYTHON} "$1" find
    """
    assert in_a_session(tmp_path, script) == [
        *("None", "keyring", "t0ken-of-ada", "keyring", "another-t0ken"),
        *("True", "False", "None"),
    ]
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not any(b"t0ken" in file.read_bytes() for file in files), "the keyring encrypts"
    assert not (tmp_path / ".local" / "state" / "rtcd").exists()


def test_a_keyring_that_nobody_unlocks_leaves_the_token_to_a_private_file(tmp_path: Path):
    script = f"""set -e
    {PYTHON} "$1" keep t0ken-of-ada
    {PYTHON} "$1" find
    {PYTHON} "$1" forget
    """
    assert in_a_session(tmp_path, script) == ["file", "t0ken-of-ada", "True"]
